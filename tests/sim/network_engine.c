/* see network.h: the two engines, as share/engine.h has them, and the table of all kinds */
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
start(const struct engine_setup *setup, unsigned net, const struct engine_kind *kind,
      struct err *err)
{
    struct host *host = world_inside();
    struct network *network = host->world->network;
    struct net_port *port = calloc(1, sizeof *port);

    if (port == NULL) {
        (void)err_set(err, "no memory"); /* always false */
        return NULL;
    }
    *port = (struct net_port){.engine = {kind}, .host = host, .net = net, .events = setup->events};
    port->since_ms = loop_now_ms(setup->loop);
    network->ports[net][host->index] = port;
    network->port_ids[net][host->index]++;
    network->ids[host->index] = setup->host;
    net_catch_up(network, net, host->index);
    return &port->engine;
}

static struct engine *
start_store(const struct engine_setup *setup, struct err *err)
{
    return start(setup, NET_STORE, &engine_store, err);
}

static struct engine *
start_mesh(const struct engine_setup *setup, struct err *err)
{
    return start(setup, NET_MESH, &engine_mesh, err);
}

static void
stop(struct engine **engine)
{
    struct net_port *port = (void *)*engine;

    if (port == NULL)
        return;
    network_of(port)->ports[port->net][port->host->index] = NULL;
    for (unsigned kind = 0; kind < NETWORK_KINDS; kind++)
        net_record_free(&port->own[kind]);
    for (unsigned i = 0; i < WORLD_HOSTS_MAX; i++)
        net_record_free(&port->held[i]);
    free(port);
    *engine = NULL;
}

/* The put after which the host is killed is the first that does not leave it. */
static bool
may_leave(struct host *host)
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

    if (!may_leave(port->host))
        return true;
    record.bytes = malloc(len);
    if (record.bytes == NULL)
        return err_set(err, "no memory");
    memcpy(record.bytes, bytes, len);
    record.version = ++network->versions;
    if (kind == RECORD_KEYS && port->own[kind].bytes != NULL &&
        !net_record_copy(&network->before[port->host->index], &port->own[kind])) {
        free(record.bytes);
        return err_set(err, "no memory");
    }
    net_record_free(&port->own[kind]);
    port->own[kind] = record;
    network->counts.puts[kind]++;
    if (kind == RECORD_KEYS)
        network->keys_puts[port->host->index]++;
    if (kind == RECORD_KEYS && !net_record_copy(&port->held[port->host->index], &port->own[kind]))
        return err_set(err, "no memory");
    net_spread(network, port->net, port->host->index, port->host->index);
    return true;
}

static void
list(struct engine *engine, enum record_kind kind)
{
    struct net_port *port = (void *)engine;
    struct network *network = network_of(port);
    unsigned index = port->host->index;
    struct net_message ask = {.what = NET_ASK, .net = port->net, .to = index, .kind = kind};

    ask.port_id = network->port_ids[port->net][index];
    network->counts.lists++;
    net_send(network, &ask, 0);
}

static void
state(const struct engine *engine, struct engine_state *out)
{
    const struct net_port *port = (const void *)engine;
    const struct network *network = network_of(port);
    bool is_cut = port->net == NET_STORE && network->is_store_cut[port->host->index];
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
    .start = start_store,
    .put = put,
    .list = list,
    .state = state,
    .stop = stop,
};

const struct engine_kind engine_mesh = {
    .name = "mesh",
    .summary = "hosts that tell each other, in a simulation",
    .options = options,
    .check = check,
    .start = start_mesh,
    .put = put,
    .list = list,
    .state = state,
    .stop = stop,
};

/* In the place of share/table.c. */
const struct engine_kind *const engine_kinds[] = {&engine_store, &engine_mesh, NULL};
