/* Calls of OpenSSL that fail when the adapter makes them: no memory, or a provider that says no. */
#define OPENSSL_SUPPRESS_DEPRECATED /* SHA256_...: as the adapter */
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "fault_wrap.h"

WRAP(int, SHA256_Init, (SHA256_CTX * hash), (hash), 0, 0)
WRAP(int, SHA256_Update, (SHA256_CTX * hash, const void *in, size_t len), (hash, in, len), 0, 0)
WRAP(int, SHA256_Final, (unsigned char *out, SHA256_CTX *hash), (out, hash), 0, 0)
WRAP(int, EVP_CipherInit_ex2,
     (EVP_CIPHER_CTX * ctx, const EVP_CIPHER *cipher, const unsigned char *key,
      const unsigned char *iv, int enc, const OSSL_PARAM params[]),
     (ctx, cipher, key, iv, enc, params), 0, 0)
WRAP(int, EVP_MAC_init,
     (EVP_MAC_CTX * ctx, const unsigned char *key, size_t key_len, const OSSL_PARAM params[]),
     (ctx, key, key_len, params), 0, 0)
WRAP(int, CRYPTO_set_ex_data, (CRYPTO_EX_DATA * all, int index, void *data), (all, index, data), 0,
     0)
WRAP(int, SSL_CTX_set_ex_data, (SSL_CTX * ctx, int index, void *data), (ctx, index, data), 0, 0)
WRAP(CRYPTO_RWLOCK *, CRYPTO_THREAD_lock_new, (void), (), NULL, 0)
WRAP(int, i2d_GENERAL_NAME, (const GENERAL_NAME *name, unsigned char **out), (name, out), -1, 0)
WRAP(int, ASN1_STRING_to_UTF8, (unsigned char **out, const ASN1_STRING *in), (out, in), -1, 0)
