/* crypt.h - what the daemon needs of libcrypto: HMAC-SHA256, AES-256-GCM, X25519.
 *
 * Every key that is made here seals one text, so the nonce is constant. Nothing of a failure stays
 * in libcrypto's queue of errors. */
#ifndef IO_CRYPT_H
#define IO_CRYPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/hkdf.h"
#include "base/secret.h"

#define CRYPT_TAG_LEN 16
#define CRYPT_PUBLIC_LEN 32 /* X25519 */

/* HMAC-SHA256: a hkdf_hmac_fn. */
int crypt_hmac(uint8_t out[HKDF_HASH_LEN], const uint8_t *in, size_t in_len, const uint8_t *key,
               size_t key_len);

/* What a derived key is for: fields, each with its length in 2 bytes in front, the first two being
 * "stek1" and the purpose. All are public. Too much fails in crypt_derive(). */
struct crypt_info {
    uint8_t bytes[HKDF_INFO_MAX];
    struct writer w; /* points into it: not to be copied */
};
void crypt_info_begin(struct crypt_info *info, const char *purpose);
void crypt_info_add(struct crypt_info *info, const void *bytes, size_t len);

/* HKDF-Expand (RFC 5869). False, with `out` as it was, where libcrypto failed or gave something
 * weak. `out` may be `from`. */
bool crypt_derive(struct secret *out, const struct secret *from, const struct crypt_info *info);

/* One use of AES-256-GCM, in place. */
struct crypt_gcm {
    const struct secret *key;
    const uint8_t *aad;
    size_t aad_len;
    uint8_t *text;
    size_t text_len;
    uint8_t *tag; /* seal writes it, open compares it */
};

/* False: libcrypto failed; the text is then neither here nor there. */
bool crypt_seal(const struct crypt_gcm *gcm);

enum crypt_opened { CRYPT_OPENED, CRYPT_FORGED, CRYPT_FAILED };

/* Not CRYPT_OPENED: the text must not be looked at. */
enum crypt_opened crypt_open(const struct crypt_gcm *gcm);

/* X25519 (RFC 7748). Any 32 random bytes are a private key. */
bool crypt_public(uint8_t out[CRYPT_PUBLIC_LEN], const struct secret *private_key);

/* False also where the other's is one of the few that make the secret zero. */
bool crypt_shared(struct secret *out, const struct secret *private_key,
                  const uint8_t other[CRYPT_PUBLIC_LEN]);

#endif
