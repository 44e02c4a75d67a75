/* secret.h - memory that holds secrets: it wipes itself, and is compared in constant time. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SECRET_LEN 32

/* A secret of fixed length; the only type that may hold one. */
struct secret {
    uint8_t bytes[SECRET_LEN];
};

/* Overwrite in a way that no compiler leaves out; checked builds then report any later read. */
void secret_wipe_bytes(void *bytes, size_t len);

void secret_wipe(struct secret *secret);

/* Declares a secret that is wiped however its scope ends. */
#define SECRET(var) __attribute__((cleanup(secret_wipe))) struct secret var = {{0}}

/* A run of secret bytes on the heap: never realloc'd, wiped when freed. */
struct secret_buf {
    uint8_t *bytes;
    size_t len; /* in use */
    size_t cap;
};

/* False, with `buf` empty, where there is no memory. */
bool secret_buf_init(struct secret_buf *buf, size_t cap);

/* Room for `cap` bytes in all: into a fresh block, the old one wiped. */
bool secret_buf_reserve(struct secret_buf *buf, size_t cap);

/* Wipe and free; takes an empty one. */
void secret_buf_free(struct secret_buf *buf);

#define SECRET_BUF(var) __attribute__((cleanup(secret_buf_free))) struct secret_buf var = {0}

/* Constant time in the bytes. */
bool secret_equal(const void *a, const void *b, size_t len);

/* True for what no random generator gives: zero, short (padded with 8 equal bytes or more),
 * repeated, counted or otherwise patterned bytes (prior-art P1). Constant time in the bytes
 * but for the answer. `len` is 16 or 32, all else is weak. Random bytes are called weak less than
 * once in 2^29. */
bool secret_is_weak(const uint8_t *bytes, size_t len);

#endif
