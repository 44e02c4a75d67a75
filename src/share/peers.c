/* The engine "peers": sealed records in datagrams, to a list of hosts or a group of multicast, and
 * no server. See docs/share-peers.md.
 *
 * Each host holds the newest record of every host, and announces and merges, no more: there are no
 * members that come and go, no failures to be detected, no order. Its own record goes to all when
 * it changes. Summaries of what is held, timed by Trickle (RFC 6206), find what was lost; who hears
 * one that lacks something sends it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mix.h"
#include "io/entropy.h"
#include "share/peers_inner.h"

#define AGAIN_MS 1000U  /* for what could not be opened */
#define LOOK_MS 8000U   /* for a group whose interface may have gone and come */
#define OVER_MS 60000U  /* a trouble that does not come again */
#define QUIET_MS 30000U /* without a word of others */

static const struct engine_option_kind options[] = {
    {"peers", "addresses and ports of the other hosts", ENGINE_TEXTS, false},
    {"multicast", "a group and port that all hosts of the farm join", ENGINE_TEXT, false},
    {"interface", "the network interface of the group", ENGINE_TEXT, false},
    {"listen", "this host's address and port (else all addresses, port 7984)", ENGINE_TEXTS, false},
    {NULL, NULL, ENGINE_TEXT, false},
};

/* ---- the state ---- */

/* It is so with another host already, and still: or two would take turns in the log. */
static bool
is_beside(const struct peers *peers, enum peers_trouble which, uint64_t now_ms)
{
    return which != PEERS_SOCKET && which != PEERS_SEAL && peers->troubles[which].text[0] != '\0' &&
           now_ms - peers->troubles[which].same_ms <= OVER_MS;
}

void
peers_trouble(struct peers *peers, enum peers_trouble which, const char *text)
{
    uint64_t now_ms = loop_now_ms(peers->loop);

    peers->troubles[which].last_ms = now_ms;
    if (strcmp(peers->troubles[which].text, text) == 0) {
        peers->troubles[which].same_ms = now_ms;
        return;
    }
    if (is_beside(peers, which, now_ms) && text[0] != '\0')
        return;
    peers->troubles[which].same_ms = now_ms;
    if (peers->troubles[which].text[0] == '\0')
        peers->troubles[which].since_ms = now_ms;
    (void)snprintf(peers->troubles[which].text, sizeof peers->troubles[which].text, "%s",
                   text); /* of the same size */
    peers->is_state_new = true;
    peers->well_ms = now_ms;
}

/* Those that are not said to be over, and whether others are heard. */
static void
look_back(struct peers *peers, uint64_t now_ms)
{
    bool is_quiet = now_ms - (peers->heard_ms == 0 ? peers->begun_ms : peers->heard_ms) > QUIET_MS;

    for (unsigned which = PEERS_SEND; which < PEERS_TROUBLES; which++) {
        if (peers->troubles[which].text[0] != '\0' &&
            now_ms - peers->troubles[which].last_ms > OVER_MS)
            peers_trouble(peers, (enum peers_trouble)which, "");
    }
    peers->is_state_new = peers->is_state_new || is_quiet != peers->is_quiet;
    peers->is_quiet = is_quiet;
}

static void
state(const struct engine *engine, struct engine_state *out)
{
    const struct peers *peers = (const void *)engine;
    bool is_alone = peers->heard_ms == 0;
    size_t which = 0;

    while (which < PEERS_TROUBLES && peers->troubles[which].text[0] == '\0')
        which++;
    out->is_well = which == PEERS_TROUBLES && !is_alone;
    out->since_ms = is_alone ? peers->begun_ms : peers->well_ms;
    if (which < PEERS_TROUBLES) {
        out->since_ms = peers->troubles[which].since_ms;
        memcpy(out->text, peers->troubles[which].text, sizeof out->text);
    } else if (is_alone || peers->is_quiet) {
        (void)snprintf(out->text, sizeof out->text,
                       "%sno other host is heard%s: do datagrams get through, do hosts list each "
                       "other, are they of this farm, is our clock right?",
                       is_alone ? "" : "well; but ",
                       is_alone ? " since the start" : " any more"); /* fits */
    } else {
        (void)snprintf(out->text, sizeof out->text, "well"); /* fits */
    }
}

/* ---- turns ---- */

uint64_t
peers_random(struct peers *peers, uint64_t below)
{
    uint64_t x = mix_next(&peers->rng); /* it only spreads moments */

    return below == 0 ? 0 : x % below;
}

static uint64_t
least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void
peers_after(struct peers *peers)
{
    uint64_t now_ms = loop_now_ms(peers->loop);
    uint64_t next_ms =
        least(least(peers_talk_next(peers), peers_list_next(peers, now_ms)), peers->look_ms);

    if (peers->job_count > 0)
        next_ms = least(next_ms, peers->send_ms);
    /* it has a place in the loop since start(), so this does not fail */
    (void)loop_timer_set(peers->turn, next_ms > now_ms ? next_ms - now_ms : 0);
    if (!peers->is_state_new)
        return;
    peers->is_state_new = false;
    peers->events.state(peers->events.arg);
}

/* Open what is not open. */
static bool
open_all(struct peers *peers, struct err *err)
{
    const struct address *group = &peers->group;

    for (unsigned v6 = 0; v6 < 2; v6++) {
        if (peers->udp[v6] == NULL && peers->listen[v6].len > 0)
            peers->udp[v6] =
                udp_open(peers->loop, &peers->listen[v6], NULL, peers_hear_one, peers, err);
        if (peers->udp[v6] == NULL && peers->listen[v6].len > 0)
            return false;
    }
    if (group->len == 0)
        return true;
    if (peers->udp_group != NULL)
        return udp_rejoin(peers->udp_group, err);
    peers->udp_group = udp_open(peers->loop, group, peers->interface, peers_hear_group, peers, err);
    return peers->udp_group != NULL;
}

