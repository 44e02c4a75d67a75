/* see driver.h and driver_openssl.h */
#define OPENSSL_SUPPRESS_DEPRECATED /* the older ticket callback, which servers still set */
#include "driver_openssl.h"

#include <openssl/hmac.h>
#include <stdlib.h>
#include <stek/openssl.h>
#include <string.h>

#include "adapter/openssl_impl.h"
#include "client.h"

#define DAY 86400

static int
trust_any(int is_ok, X509_STORE_CTX *store)
{
    (void)is_ok, (void)store;
    return 1;
}

static bool
add_cert(SSL_CTX *ctx, const char *names, bool is_rsa)
{
    X509 *cert;
    EVP_PKEY *key;
    bool added;

    if (!client_cert(&cert, &key, names, is_rsa))
        return false;
    added = SSL_CTX_use_certificate(ctx, cert) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1;
    X509_free(cert);
    EVP_PKEY_free(key);
    return added;
}

static bool
fill_ctx(SSL_CTX *ctx, const struct server_options *options, const char *names, bool asks_client)
{
    static const unsigned char session_context[] = "suite";
    char groups[] = "P-384"; /* OpenSSL's macro takes no const */

    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_timeout(ctx, options->timeout > 0 ? options->timeout : DAY);
    if (asks_client)
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, trust_any);
    if (!options->no_session_context &&
        SSL_CTX_set_session_id_context(ctx, session_context, sizeof session_context) != 1)
        return false;
    if (options->retries && SSL_CTX_set1_groups_list(ctx, groups) != 1)
        return false;
    return names == NULL ||
           (add_cert(ctx, names, false) && (!options->two_certs || add_cert(ctx, names, true)));
}

/* ---- switching by SNI ---- */

static void
switch_to(SSL *ssl, SSL_CTX *ctx)
{
    (void)SSL_set_SSL_CTX(ssl, ctx);
    SSL_set_verify(ssl, SSL_CTX_get_verify_mode(ctx), trust_any);
}

static int
switch_early(SSL *ssl, int *alert, void *arg)
{
    const struct openssl_server *server = arg;
    const size_t len = strlen(server->options->vhost);
    const unsigned char *ext;
    size_t ext_len;

    (void)alert;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &ext, &ext_len) &&
        ext_len == len + 5 && memcmp(ext + 5, server->options->vhost, len) == 0)
        switch_to(ssl, server->vhost);
    return SSL_CLIENT_HELLO_SUCCESS;
}

static int
switch_late(SSL *ssl, int *alert, void *arg)
{
    const struct openssl_server *server = arg;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

    (void)alert;
    if (name != NULL && strcmp(name, server->options->vhost) == 0)
        switch_to(ssl, server->vhost);
    return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *
resolve(SSL *ssl, const char *sni, void *arg)
{
    const struct openssl_server *server = arg;

    (void)ssl;
    return strcmp(sni, server->options->vhost) == 0 ? server->vhost : NULL;
}

static bool
set_vhost(struct openssl_server *server, const struct server_options *options)
{
    server->vhost = SSL_CTX_new(TLS_server_method());
    if (server->vhost == NULL ||
        !fill_ctx(server->vhost, options, options->vhost_names, options->vhost_asks_client))
        return false;
    if (options->switching == SWITCH_EARLY)
        SSL_CTX_set_client_hello_cb(server->ctx, switch_early, server);
    if (options->switching == SWITCH_LATE) {
        (void)SSL_CTX_set_tlsext_servername_callback(server->ctx, switch_late); /* always 1 */
        (void)SSL_CTX_set_tlsext_servername_arg(server->ctx, server);
    }
    return true;
}

/* ---- keys of the server's own ---- */

static int
own_callback(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
             HMAC_CTX *mac, int enc)
{
    static const uint8_t key[32] = "the server's own, fixed key";

    (void)ssl;
    memset(name, 'o', 16);
    memset(iv, 'i', 16);
    if (!EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key, iv, enc) ||
        !HMAC_Init_ex(mac, key, sizeof key, EVP_sha256(), NULL))
        return -1;
    return 1;
}

static bool
set_own(SSL_CTX *ctx, enum own own)
{
    uint8_t keys[80];

    memset(keys, 'o', sizeof keys);
    switch (own) {
    case OWN_KEYS_BEFORE:
    case OWN_KEYS_AFTER: return SSL_CTX_set_tlsext_ticket_keys(ctx, keys, sizeof keys) == 1;
    case OWN_CALLBACK_BEFORE:
    case OWN_CALLBACK_AFTER: return SSL_CTX_set_tlsext_ticket_key_cb(ctx, own_callback) == 1;
    case OWN_NONE: break;
    }
    return true;
}

/* ---- servers ---- */

static void
count_warning(const char *text, void *arg)
{
    struct openssl_server *server = arg;

    if (text != NULL)
        (void)atomic_fetch_add(&server->warnings, 1);
}

