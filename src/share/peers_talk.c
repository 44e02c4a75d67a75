/* Who says what when: the Trickle algorithm (RFC 6206) over summaries; see peers_inner.h
 *
 * Who has the same as the others says so every few seconds, or not if enough others just did. Who
 * hears of something else begins anew with short intervals. */
#include "share/peers_inner.h"

#define SHORTEST_MS 50U
#define LONGEST_MS 8000U
#define CALM_MS 64000U /* what leads to nothing is tried this often, at last */
#define ENOUGH 3U      /* others who said the same */
#define LOUD 64U       /* summaries in an interval: with more, only some speak, by chance */
#define AT_A_MS 2U     /* summaries of all who lack something together, in the group, about */
#define FAN_OUT 4U     /* of the list, per summary */
#define IN_A_ROW 8U    /* datagrams at most, where there are more pairs than fit into one */

/* ---- summaries ---- */

/* The pairs from this sender on, as far as they fit; *from: where the next one goes on, 0: it was
 * the last. */
static size_t
write_summary(const struct peers *peers, uint8_t *body, uint64_t *from, bool wants_statuses)
{
    const struct peers_store *store = &peers->stores[RECORD_KEYS];
    size_t place = peers_store_place(store, *from);
    struct peers_summary summary = {.wants_statuses = wants_statuses,
                                    .digest = store->digest,
                                    .first = *from,
                                    .last = UINT64_MAX};

    while (place < store->count && summary.count < PEERS_PAIRS_MAX) {
        const struct peers_record *record = &store->items[place++];

        summary.pairs[summary.count++] = (struct peers_pair){record->sender, record->sequence};
    }
    if (place < store->count)
        summary.last = summary.pairs[summary.count - 1].sender;
    *from = summary.last == UINT64_MAX ? 0 : summary.last + 1;
    return peers_summary_write(body, &summary);
}

void
peers_talk_to(struct peers *peers, const struct address *to, bool wants_statuses)
{
    uint8_t body[DATAGRAM_BODY_MAX];
    uint64_t from = 0;
    unsigned said = 0;
    size_t len;

    do
        len = write_summary(peers, body, &from, wants_statuses);
    while (peers_send_body(peers, &to, 1, body, len) && ++said < IN_A_ROW && from != 0);
}

/* The group, and some of the list, by chance. */
static size_t
pick(struct peers *peers, const struct address *to[1 + FAN_OUT])
{
    size_t count = 0, picked = 0;

    if (peers->group.len > 0)
        to[count++] = NULL;
    for (size_t i = 0; i < peers->peer_count && picked < FAN_OUT; i++) {
        if (peers_random(peers, peers->peer_count - i) < FAN_OUT - picked) {
            to[count++] = &peers->peers[i]; /* each with the same chance */
            picked++;
        }
    }
    return count;
}

/* For so long one host of all is quiet that has said so much. */
static uint64_t
quiet_ms(const struct peers *peers, unsigned said)
{
    uint64_t quiet_ms = said * peers->host_count / AT_A_MS;

    return quiet_ms < LONGEST_MS ? quiet_ms : LONGEST_MS;
}

static void
say(struct peers *peers, uint64_t now_ms)
{
    const struct address *to[1 + FAN_OUT];
    uint8_t body[DATAGRAM_BODY_MAX];
    size_t count = pick(peers, to), len;
    unsigned said = 0;
    bool is_apart = peers->apart_ms > peers->same_ms;

    do
        len = write_summary(peers, body, &peers->rotation, false);
    while (peers_send_body(peers, to, count, body, len) && is_apart && ++said < IN_A_ROW &&
           peers->rotation != 0);
    if (is_apart && peers->group.len > 0)
        peers->trickle.quiet_ms = now_ms + quiet_ms(peers, said + 1); /* one for an answer */
}

void
peers_talk_ask(struct peers *peers)
{
    uint8_t body[DATAGRAM_BODY_MAX];
    const struct address *group = NULL, *all[32];
    uint64_t from = 0;
    size_t len = write_summary(peers, body, &from, true);

    if (peers->group.len > 0)
        (void)peers_send_body(peers, &group, 1, body, len); /* as if it were lost on its way */
    for (size_t i = 0; i < peers->peer_count;) {
        size_t count = 0;

        while (i < peers->peer_count && count < sizeof all / sizeof all[0])
            all[count++] = &peers->peers[i++];
        (void)peers_send_body(peers, all, count, body, len); /* the same */
    }
}

