/* see openssl_impl.h */
#define OPENSSL_SUPPRESS_DEPRECATED /* SHA256_...: see openssl_hmac() */
#include "adapter/openssl_impl.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>

/* Fetched once and kept until the process ends: a fetch takes locks and a search by name. Never
 * changed after openssl_crypto_init(). */
static EVP_CIPHER *fetched_cipher;

bool
openssl_crypto_init(void)
{
    fetched_cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
    return fetched_cipher != NULL;
}

const EVP_CIPHER *
openssl_aes256cbc(void)
{
    return fetched_cipher;
}

/* Wiped however its scope ends. */
struct hmac {
    uint8_t pad[SHA256_CBLOCK]; /* the key as HMAC takes it in */
    SHA256_CTX hash;
};

static void
hmac_wipe(struct hmac *hmac)
{
    OPENSSL_cleanse(hmac, sizeof *hmac);
}

static void
pad_xor(struct hmac *hmac, uint8_t with)
{
    for (size_t i = 0; i < sizeof hmac->pad; i++)
        hmac->pad[i] ^= with;
}

/* H(pad | in) */
static bool
hash(struct hmac *hmac, uint8_t out[STEK_HASH_LEN], const uint8_t *in, size_t in_len)
{
    return SHA256_Init(&hmac->hash) && SHA256_Update(&hmac->hash, hmac->pad, sizeof hmac->pad) &&
           SHA256_Update(&hmac->hash, in, in_len) && SHA256_Final(out, &hmac->hash);
}

/* RFC 2104: H(key ^ opad | H(key ^ ipad | in)). An EVP_MAC of OpenSSL 3.0 takes three times as long
 * over inputs as short as ours, an EVP_MD_CTX half as long again, and both allocate memory; it
 * shows in the rate of resumptions (bench_openssl). These functions are libcrypto's own, whatever
 * provider is configured; stek/openssl.h says so. Keys up to a block: ours have 32 bytes. */
int
openssl_hmac(uint8_t out[STEK_HASH_LEN], const uint8_t *in, size_t in_len, const uint8_t *key,
             size_t key_len)
{
    __attribute__((cleanup(hmac_wipe))) struct hmac hmac = {.pad = {0}};

    if (key_len > sizeof hmac.pad)
        return 0;
    memcpy(hmac.pad, key, key_len);
    pad_xor(&hmac, 0x36);
    if (!hash(&hmac, out, in, in_len))
        return 0;
    pad_xor(&hmac, 0x36 ^ 0x5c);
    return hash(&hmac, out, out, STEK_HASH_LEN);
}
