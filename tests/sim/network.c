/* see network.h: what becomes of messages */
#include "network.h"

#include <stdlib.h>

#include "keys_support.h"
#include "network_inner.h"

#define RETRY_MS 300U    /* until what was lost is sent again, and up to as long after that */
#define TIMEOUT_MS 2000U /* until a host that is cut off from the store gives up a list */
#define SYNC_MS 3000U    /* until hosts of the mesh compare what they hold */
#define PAUSED_MS 1000U  /* until a host that stands still is tried again */
#define ANSWER_MS 200U   /* that a host waits for the last answers of the others */

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

bool
net_reaches(const struct network *network, unsigned net, unsigned from, unsigned to)
{
    return net == NET_STORE ? !network->is_store_cut[to] : !network->is_cut[from][to];
}

/* ---- who is told what ---- */

static void
put_to_store(struct network *network, unsigned from, enum record_kind kind)
{
    const struct net_port *port = network->ports[NET_STORE][from];
    struct net_message put = {.what = NET_PUT, .net = NET_STORE, .from = from, .kind = kind};

    put.whose = from;
    put.record = port->own[kind];
    if (put.record.bytes != NULL && network->stored[from][kind].version != put.record.version)
        net_send(network, &put, 0);
}

/* Of the keys of `whose`, unless it was told that already. */
static void
tell_keys(struct network *network, const struct net_message *tell)
{
    const struct net_port *port = network->ports[tell->net][tell->to];
    uint64_t version = tell->record.version;
    bool is_news;

    if (port == NULL || tell->record.bytes == NULL || tell->to == tell->whose)
        return;
    is_news = tell->net == NET_STORE ? port->held[tell->whose].version != version
                                     : port->held[tell->whose].version < version;
    if (is_news && net_reaches(network, tell->net, tell->from, tell->to))
        net_send(network, tell, 0);
}

void
net_spread(struct network *network, unsigned net, unsigned from, unsigned whose)
{
    const struct net_port *port = network->ports[net][from];
    struct net_message tell = {.what = NET_TELL, .net = net, .from = from, .whose = whose};

    if (port == NULL)
        return;
    if (net == NET_STORE) {
        put_to_store(network, from, RECORD_KEYS);
        put_to_store(network, from, RECORD_STATUS);
        return;
    }
    tell.kind = RECORD_KEYS;
    tell.record = port->held[whose];
    for (tell.to = 0; tell.to < network->world->count; tell.to++) {
        if (tell.to != from)
            tell_keys(network, &tell);
    }
}

/* All that one other holds in the mesh. */
static void
catch_up_with(struct network *network, unsigned from, unsigned to)
{
    const struct net_port *other = network->ports[NET_MESH][from];
    struct net_message tell = {.what = NET_TELL, .net = NET_MESH, .from = from, .to = to};

    if (from == to || other == NULL)
        return;
    tell.kind = RECORD_KEYS;
    for (tell.whose = 0; tell.whose < network->world->count; tell.whose++) {
        tell.record = other->held[tell.whose];
        tell_keys(network, &tell);
    }
}

