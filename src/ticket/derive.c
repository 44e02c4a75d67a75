/* see derive.h, and stek_key_derive() in stek/stek.h */
#include "ticket/derive.h"

#include "base/bytes.h"
#include "base/hkdf.h"
#include "base/secret.h"

#define LABEL "stek1"
#define STRING_MAX ((size_t)64)
#define INFO_LEN \
    (5U * sizeof(uint16_t) + sizeof LABEL - 1 + 2 * STRING_MAX + STEK_HASH_LEN + DERIVE_SALT_LEN)

_Static_assert(STEK_HASH_LEN == HKDF_HASH_LEN && STEK_SECRET_LEN == SECRET_LEN, "lengths");

static void
write_field(struct writer *w, const void *bytes, size_t len)
{
    write_u16(w, (uint16_t)len);
    write_bytes(w, bytes, len);
}

enum stek_status
derive(const struct stek_key *key, uint8_t out[STEK_HASH_LEN], const char *product,
       const char *purpose, const uint8_t context[STEK_HASH_LEN], const uint8_t *salt,
       stek_hmac_fn *hmac)
{
    uint8_t info[INFO_LEN];
    struct writer w = writer_of(info, sizeof info);
    size_t product_len = strnlen(product, STRING_MAX + 1);
    size_t purpose_len = strnlen(purpose, STRING_MAX + 1);
    SECRET(derived);

    if (key->size < sizeof *key || product_len > STRING_MAX || purpose_len > STRING_MAX)
        return STEK_BAD_ARGUMENT;
    write_field(&w, LABEL, sizeof LABEL - 1);
    write_field(&w, product, product_len);
    write_field(&w, purpose, purpose_len);
    write_field(&w, context, context == NULL ? 0 : STEK_HASH_LEN);
    if (salt != NULL)
        write_field(&w, salt, DERIVE_SALT_LEN);
    if (!hkdf_expand(derived.bytes, sizeof derived.bytes, key->secret, sizeof key->secret, info,
                     w.len, hmac))
        return STEK_NO_CRYPTO;
    /* A broken HMAC: one that gives nothing, or its key (prior-art P1, in derived form). */
    if (secret_is_weak(derived.bytes, sizeof derived.bytes) ||
        secret_equal(derived.bytes, key->secret, sizeof derived.bytes))
        return STEK_NO_CRYPTO;
    memcpy(out, derived.bytes, sizeof derived.bytes);
    return STEK_OK;
}

enum stek_status
stek_key_derive(const struct stek_key *key, uint8_t out[STEK_HASH_LEN], const char *product,
                const char *purpose, const uint8_t context[STEK_HASH_LEN], stek_hmac_fn *hmac)
{
    return derive(key, out, product, purpose, context, NULL, hmac);
}
