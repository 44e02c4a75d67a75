/* openssl.h - let an OpenSSL 3 server seal and open its tickets with a ring's keys.
 *
 * The rules of stek/stek.h hold. One call per SSL_CTX; everything else (rotation, revocation,
 * renewal, the binding of tickets to certificates and SNI) then happens by itself, in TLS 1.2 and
 * 1.3. In tickets: AES-256-CBC and HMAC-SHA256 in the usual format (RFC 5077, 4).
 *
 * A ticket is bound to the names of the certificates of the SSL_CTX that accepts the connection
 * (the one given to SSL_new), to the SNI, and to the label. Attach every SSL_CTX that may come to
 * serve a connection, also those that the server switches to by SNI: where one is not attached,
 * there are no tickets.
 *
 * Client certificates. Most servers switch only after OpenSSL has opened the ticket. By then nobody
 * can tell whether the context that will serve demands a client certificate. So tickets are also
 * bound to all that the attached contexts of the process demand (the names, verify mode and client
 * CAs of each one with SSL_VERIFY_PEER, if it has a certificate or client CAs), and then to which
 * context accepted (its place, as they were attached, among so many of its names); unless
 * `resolve` names the one that will serve. With other demands, of another server or another time,
 * there is a full handshake.
 * A new context counts at once, a change of one within a second or, while other threads may be at
 * work on it, with two seconds without tickets. A demand that is made with SSL_set_verify alone is
 * seen where it is made before tickets open (in the ClientHello callback). In the SNI callback it
 * is not: such a server must refuse resumed connections without a client certificate itself.
 *
 * 0-RTT. Where the server takes early data (SSL_CTX_set_max_early_data) and leaves it to OpenSSL
 * that none is replayed, OpenSSL keeps the sessions of TLS 1.3 in this process: no ticket of the
 * ring is given or taken, and OpenSSL's own ones are not bound to anything. With
 * SSL_OP_NO_ANTI_REPLAY tickets are the ring's, and early data is taken with each that opens, as
 * often as it comes: the server must stand that, or look for replays itself (RFC 8446, 8).
 *
 * Ticket callbacks of the server's own (SSL_CTX_set_session_ticket_cb), if set after attaching,
 * replace those that end chains of renewals. Then no tickets are given, but those of before, and of
 * other servers, still open, however old their chain is: set own_appdata, or attach again.
 *
 * Providers. Tickets are sealed and opened by the AES-256-CBC and HMAC-SHA256 that the
 * default properties of the process name: the FIPS provider's, say. The keys for that are derived
 * (HKDF-Expand) with libcrypto's own SHA-256, which is the same function but not that module's. */
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
     * given: where the SSL_CTX has no certificate of its own (no names are in the ticket then), and
     * on connections that ask for a client certificate (in the same way, of the same CAs, when the
     * ticket comes back). */
    const char *label;
    /* 1: tickets are not bound to the SNI. Only for servers whose names are one and the same. */
    int any_sni;
    /* 1: the server uses ticket application data (SSL_CTX_set_session_ticket_cb) itself; stek then
     * leaves it alone, cannot end a chain of renewals, and counts damaged tickets as opened. */
    int own_appdata;
    /* Which SSL_CTX will serve this SNI: for servers that switch contexts by SNI themselves. Its
     * names and its demands count then, and no others. NULL, or an answer of NULL: not known, see
     * above. Called at seal and at open, from any thread; `sni` is in lower case, "" if none. */
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
 * be NULL. The first time, like all that changes an SSL_CTX, not while other threads use it.
 * Attaching again replaces ring and options, at any time; those before are kept for connections
 * that use them until the SSL_CTX is freed. STEK_OLD_LIBRARY before OpenSSL 3.0.6. */
STEK_API STEK_MUST_USE enum stek_status
stek_openssl_attach(SSL_CTX *ctx, struct stek_ring *ring,
                    const struct stek_openssl_options *options);

#ifdef __cplusplus
}
#endif
#endif
