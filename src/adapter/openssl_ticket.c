/* see openssl_impl.h
 *
 * Ticket (RFC 5077, 4):   key name 16 | iv 16 | AES-256-CBC(session) | HMAC-SHA256 32
 * The name is the ring key's; the keys are stek_key_derive(ring key, "openssl", "e" and "m",
 * context). OpenSSL checks the MAC itself, after this callback and before it decrypts. */
#include "adapter/openssl_impl.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <string.h>

#define PRODUCT "openssl"
/* Short, so that what is hashed fits one block less. */
#define ENCRYPTS "e"
#define AUTHENTICATES "m"
#define IV_LEN 16

/* Derived keys, wiped however their scope ends. */
struct derived {
    uint8_t enc[STEK_HASH_LEN];
    uint8_t mac[STEK_HASH_LEN];
};

static void
derived_wipe(struct derived *derived)
{
    OPENSSL_cleanse(derived, sizeof *derived);
}

struct parts {
    struct openssl_attached *attached;
    struct openssl_conn *conn;
    SSL *ssl;
    unsigned char *name;
    unsigned char *iv;
    EVP_CIPHER_CTX *cipher;
    EVP_MAC_CTX *mac;
};

/* Give OpenSSL the keys that belong to `key` and `context`. */
static bool
set_keys(const struct parts *parts, const struct stek_key *key, const struct stek_context *context,
         int enc)
{
    __attribute__((cleanup(derived_wipe))) struct derived derived = {{0}, {0}};
    char digest[] = "SHA256";
    OSSL_PARAM params[2];

    if (stek_key_derive(key, derived.enc, PRODUCT, ENCRYPTS, context->hash, openssl_hmac) !=
            STEK_OK ||
        stek_key_derive(key, derived.mac, PRODUCT, AUTHENTICATES, context->hash, openssl_hmac) !=
            STEK_OK)
        return false;
    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0);
    params[1] = OSSL_PARAM_construct_end();
    return EVP_MAC_init(parts->mac, derived.mac, sizeof derived.mac, params) &&
           EVP_CipherInit_ex2(parts->cipher, openssl_aes256cbc(), derived.enc, parts->iv, enc,
                              NULL);
}

/* The SNI of the ClientHello, which is attached to the SSL while a ticket is opened, though
 * SSL_get_servername() knows nothing yet. */
static bool
note_hello(SSL *ssl, struct openssl_conn *conn)
{
    const unsigned char *bytes;
    size_t len;

    conn->opened = false;
    conn->sni_len = 0;
    conn->sni[0] = '\0';
    if (SSL_client_hello_get0_random(ssl, &bytes) != sizeof conn->random)
        return false;
    memcpy(conn->random, bytes, sizeof conn->random);
    if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &bytes, &len))
        return true;
    return stek_hello_sni(conn->sni, &conn->sni_len, bytes, len) == STEK_OK;
}

static int
open_ticket(const struct parts *parts)
{
    struct openssl_conn *conn = parts->conn;
    struct stek_ring *ring = parts->attached->ring;
    struct stek_context context;
    int renew = 0;
    STEK_KEY(key);
    STEK_REQUEST(request);

    conn->look = OPENSSL_MISSED;
    conn->opened_at = stek_now();
    if (!note_hello(parts->ssl, conn)) {
        stek_ring_count(ring, STEK_FULL_CONTEXT, NULL);
        return 0;
    }
    request.sni = conn->sni;
    if (stek_ring_opening_key_for(ring, &key, &renew, parts->name, &request, conn->opened_at) !=
        STEK_OK)
        return 0; /* which counted why */
    if (!openssl_context(&context, parts->attached, parts->ssl, conn, conn->sni, conn->sni_len,
                         0) ||
        !set_keys(parts, &key, &context, 0)) {
        stek_ring_count(ring, STEK_FULL_CONTEXT, NULL);
        return 0;
    }
    conn->look = OPENSSL_KEYED;
    conn->opened = true;
    conn->renew = renew != 0;
    memcpy(conn->name, key.name, sizeof conn->name);
    if (parts->attached->options.own_appdata) /* nobody will tell us whether it did open */
        stek_ring_count(ring, STEK_OPENED, key.name);
    /* TLS 1.3: 1 would mean no new ticket, and tickets are for one use (RFC 8446, C.4). */
    return renew || SSL_version(parts->ssl) == TLS1_3_VERSION ? 2 : 1;
}

/* The SNI in this connection's ClientHello, which is gone by now. In TLS 1.2 resumptions
 * SSL_get_servername() would give the session's; there the name noted at opening counts. */
