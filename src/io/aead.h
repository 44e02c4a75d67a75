/* aead.h - the daemon's cryptography, by libcrypto: AES-256-GCM, and HMAC-SHA256 for base/hkdf.h.
 * A key and nonce pair must never be used twice: derive both from a fresh salt. */
#ifndef IO_AEAD_H
#define IO_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/secret.h"

#define AEAD_NONCE_LEN 12
#define AEAD_TAG_LEN 16

struct aead_key {
    struct secret key;
    uint8_t nonce[AEAD_NONCE_LEN];
};

/* `out` takes in_len + AEAD_TAG_LEN bytes. `head` is authenticated with them, not encrypted. */
bool aead_seal(uint8_t *out, const uint8_t *in, size_t in_len, const uint8_t *head, size_t head_len,
               const struct aead_key *key);

/* `out` takes in_len - AEAD_TAG_LEN bytes, and is wiped where it returns false: not what was
 * sealed, or not by this key. */
bool aead_open(uint8_t *out, const uint8_t *in, size_t in_len, const uint8_t *head, size_t head_len,
               const struct aead_key *key);

/* As hkdf_hmac_fn. */
int aead_hmac(uint8_t out[32], const uint8_t *in, size_t in_len, const uint8_t *key,
              size_t key_len);

#endif
