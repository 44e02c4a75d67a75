/* hkdf.h - HKDF (RFC 5869) over the caller's HMAC-SHA256. */
#ifndef BASE_HKDF_H
#define BASE_HKDF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HKDF_HASH_LEN 32
#define HKDF_INFO_MAX 512 /* bytes of info that hkdf_expand takes */

/* As stek_hmac_fn of stek.h, which base does not include. */
typedef int hkdf_hmac_fn(uint8_t out[HKDF_HASH_LEN], const uint8_t *in, size_t in_len,
                         const uint8_t *key, size_t key_len);

/* RFC 5869, 2.2; `salt` may be NULL if its length is 0. False, with `prk` wiped, if the HMAC
 * failed. */
bool hkdf_extract(uint8_t prk[HKDF_HASH_LEN], const uint8_t *salt, size_t salt_len,
                  const uint8_t *in, size_t in_len, hkdf_hmac_fn *hmac);

/* RFC 5869, 2.3; `out_len` up to 255 * 32, `info_len` up to HKDF_INFO_MAX. False, with `out`
 * wiped, if a length is out of range or the HMAC failed. */
bool hkdf_expand(uint8_t *out, size_t out_len, const uint8_t *prk, size_t prk_len,
                 const uint8_t *info, size_t info_len, hkdf_hmac_fn *hmac);

#endif
