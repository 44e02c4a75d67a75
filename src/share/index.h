/* index.h - where the items of an array stand, which begin with 16 bytes that name them, as in
 * keys/items.h; but in whatever order they came. Finding and adding one take the same time however
 * many there are, where a sorted array moves half of them for each that comes.
 *
 * Names are of members of a farm, whose ids are random: nobody looks for two that are alike. */
#ifndef SHARE_INDEX_H
#define SHARE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct index {
    uint32_t *slots; /* a place and 1, or 0: free; at most half of them are used */
    size_t count;    /* of slots: a power of two, or 0 */
    uint64_t *looks; /* where slots that are looked at are counted, or NULL */
};

/* The place of the item of that name; SIZE_MAX: there is none. */
size_t index_find(const struct index *index, const void *items, size_t size, const uint8_t *name);

/* Room for one more than these `count`. False: no memory, and all as it was. */
bool index_reserve(struct index *index, const void *items, size_t count, size_t size);

/* The item at that place is new, and there is room for it. */
void index_add(const struct index *index, const void *items, size_t place, size_t size);

/* Items were dropped: these are left. */
void index_renew(const struct index *index, const void *items, size_t count, size_t size);

void index_free(struct index *index);

#endif
