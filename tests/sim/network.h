/* network.h - what carries records between the hosts of a world: an engine that keeps the promises
 * of share/engine.h as badly as they allow, and datagrams.
 *
 *   store   a server that keeps each host's last records, as etcd does. Hosts are cut off from it,
 *           it forgets, it is restored from an old copy.
 *   peers   that engine itself, over io/udp.h: pairs of hosts are cut apart, also one way alone.
 *
 * Both delay, and so reorder; repeat; and offer what was replaced long ago. Datagrams are lost. */
#ifndef TESTS_SIM_NETWORK_H
#define TESTS_SIM_NETWORK_H

#include "io/address.h"
#include "share/engine.h"
#include "world.h"

#define NETWORK_KINDS (RECORD_STATUS + 1)

extern const struct engine_kind engine_store;

/* How bad it is now. */
struct network_weather {
    unsigned lost, repeated; /* of 100 */
    uint64_t delay_max_ms;
};

struct network_counts {
    uint64_t puts[NETWORK_KINDS], told, lost, repeated, lists;
};

struct network;

struct network *network_new(struct world *world);
void network_free(struct network **network);

/* When the next message arrives, and that; who got it, or NULL. */
uint64_t network_next_ms(const struct network *network);
struct host *network_step(struct network *network);

void network_set_weather(struct network *network, const struct network_weather *weather);

/* Cut what `from` sends to `to`, and what a host and the store say to each other. */
void network_cut(struct network *network, unsigned from, unsigned to, bool is_cut);
void network_cut_store(struct network *network, unsigned host, bool is_cut);

bool network_is_store_cut(const struct network *network, unsigned host);

/* Since when it is not; 0: it is. */
uint64_t network_store_ms(const struct network *network, unsigned host);

/* Nothing is cut any more. */
void network_heal(struct network *network);

/* The store forgets all; or has what each host put the last time but one. */
void network_wipe_store(struct network *network);
void network_restore_old(struct network *network);

/* Offer an old record of some host to all. */
void network_replay(struct network *network);

/* A host that stood still goes on, and learns what it was not told. */
void network_resume(struct network *network, unsigned host);

/* Work out anew between whom records can go both ways: something about hosts or cuts changed. */
void network_links(struct network *network);

/* Where a host has its socket. */
void network_address(char out[ADDRESS_TEXT_MAX], unsigned host);

/* The index of the host that calls itself so; WORLD_HOSTS_MAX if there is none. */
unsigned network_find(const struct network *network, uint64_t id);

const struct network_counts *network_counts(const struct network *network);

/* Keys records that this host has put. */
uint64_t network_keys_puts(const struct network *network, unsigned host);

#endif