static bool
attach_one(struct openssl_server *server, SSL_CTX *ctx, struct stek_ring *ring)
{
    STEK_OPENSSL_OPTIONS(options);

    options.label = server->options->label;
    options.any_sni = server->options->any_sni;
    options.warn = count_warning;
    options.warn_arg = server;
    if (server->options->resolves)
        options.resolve = resolve;
    options.resolve_arg = server;
    return stek_openssl_attach(ctx, ring, &options) == STEK_OK;
}

static bool
attach(void *arg, struct stek_ring *ring)
{
    struct openssl_server *server = arg;

    return attach_one(server, server->ctx, ring);
}

static void
server_free(void *arg)
{
    struct openssl_server *server = arg;

    SSL_CTX_free(server->ctx);
    SSL_CTX_free(server->vhost);
    free(server);
}

static void *
server_new(const struct server_options *options, struct stek_ring *ring)
{
    struct openssl_server *server = calloc(1, sizeof *server);
    bool before = options->own == OWN_KEYS_BEFORE || options->own == OWN_CALLBACK_BEFORE;

    if (server == NULL)
        return NULL;
    server->options = options;
    server->ctx = SSL_CTX_new(TLS_server_method());
    if (server->ctx != NULL &&
        fill_ctx(server->ctx, options, options->names, options->asks_client) &&
        (options->vhost == NULL || set_vhost(server, options)) &&
        (!before || set_own(server->ctx, options->own)) && attach(server, ring) &&
        (before || set_own(server->ctx, options->own)))
        return server;
    server_free(server);
    return NULL;
}

/* ---- connections ---- */

static void *
conn_new(void *arg)
{
    struct openssl_server *server = arg;
    SSL *ssl = SSL_new(server->ctx);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());

    if (ssl == NULL || in == NULL || out == NULL) {
        SSL_free(ssl);
        BIO_free(in);
        BIO_free(out);
        return NULL;
    }
    (void)BIO_set_mem_eof_return(in, -1);
    SSL_set_bio(ssl, in, out);
    SSL_set_accept_state(ssl);
    return ssl;
}

static void
conn_free(void *conn)
{
    SSL_set_shutdown(conn, SSL_SENT_SHUTDOWN); /* or its session leaves the cache */
    SSL_free(conn);
}

static bool
send_on(SSL *ssl, struct pipe *to_client)
{
    char bytes[4096];
    int len;

    while ((len = BIO_read(SSL_get_wbio(ssl), bytes, sizeof bytes)) > 0)
        if (!pipe_put(to_client, bytes, (size_t)len))
            return false;
    return true;
}

static int
conn_step(void *conn, struct pipe *from_client, struct pipe *to_client)
{
    char bytes[4096];
    size_t len;
    int result;

    while ((len = pipe_take(from_client, bytes, sizeof bytes)) > 0)
        if (BIO_write(SSL_get_rbio(conn), bytes, (int)len) != (int)len)
            return -1;
    result = SSL_do_handshake(conn);
    if (!send_on(conn, to_client))
        return -1;
    if (result == 1)
        return 1;
    return SSL_get_error(conn, result) == SSL_ERROR_WANT_READ ? 0 : -1;
}

static bool
conn_talk(void *conn, struct pipe *to_client)
{
    return SSL_write(conn, "!", 1) == 1 && send_on(conn, to_client);
}

static bool
conn_resumed(void *conn)
{
    return SSL_session_reused(conn) == 1;
}

/* From 3.2 on all contexts must be attached that tickets may be opened with. */
static void *
server_new_later(const struct server_options *options, struct stek_ring *ring)
{
    struct openssl_server *server = server_new(options, ring);

    if (server == NULL || server->vhost == NULL || attach_one(server, server->vhost, ring))
        return server;
    server_free(server);
    return NULL;
}

static void *
conn_new_later(void *server)
{
    SSL *ssl = conn_new(server);
    struct openssl_conn *conn = ssl == NULL ? NULL : openssl_conn(ssl);

    if (conn != NULL) {
        conn->accepting = NULL;
        conn->is_noted = false;
    }
    return ssl;
}

#define CAN_ALL \
    (CAN_TLS13 | CAN_RENEW12 | CAN_SWITCH | CAN_CLIENT | CAN_OWN | CAN_AGE | CAN_COUNT_ALL)

#if OPENSSL_VERSION_PREREQ(3, 2)
#define CAN CAN_ALL
#define SERVER_NEW server_new_later
#else
#define CAN (CAN_ALL | CAN_ACCEPTING)
#define SERVER_NEW server_new
#endif

const struct driver driver_openssl = {
    .name = "openssl",
    .can = CAN,
    .server_new = SERVER_NEW,
    .server_free = server_free,
    .server_attach = attach,
    .conn_new = conn_new,
    .conn_free = conn_free,
    .conn_step = conn_step,
    .conn_talk = conn_talk,
    .conn_resumed = conn_resumed,
};

const struct driver driver_openssl_later = {
    .name = "openssl, later",
    .can = CAN_ALL,
    .server_new = server_new_later,
    .server_free = server_free,
    .server_attach = attach,
    .conn_new = conn_new_later,
    .conn_free = conn_free,
    .conn_step = conn_step,
    .conn_talk = conn_talk,
    .conn_resumed = conn_resumed,
};
