/* The suite with OpenSSL. */
#include "driver_openssl.h"
#include "suite.h"

int
main(void)
{
    return suite_run(&driver_openssl, NULL);
}
