/* crowd.h - many peers engines on virtual time, with nothing around them: no daemon, no keys, no
 * cryptography. What they send each other is counted. They are deterministic.
 *
 * A datagram takes a millisecond; then it waits until its host takes it, a few each millisecond, or
 * is lost where too many wait, as in a kernel. */
#ifndef TESTS_SIM_CROWD_H
#define TESTS_SIM_CROWD_H

#include "share/peers_inner.h"

#define CROWD_HOSTS_MAX 1024U
#define CROWD_WAITING_MAX 256U /* datagrams, at each host */
#define CROWD_TYPES (PEERS_STATUS + 1U)

struct crowd_setup {
    unsigned hosts;
    bool is_group;    /* multicast, else each lists all others */
    unsigned at_a_ms; /* how many all hosts together can take; 0: any number */
};

struct crowd_counts {
    uint64_t sealed[CROWD_TYPES]; /* by type; each once, however many it goes to */
};

struct crowd_datagram;

struct crowd_host {
    struct crowd *crowd;
    unsigned index; /* its id is one more */
    struct address at;
    struct engine *engine;
    struct udp *sockets[2]; /* its own, the group's */
    struct crowd_datagram *waiting[CROWD_WAITING_MAX];
    size_t first, waiting_count;
    uint64_t due_ms; /* its timer; UINT64_MAX: not set */
    loop_fn *turn;
    void *turn_arg;
    uint64_t time_ms;                    /* of its last datagram */
    uint64_t sequences[CROWD_HOSTS_MAX]; /* of the key records that it was told */
};

struct crowd {
    struct crowd_setup setup;
    uint64_t now_ms, rng, sequence;
    unsigned turn; /* who is first to take datagrams */
    size_t on_way; /* that wait anywhere */
    struct crowd_host *hosts;
    struct crowd_counts counts;
};

/* All are started at once, and nothing has been put. */
bool crowd_open(struct crowd *crowd, const struct crowd_setup *setup);
void crowd_close(struct crowd *crowd);

/* A record of that host, newer than all before. */
bool crowd_put(struct crowd *crowd, unsigned host, enum record_kind kind, size_t len);

/* Let so much time pass. */
void crowd_run(struct crowd *crowd, uint64_t ms);

/* Until each host has the newest keys record of each that put one; false: not within `ms`. */
bool crowd_agree(struct crowd *crowd, uint64_t ms);

#endif
