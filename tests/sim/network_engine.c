/* see network.h: the store, as share/engine.h has engines, and the table of all kinds */
#include <stdlib.h>
#include <string.h>

#include "network_inner.h"

static const struct engine_option_kind options[] = {{NULL, NULL, ENGINE_TEXT, false}};

static bool
check(const struct engine_option *given, size_t count, struct err *err)
{
    (void)given, (void)count, (void)err;
    return true;
}

static struct network *
network_of(const struct net_port *port)
{
    return port->host->world->network;
}

static struct engine *
start(const struct engine_setup *setup, struct err *err)
{
    struct host *host = world_inside();
    struct network *network = host->world->network;
    struct net_port *port = calloc(1, sizeof *port);

    if (port == NULL) {
        (void)err_set(err, "no memory"); /* always false */
        return NULL;
    }
    *port = (struct net_port){.engine = {&engine_store}, .host = host, .events = setup->events};
    port->since_ms = loop_now_ms(setup->loop);
    network->ports[host->index] = port;
    network->port_ids[host->index]++;
    net_catch_up(network, host->index);
    return &port->engine;
}

static void
stop(struct engine **engine)
{
    struct net_port *port = (void *)*engine;

    if (port == NULL)
        return;
    network_of(port)->ports[port->host->index] = NULL;
    for (unsigned kind = 0; kind < NETWORK_KINDS; kind++)
        net_record_free(&port->own[kind]);
    for (unsigned i = 0; i < WORLD_HOSTS_MAX; i++)
        net_record_free(&port->held[i]);
    free(port);
    *engine = NULL;
}

bool
net_may_leave(struct host *host)
{
    if (host->dies_in > 0 && --host->dies_in == 0)
        host->is_dying = true;
    return !host->is_dying;
}

static bool
put(struct engine *engine, enum record_kind kind, const uint8_t *bytes, size_t len, struct err *err)
{
    struct net_port *port = (void *)engine;
    struct network *network = network_of(port);
    struct net_record record = {.len = len};

    if (!net_may_leave(port->host))
        return true;
    record.bytes = malloc(len);
    if (record.bytes == NULL)
        return err_set(err, "no memory");
    memcpy(record.bytes, bytes, len);
    record.version = ++network->versions;
    net_record_free(&port->own[kind]);
    port->own[kind] = record;
    network->counts.puts[kind]++;
    if (kind == RECORD_KEYS)
        network->keys_puts[port->host->index]++;
    net_spread(network, port->host->index);
    return true;
}

static void
list(struct engine *engine, enum record_kind kind)
{
    struct net_port *port = (void *)engine;
    struct network *network = network_of(port);
    unsigned index = port->host->index;
    struct net_message ask = {.what = NET_ASK, .to = index, .kind = kind};

    ask.port_id = network->port_ids[index];
    network->counts.lists++;
    net_send(network, &ask, 0);
}

static void
state(const struct engine *engine, struct engine_state *out)
{
    const struct net_port *port = (const void *)engine;
    const struct network *network = network_of(port);
    bool is_cut = network->is_store_cut[port->host->index];
    struct err text = {""};

    (void)err_set(&text, is_cut ? "the store cannot be reached" : "well"); /* always false */
    out->is_well = !is_cut;
    out->since_ms = port->since_ms;
    memcpy(out->text, text.text, sizeof out->text);
}

const struct engine_kind engine_store = {
    .name = "store",
    .summary = "a server that keeps records, in a simulation",
    .options = options,
    .check = check,
    .start = start,
    .put = put,
    .list = list,
    .state = state,
    .stop = stop,
};

/* In the place of share/table.c. */
const struct engine_kind *const engine_kinds[] = {&engine_store, &engine_peers, NULL};
