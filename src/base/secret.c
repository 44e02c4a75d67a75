/* see secret.h */
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

#include "base/memcheck.h"

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
    uint64_t diff = 0;
    size_t i = 0;
    bool equal;

    for (; len - i >= sizeof diff; i += sizeof diff) {
        uint64_t p, q;

        memcpy(&p, x + i, sizeof p);
        memcpy(&q, y + i, sizeof q);
        diff |= p ^ q;
    }
    for (; i < len; i++)
        diff |= (uint64_t)(x[i] ^ y[i]);
    __asm__("" : "+r"(diff)); /* all of it is wanted: no way out before the end */
    equal = diff == 0;
    MEM_DEFINE(&equal, sizeof equal); /* the answer is public, the bytes are not */
    return equal;
}

/* What betrays a weak run is equal bytes: many at one distance where it is padded, repeated or
 * patterned, many in all where it has few different bytes; and the same among the differences of
 * neighbours where it is counted. The run is taken as a ring, written twice so that every distance
 * is one straight comparison. */
struct weak_limits {
    size_t len;
    unsigned at_distance; /* equal bytes at one distance */
    unsigned pairs;       /* equal pairs in all: C(8, 2), C(7, 2) */
};
static const struct weak_limits weak_limits[] = {{16, 6, 21}, {32, 7, 28}};
#define WEAK_LEN_MAX 32U

struct doubled {
    uint8_t bytes[2 * WEAK_LEN_MAX + 1]; /* one more, so that each has a neighbour */
};

static void
doubled_wipe(struct doubled *doubled)
{
    secret_wipe_bytes(doubled, sizeof *doubled);
}

typedef uint8_t lanes __attribute__((vector_size(16)));

/* Equal bytes of two runs, 16 at a time; `len` is a multiple of 16. Quick, since every key that is
 * derived for a ticket is looked at. */
static unsigned
count_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
    lanes counts = {0};
    uint64_t halves[2];

    for (size_t i = 0; i < len; i += sizeof counts) {
        lanes x, y;

        memcpy(&x, a + i, sizeof x);
        memcpy(&y, b + i, sizeof y);
        counts -= (lanes)(x == y); /* equal: all bits set */
    }
    memcpy(halves, &counts, sizeof halves);
    return (unsigned)((halves[0] + halves[1]) * 0x0101010101010101U >> 56);
}

/* Each byte becomes what it and the next one differ by. */
static void
subtract(struct doubled *doubled, size_t len)
{
    for (size_t i = 0; i < len; i += sizeof(lanes)) {
        lanes x, y;

        memcpy(&x, doubled->bytes + i, sizeof x);
        memcpy(&y, doubled->bytes + i + 1, sizeof y);
        y -= x;
        memcpy(doubled->bytes + i, &y, sizeof y);
    }
}

static unsigned
is_patterned(const struct doubled *doubled, const struct weak_limits *limits)
{
    size_t half = limits->len / 2;
    unsigned pairs = 0, weak = 0;

    for (size_t distance = 1; distance <= half; distance++) {
        unsigned equal = count_equal(doubled->bytes, doubled->bytes + distance, limits->len);

        if (distance == half) /* there each pair is met twice */
            equal /= 2;
        weak |= (unsigned)(equal >= limits->at_distance);
        pairs += equal;
    }
    return weak | (unsigned)(pairs >= limits->pairs);
}

static bool
is_weak(const uint8_t *bytes, const struct weak_limits *limits)
{
    __attribute__((cleanup(doubled_wipe))) struct doubled doubled = {{0}};
    size_t len = limits->len;
    unsigned weak;
    bool answer;

    memcpy(doubled.bytes, bytes, len);
    memcpy(doubled.bytes + len, bytes, len);
    doubled.bytes[2 * len] = bytes[0];
    weak = is_patterned(&doubled, limits);
    subtract(&doubled, 2 * len);
    weak |= is_patterned(&doubled, limits);
    answer = weak != 0;
    MEM_DEFINE(&answer, sizeof answer); /* the answer is public, the bytes are not */
    return answer;
}

bool
secret_is_weak(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < sizeof weak_limits / sizeof weak_limits[0]; i++)
        if (weak_limits[i].len == len)
            return is_weak(bytes, &weak_limits[i]);
    return true;
}
