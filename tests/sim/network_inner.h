/* network_inner.h - between the files of the network. */
#ifndef TESTS_SIM_NETWORK_INNER_H
#define TESTS_SIM_NETWORK_INNER_H

#include "network.h"

/* A record somewhere; no bytes: none. Versions go up with each put, whoever does it. */
struct net_record {
    uint8_t *bytes;
    size_t len;
    uint64_t version;
};

/* An engine at work at one host. */
struct net_port {
    struct engine engine;
    struct host *host;
    struct engine_events events;
    struct net_record own[NETWORK_KINDS];
    struct net_record held[WORLD_HOSTS_MAX]; /* each host's keys record that it was told last */
    uint64_t since_ms;
};

enum net_what {
    NET_PUT,  /* a record, on its way to the store */
    NET_TELL, /* the record of `from`, on its way to a host */
    NET_ASK,  /* a list is asked for: the store answers when this arrives */
    NET_DONE, /* the end of a list that it does not answer */
    NET_STATE,
    NET_DATAGRAM
};

struct net_message {
    uint64_t due_ms, order;
    enum net_what what;
    unsigned from, to;
    uint64_t port_id; /* for NET_ASK and NET_DONE: of the engine that asked */
    enum record_kind kind;
    bool is_group;            /* a datagram of multicast */
    struct net_record record; /* a copy */
};

struct network {
    struct world *world;
    struct network_weather weather;
    struct net_port *ports[WORLD_HOSTS_MAX];
    struct udp *sockets[2][WORLD_HOSTS_MAX];       /* of each host's own, of the group's */
    uint64_t ids[WORLD_HOSTS_MAX];                 /* as hosts call themselves */
    uint64_t port_ids[WORLD_HOSTS_MAX];            /* which start of the engine it is */
    bool is_cut[WORLD_HOSTS_MAX][WORLD_HOSTS_MAX]; /* from, to */
    bool is_store_cut[WORLD_HOSTS_MAX];
    uint64_t store_ms[WORLD_HOSTS_MAX]; /* since when it is not */
    struct net_record stored[WORLD_HOSTS_MAX][NETWORK_KINDS];
    struct net_record backup[WORLD_HOSTS_MAX]; /* what the store had before, of keys */
    struct net_record before[WORLD_HOSTS_MAX]; /* some datagram of each host */
    struct net_message *queue;                 /* a heap */
    size_t count, cap;
    uint64_t versions, orders;
    struct network_counts counts;
    uint64_t keys_puts[WORLD_HOSTS_MAX];
};

bool net_record_copy(struct net_record *to, const struct net_record *from);
void net_record_free(struct net_record *record);

/* Put a message on its way: it takes between a half and all of what the weather allows, and
 * `more_ms`. A record in it is copied. */
void net_send(struct network *network, const struct net_message *message, uint64_t more_ms);

/* The next one out of the queue; its record is to be released. */
struct net_message net_take(struct network *network);

/* As often as not at 50. */
bool net_happens(struct network *network, unsigned percent);

/* False: the host is dying. The message after which it is to be killed is the first that does not
 * leave it. */
bool net_may_leave(struct host *host);

/* Put what the store has not got, of a host. */
void net_spread(struct network *network, unsigned from);

/* Tell a host what the store has. */
void net_catch_up(struct network *network, unsigned to);

/* Who got it; NULL: nobody. */
struct host *net_take_datagram(struct network *network, const struct net_message *message);

#endif
