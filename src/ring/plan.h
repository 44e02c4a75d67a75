/* plan.h - inside ring: what a ring is to hold of a keyset. Pure; writer_store.c carries it out. */
#ifndef RING_PLAN_H
#define RING_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys/keyset.h"
#include "keys/policy.h"
#include "ring/image.h"

#define PLAN_BEHIND_S 5U /* R-RING-7: longer than anybody takes from the clock to the ring */

/* What a ring that is too small gives up first, in this order; within each what ends soonest. */
enum plan_worth {
    PLAN_NAME,    /* of a revoked key */
    PLAN_FOREIGN, /* a key of another host */
    PLAN_OWN
};

struct plan {
    const struct keyset *set;
    const struct policy *policy;
    uint64_t maker;
    uint64_t now_s;           /* ring time */
    uint64_t offset_ms;       /* Unix time minus ring time, two's complement */
    const struct key *cutoff; /* the dearest of the keys that are too many; NULL: there is none */
    size_t wanted;            /* keys that the ring gets */
    struct image_state state; /* all but its count */
};

/* A Unix time in seconds as ring time, never later than it is: every time of one ring moves by the
 * same whole number of seconds, so their order and distances stay. */
uint64_t plan_ring_s(uint64_t offset_ms, uint64_t unix_s);
uint64_t plan_unix_s(uint64_t offset_ms, uint64_t ring_s);

/* By how many seconds Unix times move against ring times from one offset to another. */
int64_t plan_step_s(uint64_t old, uint64_t fresh);

/* Which offset to use: `old`, which the ring was written with, as long as it gives the same times
 * or ones that end a second earlier, so that clocks that drift do not rewrite the ring all the
 * time. No key lives longer by it. */
uint64_t plan_offset_ms(uint64_t old, uint64_t fresh);

/* Choose which keys fit in `capacity`, and list whose turn to seal comes when. The fields up to
 * `offset_ms` are set. False where there is no memory. */
bool plan_make(struct plan *plan, uint32_t capacity);

/* True if the ring gets this key of the plan's keyset. */
bool plan_wants(const struct plan *plan, const struct key *key);

enum plan_worth plan_worth(const struct plan *plan, const struct key *key);

/* The slot of a key; wipe it. */
void plan_slot(const struct plan *plan, struct image_slot *out, const struct key *key);

#endif
