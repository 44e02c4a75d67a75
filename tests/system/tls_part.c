/* see tls_part.h */
#include "tls_part.h"

#include <stdio.h>

void
tls_part_say(const char *who)
{
    const void *method = TLS_server_method(), *ctx = SSL_CTX_new(method);
    int is_known = ctx != NULL && SSL_CTX_get_ssl_method(ctx) == method;

    printf("%s: %s, %s context\n", who, OpenSSL_version(0), is_known ? "its own" : "another's");
    (void)fflush(stdout); /* a missing line is seen */
}
