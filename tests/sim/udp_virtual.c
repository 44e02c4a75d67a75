/* io/udp.h between simulated hosts, whose addresses are 10.0.0.1, 10.0.0.2, ...: datagrams come
 * late, so in another order; twice; or not at all. */
#include "io/udp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys_support.h"
#include "network_inner.h"

struct udp {
    struct host *host;
    bool is_group;
    udp_fn *call;
    void *arg;
};

void
network_address(char out[ADDRESS_TEXT_MAX], unsigned host)
{
    (void)snprintf(out, ADDRESS_TEXT_MAX, "10.0.0.%u:7984", host + 1); /* fits */
}

static struct address
address_of(unsigned host)
{
    struct address address = {.len = 0};
    char text[ADDRESS_TEXT_MAX];

    network_address(text, host);
    (void)address_parse(&address, text); /* it is one */
    return address;
}

struct udp *
udp_open(struct loop *loop, const struct address *at, const char *interface, udp_fn *call,
         void *arg, struct err *err)
{
    struct host *host = world_inside();
    struct udp *udp = calloc(1, sizeof *udp);

    (void)loop, (void)interface;
    if (udp == NULL) {
        (void)err_set(err, "no memory"); /* always false */
        return NULL;
    }
    *udp = (struct udp){host, address_is_group(at), call, arg};
    host->world->network->sockets[udp->is_group][host->index] = udp;
    network_links(host->world->network);
    return udp;
}

void
udp_close(struct udp **udp)
{
    if (*udp == NULL)
        return;
    (*udp)->host->world->network->sockets[(*udp)->is_group][(*udp)->host->index] = NULL;
    free(*udp);
    *udp = NULL;
}

bool
udp_rejoin(struct udp *group, struct err *err)
{
    (void)group, (void)err;
    return true;
}

static void
send_to(struct network *network, unsigned from, unsigned to, bool is_group, const uint8_t *bytes,
        size_t len)
{
    uint8_t copy[UDP_LEN_MAX];
    struct net_message message = {.what = NET_DATAGRAM, .from = from, .to = to};

    message.is_group = is_group;
    message.record = (struct net_record){copy, len, 0};
    memcpy(copy, bytes, len);
    if (rng_below(&network->world->rng, 64) == 0 &&
        !net_record_copy(&network->before[from], &message.record))
        (void)world_fail(network->world, "no memory");
    net_send(network, &message, 0);
}

enum udp_sent
udp_send(const struct udp *udp, const struct address *to, const uint8_t *bytes, size_t len,
         struct err *err)
{
    struct network *network = udp->host->world->network;

    (void)err;
    if (!net_may_leave(udp->host))
        return UDP_SENT;
    for (unsigned i = 0; i < network->world->count; i++) {
        const struct address at = address_of(i);

        if (i != udp->host->index && address_equal(&at, to))
            send_to(network, udp->host->index, i, false, bytes, len);
    }
    return UDP_SENT;
}

enum udp_sent
udp_send_group(const struct udp *udp, const struct udp *group, const uint8_t *bytes, size_t len,
               struct err *err)
{
    struct network *network = udp->host->world->network;

    (void)group, (void)err;
    if (!net_may_leave(udp->host))
        return UDP_SENT;
    for (unsigned i = 0; i < network->world->count; i++)
        send_to(network, udp->host->index, i, true, bytes, len);
    return UDP_SENT;
}

struct host *
net_take_datagram(struct network *network, const struct net_message *message)
{
    const struct udp *udp = network->sockets[message->is_group][message->to];
    struct host *host = &network->world->hosts[message->to];
    const struct address from = address_of(message->from);

    if (udp == NULL || !host_runs(host) || network->is_cut[message->from][message->to])
        return NULL;
    if (net_happens(network, network->weather.lost)) {
        network->counts.lost++;
        return NULL;
    }
    if (net_happens(network, network->weather.repeated)) {
        network->counts.repeated++;
        net_send(network, message, 0);
    }
    network->counts.told++;
    world_enter(host);
    udp->call(udp->arg, message->record.bytes, message->record.len, &from);
    world_leave(host);
    return host;
}
