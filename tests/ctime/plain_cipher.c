/* see plain_cipher.h
 *
 *   text:   bytes 32 n to 32 n + 31 ^= HMAC(key, "text" | n)
 *   tag:    16 bytes of HMAC over aad, then of each 32 bytes of the text under the last as key */
#include "plain_cipher.h"

#include <string.h>

#include "base/secret.h"
#include "plain_hmac.h"

#define BLOCK ((size_t)32)

static void
mask(const struct stek_gcm *gcm)
{
    uint8_t in[] = "text....";
    SECRET(stream);

    for (size_t at = 0; at < gcm->text_len; at++) {
        if (at % BLOCK == 0) {
            uint32_t n = (uint32_t)(at / BLOCK);

            memcpy(in + 4, &n, sizeof n);
            (void)plain_hmac(stream.bytes, in, 8, gcm->key, 32); /* always 1 */
        }
        gcm->text[at] ^= stream.bytes[at % BLOCK];
    }
}

static void
tag_of(struct secret *tag, const struct stek_gcm *gcm)
{
    SECRET(last);

    (void)plain_hmac(tag->bytes, gcm->aad, gcm->aad_len, gcm->key, 32); /* as above */
    for (size_t at = 0; at < gcm->text_len; at += BLOCK) {
        size_t left = gcm->text_len - at;

        last = *tag;
        (void)plain_hmac(tag->bytes, gcm->text + at, left < BLOCK ? left : BLOCK, last.bytes, 32);
    }
}

int
plain_seal(const struct stek_gcm *gcm, void *ctx)
{
    SECRET(tag);

    (void)ctx;
    mask(gcm);
    tag_of(&tag, gcm);
    memcpy(gcm->tag, tag.bytes, 16);
    return 1;
}

int
plain_open(const struct stek_gcm *gcm, void *ctx)
{
    SECRET(tag);

    (void)ctx;
    tag_of(&tag, gcm);
    mask(gcm);
    return secret_equal(tag.bytes, gcm->tag, 16);
}

int
plain_random(uint8_t *out, size_t len, void *ctx)
{
    uint64_t *count = ctx, x = ++*count;

    for (size_t i = 0; i < len; i++) {
        x = x * 6364136223846793005U + 1442695040888963407U;
        out[i] = (uint8_t)(x >> 56);
    }
    return 1;
}
