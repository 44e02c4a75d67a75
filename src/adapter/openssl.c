/* see stek/openssl.h and openssl_impl.h */
#include "adapter/openssl_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX 4096U /* bytes; a size beyond is no size */

/* OpenSSL gives an index into ex_data for the whole process: made once, then only read. */
static struct {
    CRYPTO_ONCE once;
    int ctx_index;
    int ssl_index;
    bool ready;
} library = {.once = CRYPTO_ONCE_STATIC_INIT};

static void
attached_free(struct openssl_attached *attached)
{
    if (attached == NULL)
        return;
    X509_free(attached->names.cert);
    CRYPTO_THREAD_lock_free(attached->lock);
    stek_ring_close(&attached->ring);
    free(attached);
}

static void
ctx_free(void *parent, void *ptr, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
    (void)parent, (void)data, (void)index, (void)argl, (void)argp;
    attached_free(ptr);
}

/* Runs inside SSL_new. Up to OpenSSL 3.1 the SSL has its context by then; later it gets one after
 * this. */
static void
conn_new(void *parent, void *ptr, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
    SSL_CTX *ctx = SSL_get_SSL_CTX(parent);
    struct openssl_conn *conn;

    (void)ptr, (void)argl, (void)argp;
    if (ctx == NULL || openssl_attached(ctx) == NULL)
        return;
    conn = calloc(1, sizeof *conn);
    if (conn == NULL)
        return; /* then it is as with later versions */
    conn->accepting = ctx;
    conn->is_noted = true;
    if (!CRYPTO_set_ex_data(data, index, conn))
        free(conn);
}

/* SSL_dup: the copy keeps what its own SSL_new noted. */
static int
conn_dup(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void **value, int index, long argl,
         void *argp)
{
    (void)from, (void)argl, (void)argp;
    *value = CRYPTO_get_ex_data(to, index);
    return 1;
}

static void
conn_free(void *parent, void *ptr, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
    (void)parent, (void)data, (void)index, (void)argl, (void)argp;
    free(ptr);
}

static void
init(void)
{
    library.ctx_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, ctx_free);
    library.ssl_index = SSL_get_ex_new_index(0, NULL, conn_new, conn_dup, conn_free);
    library.ready = library.ctx_index >= 0 && library.ssl_index >= 0 && openssl_crypto_init();
}

struct openssl_attached *
openssl_attached(const SSL_CTX *ctx)
{
    return SSL_CTX_get_ex_data(ctx, library.ctx_index);
}

struct openssl_conn *
openssl_conn(SSL *ssl)
{
    struct openssl_conn *conn = SSL_get_ex_data(ssl, library.ssl_index);

    if (conn != NULL)
        return conn;
    conn = calloc(1, sizeof *conn);
    if (conn != NULL && !SSL_set_ex_data(ssl, library.ssl_index, conn)) {
        free(conn);
        return NULL;
    }
    return conn;
}

SSL_CTX *
openssl_counting(const SSL *ssl, const struct openssl_conn *conn, int enc)
{
    const struct openssl_attached *attached;

    if (conn->accepting == NULL || conn->is_noted)
        return conn->is_noted ? conn->accepting : SSL_get_SSL_CTX(ssl);
    attached = openssl_attached(conn->accepting);
    if (enc && (attached == NULL || !atomic_load(&attached->switches_early)))
        return conn->accepting;
    return SSL_get_SSL_CTX(ssl);
}

bool
openssl_is_opened(const SSL *ssl, const struct openssl_conn *conn)
{
    unsigned char random[SSL3_RANDOM_SIZE];

    return conn->opened && SSL_session_reused(ssl) &&
           SSL_get_client_random(ssl, random, sizeof random) == sizeof random &&
           memcmp(random, conn->random, sizeof random) == 0;
}

