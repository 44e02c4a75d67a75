/* see openssl_impl.h
 *
 * Context:   names of the certificates | label | client-auth mode, CA names | SNI
 * A field that does not apply is left out; fields of different kinds never equal each other. */
#include "adapter/openssl_impl.h"

#include <string.h>

/* What a context is made of, for one connection. */
struct basis {
    SSL_CTX *ctx;  /* whose names count */
    bool resolved; /* by the server's own function, so its verify mode and CAs count too */
    int verify_mode;
    enum openssl_found names;
};

static struct basis
find_basis(struct stek_context *names, const struct openssl_attached *attached, SSL *ssl,
           const struct openssl_conn *conn, const char *sni, int enc)
{
    const struct stek_openssl_options *options = &attached->options;
    struct basis basis = {NULL, false, 0, OPENSSL_NONE};

    if (options->resolve != NULL)
        basis.ctx = options->resolve(ssl, sni, options->resolve_arg);
    basis.resolved = basis.ctx != NULL;
    if (!basis.resolved)
        basis.ctx = openssl_counting(ssl, conn, enc);
    basis.verify_mode =
        basis.resolved ? SSL_CTX_get_verify_mode(basis.ctx) : SSL_get_verify_mode(ssl);
    basis.names = openssl_names(names, basis.ctx);
    /* Some servers switch to a context with a certificate before tickets are looked at. */
    if (basis.names == OPENSSL_NONE && SSL_get_SSL_CTX(ssl) != basis.ctx)
        basis.names = openssl_names(names, SSL_get_SSL_CTX(ssl));
    return basis;
}

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

/* How a client certificate is asked for; nothing where none is. */
static bool
add_client_auth(struct stek_context *context, const struct basis *basis, const SSL *ssl)
{
    const uint8_t mode =
        (uint8_t)(basis->verify_mode & (SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT));
    const STACK_OF(X509_NAME) * names;
    bool done;

    if ((mode & SSL_VERIFY_PEER) == 0)
        return true;
    names = basis->resolved ? SSL_CTX_get_client_CA_list(basis->ctx) : SSL_get_client_CA_list(ssl);
    done = stek_context_add(context, STEK_FIELD_CLIENT_AUTH, &mode, sizeof mode, openssl_hmac) ==
           STEK_OK;
    for (int i = 0; done && names != NULL && i < sk_X509_NAME_num(names); i++)
        done = add_ca_name(context, sk_X509_NAME_value(names, i));
    return done;
}

/* Where nothing tells one trust domain from another, only the operator's word (a label) does. */
static bool
is_allowed(struct openssl_attached *attached, const struct basis *basis)
{
    if (attached->options.label != NULL)
        return true;
    if (basis->names == OPENSSL_NONE) {
        openssl_warn(attached, OPENSSL_WARN_CERT);
        return false;
    }
    if ((basis->verify_mode & SSL_VERIFY_PEER) != 0) {
        openssl_warn(attached, OPENSSL_WARN_CLIENT);
        return false;
    }
    return true;
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
recall(struct stek_context *context, struct openssl_attached *attached,
       const struct openssl_memo *memo, const char *sni, size_t sni_len)
{
    bool found;

    if (!CRYPTO_THREAD_read_lock(attached->lock))
        return false;
    found = memo->set && memo->len == sni_len && memcmp(memo->sni, sni, sni_len) == 0 &&
            memcmp(&memo->before, context, sizeof *context) == 0;
    if (found)
        *context = memo->after;
    (void)CRYPTO_THREAD_unlock(attached->lock); /* fails only where it was not locked */
    return found;
}

static bool
add_sni(struct stek_context *context, struct openssl_attached *attached, const char *sni,
        size_t sni_len)
{
    struct openssl_memo *memo = memo_of(attached, sni, sni_len);
    const struct stek_context before = *context;

    if (memo != NULL && recall(context, attached, memo, sni, sni_len))
        return true;
    if (stek_context_add(context, STEK_FIELD_SNI, sni, sni_len, openssl_hmac) != STEK_OK)
        return false;
    if (memo != NULL && CRYPTO_THREAD_write_lock(attached->lock)) {
        memo->set = true;
        memo->before = before;
        memo->after = *context;
        memo->len = sni_len;
        memcpy(memo->sni, sni, sni_len);
        (void)CRYPTO_THREAD_unlock(attached->lock); /* as above */
    }
    return true;
}

bool
openssl_context(struct stek_context *out, struct openssl_attached *attached, SSL *ssl,
                const struct openssl_conn *conn, const char *sni, size_t sni_len, int enc)
{
    const char *label = attached->options.label;
    struct stek_context context;
    struct basis basis;

    stek_context_init(&context);
    basis = find_basis(&context, attached, ssl, conn, sni, enc);
    if (basis.names == OPENSSL_FAILED || !is_allowed(attached, &basis))
        return false;
    if (label != NULL &&
        stek_context_add(&context, STEK_FIELD_LABEL, label, strlen(label), openssl_hmac) != STEK_OK)
        return false;
    if (!add_client_auth(&context, &basis, ssl))
        return false;
    if (!attached->options.any_sni && !add_sni(&context, attached, sni, sni_len))
        return false;
    *out = context;
    return true;
}
