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

struct block {
    uint8_t bytes[HKDF_HASH_LEN + HKDF_INFO_MAX + 1];
};

static void
block_wipe(struct block *block)
{
    secret_wipe_bytes(block->bytes, sizeof block->bytes);
}

/* T(n) = HMAC(PRK, T(n-1) | info | n), n from 1; T(0) is empty. */
static bool
expand(uint8_t *out, size_t out_len, const uint8_t *prk, size_t prk_len, const uint8_t *info,
       size_t info_len, hkdf_hmac_fn *hmac)
{
    __attribute__((cleanup(block_wipe))) struct block block = {{0}};
    SECRET(t);
    size_t t_len = 0;
    uint8_t n = 1;

    for (size_t done = 0; done < out_len; n++) {
        size_t take = out_len - done < HKDF_HASH_LEN ? out_len - done : HKDF_HASH_LEN;

        memcpy(block.bytes, t.bytes, t_len);
        if (info_len > 0)
            memcpy(block.bytes + t_len, info, info_len);
        block.bytes[t_len + info_len] = n;
        if (hmac(t.bytes, block.bytes, t_len + info_len + 1, prk, prk_len) != 1)
            return false;
        t_len = HKDF_HASH_LEN;
        memcpy(out + done, t.bytes, take);
        done += take;
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
