/* see driver.h and driver_openssl.h */
#include "driver_openssl.h"

#include <stdlib.h>
#include <stek/openssl.h>
#include <string.h>

#include "adapter/openssl_impl.h"
#include "client.h"

static SSL_CTX *
resolve(SSL *ssl, const char *sni, void *arg)
{
    const struct openssl_server *server = arg;

    (void)ssl;
    return strcmp(sni, server->options->vhost) == 0 ? server->vhost : NULL;
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

    return attach_one(server, server->ctx, ring) &&
           (server->vhost == NULL || server->options->vhost_unattached ||
            attach_one(server, server->vhost, ring));
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
    if (openssl_server_fill(server) && (!before || openssl_server_own(server)) &&
        attach(server, ring) && (before || openssl_server_own(server)))
        return server;
    server_free(server);
    return NULL;
}

/* ---- connections ---- */

/* What came with the first flight. Hangs on an SSL whose server takes that. */
struct early_data {
    bool is_over;
    size_t len;
};

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
    if (server->options->early != EARLY_NEVER) /* without memory it takes none */
        (void)SSL_set_app_data(ssl, calloc(1, sizeof(struct early_data)));
    return ssl;
}

static void
conn_free(void *conn)
{
    free(SSL_get_app_data(conn));
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

/* What SSL_do_handshake() says. */
static int
go_on(SSL *ssl)
{
    struct early_data *early = SSL_get_app_data(ssl);
    char bytes[64];
    size_t len = 0;
    int result;

    while (early != NULL && !early->is_over) {
        result = SSL_read_early_data(ssl, bytes, sizeof bytes, &len);
        if (result == SSL_READ_EARLY_DATA_ERROR)
            return -1;
        early->len += len;
        early->is_over = result == SSL_READ_EARLY_DATA_FINISH;
    }
    return SSL_do_handshake(ssl);
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
    result = go_on(conn);
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

static size_t
conn_early(void *conn)
{
    const struct early_data *early = SSL_get_app_data(conn);

    return early == NULL ? 0 : early->len;
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
    (CAN_TLS13 | CAN_RENEW12 | CAN_SWITCH | CAN_CLIENT | CAN_OWN | CAN_AGE | CAN_COUNT_ALL | \
     CAN_EARLY)

#if OPENSSL_VERSION_PREREQ(3, 2)
#define CAN CAN_ALL
#else
#define CAN (CAN_ALL | CAN_ACCEPTING)
#endif

const struct driver driver_openssl = {
    .name = "openssl",
    .can = CAN,
    .server_new = server_new,
    .server_free = server_free,
    .server_attach = attach,
    .conn_new = conn_new,
    .conn_free = conn_free,
    .conn_step = conn_step,
    .conn_talk = conn_talk,
    .conn_resumed = conn_resumed,
    .conn_early = conn_early,
};

const struct driver driver_openssl_later = {
    .name = "openssl, later",
    .can = CAN_ALL,
    .server_new = server_new,
    .server_free = server_free,
    .server_attach = attach,
    .conn_new = conn_new_later,
    .conn_free = conn_free,
    .conn_step = conn_step,
    .conn_talk = conn_talk,
    .conn_resumed = conn_resumed,
    .conn_early = conn_early,
};
