/* see openssl_impl.h */
#include "adapter/openssl_impl.h"

#include <openssl/evp.h>
#include <string.h>

#define BLOCK_LEN 64 /* of SHA-256 */

/* Fetched once and kept until the process ends: a fetch takes locks and a search by name, and
 * stek_hmac_fn has no argument that could bring them. Never changed after openssl_crypto_init(). */
static struct {
    EVP_CIPHER *cipher;
    EVP_MD *digest;
} fetched;

bool
openssl_crypto_init(void)
{
    fetched.cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
    fetched.digest = EVP_MD_fetch(NULL, "SHA256", NULL);
    return fetched.cipher != NULL && fetched.digest != NULL;
}

const EVP_CIPHER *
openssl_aes256cbc(void)
{
    return fetched.cipher;
}

/* A key as HMAC takes it in, wiped however its scope ends. */
struct pad {
    uint8_t bytes[BLOCK_LEN];
};

static void
pad_wipe(struct pad *pad)
{
    OPENSSL_cleanse(pad, sizeof *pad);
}

static void
pad_xor(struct pad *pad, uint8_t with)
{
    for (size_t i = 0; i < BLOCK_LEN; i++)
        pad->bytes[i] ^= with;
}

/* H(pad | in) */
static bool
hash(EVP_MD_CTX *ctx, uint8_t out[STEK_HASH_LEN], const struct pad *pad, const uint8_t *in,
     size_t in_len)
{
    return EVP_DigestInit_ex2(ctx, fetched.digest, NULL) &&
           EVP_DigestUpdate(ctx, pad->bytes, sizeof pad->bytes) &&
           EVP_DigestUpdate(ctx, in, in_len) && EVP_DigestFinal_ex(ctx, out, NULL);
}

/* RFC 2104: H(key ^ opad | H(key ^ ipad | in)). In OpenSSL 3.0 an EVP_MAC costs twice as much for
 * such short inputs, which shows in the rate of resumptions. Keys up to a block: ours have 32. */
int
openssl_hmac(uint8_t out[STEK_HASH_LEN], const uint8_t *in, size_t in_len, const uint8_t *key,
             size_t key_len)
{
    __attribute__((cleanup(pad_wipe))) struct pad pad = {{0}};
    EVP_MD_CTX *ctx;
    bool done;

    if (key_len > sizeof pad.bytes || (ctx = EVP_MD_CTX_new()) == NULL)
        return 0;
    memcpy(pad.bytes, key, key_len);
    pad_xor(&pad, 0x36);
    done = hash(ctx, out, &pad, in, in_len);
    pad_xor(&pad, 0x36 ^ 0x5c);
    done = done && hash(ctx, out, &pad, out, STEK_HASH_LEN);
    EVP_MD_CTX_free(ctx);
    return done;
}
