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
};

extern const struct driver driver_openssl;

/* The SSL of one of its connections. */
SSL *driver_openssl_ssl(void *conn);

#endif
