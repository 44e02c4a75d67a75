/* ticket.h - what adapters need around a ticket: the ClientHello, the context, and a codec for
 * those TLS libraries that leave the whole ticket to us.
 *
 * The rules of stek/stek.h hold. Nothing here keeps state, and only the codec touches a ring. */
#ifndef STEK_TICKET_H
#define STEK_TICKET_H

#include <stek/stek.h>

#ifdef __cplusplus
extern "C" {
#endif

#define STEK_SNI_MAX 255

/* What a ClientHello (RFC 8446, 4.1.2) says of resumption. Pointers lead into the parsed bytes. */
struct stek_hello {
    size_t size;
    char
        sni[STEK_SNI_MAX + 1]; /* host_name (RFC 6066, 3), lower-case, NUL-terminated; "" if none */
    size_t sni_len;
    const uint8_t *ticket; /* the first PSK identity, else the session ticket; NULL if none */
    size_t ticket_len;
    int is_psk; /* 1 where `ticket` is a PSK identity, so TLS 1.3 */
};
#define STEK_HELLO(var) struct stek_hello var = {sizeof(struct stek_hello), {0}, 0, NULL, 0, 0}

/* Parse the body of a ClientHello: from legacy_version on, without the 4-byte message header.
 * Extensions may come in any order. STEK_BAD_TICKET: not well-formed, two of an extension, or more
 * than 128 of them. */
STEK_API STEK_MUST_USE enum stek_status stek_hello_parse(struct stek_hello *hello,
                                                         const uint8_t *body, size_t body_len);

/* Parse the content of a server_name extension alone, as OpenSSL and s2n-tls hand it out. `sni`
 * becomes lower-case and NUL-terminated. Anything but one host_name of 1 to 255 letters, digits,
 * '-', '_', '.', ':' is STEK_BAD_TICKET. */
STEK_API STEK_MUST_USE enum stek_status stek_hello_sni(char sni[STEK_SNI_MAX + 1], size_t *sni_len,
                                                       const uint8_t *ext, size_t ext_len);

/* ---- context: what a ticket is bound to beside its key ---- */

/* One field of a context. Fields of different kinds never equal each other. */
enum stek_field {
    STEK_FIELD_NAMES = 1,       /* the certificates' names, see stek_context_names() */
    STEK_FIELD_CLIENT_AUTH = 2, /* whether and how a client certificate is asked for */
    STEK_FIELD_CLIENT_CA = 3,   /* one distinguished name, DER, of those asked for */
    STEK_FIELD_SNI = 4,         /* the ClientHello's, lower-case */
    STEK_FIELD_LABEL = 5        /* the application's own */
};

/* A context in the making. It starts at 32 zero bytes and each field replaces it with
 * HMAC-SHA256(key = what it was, kind (1 byte) | length (4 bytes, big-endian) | bytes). */
struct stek_context {
    uint8_t hash[STEK_HASH_LEN];
};

/* Start a context. */
STEK_API void stek_context_init(struct stek_context *context);

/* Add a field; the order of fields matters. `bytes` may be NULL if `len` is 0; up to 65,535 bytes.
 * STEK_SYSTEM: no memory for one of more than 512. */
STEK_API STEK_MUST_USE enum stek_status stek_context_add(struct stek_context *context,
                                                         enum stek_field kind, const void *bytes,
                                                         size_t len, stek_hmac_fn *hmac);

/* A name of a certificate: its bytes, not NUL-terminated, with a type that the adapter chooses
 * alike for all its servers (the GeneralName tag of RFC 5280, or 255 for a CN). */
struct stek_name {
    const uint8_t *bytes;
    size_t len;
    int type;
};

/* Add one STEK_FIELD_NAMES for all names of all certificates: the hash of a context that has one
 * field a name, with the name's type as its kind. Sorts `names` in place and counts equal ones
 * once, so that neither the order of certificates nor of names matters. */
STEK_API STEK_MUST_USE enum stek_status stek_context_names(struct stek_context *context,
                                                           struct stek_name *names, size_t count,
                                                           stek_hmac_fn *hmac);

/* ---- whole tickets: for TLS libraries that leave them to us (BoringSSL, wolfSSL, mbedTLS) ----
 *
 *   key name 16 | salt 16 | AES-256-GCM(session | start 8 | end 8) | tag 16
 *
 * under a key derived for this one ticket; docs/tickets.md says why it is so. Nothing is allocated.
 *
 *   R-TICKET-1: what was sealed opens to the same bytes wherever the ring's keys are known, until
 *               the ticket's lifetime, its key or its chain of renewals ends.
 *   R-TICKET-2: with any byte changed, cut short, lengthened, of another context, product or key,
 *               it is a bad ticket, and nothing of the session comes out.
 *   R-TICKET-3: under a key that is unknown, revoked or over, it does not open.
 *   R-TICKET-4: no two texts are sealed under one key and nonce, also where `random` repeats
 *               itself, as the generators of some libraries do in forked children.
 *   R-TICKET-5: a chain of renewals ends max_session after the first full handshake.
 *   R-TICKET-6: whichever function of the TLS library fails, there is no ticket, or it does not
 *               open; no session is left in the output.
 *   R-TICKET-7: each call counts one event, a renewal one more; STEK_BAD_ARGUMENT is none. */

#define STEK_TICKET_OVERHEAD 64 /* a ticket is so much longer than its session, exactly */
#define STEK_TICKET_MAX 65535   /* as TLS has it */
#define STEK_SESSION_MAX (STEK_TICKET_MAX - STEK_TICKET_OVERHEAD) /* at least 1 byte */

/* One use of AES-256-GCM (NIST SP 800-38D), in place. */
struct stek_gcm {
    const uint8_t *key;   /* 32 bytes */
    const uint8_t *nonce; /* 12 bytes */
    const uint8_t *aad;
    size_t aad_len;
    uint8_t *text;
    size_t text_len;
    uint8_t *tag; /* 16 bytes: seal writes it, open compares it, in constant time */
};

/* What does not change from ticket to ticket. The functions are your TLS library's, may be called
 * by any thread, and return 1 if done, else 0. They must not keep a key or a text, and leave no
 * error in a queue of the library's. */
struct stek_codec {
    size_t size;
    struct stek_ring *ring; /* yours: keep your reference while the codec is in use */
    const char *product;    /* the TLS library's name, up to 64 bytes: tickets of one never open in
                               another, whose sessions have other forms */
    stek_hmac_fn *hmac;
    int (*seal)(const struct stek_gcm *gcm, void *ctx);
    int (*open)(const struct stek_gcm *gcm, void *ctx); /* 0 also if the tag is wrong */
    int (*random)(uint8_t *out, size_t len, void *ctx);
    void *ctx;
};
#define STEK_CODEC(var) \
    struct stek_codec var = {sizeof(struct stek_codec), NULL, NULL, NULL, NULL, NULL, NULL, NULL}

/* Try the codec's functions with known values, and whether `open` sees a wrong tag; do it once,
 * before the first ticket. STEK_NO_CRYPTO: they are not what they should be. */
STEK_API STEK_MUST_USE enum stek_status stek_codec_check(const struct stek_codec *codec);

/* What is known of one handshake. Begin each one with an empty one (STEK_HANDSHAKE), kept with the
 * connection: what opening tells, sealing must know. Should a session that did open not be resumed
 * after all, begin anew. */
struct stek_handshake {
    size_t size;
    /* Set these before each call. */
    struct stek_context context; /* see above; an empty one is refused */
    const char *sni;             /* as in struct stek_request */
    uint64_t timeout;            /* the server's own limit to a ticket's life, seconds; 0: none */
    uint64_t now, unix_now;      /* stek_now() and stek_unix_now(), which 0 stands for */
    /* These are told. */
    uint64_t lifetime; /* by seal: seconds to tell the client: never over 604,800, never 0 */
    uint64_t start;    /* by open: when the first full handshake was, Unix seconds; 0: it is this */
    int renew;         /* by open: 1 where another key seals now: replace the ticket, if you can */
};
#define STEK_HANDSHAKE(var) \
    struct stek_handshake var = {sizeof(struct stek_handshake), {{0}}, NULL, 0, 0, 0, 0, 0, 0}

/* Seal a session (1 to STEK_SESSION_MAX bytes) into `ticket`, which has room for `ticket_cap`; they
 * may overlap in any way. On failure what was written to `ticket` is wiped. STEK_NO_KEY: none may
 * seal now, or the chain of renewals is at its end. */
STEK_API STEK_MUST_USE enum stek_status
stek_ticket_seal(const struct stek_codec *codec, struct stek_handshake *handshake, uint8_t *ticket,
                 size_t *ticket_len, size_t ticket_cap, const uint8_t *session, size_t session_len);

/* Open a ticket into `session`, which must have room for 16 bytes more than come out: ticket_len -
 * 48 in all. They may overlap in any way. On failure what was written to `session` is wiped.
 * STEK_BAD_TICKET: none of ours, or see R-TICKET-2. STEK_NO_KEY: R-TICKET-3, or its own time is
 * over. Each failure means a full handshake, and never an alert. */
STEK_API STEK_MUST_USE enum stek_status
stek_ticket_open(const struct stek_codec *codec, struct stek_handshake *handshake, uint8_t *session,
                 size_t *session_len, size_t session_cap, const uint8_t *ticket, size_t ticket_len);

/* Fill in a ticket that never opens (bytes of 255): for TLS libraries that end the handshake where
 * none could be sealed. */
STEK_API void stek_ticket_blank(uint8_t *ticket, size_t ticket_len);

#ifdef __cplusplus
}
#endif
#endif
