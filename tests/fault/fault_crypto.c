/* Calls of libcrypto that fail where fault.h says so. */
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "fault.h"

/* WRAP(result, name, (parameters), (arguments), result of a failure) */
#define WRAP(result, name, parameters, arguments, failed) \
    result __real_##name parameters; \
    result __wrap_##name parameters; \
    result __wrap_##name parameters \
    { \
        return fault_fails(#name) ? (failed) : __real_##name arguments; \
    }

WRAP(unsigned char *, HMAC,
     (const EVP_MD *md, const void *key, int key_len, const unsigned char *in, size_t in_len,
      unsigned char *out, unsigned *len),
     (md, key, key_len, in, in_len, out, len), NULL)
WRAP(EVP_CIPHER_CTX *, EVP_CIPHER_CTX_new, (void), (), NULL)
WRAP(int, EVP_CipherInit_ex,
     (EVP_CIPHER_CTX * ctx, const EVP_CIPHER *cipher, ENGINE *engine, const unsigned char *key,
      const unsigned char *iv, int is_seal),
     (ctx, cipher, engine, key, iv, is_seal), 0)
WRAP(int, EVP_CipherUpdate,
     (EVP_CIPHER_CTX * ctx, unsigned char *out, int *len, const unsigned char *in, int in_len),
     (ctx, out, len, in, in_len), 0)
WRAP(int, EVP_CipherFinal_ex, (EVP_CIPHER_CTX * ctx, unsigned char *out, int *len), (ctx, out, len),
     0)
WRAP(int, EVP_CIPHER_CTX_ctrl, (EVP_CIPHER_CTX * ctx, int what, int len, void *at),
     (ctx, what, len, at), 0)
WRAP(EVP_PKEY *, EVP_PKEY_new_raw_private_key,
     (int type, ENGINE *engine, const unsigned char *key, size_t len), (type, engine, key, len),
     NULL)
WRAP(EVP_PKEY *, EVP_PKEY_new_raw_public_key,
     (int type, ENGINE *engine, const unsigned char *key, size_t len), (type, engine, key, len),
     NULL)
WRAP(int, EVP_PKEY_get_raw_public_key, (const EVP_PKEY *key, unsigned char *out, size_t *len),
     (key, out, len), 0)
WRAP(EVP_PKEY_CTX *, EVP_PKEY_CTX_new, (EVP_PKEY * key, ENGINE *engine), (key, engine), NULL)
WRAP(int, EVP_PKEY_derive_init, (EVP_PKEY_CTX * ctx), (ctx), 0)
WRAP(int, EVP_PKEY_derive_set_peer, (EVP_PKEY_CTX * ctx, EVP_PKEY *peer), (ctx, peer), 0)
WRAP(int, EVP_PKEY_derive, (EVP_PKEY_CTX * ctx, unsigned char *out, size_t *len), (ctx, out, len),
     0)
