/* see crypt.h */
#include "io/crypt.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#define LABEL "stek1"

static const uint8_t nonce[12] = {0};

int
crypt_hmac(uint8_t out[HKDF_HASH_LEN], const uint8_t *in, size_t in_len, const uint8_t *key,
           size_t key_len)
{
    unsigned len = 0;
    bool done;

    if (key_len > INT_MAX)
        return 0;
    (void)ERR_set_mark(); /* without memory for it the queue holds one error more */
    done = HMAC(EVP_sha256(), key, (int)key_len, in, in_len, out, &len) != NULL;
    (void)ERR_pop_to_mark();
    return done && len == HKDF_HASH_LEN;
}

void
crypt_info_begin(struct crypt_info *info, const char *purpose)
{
    info->w = writer_of(info->bytes, sizeof info->bytes);
    crypt_info_add(info, LABEL, sizeof LABEL - 1);
    crypt_info_add(info, purpose, strlen(purpose));
}

void
crypt_info_add(struct crypt_info *info, const void *bytes, size_t len)
{
    info->w.failed |= len > UINT16_MAX;
    write_u16(&info->w, (uint16_t)len);
    write_bytes(&info->w, bytes, len);
}

bool
crypt_derive(struct secret *out, const struct secret *from, const struct crypt_info *info)
{
    SECRET(derived);

    if (info->w.failed || !hkdf_expand(derived.bytes, sizeof derived.bytes, from->bytes,
                                       sizeof from->bytes, info->bytes, info->w.len, crypt_hmac))
        return false;
    if (secret_is_weak(derived.bytes, sizeof derived.bytes) ||
        secret_equal(derived.bytes, from->bytes, sizeof derived.bytes))
        return false;
    *out = derived;
    return true;
}

/* ---- AES-256-GCM ---- */

static void
cipher_free(EVP_CIPHER_CTX **ctx)
{
    EVP_CIPHER_CTX_free(*ctx); /* which wipes it */
    (void)ERR_pop_to_mark();
}

/* To be declared with cipher_free(), which also drops what errors there were. */
static EVP_CIPHER_CTX *
new_cipher(void)
{
    (void)ERR_set_mark(); /* as above */
    return EVP_CIPHER_CTX_new();
}

/* All but the tag. */
static bool
run(EVP_CIPHER_CTX *ctx, const struct crypt_gcm *gcm, int is_seal)
{
    int len = 0;

    return ctx != NULL && gcm->aad_len <= INT_MAX && gcm->text_len <= INT_MAX &&
           EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, gcm->key->bytes, nonce, is_seal) == 1 &&
           EVP_CipherUpdate(ctx, NULL, &len, gcm->aad, (int)gcm->aad_len) == 1 &&
           (gcm->text_len == 0 ||
            EVP_CipherUpdate(ctx, gcm->text, &len, gcm->text, (int)gcm->text_len) == 1);
}

bool
crypt_seal(const struct crypt_gcm *gcm)
{
    uint8_t none[EVP_MAX_BLOCK_LENGTH];
    int len = 0;
    __attribute__((cleanup(cipher_free))) EVP_CIPHER_CTX *ctx = new_cipher();

    return run(ctx, gcm, 1) && EVP_CipherFinal_ex(ctx, none, &len) == 1 &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, CRYPT_TAG_LEN, gcm->tag) == 1;
}

enum crypt_opened
crypt_open(const struct crypt_gcm *gcm)
{
    uint8_t none[EVP_MAX_BLOCK_LENGTH];
    int len = 0;
    __attribute__((cleanup(cipher_free))) EVP_CIPHER_CTX *ctx = new_cipher();

    if (!run(ctx, gcm, 0) ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, CRYPT_TAG_LEN, gcm->tag) != 1)
        return CRYPT_FAILED;
    return EVP_CipherFinal_ex(ctx, none, &len) == 1 ? CRYPT_OPENED : CRYPT_FORGED;
}

/* ---- X25519 ---- */

static void
key_free(EVP_PKEY **key)
{
    EVP_PKEY_free(*key); /* which wipes it */
}

static void
agreement_free(EVP_PKEY_CTX **ctx)
{
    EVP_PKEY_CTX_free(*ctx);
}

static bool
tell_public(uint8_t out[CRYPT_PUBLIC_LEN], const struct secret *private_key)
{
    __attribute__((cleanup(key_free))) EVP_PKEY *key = EVP_PKEY_new_raw_private_key(
        EVP_PKEY_X25519, NULL, private_key->bytes, sizeof private_key->bytes);
    uint8_t told[CRYPT_PUBLIC_LEN];
    size_t len = sizeof told;

    if (key == NULL || EVP_PKEY_get_raw_public_key(key, told, &len) != 1 || len != sizeof told)
        return false;
    memcpy(out, told, sizeof told);
    return true;
}

static bool
agree(struct secret *out, const struct secret *private_key, const uint8_t other[CRYPT_PUBLIC_LEN])
{
    __attribute__((cleanup(key_free))) EVP_PKEY *ours = EVP_PKEY_new_raw_private_key(
        EVP_PKEY_X25519, NULL, private_key->bytes, sizeof private_key->bytes);
    __attribute__((cleanup(key_free))) EVP_PKEY *theirs =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, other, CRYPT_PUBLIC_LEN);
    __attribute__((cleanup(agreement_free))) EVP_PKEY_CTX *ctx =
        ours == NULL ? NULL : EVP_PKEY_CTX_new(ours, NULL);
    size_t len = sizeof out->bytes;
    SECRET(agreed);

    if (ctx == NULL || theirs == NULL || EVP_PKEY_derive_init(ctx) != 1 ||
        EVP_PKEY_derive_set_peer(ctx, theirs) != 1 ||
        EVP_PKEY_derive(ctx, agreed.bytes, &len) != 1 || len != sizeof agreed.bytes)
        return false;
    *out = agreed;
    return true;
}

bool
crypt_public(uint8_t out[CRYPT_PUBLIC_LEN], const struct secret *private_key)
{
    bool done;

    (void)ERR_set_mark(); /* as above */
    done = tell_public(out, private_key);
    (void)ERR_pop_to_mark();
    return done;
}

bool
crypt_shared(struct secret *out, const struct secret *private_key,
             const uint8_t other[CRYPT_PUBLIC_LEN])
{
    bool done;

    (void)ERR_set_mark(); /* as above */
    done = agree(out, private_key, other);
    (void)ERR_pop_to_mark();
    return done;
}