void
openssl_warn(struct openssl_attached *attached, unsigned which)
{
    const char *text;

    if (attached->options.warn == NULL || (atomic_fetch_or(&attached->warned, which) & which) != 0)
        return;
    switch (which) {
    case OPENSSL_WARN_CERT:
        text = "no session tickets: the SSL_CTX that accepts connections has no certificate to bind"
               " them to; give it one, or give stek a label";
        break;
    case OPENSSL_WARN_CLIENT:
        text = "no session tickets on connections that ask for a client certificate; give stek a"
               " label if all servers of this ring trust the same clients";
        break;
    case OPENSSL_WARN_SWITCH:
        text = "tickets do not resume where the server switches to another SSL_CTX before they are"
               " looked at; attach that one too";
        break;
    case OPENSSL_WARN_SID:
        text = "no session tickets on connections that ask for a client certificate without"
               " SSL_CTX_set_session_id_context: OpenSSL would refuse to resume";
        break;
    default:
        text = "tickets will not resume: the server keeps application data of its own in them; set"
               " own_appdata";
        break;
    }
    attached->options.warn(text, attached->options.warn_arg);
}

/* True if a newer program asks for nothing that this library does not know. */
static bool
take_options(struct openssl_attached *attached, const struct stek_openssl_options *options)
{
    STEK_OPENSSL_OPTIONS(none);
    size_t known = sizeof attached->options, len;

    if (options != NULL && options->size > OPTIONS_MAX)
        return false;
    attached->options = options == NULL ? none : *options;
    for (size_t i = known; options != NULL && i < options->size; i++)
        if (((const uint8_t *)options)[i] != 0)
            return false;
    options = &attached->options;
    if (options->label == NULL || options->label[0] == '\0') {
        attached->options.label = NULL;
        return true;
    }
    len = strnlen(options->label, sizeof attached->label);
    if (len == sizeof attached->label)
        return false;
    memcpy(attached->label, options->label, len); /* all zero before */
    attached->options.label = attached->label;
    return true;
}

static enum stek_status
attached_make(struct openssl_attached **made, struct stek_ring *ring,
              const struct stek_openssl_options *options)
{
    struct openssl_attached *attached = calloc(1, sizeof *attached);

    if (attached == NULL)
        return STEK_SYSTEM;
    if (!take_options(attached, options)) {
        free(attached);
        return STEK_BAD_ARGUMENT;
    }
    attached->lock = CRYPTO_THREAD_lock_new();
    if (attached->lock == NULL) {
        free(attached);
        return STEK_SYSTEM;
    }
    attached->ring = stek_ring_ref(ring);
    *made = attached;
    return STEK_OK;
}

static enum stek_status
install(SSL_CTX *ctx, struct openssl_attached *attached)
{
    struct openssl_attached *before = openssl_attached(ctx);

    if (!SSL_CTX_set_ex_data(ctx, library.ctx_index, attached)) {
        attached_free(attached);
        return STEK_SYSTEM;
    }
    attached_free(before);
    /* OpenSSL asks this callback and none of the older keys and callbacks, whatever the order. */
    if (!SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, openssl_key))
        return STEK_SYSTEM;
    if (!attached->options.own_appdata &&
        !SSL_CTX_set_session_ticket_cb(ctx, openssl_generate, openssl_decrypted, ctx))
        return STEK_SYSTEM;
    return STEK_OK;
}

enum stek_status
stek_openssl_attach(SSL_CTX *ctx, struct stek_ring *ring,
                    const struct stek_openssl_options *options)
{
    int saved = errno;
    struct openssl_attached *attached;
    enum stek_status status;

    if (options != NULL && options->size < sizeof *options)
        return STEK_BAD_ARGUMENT;
    if (!CRYPTO_THREAD_run_once(&library.once, init) || !library.ready)
        return STEK_NO_CRYPTO;
    (void)stek_ring_tick(ring, stek_now()); /* one that is not there yet may come later */
    status = attached_make(&attached, ring, options);
    if (status == STEK_OK)
        status = install(ctx, attached);
    if (status == STEK_OK)
        errno = saved;
    return status;
}
