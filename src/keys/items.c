/* see items.h */
#include "keys/items.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "keys/key.h"

#define FIRST_CAP 16

size_t
items_place(const void *items, size_t count, size_t size, const uint8_t *name, bool *found)
{
    const uint8_t *bytes = items;
    size_t low = 0, high = count;

    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(bytes + middle * size, name, KEY_NAME_LEN);

        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void *
items_reserve(void *items, size_t count, size_t *cap, size_t size, size_t more)
{
    size_t wanted = *cap > 0 ? *cap : FIRST_CAP;
    void *fresh;

    if (more <= *cap - count)
        return items;
    while (wanted - count < more)
        wanted *= 2;
    fresh = calloc(wanted, size);
    if (fresh == NULL)
        return NULL;
    if (count > 0)
        memcpy(fresh, items, count * size);
    items_free(items, *cap, size);
    *cap = wanted;
    return fresh;
}

void
items_insert(void *items, size_t *count, size_t size, size_t place, const void *item)
{
    uint8_t *at = (uint8_t *)items + place * size;

    memmove(at + size, at, (*count - place) * size);
    memcpy(at, item, size);
    *count += 1;
}

bool
items_drop(void *items, size_t *count, size_t size,
           bool (*is_over)(const void *item, uint64_t now_s), uint64_t now_s)
{
    uint8_t *bytes = items;
    size_t kept = 0, before = *count;

    for (size_t i = 0; i < before; i++) {
        if (is_over(bytes + i * size, now_s))
            continue;
        if (kept < i)
            memcpy(bytes + kept * size, bytes + i * size, size);
        kept++;
    }
    if (kept == before)
        return false;
    secret_wipe_bytes(bytes + kept * size, (before - kept) * size);
    *count = kept;
    return true;
}

void
items_free(void *items, size_t cap, size_t size)
{
    if (items != NULL)
        secret_wipe_bytes(items, cap * size);
    free(items);
}
