/* see network.h: what goes wrong with it */
#include <string.h>

#include "keys_support.h"
#include "network_inner.h"

const struct network_counts *
network_counts(const struct network *network)
{
    return &network->counts;
}

unsigned
network_find(const struct network *network, uint64_t id)
{
    unsigned at = 0;

    while (at < WORLD_HOSTS_MAX && network->ids[at] != id)
        at++;
    return at;
}

uint64_t
network_keys_puts(const struct network *network, unsigned host)
{
    return network->keys_puts[host];
}

void
network_set_weather(struct network *network, const struct network_weather *weather)
{
    network->weather = *weather;
}

/* ---- links ---- */

static bool
are_stored(const struct network *network, unsigned a, unsigned b)
{
    return network->ports[a] != NULL && network->ports[b] != NULL && !network->is_store_cut[a] &&
           !network->is_store_cut[b];
}

/* Datagrams go both ways. */
static bool
are_heard(const struct network *network, unsigned a, unsigned b)
{
    const struct wish *wish = &network->world->wish;

    return !host_is_stale(&network->world->hosts[a]) && !host_is_stale(&network->world->hosts[b]) &&
           network->sockets[wish->is_group][a] != NULL &&
           network->sockets[wish->is_group][b] != NULL && !network->is_cut[a][b] &&
           !network->is_cut[b][a];
}

/* Without randomness nothing is sealed. */
static bool
can_talk(const struct host *host)
{
    return host_runs(host) && !host->system.is_source_broken && !host_is_out(host);
}

static bool
is_same_farm(const struct host *a, const struct host *b)
{
    const struct member *ours = host_service(a)->member, *theirs = host_service(b)->member;

    return memcmp(ours->farm.id, theirs->farm.id, sizeof ours->farm.id) == 0;
}

static bool
is_linked(const struct network *network, unsigned a, unsigned b)
{
    const struct host *hosts = network->world->hosts;

    return can_talk(&hosts[a]) && can_talk(&hosts[b]) && is_same_farm(&hosts[a], &hosts[b]) &&
           (are_stored(network, a, b) || are_heard(network, a, b));
}

void
network_links(struct network *network)
{
    struct world *world = network->world;

    for (unsigned a = 0; a < world->count; a++) {
        if (host_service(&world->hosts[a]) != NULL)
            network->ids[a] = host_service(&world->hosts[a])->maker;
        for (unsigned b = 0; b < world->count; b++) {
            uint64_t *since_ms = &world->hosts[a].linked_ms[b];

            if (a == b || !is_linked(network, a, b))
                *since_ms = 0;
            else if (*since_ms == 0)
                *since_ms = world->now_ms;
        }
    }
}

void
network_resume(struct network *network, unsigned host)
{
    network_links(network);
    net_catch_up(network, host);
}

static void
tell_state(struct network *network, unsigned host)
{
    struct net_message state = {.what = NET_STATE, .to = host};

    if (network->ports[host] != NULL)
        net_send(network, &state, 0);
}

void
network_cut(struct network *network, unsigned from, unsigned to, bool is_cut)
{
    network->is_cut[from][to] = is_cut;
    network_links(network);
}

void
network_cut_store(struct network *network, unsigned host, bool is_cut)
{
    if (network->is_store_cut[host] == is_cut)
        return;
    network->is_store_cut[host] = is_cut;
    network->store_ms[host] = network->world->now_ms;
    tell_state(network, host);
    if (!is_cut) {
        net_spread(network, host);
        net_catch_up(network, host);
    }
    network_links(network);
}

bool
network_is_store_cut(const struct network *network, unsigned host)
{
    return network->is_store_cut[host];
}

void
network_heal(struct network *network)
{
    unsigned count = network->world->count;

    for (unsigned a = 0; a < count; a++) {
        network_cut_store(network, a, false);
        for (unsigned b = 0; b < count; b++)
            network->is_cut[a][b] = false;
    }
    network_links(network);
}

uint64_t
network_store_ms(const struct network *network, unsigned host)
{
    if (network->is_store_cut[host])
        return 0;
    return network->store_ms[host] == 0 ? network->world->began_ms : network->store_ms[host];
}

/* ---- records that go, and that come back ---- */

/* The engines see it, and put theirs again. */
static void
put_all_again(struct network *network)
{
    for (unsigned from = 0; from < network->world->count; from++)
        net_spread(network, from);
}

void
network_wipe_store(struct network *network)
{
    for (unsigned from = 0; from < network->world->count; from++) {
        for (unsigned kind = 0; kind < NETWORK_KINDS; kind++)
            net_record_free(&network->stored[from][kind]);
    }
    put_all_again(network);
}

void
network_restore_old(struct network *network)
{
    for (unsigned from = 0; from < network->world->count; from++) {
        if (network->backup[from].bytes != NULL &&
            !net_record_copy(&network->stored[from][RECORD_KEYS], &network->backup[from]))
            (void)world_fail(network->world, "no memory");
    }
    put_all_again(network);
}

void
network_replay(struct network *network)
{
    unsigned count = network->world->count;
    struct net_message tell = {.what = NET_TELL, .kind = RECORD_KEYS};

    tell.from = (unsigned)rng_below(&network->world->rng, count);
    tell.record = network->backup[tell.from];
    if (rng_below(&network->world->rng, 2) == 0) {
        tell.what = NET_DATAGRAM;
        tell.is_group = network->world->wish.is_group;
        tell.record = network->before[tell.from];
    }
    for (tell.to = 0; tell.record.bytes != NULL && tell.to < count; tell.to++)
        net_send(network, &tell, 0);
}
