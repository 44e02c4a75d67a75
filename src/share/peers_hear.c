/* What comes in to the peers engine; see peers_inner.h
 *
 * Nothing is looked at that a member has not sealed, and who is no member gets no answer. */
#include <stdlib.h>
#include <string.h>

#include "share/peers_inner.h"

#define JUST_MS 50U /* what just went to the group does not go again */
/* Answers to the group wait up to a ms a host, so that one comes first; who did not make the record
 * waits for who did, and of many such hosts some answer, by chance. */
#define SPREAD_LEAST_MS 20U
#define SPREAD_MOST_MS 250U
#define SPREAD_OTHERS 4U /* times as long */
#define OTHERS_ENOUGH 32U
#define STATUS_AGAIN_MS 500U
#define ANSWERS_AT_ONCE 32U
#define LISTEN_MS 10000U /* after so long without a word of others a status is one, too */

/* One datagram, and where an answer goes. */
struct heard {
    struct peers *peers;
    const struct address *from; /* NULL: the group */
    struct datagram said;
    struct peers_host *host;
    uint64_t now_ms;
};

/* NULL: there are too many. */
static struct peers_host *
host_of(struct peers *peers, uint64_t id)
{
    size_t low = 0, high = peers->host_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (peers->hosts[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < peers->host_count && peers->hosts[low].id == id)
        return &peers->hosts[low];
    if (peers->host_count == PEERS_SENDERS_MAX)
        return NULL;
    if (peers->host_count == peers->host_cap) {
        size_t cap = peers->host_cap == 0 ? 16 : 2 * peers->host_cap;
        void *hosts = realloc(peers->hosts, cap * sizeof *peers->hosts);

        if (hosts == NULL)
            return NULL;
        peers->hosts = hosts;
        peers->host_cap = cap;
    }
    memmove(&peers->hosts[low + 1], &peers->hosts[low],
            (peers->host_count - low) * sizeof *peers->hosts);
    peers->hosts[low] = (struct peers_host){.id = id};
    peers->host_count++;
    return &peers->hosts[low];
}

static void
tell_crowd(struct peers *peers)
{
    struct err err;

    (void)err_set(
        &err, /* always false */
        "over %u hosts, %zu MiB of records, or no memory: what is too much is passed over",
        PEERS_SENDERS_MAX, PEERS_BYTES_MAX >> 20);
    peers_trouble(peers, PEERS_CROWD, err.text);
}

/* ---- parts of records ---- */

static void
tell_twin(struct peers *peers, const char *what)
{
    struct err text;

    twin_say(&text, what, peers->host);
    peers_trouble(peers, PEERS_TWIN, text.text);
}

/* What its front says must be what was said of it. */
static bool
is_as_said(const struct peers *peers, const struct peers_part *part, const uint8_t *bytes)
{
    struct record_head head;

    return record_peek(&head, bytes, part->total) == RECORD_OPENED && head.kind == part->kind &&
           head.sender == part->sender && head.sequence == part->sequence &&
           strcmp(head.keyset, peers->keyset) == 0;
}

/* A whole record that is new. */
static void
take(const struct heard *heard, const struct peers_part *part, const uint8_t *bytes)
{
    struct peers *peers = heard->peers;
    const struct peers_pair pair = {part->sender, part->sequence};
    const struct engine_name name = {part->kind, part->sender};
    struct peers_store *store = &peers->stores[part->kind];
    const struct peers_record *before = peers_store_find(store, part->sender);
    bool was_put = before != NULL && before->is_put;

    if (peers_store_take(store, &pair, bytes, part->total, false, heard->now_ms) != PEERS_TAKEN) {
        tell_crowd(peers);
        return;
    }
    if (heard->from == NULL)
        peers_store_find(store, part->sender)->seen_ms = heard->now_ms;
    if (part->kind != RECORD_KEYS)
        return;
    if (was_put)
        tell_twin(peers, "the clock was set back, or somebody else writes the record of this host");
    peers_talk_anew(peers, heard->now_ms);
    peers->events.record(peers->events.arg, &name, bytes, part->total);
}

static bool
is_of_use(const struct datagram *said, uint64_t sequence)
{
    return sequence >= said->from_ms && sequence <= said->until_ms;
}

static void
hear_part(const struct heard *heard, const struct peers_part *part)
{
    struct peers *peers = heard->peers;
    struct peers_store *store = &peers->stores[part->kind];
    struct peers_record *record = peers_store_find(store, part->sender);
    const uint8_t *bytes;

    if (!is_of_use(&heard->said, part->sequence) ||
        (part->kind == RECORD_STATUS && part->sender != heard->said.sender))
        return;
    if (record != NULL && record->sequence >= part->sequence) {
        if (record->sequence == part->sequence && heard->from == NULL) {
            record->seen_ms = heard->now_ms; /* we need not send it, too */
            peers_store_due(store, record, 0);
        }
        if (record->sequence == part->sequence && part->kind == RECORD_STATUS) {
            record->came_ms = heard->now_ms; /* it has nothing newer to say */
            record->asked = 0;
        }
        return;
    }
    bytes = peers_pile_add(&peers->piles, part, heard->now_ms);
    if (bytes != NULL && is_as_said(peers, part, bytes))
        take(heard, part, bytes);
}

/* ---- summaries ---- */

static uint64_t
spread_ms(struct peers *peers, bool is_ours)
{
    uint64_t most = peers->host_count;

    most = most < SPREAD_LEAST_MS ? SPREAD_LEAST_MS : most;
    most = most > SPREAD_MOST_MS ? SPREAD_MOST_MS : most;
    return is_ours ? peers_random(peers, most) : most + peers_random(peers, SPREAD_OTHERS * most);
}

/* The other lacks this one of ours. */
static void
answer(const struct heard *heard, struct peers_record *record, enum record_kind kind,
       uint64_t just_ms)
{
    struct peers *peers = heard->peers;
    bool is_ours = record->sender == peers->host;

    if (heard->from != NULL) {
        if (peers_budget_take(peers, heard->host, record, heard->now_ms))
            (void)peers_send_answer(peers, heard->from, record, kind); /* else it asks again */
    } else if (record->due_ms == 0 &&
               (record->seen_ms == 0 || heard->now_ms - record->seen_ms >= just_ms) &&
               (is_ours || peers_random(peers, peers->host_count) < OTHERS_ENOUGH)) {
        peers_store_due(&peers->stores[kind], record,
                        heard->now_ms + 1 + spread_ms(peers, is_ours));
    }
}

/* Of many that it lacks some by chance, for others answer, too. */
static bool
is_picked(struct peers *peers, const struct peers_summary *summary, const struct heard *heard)
{
    const struct peers_store *store = &peers->stores[RECORD_KEYS];
    size_t ours =
        peers_store_place(store, summary->last) - peers_store_place(store, summary->first) + 1;
    size_t lacking = ours > summary->count ? ours - summary->count : 1;

    return heard->from == NULL || peers_random(peers, lacking) < ANSWERS_AT_ONCE;
}

/* Go through both in order. True: it has what we lack. */
static bool
compare(const struct heard *heard, const struct peers_summary *summary)
{
    struct peers *peers = heard->peers;
    struct peers_store *store = &peers->stores[RECORD_KEYS];
    size_t i = peers_store_place(store, summary->first), j = 0;
    bool lacks = false;

    for (;;) {
        bool is_ours = i < store->count && store->items[i].sender <= summary->last;
        bool is_theirs = j < summary->count;
        uint64_t ours = is_ours ? store->items[i].sender : UINT64_MAX;
        uint64_t theirs = is_theirs ? summary->pairs[j].sender : UINT64_MAX;

        if (!is_ours && !is_theirs)
            return lacks;
        if (ours < theirs ||
            (ours == theirs && store->items[i].sequence > summary->pairs[j].sequence)) {
            if (is_picked(peers, summary, heard))
                answer(heard, &store->items[i], RECORD_KEYS, JUST_MS);
        } else if (theirs < ours || store->items[i].sequence < summary->pairs[j].sequence) {
            lacks = lacks || is_of_use(&heard->said, summary->pairs[j].sequence);
        }
        i += ours <= theirs ? 1 : 0;
        j += theirs <= ours ? 1 : 0;
    }
}

static void
hear_summary(const struct heard *heard, const struct peers_summary *summary)
{
    struct peers *peers = heard->peers;
    struct peers_record *status = peers_store_find(&peers->stores[RECORD_STATUS], peers->host);
    bool lacks;

    peers->trickle.all++;
    if (summary->wants_statuses && status != NULL)
        answer(heard, status, RECORD_STATUS, STATUS_AGAIN_MS);
    if (summary->digest == peers->stores[RECORD_KEYS].digest) {
        peers->trickle.heard++;
        peers->same_ms = heard->now_ms;
        peers->calm_ms = peers->calm_until_ms = 0;
        return;
    }
    peers->apart_ms = heard->now_ms;
    lacks = compare(heard, summary);
    if (peers_talk_differ(peers, heard->now_ms) && lacks && heard->from != NULL)
        peers_talk_to(peers, heard->from, false); /* so it sees what we lack */
}

/* ---- datagrams ---- */

static void
hear_member(struct heard *heard)
{
    struct peers *peers = heard->peers;
    struct peers_part part;
    struct peers_summary summary;

    heard->now_ms = loop_now_ms(peers->loop);
    heard->host = host_of(peers, heard->said.sender);
    if (heard->host == NULL) {
        tell_crowd(peers);
        return;
    }
    if (peers->heard_ms == 0) {
        peers->well_ms = heard->now_ms;
        peers->is_state_new = true;
    }
    peers->heard_ms = heard->now_ms;
    if (heard->said.from_ms > peers->from_ms) {
        peers->from_ms = heard->said.from_ms;
        peers_store_drop(&peers->stores[RECORD_KEYS], peers->from_ms);
        peers_store_drop(&peers->stores[RECORD_STATUS], peers->from_ms);
    }
    switch (peers_read(&part, &summary, heard->said.body, heard->said.len)) {
    case PEERS_PART:
    case PEERS_STATUS: hear_part(heard, &part); break;
    case PEERS_SUMMARY:
        if (datagram_is_fresh(&heard->host->window, heard->said.time_ms))
            hear_summary(heard, &summary);
        break;
    case PEERS_NOTHING:
    default: break; /* of a later version */
    }
}

/* A status that nobody asked for: of hundreds of hosts, each to hundreds of others, they would be
 * most of all work. That it is one nobody has vouched for, but who lies gains nothing by it. */
static bool
is_idle(const struct peers *peers, const uint8_t *bytes, size_t len)
{
    uint64_t now_ms = loop_now_ms(peers->loop), sender;

    return datagram_type(&sender, bytes, len) == PEERS_STATUS && sender != peers->host &&
           !peers_list_wants(peers, now_ms) && peers->heard_ms != 0 &&
           now_ms - peers->heard_ms < LISTEN_MS;
}

static void
hear(struct peers *peers, const uint8_t *bytes, size_t len, const struct address *from,
     const struct address *sender)
{
    struct heard heard = {.peers = peers, .from = from};
    enum record_verdict verdict;
    char text[ADDRESS_TEXT_MAX];
    struct err err;

    if (peers->seal.open == NULL || is_idle(peers, bytes, len))
        return;
    verdict = peers->seal.open(peers->seal.arg, &heard.said, bytes, len);
    if (verdict == RECORD_OPENED && heard.said.sender == peers->host) {
        address_text(text, sender);
        (void)err_set(&err, "%s speaks as this host", text); /* always false */
        tell_twin(peers, err.text);
    } else if (verdict == RECORD_OPENED) {
        hear_member(&heard);
    } else if (verdict == RECORD_AHEAD) { /* only a member's can be */
        address_text(text, sender);
        (void)err_set(&err, "%s: %s: it is not heard; set the clocks", text,
                      record_verdict_text(verdict)); /* always false */
        peers_trouble(peers, PEERS_CLOCK, err.text);
    } else {
        return;
    }
    peers_after(peers);
}

void
peers_hear_one(void *arg, const uint8_t *bytes, size_t len, const struct address *from)
{
    hear(arg, bytes, len, from, from);
}

void
peers_hear_group(void *arg, const uint8_t *bytes, size_t len, const struct address *from)
{
    hear(arg, bytes, len, NULL, from);
}
