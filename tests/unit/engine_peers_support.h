/* engine_peers_support.h - datagrams as a transport for engine_support.h: on the loopback, by list
 * or multicast, of IPv4 or IPv6. A keeper is a further host, so that records are held before others
 * start and after they stop. Nothing here asserts. */
#ifndef TESTS_ENGINE_PEERS_SUPPORT_H
#define TESTS_ENGINE_PEERS_SUPPORT_H

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "engine_support.h"
#include "share/peers_inner.h"

#define KEEPER 290U
#define STRANGER 291U /* a member that plants records, and no engine */
#define LISTED 12U    /* hosts that each other host has in its list */

/* A port that is free for now: nobody else here opens any by number. */
static inline unsigned
peers_port(int family)
{
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    socklen_t len = family == AF_INET6 ? sizeof v6 : sizeof v4;
    void *name = family == AF_INET6 ? (void *)&v6 : (void *)&v4;
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    unsigned port = 0;

    if (fd >= 0 && bind(fd, name, len) == 0 && getsockname(fd, name, &len) == 0)
        port = ntohs(family == AF_INET6 ? v6.sin6_port : v4.sin_port);
    if (fd >= 0)
        (void)close(fd);
    return port;
}

/* Each host has an address of its own in 127.0.0.0/8, or a port of its own on ::1. */
static inline void
peers_address(char out[ADDRESS_TEXT_MAX], const struct farm_world *world, uint64_t host)
{
    if (world->is_v6)
        (void)snprintf(out, ADDRESS_TEXT_MAX, "[::1]:%u", world->port + (unsigned)host);
    else
        (void)snprintf(out, ADDRESS_TEXT_MAX, "127.9.%u.%u:%u", (unsigned)host / 250,
                       (unsigned)host % 250 + 1, world->port);
}

static inline void
peers_group(char out[ADDRESS_TEXT_MAX], const struct farm_world *world)
{
    (void)snprintf(out, ADDRESS_TEXT_MAX, world->is_v6 ? "[ff15::7984]:%u" : "239.255.79.84:%u",
                   world->port);
}

/* The texts live until the next call. */
static inline size_t
peers_options(struct farm_world *world, struct engine_option *out)
{
    static char texts[LISTED + 3][ADDRESS_TEXT_MAX];
    size_t count = 0;

    if (world->is_group) {
        peers_group(texts[0], world);
        out[count++] = (struct engine_option){"multicast", texts[0]};
        out[count++] = (struct engine_option){"interface", "lo"};
        return count;
    }
    peers_address(texts[0], world, world->starting);
    out[count++] = (struct engine_option){"listen", texts[0]};
    peers_address(texts[1], world, KEEPER);
    out[count++] = (struct engine_option){"peers", texts[1]};
    for (uint64_t host = 1; host <= LISTED; host++) {
        peers_address(texts[1 + host], world, host);
        out[count++] = (struct engine_option){"peers", texts[1 + host]};
    }
    return count;
}

static inline bool
peers_is_open(void *arg)
{
    const struct host *host = arg;

    return ((const struct peers *)(void *)host->engine)->look_ms != 0;
}

static inline bool
peers_begin_as(struct farm_world *world, bool is_group, bool is_v6)
{
    world->is_group = is_group;
    world->is_v6 = is_v6;
    world->port = peers_port(is_v6 ? AF_INET6 : AF_INET);
    if (is_v6 && world->port > 65000)
        world->port -= 1000; /* room for all hosts */
    return world->port != 0 && host_start(world, KEEPER, "www", NULL) &&
           run_until(world->loop, peers_is_open, world->hosts[KEEPER]);
}

static inline bool
peers_begin_list(struct farm_world *world)
{
    return peers_begin_as(world, false, false);
}

static inline bool
peers_begin_list6(struct farm_world *world)
{
    return peers_begin_as(world, false, true);
}

static inline bool
peers_begin_group(struct farm_world *world)
{
    return peers_begin_as(world, true, false);
}

static inline bool
peers_begin_group6(struct farm_world *world)
{
    return peers_begin_as(world, true, true);
}

static inline void
peers_end(struct farm_world *world)
{
    (void)world;
}

