/* plain_cipher.h - functions for a struct stek_codec in plain C, beside plain_hmac(). In the place
 * of AES-256-GCM stands a cipher made of HMAC: it keeps a text as secret and tells a wrong tag as
 * well, but is slow. No branch and no index depends on a secret; nothing is left on the stack. */
#ifndef TESTS_PLAIN_CIPHER_H
#define TESTS_PLAIN_CIPHER_H

#include <stek/ticket.h>

int plain_seal(const struct stek_gcm *gcm, void *ctx);
int plain_open(const struct stek_gcm *gcm, void *ctx);

/* Not random, but another one each time; `ctx` is a uint64_t that it counts on. */
int plain_random(uint8_t *out, size_t len, void *ctx);

#endif
