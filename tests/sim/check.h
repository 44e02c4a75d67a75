/* check.h - what must hold in a world, whatever befell its hosts. It looks at rings with libstek,
 * as servers do, and at what each daemon has learnt.
 *
 *   lost        a key that seals at one host opens at each that records went to and fro with for
 *               CHECK_SETTLE_MS; where it was confirmed, also at those that were in reach then;
 *               from then on, as long as a ticket under it may live
 *   past        no key opens past its time, also where no stekd runs
 *   revoked     a key never seals or opens again where its revocation is known; nor does it seal,
 *               CHECK_SETTLE_MS later, at any host that was in reach of one that knows
 *   dry         some key seals wherever stekd has run for CHECK_START_MS
 *   agree       where nothing is broken all know the same, times too, and one key seals there
 *
 * Times allow for how far the daemons' clocks were apart while a key lived. */
#ifndef TESTS_SIM_CHECK_H
#define TESTS_SIM_CHECK_H

#include "world.h"

#define CHECK_SETTLE_MS 30000U
#define CHECK_START_MS 7000U /* 5 s of listing, and the delay of what is listed last */
#define CHECK_GAP_MS 1500U   /* a key for a gap that nobody confirmed came too late: an emergency */
#define CHECK_DRY_MS 66000U  /* emergency keys are a minute apart, tries 5 s */

struct check_counts {
    uint64_t keys, emergencies, revoked;
    uint64_t epochs, epochs_twice; /* keys of epochs, and those that more than one host made */
    uint64_t confirmed, held_back; /* keys that were confirmed before they sealed; that were not */
    uint64_t sealed;               /* looks at a key that seals, each a ticket ... */
    uint64_t opened;               /* ... and how often one was offered to another host */
};

struct check;

struct check *check_new(struct world *world);
void check_free(struct check **check);

/* Something happened at this host. */
bool check_host(struct check *check, const struct host *host);

/* Look at all rings. */
bool check_all(struct check *check);

/* The host lost its memory, and its ring. */
void check_forget(struct check *check, const struct host *host);

/* True if all hosts that run know the same and seal with the same key; `why` else says who does
 * not. */
bool check_agree(const struct check *check, char *why, size_t size);

const struct check_counts *check_counts(const struct check *check);

#endif
