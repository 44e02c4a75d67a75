/* see distinct.h */
#include "keys/distinct.h"

#include <string.h>

#include "base/memcheck.h"

uint64_t
distinct_mark(const struct secret *secret)
{
    uint64_t mark;

    memcpy(&mark, secret->bytes, sizeof mark);
    return mark;
}

/* Put the lesser one first, without a branch. */
static inline void
put_in_order(uint64_t *a, uint64_t *b)
{
    uint64_t x = *a, y = *b, borrow = (~y & x) | ((~y | x) & (y - x)); /* of y - x */
    uint64_t swap = 0 - (borrow >> 63);

    __asm__("" : "+r"(swap)); /* or the compiler makes a branch of it again */
    swap &= x ^ y;
    *a = x ^ swap;
    *b = y ^ swap;
}

/* Put in order each pair at this distance whose first place has `bit` as said. */
static void
pass(uint64_t *marks, size_t count, size_t distance, size_t bit, bool is_set)
{
    for (size_t i = 0; i + distance < count; i++)
        if (((i & bit) != 0) == is_set)
            put_in_order(&marks[i], &marks[i + distance]);
}

/* Batcher's merge exchange (Knuth, volume 3, 5.2.2 M): a network of some count * log2(count)^2 / 4
 * exchanges that sorts any input. */
static void
sort(uint64_t *marks, size_t count)
{
    size_t top = 1;

    while (top < count - top)
        top *= 2;
    for (size_t bit = top; bit > 0; bit /= 2) {
        pass(marks, count, bit, bit, false);
        for (size_t far = top; far > bit; far /= 2)
            pass(marks, count, far - bit, bit, true);
    }
}

bool
distinct_marks(uint64_t *marks, size_t count)
{
    uint64_t equal = 0;
    bool distinct;

    if (count < 2)
        return true;
    sort(marks, count);
    for (size_t i = 1; i < count; i++) {
        uint64_t apart = marks[i - 1] ^ marks[i];

        equal |= ~((apart | (0 - apart)) >> 63) & 1;
    }
    distinct = equal == 0;
    MEM_DEFINE(&distinct, sizeof distinct); /* the answer is public, the marks are not */
    return distinct;
}
