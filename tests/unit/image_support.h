/* image_support.h - rings in plain memory, and changes made of a list of steps, for the tests of
 * images. Nothing here asserts. */
#ifndef TESTS_IMAGE_SUPPORT_H
#define TESTS_IMAGE_SUPPORT_H

#include <stdlib.h>
#include <string.h>

#include "ring/image.h"
#include "ring_support.h"

#define SMALL RING_CAPACITY_MIN

static const uint8_t this_boot[16] = "this boot's id..";
static const uint8_t other_boot[16] = "another boot's..";

/* Zeroed memory of exactly this length, so that the sanitizers see a step beyond it. */
static inline void *
memory_of(size_t len)
{
    void *memory = aligned_alloc(64, (len + 63) / 64 * 64);

    if (memory != NULL)
        memset(memory, 0, len);
    return memory;
}

/* An image in memory of its own; NULL memory where there is none. */
static inline struct image
make_image(void **memory, uint32_t capacity)
{
    struct image image = {0};

    *memory = memory_of(image_len(capacity));
    if (*memory != NULL)
        image_format(&image, *memory, capacity, this_boot);
    return image;
}

/* What a change does: a drop, puts, then the state. */
struct change {
    const uint8_t *drop; /* a name; NULL: none */
    const struct image_slot *puts;
    size_t put_count;
    const struct image_state *state; /* NULL: as it is */
    bool fail;                       /* at its end */
};

static inline bool
change_fill(struct image_half *half, const void *arg)
{
    const struct change *change = arg;

    if (change->drop != NULL && !image_drop(half, change->drop))
        return false;
    for (size_t i = 0; i < change->put_count; i++)
        if (!image_put(half, &change->puts[i]))
            return false;
    if (change->state != NULL)
        image_set(half, change->state);
    return !change->fail;
}

static inline bool
change_put(struct image *image, const struct image_slot *slot)
{
    struct change change = {.puts = slot, .put_count = 1};

    return image_change(image, change_fill, &change);
}

static inline bool
change_drop(struct image *image, const uint8_t name[16])
{
    struct change change = {.drop = name};

    return image_change(image, change_fill, &change);
}

static inline size_t
half_len(const struct image *image)
{
    return sizeof(struct ring_half) +
           image->half[0].buckets * (sizeof(struct ring_slot) + sizeof(struct ring_more));
}

static inline bool
halves_are_equal(const struct image *image)
{
    return memcmp(image->half[0].head, image->half[1].head, half_len(image)) == 0;
}

/* Buckets in use of the half in force, whatever its count says. */
static inline uint32_t
count_slots(const struct image *image)
{
    const struct image_half *half = image_current(image);
    struct image_slot slot;
    uint32_t count = 0;

    for (uint32_t i = 0; i < half->buckets; i++)
        count += image_at(half, &slot, i);
    return count;
}

/* How often these bytes stand in memory. */
static inline size_t
memory_count(const void *memory, size_t len, const void *bytes, size_t bytes_len)
{
    const uint8_t *at = memory, *end = at + len;
    size_t count = 0;

    while ((at = memmem(at, (size_t)(end - at), bytes, bytes_len)) != NULL) {
        count++;
        at++;
    }
    return count;
}

/* A slot whose probe starts at bucket `home`. */
static inline struct image_slot
slot_at_home(const struct image *image, uint64_t *rng, uint32_t home)
{
    for (;;) {
        struct image_slot slot = slot_of(rng_next(rng), RING_S);
        uint64_t word;

        memcpy(&word, slot.name, sizeof word);
        if ((uint32_t)((word * RING_HASH) >> image->half[0].shift) == home)
            return slot;
    }
}

#endif