void
net_catch_up(struct network *network, unsigned net, unsigned to)
{
    struct net_message tell = {.what = NET_TELL, .net = net, .to = to, .kind = RECORD_KEYS};

    for (unsigned from = 0; from < network->world->count; from++) {
        tell.from = tell.whose = from;
        tell.record = network->stored[from][RECORD_KEYS];
        if (net == NET_STORE)
            tell_keys(network, &tell);
        else
            catch_up_with(network, from, to);
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

static bool
happens(struct network *network, unsigned percent)
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

/* It has this record now, and in the mesh passes it on. */
static void
hold(struct network *network, struct net_port *port, const struct net_message *message)
{
    struct net_record *held = &port->held[message->whose];

    if (held->version >= message->record.version)
        return;
    if (!net_record_copy(held, &message->record))
        (void)world_fail(network->world, "no memory");
    if (message->net == NET_MESH)
        net_spread(network, NET_MESH, message->to, message->whose);
}

/* In the mesh others may have what was lost on a way that is cut. */
static void
sync_later(struct network *network, const struct net_message *message)
{
    struct net_message sync = {.what = NET_SYNC, .net = NET_MESH, .to = message->to};

    if (message->net == NET_MESH)
        net_send(network, &sync, SYNC_MS);
}

static void
take_tell(struct network *network, const struct net_message *message)
{
    struct net_port *port = network->ports[message->net][message->to];
    unsigned lost = message->net == NET_MESH ? network->weather.lost : 0;

    if (port == NULL)
        return;
    if (!net_reaches(network, message->net, message->from, message->to)) {
        sync_later(network, message);
        return;
    }
    if (happens(network, lost)) {
        network->counts.lost++;
        if (!message->is_answer)
            net_send(network, message, RETRY_MS + rng_below(&network->world->rng, RETRY_MS));
        return;
    }
    if (happens(network, network->weather.repeated)) {
        network->counts.repeated++;
        net_send(network, message, 0);
    }
    if (message->kind == RECORD_KEYS)
        hold(network, port, message);
    tell(port, message->whose, message->kind, &message->record);
}

/* All that the host itself holds of others' keys. */
static void
tell_held(struct network *network, struct net_port *port)
{
    for (unsigned whose = 0; whose < network->world->count; whose++) {
        if (port->held[whose].bytes != NULL)
            tell(port, whose, RECORD_KEYS, &port->held[whose]);
    }
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
list_mesh(struct network *network, const struct net_message *message)
{
    struct net_message answer = *message, done = *message;
    unsigned to = message->to;

    done.is_whole = true;
    answer.what = NET_TELL;
    answer.is_answer = true;
    for (unsigned from = 0; from < network->world->count; from++) {
        const struct net_port *other = network->ports[NET_MESH][from];

        if (from == to)
            continue;
        if (other == NULL || !host_runs(other->host) || network->is_cut[to][from])
            continue; /* nobody can tell it from one that is not there any more */
        answer.from = answer.whose = from;
        answer.record = other->own[message->kind];
        if (answer.record.bytes != NULL)
            net_send(network, &answer, 0);
        answer.whose = to; /* what it holds of ours, from before */
        answer.record = other->held[to];
        if (message->kind == RECORD_KEYS && answer.record.bytes != NULL)
            net_send(network, &answer, 0);
    }
    done.what = NET_DONE;
    net_send(network, &done, network->weather.delay_max_ms + ANSWER_MS);
}

static void
end_list(struct network *network, struct net_port *port, const struct net_message *message)
{
    if (message->net == NET_MESH && message->kind == RECORD_KEYS)
        tell_held(network, port);
    port->events.complete(port->events.arg, message->kind, message->is_whole);
}

static void
call(struct network *network, const struct net_message *message)
{
    struct net_port *port = network->ports[message->net][message->to];
    bool is_same = message->port_id == network->port_ids[message->net][message->to];

    if (message->what == NET_TELL)
        take_tell(network, message);
    else if (message->what == NET_SYNC)
        net_catch_up(network, message->net, message->to);
    else if (message->what == NET_STATE)
        port->events.state(port->events.arg);
    else if (message->what == NET_ASK && is_same && message->net == NET_STORE)
        list_store(network, port, message);
    else if (message->what == NET_ASK && is_same)
        list_mesh(network, message);
    else if (message->what == NET_DONE && is_same)
        end_list(network, port, message);
}

struct host *
network_step(struct network *network)
{
    struct net_message message = net_take(network);
    struct host *host = &network->world->hosts[message.to];
    bool is_had = false;

    if (message.what == NET_PUT) {
        take_put(network, &message);
    } else if (host->stekd != NULL && host->paused_ms != 0) {
        if (message.what != NET_TELL) /* what it is told then, it catches up with */
            net_send(network, &message, PAUSED_MS);
    } else if (network->ports[message.net][message.to] != NULL) {
        is_had = true;
        world_enter(host);
        call(network, &message);
        world_leave(host);
    }
    net_record_free(&message.record);
    return is_had ? host : NULL;
}
