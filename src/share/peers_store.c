/* The newest record of each sender; see peers_inner.h */
#include <stdlib.h>
#include <string.h>

#include "base/mix.h"
#include "share/peers_inner.h"

/* The digest is the sum of these, so each change of the store costs one step. Members alone have a
 * say, and they need no collision to lie. */
static uint64_t
digest_of(uint64_t sender, uint64_t sequence)
{
    return mix_bits(mix_bits(sender + MIX_STEP) ^ sequence);
}

size_t
peers_store_place(const struct peers_store *store, uint64_t sender)
{
    size_t low = 0, high = store->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (store->items[middle].sender < sender)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct peers_record *
peers_store_find(const struct peers_store *store, uint64_t sender)
{
    size_t place = peers_store_place(store, sender);

    return place < store->count && store->items[place].sender == sender ? &store->items[place]
                                                                        : NULL;
}

void
peers_store_due(struct peers_store *store, struct peers_record *record, uint64_t due_ms)
{
    store->due -= record->due_ms != 0 ? 1 : 0;
    record->due_ms = due_ms;
    store->due += due_ms != 0 ? 1 : 0;
    if (due_ms != 0 && (store->due == 1 || due_ms < store->due_ms))
        store->due_ms = due_ms;
}

static bool
make_room(struct peers_store *store)
{
    size_t cap = store->cap == 0 ? 16 : 2 * store->cap;
    void *items;

    if (store->count < store->cap)
        return true;
    items =
        store->count < PEERS_SENDERS_MAX ? realloc(store->items, cap * sizeof *store->items) : NULL;
    if (items == NULL)
        return false;
    store->items = items;
    store->cap = cap;
    return true;
}

/* An empty record of that sender. */
static struct peers_record *
insert(struct peers_store *store, uint64_t sender)
{
    size_t place = peers_store_place(store, sender);

    memmove(&store->items[place + 1], &store->items[place],
            (store->count - place) * sizeof *store->items);
    store->items[place] = (struct peers_record){.sender = sender};
    store->count++;
    store->digest += digest_of(sender, 0);
    return &store->items[place];
}

enum peers_taken
peers_store_take(struct peers_store *store, const struct peers_pair *pair, const uint8_t *bytes,
                 size_t len, bool is_put, uint64_t now_ms)
{
    struct peers_record *record = peers_store_find(store, pair->sender);
    size_t before = record == NULL ? 0 : record->len;
    uint8_t *copy;

    if (record != NULL && !(is_put && record->is_put) && record->sequence >= pair->sequence)
        return record->sequence == pair->sequence ? PEERS_KNOWN : PEERS_OLDER;
    copy = !is_put && store->bytes - before + len > PEERS_BYTES_MAX ? NULL : malloc(len);
    if (copy == NULL || (record == NULL && !make_room(store))) {
        free(copy);
        return PEERS_FULL;
    }
    if (record == NULL)
        record = insert(store, pair->sender);
    memcpy(copy, bytes, len);
    free(record->bytes);
    peers_store_due(store, record, 0);
    store->bytes = store->bytes - before + len;
    store->digest +=
        digest_of(pair->sender, pair->sequence) - digest_of(record->sender, record->sequence);
    *record = (struct peers_record){.sender = pair->sender,
                                    .sequence = pair->sequence,
                                    .bytes = copy,
                                    .len = len,
                                    .is_put = is_put,
                                    .came_ms = now_ms};
    return PEERS_TAKEN;
}

void
peers_store_drop(struct peers_store *store, uint64_t from_ms)
{
    size_t left = 0;

    for (size_t i = 0; i < store->count; i++) {
        struct peers_record *record = &store->items[i];

        if (record->is_put || record->sequence >= from_ms) {
            store->items[left++] = *record;
            continue;
        }
        peers_store_due(store, record, 0);
        store->bytes -= record->len;
        store->digest -= digest_of(record->sender, record->sequence);
        free(record->bytes);
    }
    store->count = left;
}

void
peers_store_free(struct peers_store *store)
{
    for (size_t i = 0; i < store->count; i++)
        free(store->items[i].bytes);
    free(store->items);
    *store = (struct peers_store){.count = 0};
}
