/* share_support.h - farms and records for the tests of src/share, and HKDF and AES-GCM as libcrypto
 * has them, to compute apart what that folder computes. Nothing here asserts. */
#ifndef TESTS_SHARE_SUPPORT_H
#define TESTS_SHARE_SUPPORT_H

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "base/hkdf.h"
#include "keys/encode.h"
#include "keys_support.h"
#include "share/farm.h"
#include "share/merge.h"
#include "share/record.h"

#define DAY_MS FARM_DAY_MS

/* The farm of that number, as it was created at that time. */
static inline bool
farm_of(struct farm *farm, uint64_t number, uint64_t now_ms)
{
    uint64_t rng = number;
    uint8_t id[FARM_ID_LEN];
    SECRET(secret);

    rng_fill(&rng, id, sizeof id);
    rng_fill(&rng, secret.bytes, sizeof secret.bytes);
    return farm_create(farm, id, &secret, now_ms, NULL);
}

static inline struct record_head
head_of(uint64_t sender, enum record_kind kind, uint64_t sequence)
{
    return (struct record_head){
        .kind = kind, .sender = sender, .sequence = sequence, .keyset = "www"};
}

/* What that host's keys record holds, if it carries nothing. */
static inline bool
content_of(struct secret_buf *out, const struct keyset *set, uint64_t host, uint64_t now_ms)
{
    KEYSET(said);

    return merge_own(&said, set, host, NULL, NULL, now_ms, NULL) && encode_keyset(out, &said, NULL);
}

/* Seal a text; the salt follows from the sequence. */
static inline bool
seal_text(struct secret_buf *out, const struct farm *farm, const struct record_head *head,
          const char *text)
{
    uint64_t rng = head->sequence;
    uint8_t salt[RECORD_SALT_LEN];

    rng_fill(&rng, salt, sizeof salt);
    return record_seal(out, farm, head, salt, (const uint8_t *)text, strlen(text), NULL);
}

/* The info of HKDF: fields, each with its length in front. */
static inline void
put_field(struct writer *w, const void *bytes, size_t len)
{
    write_u16(w, (uint16_t)len);
    write_bytes(w, bytes, len);
}

/* HKDF-Expand by libcrypto's own. */
static inline bool
expand(uint8_t out[32], const uint8_t key[32], const uint8_t *info, size_t info_len)
{
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    char digest[] = "SHA256";
    uint8_t in[32], about[HKDF_INFO_MAX];
    OSSL_PARAM params[] = {OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
                           OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
                           OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, in, sizeof in),
                           OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, about, info_len),
                           OSSL_PARAM_construct_end()};
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
    bool done = ctx != NULL && info_len <= sizeof about;

    memcpy(in, key, sizeof in);
    if (done)
        memcpy(about, info, info_len);
    done = done && EVP_KDF_derive(ctx, out, 32, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return done;
}

/* AES-256-GCM with a nonce of zeros: `out` takes the text and 16 bytes of tag. */
static inline bool
gcm_seal(uint8_t *out, const uint8_t key[32], const uint8_t *aad, size_t aad_len,
         const uint8_t *text, size_t len)
{
    static const uint8_t zeros[12] = {0};
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;
    bool done = ctx != NULL && EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, zeros) == 1 &&
                EVP_EncryptUpdate(ctx, NULL, &n, aad, (int)aad_len) == 1 &&
                EVP_EncryptUpdate(ctx, out, &n, text, (int)len) == 1 &&
                EVP_EncryptFinal_ex(ctx, out + len, &n) == 1 &&
                EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, out + len) == 1;

    EVP_CIPHER_CTX_free(ctx);
    return done;
}

#endif