static bool
sni_at_seal(const struct parts *parts, char sni[STEK_SNI_MAX + 1], size_t *sni_len)
{
    const char *name;
    size_t len;
    uint8_t ext[5 + STEK_SNI_MAX] = {0};

    if (SSL_session_reused(parts->ssl) && SSL_version(parts->ssl) != TLS1_3_VERSION) {
        if (!openssl_is_opened(parts->ssl, parts->conn))
            return false;
        memcpy(sni, parts->conn->sni, parts->conn->sni_len + 1);
        *sni_len = parts->conn->sni_len;
        return true;
    }
    name = SSL_get_servername(parts->ssl, TLSEXT_NAMETYPE_host_name);
    if (name == NULL) {
        sni[0] = '\0';
        *sni_len = 0;
        return true;
    }
    len = strnlen(name, STEK_SNI_MAX + 1);
    if (len > STEK_SNI_MAX)
        return false;
    ext[1] = (uint8_t)((len + 3) & 0xff);
    ext[0] = (uint8_t)((len + 3) >> 8);
    ext[4] = (uint8_t)len;
    memcpy(ext + 5, name, len);
    return stek_hello_sni(sni, sni_len, ext, 5 + len) == STEK_OK;
}

/* No tickets for clients with a certificate, unless labelled: one CA's client must not resume where
 * another CA is required. And none that OpenSSL would answer with an alert: it ends handshakes that
 * resume and ask for a certificate without a session id context. */
static bool
is_sealable(const struct parts *parts)
{
    SSL_SESSION *session = SSL_get_session(parts->ssl);
    bool asks = (SSL_get_verify_mode(parts->ssl) & SSL_VERIFY_PEER) != 0;
    bool asked = (SSL_CTX_get_verify_mode(openssl_counting(parts->ssl, parts->conn, 1)) &
                  SSL_VERIFY_PEER) != 0;
    unsigned sid_len = 0;

    if (session == NULL)
        return false;
    if (parts->attached->options.label == NULL &&
        (asks || SSL_SESSION_get0_peer(session) != NULL)) {
        openssl_warn(parts->attached, OPENSSL_WARN_CLIENT);
        return false;
    }
    (void)SSL_SESSION_get0_id_context(session, &sid_len);
    if ((asks || asked) && sid_len == 0) {
        openssl_warn(parts->attached, OPENSSL_WARN_SID);
        return false;
    }
    return true;
}

static bool
seal(const struct parts *parts, struct stek_key *key)
{
    char sni[STEK_SNI_MAX + 1];
    size_t sni_len;
    struct stek_context context;
    STEK_REQUEST(request);

    request.sni = sni;
    if (!sni_at_seal(parts, sni, &sni_len) ||
        stek_ring_sealing_key_for(parts->attached->ring, key, &request, stek_now()) != STEK_OK ||
        !is_sealable(parts) ||
        !openssl_context(&context, parts->attached, parts->ssl, parts->conn, sni, sni_len, 1) ||
        RAND_bytes(parts->iv, IV_LEN) != 1 || !set_keys(parts, key, &context, 1))
        return false;
    memcpy(parts->name, key->name, sizeof key->name);
    return true;
}

static int
seal_ticket(const struct parts *parts)
{
    struct openssl_conn *conn = parts->conn;
    struct stek_ring *ring = parts->attached->ring;
    bool limited = conn->limited, sealed = false;
    STEK_KEY(key);

    conn->limited = false;
    if (!limited && !parts->attached->options.own_appdata)
        openssl_warn(parts->attached, OPENSSL_WARN_APPDATA); /* openssl_generate() was not asked */
    else
        sealed = seal(parts, &key);
    if (!sealed) {
        stek_ring_count(ring, STEK_FULL_NO_KEY, NULL);
        return 0;
    }
    if (!limited) /* too late for the ticket, but not for its lifetime hint */
        openssl_limit(parts->attached, parts->ssl, SSL_get_session(parts->ssl));
    stek_ring_count(ring, STEK_SEALED, key.name);
    if (SSL_session_reused(parts->ssl) && conn->opened && conn->renew)
        stek_ring_count(ring, STEK_RENEWED, key.name);
    conn->renew = false;
    return 1;
}

/* NOLINTBEGIN(readability-non-const-parameter): OpenSSL's type */
int
openssl_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
            EVP_MAC_CTX *mac, int enc)
{
    struct parts parts = {NULL, openssl_conn(ssl), ssl, name, iv, cipher, mac};
    int saved = errno, answer;

    if (parts.conn != NULL)
        parts.attached = openssl_attached(openssl_counting(ssl, parts.conn, enc));
    if (parts.attached == NULL)
        return 0;         /* no memory, or switched to one that is not attached */
    (void)ERR_set_mark(); /* fails where there are no errors, and then there is nothing to keep */
    answer = enc ? seal_ticket(&parts) : open_ticket(&parts);
    (void)ERR_pop_to_mark();
    errno = saved;
    return answer;
}
/* NOLINTEND(readability-non-const-parameter) */
