/* see secret.h */
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

#include "base/memcheck.h"

/* Of 32 random bytes, 1.9 pairs are equal on average, and 16 or more in less than one of 2^30. */
#define WEAK_PAIRS 16

void
secret_wipe_bytes(void *bytes, size_t len)
{
    explicit_bzero(bytes, len); /* allowed: the wipe itself */
    MEM_UNDEFINE(bytes, len);
}

void
secret_wipe(struct secret *secret)
{
    secret_wipe_bytes(secret->bytes, sizeof secret->bytes);
}

bool
secret_buf_init(struct secret_buf *buf, size_t cap)
{
    *buf = (struct secret_buf){.bytes = calloc(1, cap > 0 ? cap : 1)}; /* allowed: secret_buf */
    if (buf->bytes == NULL)
        return false;
    buf->cap = cap;
    return true;
}

bool
secret_buf_reserve(struct secret_buf *buf, size_t cap)
{
    struct secret_buf fresh;

    if (cap <= buf->cap)
        return true;
    if (!secret_buf_init(&fresh, cap))
        return false;
    if (buf->len > 0)
        memcpy(fresh.bytes, buf->bytes, buf->len);
    fresh.len = buf->len;
    secret_buf_free(buf);
    *buf = fresh;
    return true;
}

void
secret_buf_free(struct secret_buf *buf)
{
    if (buf->bytes != NULL)
        secret_wipe_bytes(buf->bytes, buf->cap);
    free(buf->bytes); /* allowed: secret_buf */
    *buf = (struct secret_buf){0};
}

bool
secret_equal(const void *a, const void *b, size_t len)
{
    const uint8_t *x = a, *y = b;
    volatile uint8_t diff = 0;

    for (size_t i = 0; i < len; i++)
        diff = (uint8_t)(diff | (x[i] ^ y[i]));
    return diff == 0;
}

/* 1 if x is 0, else 0, without a branch. */
static unsigned
is_zero(unsigned x)
{
    return ((x - 1U) & ~x) >> (sizeof x * 8 - 1);
}

static unsigned
equal_pairs(const uint8_t *bytes, size_t len)
{
    unsigned pairs = 0;

    for (size_t i = 0; i < len; i++)
        for (size_t j = i + 1; j < len; j++)
            pairs += is_zero((unsigned)(bytes[i] ^ bytes[j]));
    return pairs;
}

bool
secret_is_weak(const uint8_t *bytes, size_t len)
{
    uint8_t steps[64] = {0}; /* differences of neighbours: equal ones betray counting */
    unsigned limit = len >= 32 ? WEAK_PAIRS : (unsigned)len / 2 + 1;
    bool weak;

    if (len < 8 || len > sizeof steps)
        return true;
    for (size_t i = 0; i + 1 < len; i++)
        steps[i] = (uint8_t)(bytes[i + 1] - bytes[i]);
    weak = ((unsigned)(equal_pairs(bytes, len) >= limit) |
            (unsigned)(equal_pairs(steps, len - 1) >= limit)) != 0;
    secret_wipe_bytes(steps, sizeof steps);
    MEM_DEFINE(&weak, sizeof weak); /* the answer is public, the bytes are not */
    return weak;
}
