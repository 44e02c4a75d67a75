/* see hkdf.h */
#include "base/hkdf.h"

#include <string.h>

#include "base/secret.h"

bool
hkdf_extract(uint8_t prk[HKDF_HASH_LEN], const uint8_t *salt, size_t salt_len, const uint8_t *in,
             size_t in_len, hkdf_hmac_fn *hmac)
{
    static const uint8_t zeros[HKDF_HASH_LEN] = {0};

    if (salt_len == 0) {
        salt = zeros;
        salt_len = sizeof zeros;
    }
    if (hmac(prk, in, in_len, salt, salt_len) == 1)
        return true;
    secret_wipe_bytes(prk, HKDF_HASH_LEN);
    return false;
}

/* T(n-1) | info | n. The info is public. */
struct block {
    struct secret before;
    uint8_t rest[HKDF_INFO_MAX + 1];
};

static void
block_wipe(struct block *block)
{
    secret_wipe(&block->before);
}

/* T(n) = HMAC(PRK, T(n-1) | info | n), n from 1; T(0) is empty. */
static bool
expand(uint8_t *out, size_t out_len, const uint8_t *prk, size_t prk_len, const uint8_t *info,
       size_t info_len, hkdf_hmac_fn *hmac)
{
    __attribute__((cleanup(block_wipe))) struct block block;
    const uint8_t *in = block.rest; /* the first time */
    size_t in_len = info_len + 1;
    uint8_t n = 1;
    SECRET(t);

    if (info_len > 0)
        memcpy(block.rest, info, info_len);
    for (size_t done = 0; done < out_len; n++) {
        size_t take = out_len - done < HKDF_HASH_LEN ? out_len - done : HKDF_HASH_LEN;

        block.rest[info_len] = n;
        if (hmac(t.bytes, in, in_len, prk, prk_len) != 1)
            return false;
        memcpy(out + done, t.bytes, take);
        done += take;
        block.before = t;
        in = (const uint8_t *)&block;
        in_len = sizeof block.before + info_len + 1;
    }
    return true;
}

bool
hkdf_expand(uint8_t *out, size_t out_len, const uint8_t *prk, size_t prk_len, const uint8_t *info,
            size_t info_len, hkdf_hmac_fn *hmac)
{
    if (out_len <= (size_t)255 * HKDF_HASH_LEN && info_len <= HKDF_INFO_MAX &&
        expand(out, out_len, prk, prk_len, info, info_len, hmac))
        return true;
    secret_wipe_bytes(out, out_len);
    return false;
}
