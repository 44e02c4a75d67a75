/* see crowd.h: io/loop.h and io/udp.h, of which it has what the engine uses. A loop is a host. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crowd_inner.h"

struct udp {
    struct crowd_host *host;
    bool is_group;
    udp_fn *call;
    void *arg;
};

struct crowd_datagram {
    unsigned from, users; /* at how many hosts it waits */
    bool is_group;
    size_t len;
    uint64_t due_ms;
    uint8_t bytes[];
};

static struct crowd_host *
host_of(const struct loop *loop)
{
    return (struct crowd_host *)(uintptr_t)loop;
}

/* ---- io/loop.h ---- */

struct loop_timer *
loop_timer_new(struct loop *loop, loop_fn *call, void *arg, struct err *err)
{
    struct crowd_host *host = host_of(loop);

    (void)err;
    host->turn = call;
    host->turn_arg = arg;
    return (struct loop_timer *)(void *)loop; /* a host has one */
}

bool
loop_timer_set(struct loop_timer *timer, uint64_t after_ms)
{
    host_of((void *)timer)->due_ms = crowd_now->now_ms + after_ms;
    return true;
}

void
loop_timer_free(struct loop_timer **timer)
{
    *timer = NULL;
}

uint64_t
loop_now_ms(const struct loop *loop)
{
    return host_of(loop)->crowd->now_ms;
}

/* For other engines, which are not at work here. */
struct event_base *
loop_base(struct loop *loop)
{
    (void)loop;
    return NULL;
}

struct watch_hub **
loop_watches(struct loop *loop)
{
    (void)loop;
    return NULL;
}

/* ---- io/udp.h ---- */

void
crowd_address(char out[ADDRESS_TEXT_MAX], unsigned host)
{
    (void)snprintf(out, ADDRESS_TEXT_MAX, "10.0.%u.%u:7984", host / 256, host % 256); /* fits */
}

/* The other way round. */
static unsigned
index_of(const struct address *address)
{
    struct sockaddr_in in;

    memcpy(&in, address->bytes, sizeof in);
    return ntohl(in.sin_addr.s_addr) & 0xffff;
}

struct udp *
udp_open(struct loop *loop, const struct address *at, const char *interface, udp_fn *call,
         void *arg, struct err *err)
{
    struct udp *udp = calloc(1, sizeof *udp);

    (void)interface, (void)err;
    if (udp == NULL)
        return NULL;
    *udp = (struct udp){host_of(loop), address_is_group(at), call, arg};
    udp->host->sockets[udp->is_group] = udp;
    return udp;
}

void
udp_close(struct udp **udp)
{
    free(*udp);
    *udp = NULL;
}

bool
udp_rejoin(struct udp *group, struct err *err)
{
    (void)group, (void)err;
    return true;
}

static struct crowd_datagram *
datagram_of(const struct udp *udp, bool is_group, const uint8_t *bytes, size_t len)
{
    struct crowd_datagram *datagram = malloc(sizeof *datagram + len);

    if (datagram == NULL)
        abort();
    *datagram = (struct crowd_datagram){.from = udp->host->index,
                                        .users = 1,
                                        .is_group = is_group,
                                        .len = len,
                                        .due_ms = crowd_now->now_ms + 1};
    memcpy(datagram->bytes, bytes, len);
    return datagram;
}

static void
release(struct crowd_datagram *datagram)
{
    if (--datagram->users == 0)
        free(datagram);
}

static void
send_to(struct crowd_host *host, struct crowd_datagram *datagram)
{
    struct crowd *crowd = host->crowd;

    if (host->waiting_count == CROWD_WAITING_MAX)
        return;
    host->waiting[(host->first + host->waiting_count++) % CROWD_WAITING_MAX] = datagram;
    datagram->users++;
    crowd->on_way++;
}

enum udp_sent
udp_send(const struct udp *udp, const struct address *to, const uint8_t *bytes, size_t len,
         struct err *err)
{
    unsigned index = index_of(to);
    struct crowd_datagram *datagram = datagram_of(udp, false, bytes, len);

    (void)err;
    if (index < crowd_now->setup.hosts)
        send_to(&crowd_now->hosts[index], datagram);
    release(datagram);
    return UDP_SENT;
}

enum udp_sent
udp_send_group(const struct udp *udp, const struct udp *group, const uint8_t *bytes, size_t len,
               struct err *err)
{
    struct crowd_datagram *datagram = datagram_of(udp, true, bytes, len);

    (void)group, (void)err;
    for (unsigned i = 0; i < crowd_now->setup.hosts; i++)
        send_to(&crowd_now->hosts[i], datagram);
    release(datagram);
    return UDP_SENT;
}

void
crowd_forget(struct crowd_host *host)
{
    for (; host->waiting_count > 0; host->waiting_count--) {
        release(host->waiting[host->first]);
        host->first = (host->first + 1) % CROWD_WAITING_MAX;
        host->crowd->on_way--;
    }
}

/* ---- time ---- */

static bool
take(struct crowd_host *host)
{
    struct crowd_datagram *datagram;
    const struct udp *udp;

    if (host->waiting_count == 0 || host->waiting[host->first]->due_ms > host->crowd->now_ms)
        return false;
    datagram = host->waiting[host->first];
    host->first = (host->first + 1) % CROWD_WAITING_MAX;
    host->waiting_count--;
    host->crowd->on_way--;
    udp = host->sockets[datagram->is_group];
    udp->call(udp->arg, datagram->bytes, datagram->len, &crowd_now->hosts[datagram->from].at);
    release(datagram);
    return true;
}

/* Each host's turn, and a datagram of each in turn until none is left, or it has been enough. */
static void
pass(struct crowd *crowd)
{
    unsigned hosts = crowd->setup.hosts, left = crowd->setup.at_a_ms;
    bool has_taken = true;

    for (unsigned i = 0; i < hosts; i++) {
        struct crowd_host *host = &crowd->hosts[i];

        for (unsigned n = 0; n < 64 && host->due_ms <= crowd->now_ms; n++) {
            host->due_ms = UINT64_MAX;
            host->turn(host->turn_arg);
        }
    }
    while (has_taken && crowd->on_way > 0) {
        has_taken = false;
        for (unsigned i = 0; i < hosts; i++) {
            if (!take(&crowd->hosts[crowd->turn++ % hosts]))
                continue;
            has_taken = true;
            if (left > 0 && --left == 0)
                return;
        }
    }
}

static uint64_t
next_ms(const struct crowd *crowd)
{
    uint64_t next = UINT64_MAX;

    if (crowd->on_way > 0)
        return crowd->now_ms + 1;
    for (unsigned i = 0; i < crowd->setup.hosts; i++)
        next = crowd->hosts[i].due_ms < next ? crowd->hosts[i].due_ms : next;
    return next > crowd->now_ms ? next : crowd->now_ms + 1;
}

void
crowd_run(struct crowd *crowd, uint64_t ms)
{
    uint64_t end_ms = crowd->now_ms + ms;

    while (crowd->now_ms < end_ms) {
        uint64_t next = next_ms(crowd);

        crowd->now_ms = next < end_ms ? next : end_ms;
        pass(crowd);
    }
}
