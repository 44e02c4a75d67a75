/* driver_openssl.h - OpenSSL behind the suite's driver, and its inside for OpenSSL's own tests. */
#ifndef TESTS_DRIVER_OPENSSL_H
#define TESTS_DRIVER_OPENSSL_H

#include <openssl/ssl.h>
#include <stdatomic.h>

#include "driver.h"

struct openssl_server {
    SSL_CTX *ctx;   /* accepts connections */
    SSL_CTX *vhost; /* or NULL */
    const struct server_options *options;
    atomic_int warnings;
    SSL *reused; /* for who makes connections in another way */
};

/* Make the contexts, as the options want them. */
bool openssl_server_fill(struct openssl_server *server);

/* Give it a certificate for these names, in the place of the last one. */
bool openssl_use_names(SSL_CTX *ctx, const char *names);

/* Set the keys or the callback of the server's own, if any. */
bool openssl_server_own(struct openssl_server *server);

/* `later` does not note inside SSL_new which context accepts, as if OpenSSL were 3.2 or later. */
extern const struct driver driver_openssl, driver_openssl_later;

extern const struct suite_list cases_openssl, cases_openssl_client, cases_openssl_demand,
    cases_openssl_program;

#endif
