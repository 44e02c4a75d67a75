/* see openssl_impl.h */
#include "adapter/openssl_impl.h"

#include <stdlib.h>
#include <string.h>

/* OpenSSL gives an index into ex_data for the whole process: made once, then only read. */
static struct {
    int ctx_index;
    int ssl_index;
} library;

/* ---- on an SSL_CTX ---- */

void
openssl_attached_free(struct openssl_attached *attached)
{
    stek_ring_close(&attached->ring);
    free(attached);
}

/* Nobody uses the context any more. */
static void
record_free(struct openssl_record *record)
{
    if (!openssl_process_remove(&record->demand))
        return;
    while (record->all != NULL) {
        struct openssl_attached *attached = record->all;

        record->all = attached->older;
        openssl_attached_free(attached);
    }
    X509_free(record->names.cert);
    CRYPTO_THREAD_lock_free(record->lock);
    free(record);
}

static void
ctx_free(void *parent, void *ptr, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
    (void)parent, (void)data, (void)index, (void)argl, (void)argp;
    if (ptr != NULL)
        record_free(ptr);
}

struct openssl_record *
openssl_record(const SSL_CTX *ctx)
{
    return SSL_CTX_get_ex_data(ctx, library.ctx_index);
}

struct openssl_attached *
openssl_attached(const SSL_CTX *ctx)
{
    struct openssl_record *record = openssl_record(ctx);

    return record == NULL ? NULL : atomic_load_explicit(&record->attached, memory_order_acquire);
}

static struct openssl_record *
record_make(SSL_CTX *ctx)
{
    struct openssl_record *record = calloc(1, sizeof *record);

    if (record == NULL)
        return NULL;
    record->lock = CRYPTO_THREAD_lock_new();
    openssl_demand_init(&record->demand, ctx);
    if (record->lock != NULL && openssl_process_add(&record->demand)) {
        if (SSL_CTX_set_ex_data(ctx, library.ctx_index, record))
            return record;
        record_free(record);
        return NULL;
    }
    CRYPTO_THREAD_lock_free(record->lock);
    free(record);
    return NULL;
}

static bool
is_same(const struct openssl_attached *a, const struct openssl_attached *b)
{
    const struct stek_openssl_options *x = &a->options, *y = &b->options;

    return a->ring == b->ring && strcmp(a->label, b->label) == 0 && x->any_sni == y->any_sni &&
           x->own_appdata == y->own_appdata && x->resolve == y->resolve &&
           x->resolve_arg == y->resolve_arg && x->warn == y->warn && x->warn_arg == y->warn_arg;
}

bool
openssl_hang(SSL_CTX *ctx, struct openssl_attached *made)
{
    struct openssl_record *record = openssl_record(ctx);
    struct openssl_attached *same;

    if (record == NULL)
        record = record_make(ctx);
    if (record == NULL || !CRYPTO_THREAD_write_lock(record->lock)) {
        openssl_attached_free(made);
        return false;
    }
    for (same = record->all; same != NULL && !is_same(same, made); same = same->older)
        ;
    if (same == NULL) {
        made->record = record;
        made->older = record->all;
        record->all = made;
    }
    atomic_store_explicit(&record->attached, same == NULL ? made : same, memory_order_release);
    (void)CRYPTO_THREAD_unlock(record->lock); /* fails only where it was not locked */
    if (same != NULL)
        openssl_attached_free(made);
    return true;
}

/* ---- on an SSL ---- */

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

bool
openssl_objects_init(void)
{
    library.ctx_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, ctx_free);
    library.ssl_index = SSL_get_ex_new_index(0, NULL, conn_new, conn_dup, conn_free);
    return library.ctx_index >= 0 && library.ssl_index >= 0;
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
