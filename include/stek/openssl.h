/* openssl.h - let an OpenSSL 3 server seal and open its tickets with a ring's keys.
 *
 * The rules of stek/stek.h hold. One call per SSL_CTX; everything else (rotation, revocation,
 * renewal, the binding of tickets to certificates and SNI) then happens by itself, in TLS 1.2 and
 * 1.3. In tickets: AES-256-CBC and HMAC-SHA256 in the usual format (RFC 5077, 4). */
#ifndef STEK_OPENSSL_H
#define STEK_OPENSSL_H

#include <openssl/ssl.h>
#include <stek/stek.h>

#ifdef __cplusplus
extern "C" {
#endif

struct stek_openssl_options {
    size_t size;
    /* Joins the context of every ticket: servers with different labels never resume each other.
     * Also allows tickets where they otherwise are not given: on connections that ask for a
     * client certificate, and where the accepting SSL_CTX has no certificate of its own. */
    const char *label;
    /* 1: tickets are not bound to the SNI. Only for servers whose names are one and the same. */
    int any_sni;
    /* 1: the server uses ticket application data (SSL_CTX_set_session_ticket_cb) itself; stek then
     * leaves it alone and cannot end a chain of renewals. */
    int own_appdata;
    /* Which SSL_CTX will serve this SNI: for servers that switch contexts by SNI themselves. NULL:
     * the context that accepted the connection. Called at seal and at open; `sni` is "" if none. */
    SSL_CTX *(*resolve)(SSL *ssl, const char *sni, void *resolve_arg);
    void *resolve_arg;
    /* Told once per context why it gives no tickets, in one English sentence; may be NULL. */
    void (*warn)(const char *text, void *warn_arg);
    void *warn_arg;
};
#define STEK_OPENSSL_OPTIONS(var) \
    struct stek_openssl_options var = { \
        sizeof(struct stek_openssl_options), NULL, 0, 0, NULL, NULL, NULL, NULL}

/* From now on `ctx`, the context that accepts connections, uses the ring's keys, whatever ticket
 * keys or callbacks the server itself set or will set by the older calls. With no key there,
 * handshakes go on without tickets. Takes a reference to the ring and copies `options`, which may
 * be NULL. Attaching again replaces ring and options. */
STEK_API STEK_MUST_USE enum stek_status
stek_openssl_attach(SSL_CTX *ctx, struct stek_ring *ring,
                    const struct stek_openssl_options *options);

#ifdef __cplusplus
}
#endif
#endif
