/* image_half.h - inside image_*.c: the probe and the copy that readers and the writer share. */
#ifndef RING_IMAGE_HALF_H
#define RING_IMAGE_HALF_H

#include <string.h>

#include "ring/image.h"
#include "ring/words.h"

#define NO_BUCKET UINT32_MAX
#define RING_VERSION ((uint64_t)RING_MAJOR << 32 | RING_MINOR)
#define RING_SHAPE \
    ((uint64_t)RING_HEADER_LEN << 48 | (uint64_t)RING_HALF_HEADER_LEN << 32 | \
     (uint64_t)sizeof(struct ring_slot) << 16 | (uint64_t)sizeof(struct ring_more))

/* How many buckets a ring of this capacity has, and where everything is in it. */
uint32_t image_buckets(uint32_t capacity);
struct image image_lay_out(void *base, uint32_t capacity, uint32_t buckets);

static inline uint32_t
image_home(const struct image_half *half, uint64_t word)
{
    return (uint32_t)((word * RING_HASH) >> half->shift);
}

/* Bytes of a whole half. */
static inline size_t
image_half_len(const struct image_half *half)
{
    return sizeof *half->head + (size_t)half->buckets * (sizeof *half->slots + sizeof *half->more);
}

static inline void
image_copy_words(uint8_t *out, const ring_word *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t word = word_load(&words[i]);

        memcpy(out + i * sizeof word, &word, sizeof word);
    }
}

#define SLOT_WORDS (sizeof(struct ring_slot) / sizeof(ring_word))
#define MORE_WORDS (sizeof(struct ring_more) / sizeof(ring_word))

/* What opens a ticket, and the rest. */
static inline void
image_copy_key(struct image_slot *out, const struct image_half *half, uint32_t bucket)
{
    image_copy_words((uint8_t *)out, (const ring_word *)&half->slots[bucket], SLOT_WORDS);
}

static inline void
image_copy_more(struct image_slot *out, const struct image_half *half, uint32_t bucket)
{
    image_copy_words((uint8_t *)&out->seal_from, (const ring_word *)&half->more[bucket],
                     MORE_WORDS);
}

/* NO_BUCKET if it is not there; `name` is not zero. */
static inline uint32_t
image_probe(const struct image_half *half, const uint64_t name[2])
{
    uint32_t bucket = image_home(half, name[0]);

    for (uint32_t step = 0; step < RING_PROBES && step < half->buckets; step++) {
        const struct ring_slot *slot = &half->slots[bucket];
        uint64_t first = word_load(&slot->name[0]), second = word_load(&slot->name[1]);

        if (first == name[0] && second == name[1])
            return bucket;
        if (first == 0 && second == 0)
            return NO_BUCKET;
        bucket = (bucket + 1) & (half->buckets - 1);
    }
    return NO_BUCKET;
}

/* A count in shared memory, never more than `limit`. */
static inline uint32_t
image_bounded(const ring_word *count, uint32_t limit)
{
    uint64_t value = word_load(count);

    return value < limit ? (uint32_t)value : limit;
}

#endif
