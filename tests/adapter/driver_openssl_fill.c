/* see driver_openssl.h: the contexts of a server, before anything of stek */
#define OPENSSL_SUPPRESS_DEPRECATED /* the older ticket callback, which servers still set */
#include <openssl/hmac.h>
#include <string.h>

#include "client.h"
#include "driver_openssl.h"

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

bool
openssl_use_names(SSL_CTX *ctx, const char *names)
{
    return add_cert(ctx, names, false);
}

static bool
set_early(SSL_CTX *ctx, enum early early)
{
    if (early == EARLY_ONCE)
        (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_SERVER);
    if (early == EARLY_AGAIN)
        (void)SSL_CTX_set_options(ctx, SSL_OP_NO_ANTI_REPLAY); /* returns what is set */
    return early == EARLY_NEVER || (SSL_CTX_set_max_early_data(ctx, 1000) == 1 &&
                                    SSL_CTX_set_recv_max_early_data(ctx, 1000) == 1);
}

static bool
ask_clients(SSL_CTX *ctx, const struct server_options *options)
{
    const int must = options->requires_client ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    const unsigned char *ca = (const unsigned char *)options->client_ca;
    STACK_OF(X509_NAME) *list = sk_X509_NAME_new_null();
    X509_NAME *name = X509_NAME_new();

    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | must, trust_any);
    if (list == NULL || name == NULL ||
        (ca != NULL && (X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, ca, -1, -1, 0) != 1 ||
                        sk_X509_NAME_push(list, name) == 0))) {
        X509_NAME_free(name);
        sk_X509_NAME_free(list);
        return false;
    }
    if (ca == NULL)
        X509_NAME_free(name);
    SSL_CTX_set_client_CA_list(ctx, list);
    return true;
}

static bool
fill_ctx(SSL_CTX *ctx, const struct server_options *options, const char *names, bool asks_client)
{
    static const unsigned char session_context[] = "suite";
    char groups[] = "P-384"; /* OpenSSL's macro takes no const */

    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_timeout(ctx, options->timeout > 0 ? options->timeout : DAY);
    if (asks_client && !ask_clients(ctx, options))
        return false;
    if (!set_early(ctx, options->early))
        return false;
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

/* A certificate that is loaded for each connection: the context has none. */
static int
load_cert(SSL *ssl, void *arg)
{
    const struct openssl_server *server = arg;
    X509 *cert;
    EVP_PKEY *key;
    int loaded;

    if (!client_cert(&cert, &key, server->options->vhost, false))
        return 0;
    loaded = SSL_use_certificate(ssl, cert) == 1 && SSL_use_PrivateKey(ssl, key) == 1;
    X509_free(cert);
    EVP_PKEY_free(key);
    return loaded;
}

static int
ask_early(SSL *ssl, int *alert, void *arg)
{
    (void)alert, (void)arg;
    SSL_set_verify(ssl, SSL_VERIFY_PEER, trust_any);
    return SSL_CLIENT_HELLO_SUCCESS;
}

static bool
set_vhost(struct openssl_server *server, const struct server_options *options)
{
    server->vhost = SSL_CTX_new(TLS_server_method());
    if (server->vhost == NULL ||
        !fill_ctx(server->vhost, options, options->vhost_names, options->vhost_asks_client))
        return false;
    if (options->vhost_names == NULL)
        SSL_CTX_set_cert_cb(server->vhost, load_cert, server);
    if (options->switching == SWITCH_EARLY)
        SSL_CTX_set_client_hello_cb(server->ctx, switch_early, server);
    if (options->switching == SWITCH_LATE) {
        (void)SSL_CTX_set_tlsext_servername_callback(server->ctx, switch_late); /* always 1 */
        (void)SSL_CTX_set_tlsext_servername_arg(server->ctx, server);
    }
    return true;
}

bool
openssl_server_fill(struct openssl_server *server)
{
    const struct server_options *options = server->options;

    server->ctx = SSL_CTX_new(TLS_server_method());
    if (server->ctx == NULL ||
        !fill_ctx(server->ctx, options, options->names, options->asks_client))
        return false;
    if (options->asks_early)
        SSL_CTX_set_client_hello_cb(server->ctx, ask_early, NULL);
    return options->vhost == NULL || set_vhost(server, options);
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

bool
openssl_server_own(struct openssl_server *server)
{
    uint8_t keys[80];

    memset(keys, 'o', sizeof keys);
    switch (server->options->own) {
    case OWN_KEYS_BEFORE:
    case OWN_KEYS_AFTER: return SSL_CTX_set_tlsext_ticket_keys(server->ctx, keys, sizeof keys) == 1;
    case OWN_CALLBACK_BEFORE:
    case OWN_CALLBACK_AFTER:
        return SSL_CTX_set_tlsext_ticket_key_cb(server->ctx, own_callback) == 1;
    case OWN_NONE: break;
    }
    return true;
}
