/* see openssl_impl.h */
#include "adapter/openssl_impl.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>

/* Fetched once and kept until the process ends: a fetch takes locks and a search by name, and
 * stek_hmac_fn has no argument that could bring them. Never changed after openssl_crypto_init(). */
static struct {
    EVP_CIPHER *cipher;
    EVP_MAC_CTX *hmac; /* HMAC-SHA256 without a key; copied for each use */
} fetched;

static EVP_MAC_CTX *
make_hmac(void)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[2];
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *ctx = NULL;

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0);
    params[1] = OSSL_PARAM_construct_end();
    if (mac != NULL)
        ctx = EVP_MAC_CTX_new(mac);
    if (ctx != NULL && !EVP_MAC_CTX_set_params(ctx, params)) {
        EVP_MAC_CTX_free(ctx);
        ctx = NULL;
    }
    EVP_MAC_free(mac);
    return ctx;
}

bool
openssl_crypto_init(void)
{
    fetched.cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
    fetched.hmac = make_hmac();
    return fetched.cipher != NULL && fetched.hmac != NULL;
}

const EVP_CIPHER *
openssl_aes256cbc(void)
{
    return fetched.cipher;
}

int
openssl_hmac(uint8_t out[STEK_HASH_LEN], const uint8_t *in, size_t in_len, const uint8_t *key,
             size_t key_len)
{
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_dup(fetched.hmac);
    size_t len = 0;
    int done = ctx != NULL && EVP_MAC_init(ctx, key, key_len, NULL) &&
               EVP_MAC_update(ctx, in, in_len) && EVP_MAC_final(ctx, out, &len, STEK_HASH_LEN) &&
               len == STEK_HASH_LEN;

    EVP_MAC_CTX_free(ctx);
    return done;
}
