/* see openssl_impl.h
 *
 * Context:   names of the certificates | label | client-auth mode, CA names |
 *            what the process asks of clients anywhere (openssl_process.c) | SNI
 * A field that does not apply is left out; fields of different kinds never equal each other. */
#include "adapter/openssl_impl.h"

#include <string.h>

#define MODE_BITS (SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT)

/* What a context is made of, for one connection. What counts when a ticket is sealed counts when
 * it is opened, though by then the server may not have switched yet. */
struct basis {
    SSL_CTX *ctx;     /* whose names count, and how it asks for client certificates */
    bool is_named;    /* by the server's own function */
    bool is_in_force; /* or in force when tickets are opened, and will serve */
    enum openssl_found names;
};

static struct basis
find_basis(struct stek_context *names, const struct openssl_attached *attached, SSL *ssl,
           const struct openssl_conn *conn, const char *sni, int enc)
{
    const struct stek_openssl_options *options = &attached->options;
    struct basis basis = {NULL, false, false, OPENSSL_NONE};

    if (options->resolve != NULL)
        basis.ctx = options->resolve(ssl, sni, options->resolve_arg);
    basis.is_named = basis.ctx != NULL;
    if (!basis.is_named)
        basis.ctx = openssl_counting(ssl, conn, enc);
    basis.names = openssl_names(names, basis.ctx);
    if (basis.is_named || basis.names != OPENSSL_NONE || options->label != NULL)
        return basis;
    /* Some servers switch to a context with a certificate before tickets are looked at. Where it is
     * after, none opens. With a label it does not matter: no names, then. */
    basis.ctx = SSL_get_SSL_CTX(ssl);
    basis.names = openssl_names(names, basis.ctx);
    basis.is_in_force = true;
    return basis;
}

/* Where nothing tells one trust domain from another, only the operator's word (a label) does. */
static bool
is_allowed(struct openssl_attached *attached, const struct basis *basis, const SSL *ssl)
{
    const int mode =
        basis->is_named ? SSL_CTX_get_verify_mode(basis->ctx) : SSL_get_verify_mode(ssl);

    /* What one asks for that we do not know is not in openssl_demands(). */
    if (basis->names == OPENSSL_UNATTACHED ||
        (!basis->is_named && openssl_record(SSL_get_SSL_CTX(ssl)) == NULL)) {
        openssl_warn(attached, OPENSSL_WARN_SWITCH);
        return false;
    }
    if (attached->options.label != NULL)
        return true;
    if (basis->names == OPENSSL_NONE) {
        openssl_warn(attached, OPENSSL_WARN_CERT);
        return false;
    }
    if ((mode & SSL_VERIFY_PEER) != 0) {
        openssl_warn(attached, OPENSSL_WARN_CLIENT);
        return false;
    }
    return true;
}

/* ---- client certificates ---- */

static bool
add_ca_name(struct stek_context *context, const X509_NAME *name)
{
    unsigned char *der = NULL;
    int len = i2d_X509_NAME(name, &der);
    bool done;

    if (len < 0)
        return false;
    done =
        stek_context_add(context, STEK_FIELD_CLIENT_CA, der, (size_t)len, openssl_hmac) == STEK_OK;
    OPENSSL_free(der);
    return done;
}

bool
openssl_add_client_auth(struct stek_context *context, int verify_mode,
                        const STACK_OF(X509_NAME) * names)
{
    const uint8_t mode = (uint8_t)(verify_mode & MODE_BITS);
    bool done;

    if ((mode & SSL_VERIFY_PEER) == 0)
        return true;
    done = stek_context_add(context, STEK_FIELD_CLIENT_AUTH, &mode, sizeof mode, openssl_hmac) ==
           STEK_OK;
    for (int i = 0; done && names != NULL && i < sk_X509_NAME_num(names); i++)
        done = add_ca_name(context, sk_X509_NAME_value(names, i));
    return done;
}

/* True if the server asks on the connection alone: no context that it was with asks like that. */
static bool
is_own_mode(int mode, const struct basis *basis, const SSL *ssl, const SSL_CTX *accepting)
{
    const SSL_CTX *const all[] = {basis->ctx, SSL_get_SSL_CTX(ssl), accepting};

    if ((mode & SSL_VERIFY_PEER) == 0)
        return false;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (((SSL_CTX_get_verify_mode(all[i]) ^ mode) & MODE_BITS) == 0)
            return false;
    return true;
}

