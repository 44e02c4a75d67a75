/* The suite with OpenSSL as it is from 3.2 on: see struct openssl_conn. */
#include "driver_openssl.h"
#include "suite.h"

int
main(void)
{
    const struct suite_list *const more[] = {NULL};

    return suite_run(&driver_openssl_later, more);
}
