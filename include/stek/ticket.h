/* ticket.h - what adapters need around a ticket: the ClientHello and the context.
 *
 * The rules of stek/stek.h hold. Nothing here keeps state or touches a ring. */
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

#ifdef __cplusplus
}
#endif
#endif
