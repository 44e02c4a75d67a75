/* items.h - growing arrays of things that begin with 16 bytes by which they are sorted: a key's
 * name, or a host and what it sent. For keyset*.c, and src/share.
 *
 * Items may hold secrets: an array grows into a fresh block, and what an item leaves is wiped. */
#ifndef KEYS_ITEMS_H
#define KEYS_ITEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the item of this name is, or else belongs; *found says which. */
size_t items_place(const void *items, size_t count, size_t size, const uint8_t *name, bool *found);

/* Room for `more` items, one at least, beyond `count`. Returns the array, which may have moved;
 * NULL where there is no memory, with the array as it was. */
void *items_reserve(void *items, size_t count, size_t *cap, size_t size, size_t more);

/* Put `item` at its place, for which there is room. */
void items_insert(void *items, size_t *count, size_t size, size_t place, const void *item);

/* Drop the items for which `is_over` says so. True if there was one. */
bool items_drop(void *items, size_t *count, size_t size,
                bool (*is_over)(const void *item, uint64_t now_s), uint64_t now_s);

/* Wipe and free an array of `cap` items; takes NULL. */
void items_free(void *items, size_t cap, size_t size);

#endif