/* ---- Trickle ---- */

static void
begin(struct peers *peers, uint64_t now_ms)
{
    uint64_t half_ms = peers->trickle.len_ms / 2;

    peers->trickle.begun_ms = now_ms;
    peers->trickle.at_ms = now_ms + half_ms + peers_random(peers, half_ms);
    peers->trickle.heard = 0;
    peers->trickle.before = peers->trickle.all;
    peers->trickle.all = 0;
    peers->trickle.is_said = false;
}

/* Unless the interval is the shortest already, or just was: of many hosts each has news for all
 * others, and what they all ask would keep them from hearing the answers. */
static void
reset(struct peers *peers, uint64_t now_ms)
{
    if (peers->trickle.len_ms == SHORTEST_MS || now_ms < peers->trickle.anew_ms)
        return;
    peers->trickle.anew_ms = now_ms + peers->host_count;
    peers->trickle.len_ms = SHORTEST_MS;
    begin(peers, now_ms);
}

void
peers_talk_anew(struct peers *peers, uint64_t now_ms)
{
    peers->calm_ms = peers->calm_until_ms = 0;
    reset(peers, now_ms);
}

bool
peers_talk_differ(struct peers *peers, uint64_t now_ms)
{
    if (now_ms < peers->calm_until_ms)
        return false;
    peers->calm_ms = peers->calm_ms == 0 ? SHORTEST_MS : 2 * peers->calm_ms;
    peers->calm_ms = peers->calm_ms > CALM_MS ? CALM_MS : peers->calm_ms;
    peers->calm_until_ms = now_ms + peers->calm_ms;
    reset(peers, now_ms);
    return true;
}

/* Enough say the same; or many speak, and each something else: who ask by the hundred are answered
 * no sooner, and what they say is more than they can hear. One that is alone with what it says is
 * not kept from it: of those who agree few speak. */
static bool
is_kept_quiet(struct peers *peers, uint64_t now_ms)
{
    unsigned now = peers->trickle.all, before = peers->trickle.before;

    return peers->trickle.heard >= ENOUGH || now_ms < peers->trickle.quiet_ms ||
           peers_random(peers, now > before ? now : before) >= LOUD;
}

/* What is due goes to the group. */
static void
send_due(struct peers *peers, enum record_kind kind, uint64_t now_ms)
{
    struct peers_store *store = &peers->stores[kind];
    uint64_t next_ms = UINT64_MAX;

    if (store->due == 0 || now_ms < store->due_ms)
        return;
    for (size_t i = 0; i < store->count; i++) {
        struct peers_record *record = &store->items[i];

        if (record->due_ms != 0 && record->due_ms <= now_ms &&
            peers_budget_take(peers, NULL, record, now_ms) &&
            peers_send_answer(peers, NULL, record, kind))
            peers_store_due(store, record, 0);
        if (record->due_ms != 0 && record->due_ms < next_ms)
            next_ms = record->due_ms;
    }
    store->due_ms = next_ms <= now_ms ? now_ms + 1 : next_ms; /* too much */
}

void
peers_talk_turn(struct peers *peers, uint64_t now_ms)
{
    for (unsigned kind = RECORD_KEYS; kind <= RECORD_STATUS; kind++)
        send_due(peers, (enum record_kind)kind, now_ms);
    if (!peers->trickle.is_said && now_ms >= peers->trickle.at_ms) {
        peers->trickle.is_said = true;
        if (!is_kept_quiet(peers, now_ms))
            say(peers, now_ms);
    }
    if (now_ms < peers->trickle.begun_ms + peers->trickle.len_ms)
        return;
    peers->trickle.len_ms *= 2;
    if (peers->trickle.len_ms > LONGEST_MS)
        peers->trickle.len_ms = LONGEST_MS;
    if (peers->trickle.len_ms < SHORTEST_MS)
        peers->trickle.len_ms = SHORTEST_MS; /* at the start */
    begin(peers, now_ms);
}

uint64_t
peers_talk_next(const struct peers *peers)
{
    uint64_t next_ms = peers->trickle.is_said ? peers->trickle.begun_ms + peers->trickle.len_ms
                                              : peers->trickle.at_ms;

    for (unsigned kind = RECORD_KEYS; kind <= RECORD_STATUS; kind++) {
        const struct peers_store *store = &peers->stores[kind];

        if (store->due > 0 && store->due_ms < next_ms)
            next_ms = store->due_ms;
    }
    return next_ms;
}