/* Bytes to a host, or to the group, from an address that nobody has in a list. */
static inline bool
peers_throw(const struct farm_world *world, uint64_t host, const uint8_t *bytes, size_t len)
{
    int fd = socket(world->is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    char text[ADDRESS_TEXT_MAX];
    struct address to;
    struct group_req way = {.gr_interface = if_nametoindex("lo")};
    const struct in_addr local = {htonl(INADDR_LOOPBACK)};
    bool done = fd >= 0;

    if (world->is_group)
        peers_group(text, world);
    else
        peers_address(text, world, host);
    done = done && address_parse(&to, text);
    if (world->is_group && world->is_v6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &way.gr_interface, sizeof(int));
    else if (world->is_group)
        (void)setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &local, sizeof local);
    done = done && sendto(fd, bytes, len, 0, (const void *)to.bytes, to.len) == (ssize_t)len;
    if (fd >= 0)
        (void)close(fd);
    return done;
}

/* A body that a member sealed who is no engine. */
static inline bool
peers_say(struct farm_world *world, const char *keyset, uint64_t to, const uint8_t *body,
          size_t len)
{
    struct datagram_end end = world->stranger;
    uint8_t salt[RECORD_SALT_LEN] = {1}, sealed[DATAGRAM_MAX];
    size_t sealed_len;
    bool done;

    (void)snprintf(end.keyset, sizeof end.keyset, "%s", keyset);
    end.host = STRANGER;
    done = datagram_seal(&end, sealed, &sealed_len, salt, body, len, world_now_ms(world), NULL) &&
           peers_throw(world, to, sealed, sealed_len);
    world->stranger.last_ms = end.last_ms;
    return done;
}

/* Said to the keeper, who has it for all. What is removed is forgotten by the last host. */
static inline bool
peers_plant(struct farm_world *world, const char *keyset, const struct engine_name *name,
            const void *bytes, size_t len)
{
    uint8_t body[DATAGRAM_BODY_MAX];
    struct record_head head;
    struct peers_part part = {.kind = name->kind,
                              .sender = name->sender,
                              .total = (uint32_t)len,
                              .bytes = bytes,
                              .len = len};
    uint64_t last = KEEPER - 1;

    if (bytes == NULL) {
        while (last > 0 && world->hosts[last] == NULL)
            last--;
        host_stop(world, last);
        return host_start(world, last, keyset, NULL);
    }
    if (record_peek(&head, bytes, len) != RECORD_OPENED)
        return false;
    part.sequence = head.sequence;
    if (!peers_say(world, keyset, KEEPER, body, peers_part_write(body, &part)))
        return false;
    (void)event_base_loop(loop_base(world->loop), EVLOOP_NONBLOCK); /* so that it has room */
    return true;
}

/* What outsiders send, and members who are mad: of all this nothing is a record of hosts 201 on. */
static inline bool
peers_litter(struct farm_world *world)
{
    static uint8_t bytes[3000];
    struct peers_part part = {
        .kind = RECORD_KEYS, .sender = 202, .sequence = 1, .total = 5, .bytes = bytes, .len = 5};
    struct peers_summary summary = {.first = 5, .last = 4};
    uint8_t body[DATAGRAM_BODY_MAX];
    bool done = true;

    memset(bytes, 'x', sizeof bytes);
    for (size_t len = 0; done && len < 3000; len += 500)
        done = peers_throw(world, KEEPER, bytes, len);
    done = done && peers_say(world, "www", KEEPER, body, 0) &&
           peers_say(world, "www", KEEPER, body, peers_part_write(body, &part)); /* too old */
    part.sequence = world_now_ms(world) + 10000 * 1000;                          /* too new */
    done = done && peers_say(world, "www", KEEPER, body, peers_part_write(body, &part));
    part.sequence = world_now_ms(world); /* no record */
    done = done && peers_say(world, "www", KEEPER, body, peers_part_write(body, &part));
    part.total = RECORD_MAX + 1;
    done = done && peers_say(world, "www", KEEPER, body, peers_part_write(body, &part)) &&
           peers_say(world, "www", KEEPER, body, peers_summary_write(body, &summary));
    summary = (struct peers_summary){.last = UINT64_MAX,
                                     .digest = 1,
                                     .count = 1,
                                     .pairs = {{203, world_now_ms(world)}}}; /* who has it? */
    return done && peers_say(world, "www", KEEPER, body, peers_summary_write(body, &summary));
}

#define TRANSPORT_PEERS(name_, begin_) \
    { \
        .name = name_, .kind = &engine_peers, .begin = begin_, .end = peers_end, \
        .options = peers_options, .plant = peers_plant, .litter = peers_litter, \
        .needs_others = true \
    }

static const struct transport transport_list = TRANSPORT_PEERS("peers, list", peers_begin_list);
static const struct transport transport_list6 =
    TRANSPORT_PEERS("peers, list, IPv6", peers_begin_list6);
static const struct transport transport_group =
    TRANSPORT_PEERS("peers, multicast", peers_begin_group);

#endif
