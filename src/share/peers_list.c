/* Lists of the peers engine; see peers_inner.h
 *
 * What is listed is what we hold. Others are asked first where that may not be all: for keys,
 * unless one of them lately said that it has the same; for statuses, if some are missing or old. */
#include <stdlib.h>
#include <string.h>

#include "share/peers_inner.h"

#define KEYS_WAIT_MS 2000U      /* for somebody who has the same, ... */
#define KEYS_WAIT_MORE_MS 4500U /* ... where others are heard, who have not yet */
#define STATUS_WAIT_MS 300U
#define SAME_MS 20000U       /* "lately" */
#define STATUS_OLD_MS 45000U /* after a heartbeat of 30 s has not come */
#define WANT_MS 10000U       /* statuses are taken in for so long after they were of use */
#define ASKED_IN_VAIN 4U     /* who is gone is not waited for, and who lost so many is no loss */
#define ASK_FIRST_MS 1000U   /* for statuses, then less and less often, */
#define ASK_LAST_MS 32000U   /* for some hosts are gone for ever */

static bool
has_same_keys(const struct peers *peers, uint64_t now_ms)
{
    return peers->same_ms != 0 && peers->same_ms >= peers->apart_ms &&
           now_ms - peers->same_ms < SAME_MS;
}

void
peers_list_want(struct peers *peers, uint64_t now_ms)
{
    if (!peers_list_wants(peers, now_ms)) {
        peers->since_ms = now_ms;
        peers->ask_ms = peers->ask_next_ms = 0;
    }
    peers->wanted_ms = now_ms;
}

bool
peers_list_wants(const struct peers *peers, uint64_t now_ms)
{
    return peers->wanted_ms != 0 && now_ms - peers->wanted_ms < WANT_MS;
}

static bool
is_fresh(const struct peers *peers, const struct peers_record *status, uint64_t now_ms)
{
    return status->came_ms >= peers->since_ms && now_ms - status->came_ms < STATUS_OLD_MS;
}

/* The status of that sender or, as long as there is none, its keys. NULL: of us, or a status that
 * is fresh. */
static struct peers_record *
missing(struct peers *peers, uint64_t sender, uint64_t now_ms)
{
    struct peers_record *status = peers_store_find(&peers->stores[RECORD_STATUS], sender);

    if (sender == peers->host || (status != NULL && is_fresh(peers, status, now_ms)))
        return NULL;
    return status != NULL ? status : peers_store_find(&peers->stores[RECORD_KEYS], sender);
}

/* Of all who have keys or ever had a status, and have not failed to answer again and again: who is
 * gone leaves its records here, and would be missed for ever. */
static bool
has_all_statuses(struct peers *peers, uint64_t now_ms)
{
    for (unsigned kind = RECORD_KEYS; kind <= RECORD_STATUS; kind++) {
        for (size_t i = 0; i < peers->stores[kind].count; i++) {
            const struct peers_record *record =
                missing(peers, peers->stores[kind].items[i].sender, now_ms);

            if (record != NULL && record->asked < ASKED_IN_VAIN)
                return false;
        }
    }
    return peers->heard_ms != 0;
}

/* All are asked now. */
static void
note_asked(struct peers *peers, uint64_t now_ms)
{
    for (unsigned kind = RECORD_KEYS; kind <= RECORD_STATUS; kind++) {
        for (size_t i = 0; i < peers->stores[kind].count; i++) {
            struct peers_record *record = &peers->stores[kind].items[i];

            if (missing(peers, record->sender, now_ms) == record && record->asked < ASKED_IN_VAIN)
                record->asked++;
        }
    }
}

static bool
is_whole(struct peers *peers, enum record_kind kind, uint64_t now_ms)
{
    return kind == RECORD_KEYS ? has_same_keys(peers, now_ms) : has_all_statuses(peers, now_ms);
}

/* Ask others. Returns how long to wait for them. */
static uint64_t
ask(struct peers *peers, enum record_kind kind, uint64_t now_ms)
{
    if (kind == RECORD_KEYS) {
        peers_talk_anew(peers, now_ms);
        return peers->heard_ms == 0 ? KEYS_WAIT_MS : KEYS_WAIT_MORE_MS;
    }
    if (now_ms < peers->ask_next_ms)
        return 0;
    peers->ask_ms = peers->ask_ms == 0 ? ASK_FIRST_MS : 2 * peers->ask_ms;
    peers->ask_ms = peers->ask_ms > ASK_LAST_MS ? ASK_LAST_MS : peers->ask_ms;
    peers->ask_next_ms = now_ms + peers->ask_ms;
    note_asked(peers, now_ms);
    peers_talk_ask(peers);
    return STATUS_WAIT_MS;
}

/* The callback may put records: it is shown a copy, and the next one is looked for. */
static bool
tell(struct peers *peers, enum record_kind kind)
{
    const struct peers_store *store = &peers->stores[kind];
    size_t place = 0;

    while (place < store->count) {
        const struct peers_record *record = &store->items[place];
        const struct engine_name name = {kind, record->sender};
        size_t len = record->len;
        uint8_t *bytes = malloc(len);

        if (bytes == NULL)
            return false;
        memcpy(bytes, record->bytes, len);
        peers->events.record(peers->events.arg, &name, bytes, len);
        free(bytes);
        place = peers_store_place(store, name.sender + 1);
    }
    return true;
}

void
peers_list_turn(struct peers *peers, uint64_t now_ms)
{
    for (unsigned i = RECORD_KEYS; i <= RECORD_STATUS; i++) {
        enum record_kind kind = (enum record_kind)i;
        bool is_all, is_told;

        if (!peers->lists[i].is_wanted)
            continue;
        is_all = is_whole(peers, kind, now_ms);
        if (!is_all && !peers->lists[i].is_asked) {
            peers->lists[i].is_asked = true;
            peers->lists[i].due_ms = now_ms + ask(peers, kind, now_ms);
        }
        if (!is_all && now_ms < peers->lists[i].due_ms)
            continue;
        if (is_all && kind == RECORD_STATUS)
            peers->ask_ms = 0;
        peers->lists[i].is_wanted = peers->lists[i].is_asked = false;
        is_told = tell(peers, kind);
        peers->events.complete(peers->events.arg, kind, is_all && is_told);
    }
}

uint64_t
peers_list_next(struct peers *peers, uint64_t now_ms)
{
    uint64_t next_ms = UINT64_MAX;

    for (unsigned kind = RECORD_KEYS; kind <= RECORD_STATUS; kind++) {
        if (!peers->lists[kind].is_wanted)
            continue;
        if (!peers->lists[kind].is_asked || is_whole(peers, (enum record_kind)kind, now_ms))
            return 0; /* it can go on at once */
        if (peers->lists[kind].due_ms < next_ms)
            next_ms = peers->lists[kind].due_ms;
    }
    return next_ms;
}
