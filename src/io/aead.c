/* see aead.h */
#include "io/aead.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

static void
free_context(EVP_CIPHER_CTX **context)
{
    EVP_CIPHER_CTX_free(*context); /* wipes it */
}

bool
aead_seal(uint8_t *out, const uint8_t *in, size_t in_len, const uint8_t *head, size_t head_len,
          const struct aead_key *key)
{
    __attribute__((cleanup(free_context))) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int len;

    if (context == NULL || in_len > INT_MAX / 2 || head_len > INT_MAX / 2)
        return false;
    return EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key->key.bytes, key->nonce) == 1 &&
           EVP_EncryptUpdate(context, NULL, &len, head, (int)head_len) == 1 &&
           EVP_EncryptUpdate(context, out, &len, in, (int)in_len) == 1 && (size_t)len == in_len &&
           EVP_EncryptFinal_ex(context, out + in_len, &len) == 1 &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, AEAD_TAG_LEN, out + in_len) == 1;
}

static bool
decrypt(uint8_t *out, const uint8_t *in, size_t len, uint8_t tag[AEAD_TAG_LEN], const uint8_t *head,
        size_t head_len, const struct aead_key *key)
{
    __attribute__((cleanup(free_context))) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int got;

    return context != NULL &&
           EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key->key.bytes, key->nonce) == 1 &&
           EVP_DecryptUpdate(context, NULL, &got, head, (int)head_len) == 1 &&
           EVP_DecryptUpdate(context, out, &got, in, (int)len) == 1 && (size_t)got == len &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, AEAD_TAG_LEN, tag) == 1 &&
           EVP_DecryptFinal_ex(context, out + len, &got) == 1;
}

bool
aead_open(uint8_t *out, const uint8_t *in, size_t in_len, const uint8_t *head, size_t head_len,
          const struct aead_key *key)
{
    uint8_t tag[AEAD_TAG_LEN];
    size_t len = in_len - AEAD_TAG_LEN;

    if (in_len < AEAD_TAG_LEN || in_len > INT_MAX / 2 || head_len > INT_MAX / 2)
        return false;
    for (size_t i = 0; i < sizeof tag; i++)
        tag[i] = in[len + i];
    if (decrypt(out, in, len, tag, head, head_len, key))
        return true;
    secret_wipe_bytes(out, len);
    return false;
}

int
aead_hmac(uint8_t out[32], const uint8_t *in, size_t in_len, const uint8_t *key, size_t key_len)
{
    unsigned len = 0;

    return key_len <= INT_MAX &&
           HMAC(EVP_sha256(), key, (int)key_len, in, in_len, out, &len) != NULL && len == 32;
}
