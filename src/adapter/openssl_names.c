/* see openssl_impl.h */
#include "adapter/openssl_impl.h"

#include <openssl/x509v3.h>
#include <stdlib.h>

#define TYPE_CN 255   /* no GeneralName has such a tag */
#define TYPE_CERT 254 /* a whole certificate, DER: one without any name stands for itself */

/* Names, and their bytes again: OpenSSL allocated them, and frees no const. */
struct list {
    struct stek_name *names;
    unsigned char **bytes;
    size_t count;
    size_t cap;
};

static void
list_free(struct list *list)
{
    for (size_t i = 0; i < list->count; i++)
        OPENSSL_free(list->bytes[i]);
    free(list->bytes);
    free(list->names);
}

static bool
list_grow(struct list *list)
{
    size_t cap = list->cap > 0 ? 2 * list->cap : 8;
    struct stek_name *names = reallocarray(list->names, cap, sizeof *names);
    unsigned char **bytes;

    if (names == NULL)
        return false;
    list->names = names;
    bytes = reallocarray(list->bytes, cap, sizeof *bytes);
    if (bytes == NULL)
        return false;
    list->bytes = bytes;
    list->cap = cap;
    return true;
}

/* Takes over `bytes`; false, with them freed, if `len` is an error or there is no memory. */
static bool
list_add(struct list *list, unsigned char *bytes, int len, int type)
{
    if (len < 0 || (list->count == list->cap && !list_grow(list))) {
        if (len >= 0)
            OPENSSL_free(bytes);
        return false;
    }
    list->bytes[list->count] = bytes;
    list->names[list->count++] = (struct stek_name){bytes, (size_t)len, type};
    return true;
}

static bool
add_alt_names(struct list *list, const GENERAL_NAMES *alt)
{
    bool done = true;

    for (int i = 0; done && i < sk_GENERAL_NAME_num(alt); i++) {
        GENERAL_NAME *name = sk_GENERAL_NAME_value(alt, i);
        unsigned char *der = NULL;
        int len = i2d_GENERAL_NAME(name, &der);

        done = list_add(list, der, len, name->type);
    }
    return done;
}

static bool
add_common_names(struct list *list, const X509_NAME *subject)
{
    bool done = true;

    for (int i = -1; done;) {
        unsigned char *text = NULL;
        int len;

        i = X509_NAME_get_index_by_NID(subject, NID_commonName, i);
        if (i < 0)
            break;
        len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i)));
        done = list_add(list, text, len, TYPE_CN);
    }
    return done;
}

/* All subject alternative names, else the common name, else the certificate itself. */
static bool
add_cert(struct list *list, X509 *cert)
{
    GENERAL_NAMES *alt = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    size_t before = list->count;
    unsigned char *der = NULL;
    bool done = true;
    int len;

    if (alt != NULL)
        done = add_alt_names(list, alt);
    GENERAL_NAMES_free(alt);
    if (done && list->count == before)
        done = add_common_names(list, X509_get_subject_name(cert));
    if (!done || list->count > before)
        return done;
    len = i2d_X509(cert, &der);
    return list_add(list, der, len, TYPE_CERT);
}

/* Going through the certificates changes which one is current: done on an SSL of its own, since
 * others use `ctx` at the same time. Where none has its key yet, the current one is all. */
static bool
add_all(struct list *list, SSL_CTX *ctx)
{
    SSL *ssl = SSL_new(ctx);
    bool done = ssl != NULL;

    if (done)
        (void)SSL_set_current_cert(ssl, SSL_CERT_SET_FIRST);
    while (done) {
        X509 *cert = SSL_get_certificate(ssl);

        done = cert != NULL && add_cert(list, cert);
        if (!done || SSL_set_current_cert(ssl, SSL_CERT_SET_NEXT) != 1)
            break;
    }
    SSL_free(ssl);
    return done;
}

/* Frees the list. */
static bool
begin(struct stek_context *out, struct list *list)
{
    struct stek_context context;
    bool done;

    stek_context_init(&context);
    done = stek_context_names(&context, list->names, list->count, openssl_hmac) == STEK_OK;
    if (done)
        *out = context;
    list_free(list);
    return done;
}

static bool
read_names(struct stek_context *out, SSL_CTX *ctx)
{
    struct list list = {NULL, NULL, 0, 0};

    if (add_all(&list, ctx))
        return begin(out, &list);
    list_free(&list);
    return false;
}

bool
openssl_names_of(struct stek_context *out, X509 *cert)
{
    struct list list = {NULL, NULL, 0, 0};

    if (add_cert(&list, cert))
        return begin(out, &list);
    list_free(&list);
    return false;
}

static bool
cached_names(struct stek_context *out, struct openssl_record *record, const X509 *cert)
{
    bool found;

    if (!CRYPTO_THREAD_read_lock(record->lock))
        return false;
    found = record->names.cert == cert;
    if (found)
        *out = record->names.context;
    (void)CRYPTO_THREAD_unlock(record->lock); /* fails only where it was not locked */
    return found;
}

static void
cache_names(struct openssl_record *record, X509 *cert, const struct stek_context *context)
{
    X509 *before;

    if (!X509_up_ref(cert))
        return;
    if (!CRYPTO_THREAD_write_lock(record->lock)) {
        X509_free(cert);
        return;
    }
    before = record->names.cert;
    record->names.cert = cert; /* held, so that no other can get its address */
    record->names.context = *context;
    (void)CRYPTO_THREAD_unlock(record->lock);
    X509_free(before);
}

enum openssl_found
openssl_names(struct stek_context *out, SSL_CTX *ctx)
{
    struct openssl_record *record = openssl_record(ctx);
    X509 *cert = SSL_CTX_get0_certificate(ctx);

    if (record == NULL)
        return OPENSSL_UNATTACHED;
    if (cert == NULL)
        return OPENSSL_NONE;
    if (cached_names(out, record, cert))
        return OPENSSL_FOUND;
    if (!read_names(out, ctx))
        return OPENSSL_FAILED;
    cache_names(record, cert, out);
    return OPENSSL_FOUND;
}
