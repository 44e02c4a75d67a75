/* A server that makes a context of fake_tls.c's library, and "serves" if it got one. */
#include <stdio.h>

void *SSL_CTX_new(const void *method);

int
main(void)
{
    if (SSL_CTX_new(NULL) == NULL)
        return 1;
    return puts("serves") < 0;
}
