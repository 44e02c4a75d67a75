/* see index.h */
#include "share/index.h"

#include <stdlib.h>
#include <string.h>

#include "base/mix.h"
#include "keys/key.h"

#define FIRST_COUNT 64U

/* Ids may be small numbers, too. */
static uint64_t
hash_of(const uint8_t *name)
{
    uint64_t half[2];

    memcpy(half, name, sizeof half);
    return mix_bits(half[0] + (half[1] ^ half[1] >> 29) * MIX_STEP);
}

static void
count_look(const struct index *index)
{
    if (index->looks != NULL)
        ++*index->looks;
}

static const uint8_t *
name_at(const void *items, size_t place, size_t size)
{
    return (const uint8_t *)items + place * size;
}

size_t
index_find(const struct index *index, const void *items, size_t size, const uint8_t *name)
{
    size_t mask = index->count - 1, at = hash_of(name) & mask;

    for (; index->count > 0; at = (at + 1) & mask) {
        uint32_t slot = index->slots[at];

        count_look(index);
        if (slot == 0)
            break;
        if (memcmp(name_at(items, slot - 1, size), name, KEY_NAME_LEN) == 0)
            return slot - 1;
    }
    return SIZE_MAX;
}

void
index_add(const struct index *index, const void *items, size_t place, size_t size)
{
    size_t mask = index->count - 1, at = hash_of(name_at(items, place, size)) & mask;

    for (; index->slots[at] != 0; at = (at + 1) & mask)
        count_look(index);
    index->slots[at] = (uint32_t)place + 1;
}

void
index_renew(const struct index *index, const void *items, size_t count, size_t size)
{
    for (size_t at = 0; at < index->count; at++)
        index->slots[at] = 0;
    for (size_t place = 0; place < count; place++)
        index_add(index, items, place, size);
}

bool
index_reserve(struct index *index, const void *items, size_t count, size_t size)
{
    size_t wanted = index->count == 0 ? FIRST_COUNT : 2 * index->count;
    uint32_t *slots;

    if (2 * (count + 1) <= index->count)
        return true;
    slots = calloc(wanted, sizeof *slots);
    if (slots == NULL)
        return false;
    free(index->slots);
    index->slots = slots;
    index->count = wanted;
    index_renew(index, items, count, size);
    return true;
}

void
index_free(struct index *index)
{
    free(index->slots);
    *index = (struct index){.slots = NULL};
}
