/* What a TLS library shows of itself while a program makes a context, for preload_libraries.sh.
 * FAKE_NUMBER and FAKE_TEXT say which library it pretends to be. */
#include "tls_part.h"

#include <stdlib.h>

static const char client_method, server_method;
static const void **contexts[8];
static unsigned made;

unsigned long
OpenSSL_version_num(void)
{
    return FAKE_NUMBER;
}

const char *
OpenSSL_version(int what)
{
    (void)what;
    return FAKE_TEXT;
}

const void *
TLS_client_method(void)
{
    return &client_method;
}

const void *
TLS_server_method(void)
{
    return &server_method;
}

void *
SSL_CTX_new(const void *method)
{
    const void **ctx = calloc(1, 4096); /* who takes it for one of his own reads zeros */

    if (ctx == NULL || made == sizeof contexts / sizeof contexts[0])
        return NULL;
    ctx[0] = method;
    contexts[made++] = ctx;
    return ctx;
}

const void *
SSL_CTX_get_ssl_method(const void *ctx)
{
    for (unsigned i = 0; i < made; i++)
        if (ctx == contexts[i])
            return *contexts[i];
    return NULL;
}
