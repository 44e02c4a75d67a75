/* openssl.h - let an OpenSSL 3 server seal and open its tickets with a ring's keys.
 *
 * The rules of stek/stek.h hold. One call per SSL_CTX; everything else (rotation, revocation,
 * renewal, the binding of tickets to certificates and SNI) then happens by itself, in TLS 1.2 and
 * 1.3. In tickets: AES-256-CBC and HMAC-SHA256 in the usual format (RFC 5077, 4).
 *
 * A ticket is bound to the names of the certificates of the SSL_CTX that accepts the connection
 * (the one given to SSL_new), to the SNI, and to the label. Servers that switch to other contexts
 * by SNI should attach those too; in the ClientHello callback they must, from OpenSSL 3.2 on. */
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
     * Up to 255 bytes; NULL and "" are none. Also allows tickets where they otherwise are not
     * given: where the accepting SSL_CTX has no certificate of its own, and on connections that
     * ask for a client certificate (in the same way, of the same CAs, when the ticket comes back;
     * a server that switches contexts by SNI needs `resolve` too). */
    const char *label;
    /* 1: tickets are not bound to the SNI. Only for servers whose names are one and the same. */
    int any_sni;
    /* 1: the server uses ticket application data (SSL_CTX_set_session_ticket_cb) itself; stek then
     * leaves it alone, cannot end a chain of renewals, and counts damaged tickets as opened. */
    int own_appdata;
    /* Which SSL_CTX will serve this SNI: for servers that switch contexts by SNI themselves. NULL,
     * or an answer of NULL: the context that accepted the connection. Called at seal and at open,
     * from any thread; `sni` is in lower case, "" if none. What it answers should be attached too:
     * then its names are read once, and not for each ticket. */
    SSL_CTX *(*resolve)(SSL *ssl, const char *sni, void *resolve_arg);
    void *resolve_arg;
    /* Told once per context and reason why tickets are not given or do not resume, in one English
     * sentence, from any thread; may be NULL. */
    void (*warn)(const char *text, void *warn_arg);
    void *warn_arg;
};
#define STEK_OPENSSL_OPTIONS(var) \
    struct stek_openssl_options var = { \
        sizeof(struct stek_openssl_options), NULL, 0, 0, NULL, NULL, NULL, NULL}

/* From now on `ctx`, the context that accepts connections, uses the ring's keys, whatever ticket
 * keys or callbacks the server itself set or will set by the older calls. With no key there,
 * handshakes go on without tickets. Takes a reference to the ring and copies `options`, which may
 * be NULL. Attaching again replaces ring and options. Like all that changes an SSL_CTX, not while
 * other threads use it. */
STEK_API STEK_MUST_USE enum stek_status
stek_openssl_attach(SSL_CTX *ctx, struct stek_ring *ring,
                    const struct stek_openssl_options *options);

#ifdef __cplusplus
}
#endif
#endif
