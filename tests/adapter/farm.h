/* farm.h - a ring of a test, with the keys that the test puts in it. Its folder is a scratch one.
 * Nothing here asserts: what can fail says so. */
#ifndef TESTS_FARM_H
#define TESTS_FARM_H

#include <stdbool.h>
#include <stek/stek.h>

#include "ring/writer.h"

#define FARM_KEYS 8U

struct farm {
    char folder[40];
    char path[64]; /* of the ring; there from farm_begin() on */
    bool begun;
    struct ring_writer writer;
    struct keyset set;
    struct policy policy; /* change it before farm_write() */
    uint8_t names[FARM_KEYS][STEK_NAME_LEN];
    struct secret secrets[FARM_KEYS];
};

/* The folder, and no ring in it yet. */
bool farm_init(struct farm *farm);

/* Make the ring. */
bool farm_begin(struct farm *farm);

void farm_free(struct farm *farm);

/* Put key `id` into the ring: it seals from, until, and opens until so many seconds from now. */
bool farm_key(struct farm *farm, unsigned id, int from, int until, int open);

/* The usual one: seals from `from` on. */
bool farm_seal(struct farm *farm, unsigned id, int from);

/* Let `id` mean the same key as in another farm; put it in by farm_key(). */
void farm_share(struct farm *farm, const struct farm *from, unsigned id);

bool farm_revoke(struct farm *farm, unsigned id);

/* After a change of the policy. */
bool farm_write(struct farm *farm);

/* How often an event was counted by this opener. */
uint64_t farm_count(struct stek_ring *ring, enum stek_event event);

/* Wait for a condition, 20 s at most. */
bool farm_wait(bool (*is_met)(void *arg), void *arg);

#endif