static void
look(struct peers *peers, uint64_t now_ms)
{
    bool was_open = peers->look_ms != 0 && peers->troubles[PEERS_SOCKET].text[0] == '\0';
    struct err err = {""};
    bool is_open = open_all(peers, &err);

    if (!is_open)
        (void)err_add(&err, "hosts do not hear each other; it is tried again each second");
    peers_trouble(peers, PEERS_SOCKET, is_open ? "" : err.text);
    peers->look_ms = now_ms + (is_open ? LOOK_MS : AGAIN_MS);
    if (!is_open || was_open)
        return;
    peers_talk_anew(peers, now_ms); /* what was put meanwhile went nowhere */
    for (unsigned kind = RECORD_KEYS; kind <= RECORD_STATUS; kind++) {
        const struct peers_record *own = peers_store_find(&peers->stores[kind], peers->host);

        if (own != NULL && own->is_put)
            peers_send_own(peers, own, (enum record_kind)kind);
    }
}

static void
on_turn(void *arg)
{
    struct peers *peers = arg;
    uint64_t now_ms = loop_now_ms(peers->loop);

    if (now_ms >= peers->look_ms)
        look(peers, now_ms);
    look_back(peers, now_ms);
    peers_talk_turn(peers, now_ms);
    peers_send_some(peers, now_ms);
    peers_list_turn(peers, now_ms);
    peers_after(peers);
}

/* ---- calls ---- */

static void
stop(struct engine **engine)
{
    struct peers *peers = (void *)*engine;

    if (peers == NULL)
        return;
    loop_timer_free(&peers->turn);
    udp_close(&peers->udp_group);
    for (unsigned v6 = 0; v6 < 2; v6++)
        udp_close(&peers->udp[v6]);
    for (unsigned kind = 0; kind < PEERS_KINDS; kind++)
        peers_store_free(&peers->stores[kind]);
    peers_pile_free(&peers->piles);
    free(peers->hosts);
    free(peers->peers);
    free(peers->interface);
    free(peers);
    *engine = NULL;
}

static struct engine *
start(const struct engine_setup *setup, struct err *err)
{
    struct peers *peers = calloc(1, sizeof *peers);
    struct engine *engine;

    if (peers == NULL) {
        (void)err_set(err, "peers: no memory"); /* always false */
        return NULL;
    }
    peers->engine.kind = &engine_peers;
    peers->loop = setup->loop;
    peers->events = setup->events;
    peers->seal = setup->seal;
    peers->host = setup->host;
    (void)snprintf(peers->keyset, sizeof peers->keyset, "%s", setup->keyset); /* fits */
    peers->begun_ms = peers->well_ms = loop_now_ms(setup->loop);
    peers->rng = setup->host ^ peers->begun_ms;
    (void)entropy_get(&peers->rng, sizeof peers->rng, NULL); /* else hosts differ by their ids */
    peers->turn = loop_timer_new(setup->loop, on_turn, peers, err);
    engine = &peers->engine;
    if (!peers_options_take(peers, setup->options, setup->option_count) || peers->turn == NULL ||
        !loop_timer_set(peers->turn, 0)) {
        (void)err_set(err, "peers: no memory"); /* always false */
        stop(&engine);
    }
    return engine;
}

static bool
put(struct engine *engine, enum record_kind kind, const uint8_t *bytes, size_t len, struct err *err)
{
    struct peers *peers = (void *)engine;
    struct peers_store *store = &peers->stores[kind];
    struct record_head head;
    struct peers_pair pair;
    uint64_t now_ms = loop_now_ms(peers->loop);

    if (len == 0 || record_peek(&head, bytes, len) != RECORD_OPENED || head.kind != kind ||
        head.sender != peers->host || strcmp(head.keyset, peers->keyset) != 0)
        return err_set(err, "%zu bytes that are no record of this host", len);
    pair = (struct peers_pair){head.sender, head.sequence};
    switch (peers_store_take(store, &pair, bytes, len, true, now_ms)) {
    case PEERS_TAKEN: peers_send_own(peers, peers_store_find(store, head.sender), kind); break;
    case PEERS_KNOWN:
    case PEERS_OLDER: break; /* others told us of a newer one, and so they did our caller */
    case PEERS_FULL:
    default: return err_set(err, "peers: no memory for a record");
    }
    if (kind == RECORD_KEYS) {
        peers_talk_anew(peers, now_ms);
        peers_list_want(peers, now_ms); /* it is soon asked who has them */
    }
    (void)loop_timer_set(peers->turn, 0); /* as in peers_after() */
    return true;
}

static void
list(struct engine *engine, enum record_kind kind)
{
    struct peers *peers = (void *)engine;

    peers->lists[kind].is_wanted = true;
    if (kind == RECORD_STATUS)
        peers_list_want(peers, loop_now_ms(peers->loop));
    (void)loop_timer_set(peers->turn, 0); /* as in peers_after() */
}

const struct engine_kind engine_peers = {
    .name = "peers",
    .summary = "datagrams from host to host, by list or multicast; no server",
    .options = options,
    .has_sockets = true,
    .check = peers_options_check,
    .start = start,
    .put = put,
    .list = list,
    .state = state,
    .stop = stop,
};
