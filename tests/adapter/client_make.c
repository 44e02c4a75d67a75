/* see client.h: certificates, and sessions with another ticket in them */
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "client.h"

/* ---- certificates ---- */

static bool
add_names(X509 *cert, const char *names)
{
    char value[512] = "", *end = value;
    X509_EXTENSION *ext;
    bool added;

    for (const char *at = names; *at != '\0';) {
        size_t len = strcspn(at, " ");

        end += snprintf(end, (size_t)(value + sizeof value - end), "%sDNS:%.*s",
                        end > value ? "," : "", (int)len, at);
        if (end >= value + sizeof value)
            return false;
        at += len + (at[len] == ' ');
    }
    ext = X509V3_EXT_nconf_nid(NULL, NULL, NID_subject_alt_name, value);
    added = ext != NULL && X509_add_ext(cert, ext, -1) == 1;
    X509_EXTENSION_free(ext);
    return added;
}

static bool
fill_cert(X509 *cert, EVP_PKEY *key, const char *names)
{
    X509_NAME *subject = X509_get_subject_name(cert);

    return X509_set_version(cert, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(cert), -60) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(cert), 86400) != NULL &&
           X509_set_pubkey(cert, key) == 1 &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const uint8_t *)"test", -1, -1,
                                      0) == 1 &&
           X509_set_issuer_name(cert, subject) == 1 && add_names(cert, names) &&
           X509_sign(cert, key, EVP_sha256()) > 0;
}

bool
client_cert(X509 **cert, EVP_PKEY **key, const char *names, bool is_rsa)
{
    *cert = X509_new();
    *key = is_rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    if (*cert != NULL && *key != NULL && fill_cert(*cert, *key, names))
        return true;
    X509_free(*cert);
    EVP_PKEY_free(*key);
    return false;
}

/* ---- forging: a session is DER, SEQUENCE { ... [10] { OCTET STRING ticket } ... } ---- */

static size_t
put_head(uint8_t *out, uint8_t tag, size_t len)
{
    uint8_t head[] = {tag, 0x82, (uint8_t)(len >> 8), (uint8_t)len};

    memcpy(out, head, sizeof head);
    return sizeof head;
}

/* How many bytes the head of an element of `len` bytes takes. */
static size_t
head_len(size_t len)
{
    return len < 0x80 ? 2 : len < 0x100 ? 3 : 4;
}

SSL_SESSION *
client_forge(SSL_SESSION *session, const uint8_t *ticket, size_t len)
{
    uint8_t der[8192], out[8192], body[8192];
    const unsigned char *old = NULL, *in = out;
    unsigned char *end = der;
    size_t old_len = 0, inner, front, back, body_len, head;
    const uint8_t *at;
    int all = i2d_SSL_SESSION(session, NULL);

    SSL_SESSION_get0_ticket(session, &old, &old_len);
    if (old_len == 0 || all <= 0 || (size_t)all + len + 16 > sizeof der)
        return NULL;
    all = i2d_SSL_SESSION(session, &end);
    at = memmem(der, (size_t)all, old, old_len);
    if (at == NULL)
        return NULL;
    inner = head_len(old_len) + old_len;
    head = der[1] < 0x80 ? 2 : 2 + (size_t)(der[1] & 0x7f);
    front = (size_t)(at - der) - head_len(old_len) - head_len(inner) - head;
    back = (size_t)(der + all - at) - old_len;
    memcpy(body, der + head, front);
    body_len = front;
    body_len += put_head(body + body_len, 0xaa, len + 4);
    body_len += put_head(body + body_len, 0x04, len);
    memcpy(body + body_len, ticket, len);
    body_len += len;
    memcpy(body + body_len, at + old_len, back);
    body_len += back;
    head = put_head(out, 0x30, body_len);
    memcpy(out + head, body, body_len);
    return d2i_SSL_SESSION(NULL, &in, (long)(head + body_len));
}
