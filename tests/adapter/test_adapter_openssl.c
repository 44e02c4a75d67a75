/* The suite with OpenSSL, and what only OpenSSL has. */
#include "driver_openssl.h"
#include "suite.h"

int
main(void)
{
    const struct suite_list *const more[] = {&cases_openssl, &cases_openssl_client,
                                             &cases_openssl_demand, &cases_openssl_program, NULL};

    return suite_run(&driver_openssl, more);
}
