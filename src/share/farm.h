/* farm.h - the secret that the hosts of a farm share: its days, its steps, its file. Pure.
 *
 * It moves forward by a one-way step at each midnight of UTC, so who steals today's cannot open
 * what was recorded of the days before:
 *
 *   S(d + 1) = HKDF-Expand(S(d), F("stek1") F("farm day") F(farm id) F(d + 1 as 8 bytes))
 *
 * where F(x) is the length of x in 2 bytes, then x. Every later day follows from an earlier one, so
 * what is kept is the secret of the oldest day that is still needed, and the rest are its steps:
 * those of the days before yesterday for the records of hosts that died, tomorrow's for clocks that
 * are ahead, and any later one for a host that slept.
 *
 *   R-FARM-1: hosts that began with the same secret have the same one on each day, whenever and in
 *             however many steps they get there.
 *   R-FARM-2: no secret of a day before the oldest one can be had any more.
 *   R-FARM-3: an old secret is wiped only if by our clock and by a peer's record of a new day it is
 *             over: a clock gone mad destroys no membership.
 *   R-FARM-4: what is no whole, undamaged file of a farm is refused, in words that say so.
 *   R-FARM-5: a failure of libcrypto or memory leaves the farm as it was. */
#ifndef SHARE_FARM_H
#define SHARE_FARM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"
#include "keys/policy.h"

#define FARM_ID_LEN 16
#define FARM_DAY_MS ((uint64_t)86400 * 1000)
#define FARM_STEPS_MAX 3660U /* a host may have slept for ten years, a file been as old */

struct farm_day {
    uint64_t number; /* days since 1970 */
    struct secret secret;
};

struct farm {
    uint8_t id[FARM_ID_LEN]; /* random, public */
    struct farm_day first;   /* the oldest that is kept */
    struct farm_day near;    /* yesterday's, or first: so that few steps lead to what is wanted */
    uint64_t peer_day;       /* the newest of which a peer's record has opened; 0: none yet */
};

void farm_wipe(struct farm *farm);

/* Declares one that is wiped however its scope ends. */
#define FARM(var) __attribute__((cleanup(farm_wipe))) struct farm var = {0}

uint64_t farm_day_of(uint64_t now_ms);

/* How many days before today are kept: as long as a key may live that was made today, and one. A
 * record lives as long as the last key in it, so that a host that joins can open those of hosts
 * that died. */
uint64_t farm_keep_days(const struct policy *policy);

/* A new farm, or the same hosts' new one (a rekey): both `id` and `secret` are fresh randomness, so
 * nothing of an old farm opens in it. It begins yesterday, for hosts whose clocks are behind. */
bool farm_create(struct farm *out, const uint8_t id[FARM_ID_LEN], const struct secret *secret,
                 uint64_t now_ms, struct err *err);

/* The farm whose oldest day is this, as another member told it. */
bool farm_restore(struct farm *out, const uint8_t id[FARM_ID_LEN], const struct farm_day *first,
                  struct err *err);

/* To be called at start and as days go by: sees to it that today's secret is near, and wipes what
 * is over. *changed: the file must be written anew. False where our clock is before the oldest day,
 * or over FARM_STEPS_MAX days after it. */
bool farm_advance(struct farm *farm, bool *changed, uint64_t keep_days, uint64_t now_ms,
                  struct err *err);

/* A peer's record of this day has opened. */
void farm_saw(struct farm *farm, uint64_t day);

/* False if that day is before the oldest or too far ahead, or libcrypto failed. */
bool farm_secret(const struct farm *farm, struct secret *out, uint64_t day);

/* The file: comment lines, and a line (line.h) of the word below with
 *   farm id 16 | oldest day u32 | its secret 32
 * Whoever reads it is a member: mode 0600. */
#define FARM_WORD "stek-farm1"

/* Into an empty `out`. */
bool farm_encode(struct secret_buf *out, const struct farm *farm, struct err *err);

bool farm_decode(struct farm *out, const char *text, size_t len, struct err *err);

#endif