/* How the context asks, and how the connection alone does. */
static bool
add_client_auth(struct stek_context *context, const struct basis *basis, const SSL *ssl,
                const SSL_CTX *accepting)
{
    const int mode = SSL_get_verify_mode(ssl);

    return openssl_add_client_auth(context, SSL_CTX_get_verify_mode(basis->ctx),
                                   SSL_CTX_get_client_CA_list(basis->ctx)) &&
           (!is_own_mode(mode, basis, ssl, accepting) ||
            openssl_add_client_auth(context, mode, SSL_get_client_CA_list(ssl)));
}

/* ---- the rest ---- */

static bool
is_zero(const struct stek_context *context)
{
    static const struct stek_context zero;

    return memcmp(context, &zero, sizeof zero) == 0;
}

static bool
add_demands_and_sni(struct stek_context *context, const struct openssl_attached *attached,
                    const struct stek_context *demands, const char *sni, size_t sni_len)
{
    if (!is_zero(demands) && stek_context_add(context, STEK_FIELD_CLIENT_AUTH, demands->hash,
                                              sizeof demands->hash, openssl_hmac) != STEK_OK)
        return false;
    return attached->options.any_sni ||
           stek_context_add(context, STEK_FIELD_SNI, sni, sni_len, openssl_hmac) == STEK_OK;
}

/* Most handshakes of a server come with the same few names, and an HMAC is a good part of what a
 * ticket costs: so the last results are kept, by all that they depend on. None is a secret. */
static struct openssl_memo *
memo_of(struct openssl_attached *attached, const char *sni, size_t sni_len)
{
    unsigned sum = 0;

    if (sni_len > OPENSSL_MEMO_SNI)
        return NULL;
    for (size_t i = 0; i < sni_len; i++)
        sum = 31 * sum + (uint8_t)sni[i];
    return &attached->memos[sum % OPENSSL_MEMOS];
}

static bool
recall(struct stek_context *context, const struct openssl_attached *attached,
       const struct openssl_memo *memo, const struct openssl_memo *wanted)
{
    CRYPTO_RWLOCK *lock = attached->record->lock;
    bool found;

    if (!CRYPTO_THREAD_read_lock(lock))
        return false;
    found = memo->set && memo->len == wanted->len &&
            memcmp(memo->sni, wanted->sni, memo->len) == 0 &&
            memcmp(&memo->before, &wanted->before, sizeof memo->before) == 0 &&
            memcmp(&memo->demands, &wanted->demands, sizeof memo->demands) == 0;
    if (found)
        *context = memo->after;
    (void)CRYPTO_THREAD_unlock(lock); /* fails only where it was not locked */
    return found;
}

static bool
add_rest(struct stek_context *context, struct openssl_attached *attached,
         const struct stek_context *demands, const char *sni, size_t sni_len)
{
    struct openssl_memo *memo = memo_of(attached, sni, sni_len);
    struct openssl_memo wanted = {.set = true, .before = *context, .demands = *demands};

    if (memo == NULL)
        return add_demands_and_sni(context, attached, demands, sni, sni_len);
    wanted.len = sni_len;
    memcpy(wanted.sni, sni, sni_len);
    if (recall(context, attached, memo, &wanted))
        return true;
    if (!add_demands_and_sni(context, attached, demands, sni, sni_len))
        return false;
    wanted.after = *context;
    if (CRYPTO_THREAD_write_lock(attached->record->lock)) {
        *memo = wanted;
        (void)CRYPTO_THREAD_unlock(attached->record->lock); /* as above */
    }
    return true;
}

bool
openssl_context(struct stek_context *out, struct openssl_attached *attached, SSL *ssl,
                const struct openssl_conn *conn, const char *sni, size_t sni_len, int enc)
{
    const char *label = attached->options.label;
    struct stek_context context, demands;
    struct basis basis;

    stek_context_init(&context);
    stek_context_init(&demands);
    basis = find_basis(&context, attached, ssl, conn, sni, enc);
    if (basis.names == OPENSSL_FAILED || !is_allowed(attached, &basis, ssl))
        return false;
    if (label != NULL &&
        stek_context_add(&context, STEK_FIELD_LABEL, label, strlen(label), openssl_hmac) != STEK_OK)
        return false;
    if (!add_client_auth(&context, &basis, ssl, openssl_counting(ssl, conn, enc)))
        return false;
    if (!basis.is_named && !basis.is_in_force && !openssl_demands(&demands, basis.ctx))
        return false;
    if (!add_rest(&context, attached, &demands, sni, sni_len))
        return false;
    *out = context;
    return true;
}
