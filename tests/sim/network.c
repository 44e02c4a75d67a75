/* see network.h: what becomes of messages */
#include "network.h"

#include <stdlib.h>

#include "keys_support.h"
#include "network_inner.h"

#define TIMEOUT_MS 2000U /* until a host that is cut off from the store gives up a list */
#define PAUSED_MS 1000U  /* until a host that stands still is tried again */

struct network *
network_new(struct world *world)
{
    struct network *network = calloc(1, sizeof *network);

    if (network != NULL)
        network->world = world;
    return network;
}

void
network_free(struct network **network)
{
    if (*network == NULL)
        return;
    while ((*network)->count > 0) {
        struct net_message message = net_take(*network);

        net_record_free(&message.record);
    }
    for (unsigned i = 0; i < WORLD_HOSTS_MAX; i++) {
        net_record_free(&(*network)->before[i]);
        net_record_free(&(*network)->backup[i]);
        for (unsigned kind = 0; kind < NETWORK_KINDS; kind++)
            net_record_free(&(*network)->stored[i][kind]);
    }
    free((*network)->queue);
    free(*network);
    *network = NULL;
}

/* ---- who is told what ---- */

static void
put_to_store(struct network *network, unsigned from, enum record_kind kind)
{
    const struct net_port *port = network->ports[from];
    struct net_message put = {.what = NET_PUT, .from = from, .kind = kind};

    put.record = port->own[kind];
    if (put.record.bytes != NULL && network->stored[from][kind].version != put.record.version)
        net_send(network, &put, 0);
}

void
net_spread(struct network *network, unsigned from)
{
    if (network->ports[from] == NULL)
        return;
    put_to_store(network, from, RECORD_KEYS);
    put_to_store(network, from, RECORD_STATUS);
}

/* Of the sender's keys, unless it was told that already. */
static void
tell_keys(struct network *network, const struct net_message *tell)
{
    const struct net_port *port = network->ports[tell->to];

    if (port == NULL || tell->record.bytes == NULL || tell->to == tell->from)
        return;
    if (port->held[tell->from].version != tell->record.version && !network->is_store_cut[tell->to])
        net_send(network, tell, 0);
}

void
net_catch_up(struct network *network, unsigned to)
{
    struct net_message tell = {.what = NET_TELL, .to = to, .kind = RECORD_KEYS};

    for (tell.from = 0; tell.from < network->world->count; tell.from++) {
        tell.record = network->stored[tell.from][RECORD_KEYS];
        tell_keys(network, &tell);
    }
}

/* ---- messages that arrive ---- */

static void
take_put(struct network *network, const struct net_message *message)
{
    struct net_record *stored = &network->stored[message->from][message->kind];
    struct net_message tell = *message;

    if (network->is_store_cut[message->from] || stored->version >= message->record.version)
        return;
    if ((message->kind == RECORD_KEYS &&
         !net_record_copy(&network->backup[message->from], stored)) ||
        !net_record_copy(stored, &message->record))
        (void)world_fail(network->world, "no memory");
    tell.what = NET_TELL;
    for (tell.to = 0; tell.kind == RECORD_KEYS && tell.to < network->world->count; tell.to++)
        tell_keys(network, &tell);
}

bool
net_happens(struct network *network, unsigned percent)
{
    return rng_below(&network->world->rng, 100) < percent;
}

static void
tell(struct net_port *port, unsigned whose, enum record_kind kind, const struct net_record *record)
{
    const struct engine_name name = {kind, port->host->world->network->ids[whose]};

    port->host->world->network->counts.told++;
    port->events.record(port->events.arg, &name, record->bytes, record->len);
}

static void
take_tell(struct network *network, const struct net_message *message)
{
    struct net_port *port = network->ports[message->to];
    struct net_record *held = &port->held[message->from];

    if (network->is_store_cut[message->to])
        return;
    if (net_happens(network, network->weather.repeated)) {
        network->counts.repeated++;
        net_send(network, message, 0);
    }
    if (held->version < message->record.version && !net_record_copy(held, &message->record))
        (void)world_fail(network->world, "no memory");
    tell(port, message->from, message->kind, &message->record);
}

/* The store's answer is all that it has; what it does not answer ends in time, too. */
static void
list_store(struct network *network, struct net_port *port, const struct net_message *message)
{
    struct net_message done = *message;

    if (network->is_store_cut[message->to]) {
        done.what = NET_DONE;
        net_send(network, &done, TIMEOUT_MS);
        return;
    }
    for (unsigned from = 0; from < network->world->count; from++) {
        if (network->stored[from][message->kind].bytes != NULL)
            tell(port, from, message->kind, &network->stored[from][message->kind]);
    }
    port->events.complete(port->events.arg, message->kind, true);
}

static void
call(struct network *network, const struct net_message *message)
{
    struct net_port *port = network->ports[message->to];
    bool is_same = message->port_id == network->port_ids[message->to];

    if (message->what == NET_TELL)
        take_tell(network, message);
    else if (message->what == NET_STATE)
        port->events.state(port->events.arg);
    else if (message->what == NET_ASK && is_same)
        list_store(network, port, message);
    else if (message->what == NET_DONE && is_same)
        port->events.complete(port->events.arg, message->kind, false);
}

/* For the store's engine at a host; NULL: there is none that runs. */
static struct host *
take_message(struct network *network, const struct net_message *message)
{
    struct host *host = &network->world->hosts[message->to];

    if (host->stekd != NULL && host->paused_ms != 0) {
        if (message->what != NET_TELL) /* what it is told then, it catches up with */
            net_send(network, message, PAUSED_MS);
        return NULL;
    }
    if (network->ports[message->to] == NULL)
        return NULL;
    world_enter(host);
    call(network, message);
    world_leave(host);
    return host;
}

struct host *
network_step(struct network *network)
{
    struct net_message message = net_take(network);
    struct host *host = NULL;

    if (message.what == NET_PUT)
        take_put(network, &message);
    else if (message.what == NET_DATAGRAM)
        host = net_take_datagram(network, &message);
    else
        host = take_message(network, &message);
    net_record_free(&message.record);
    return host;
}
