/* counts.h - what the servers of a keyset did, summed over their files of counters.
 *
 * A file whose opener is gone, and that was not used for a while, is added to a running total and
 * removed. The total stands in a file of the daemon's own, and so outlives it; where there can be
 * none, it lasts as long as the daemon. No sum ever goes back, whatever becomes of the
 * files: others may write in their folder. */
#ifndef DAEMON_COUNTS_H
#define DAEMON_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "control/control.h"
#include "keys/keyset.h"
#include "ring/counters.h"

#define COUNTS_FILES_MAX 4096U /* named as files of counters are */
#define COUNTS_LOOK_MAX 65536U /* names that are looked at */
#define COUNTS_IDLE_S 600U     /* a server may have closed its descriptors and still count */

struct counts_key {
    uint8_t id[8]; /* the first bytes of the key's name */
    uint64_t sealed, opened;
};

/* Events in the order of control_counters; keys in that of the keyset, one each. */
struct counts {
    uint64_t events[CONTROL_COUNTERS];
    struct counts_key *keys;
    size_t key_count;
};

struct counts_server {
    char program[COUNTERS_PROGRAM_LEN + 1];
    uint64_t pid;
    uint64_t started_at; /* ring time */
    uint64_t events[CONTROL_COUNTERS];
};

/* What lasts as long as the daemon. */
struct counts_past {
    const char *ring_path; /* of the keyset; NULL: no file of our own */
    struct counters *kept; /* what files had that were removed; NULL: none yet */
    struct counts gone;    /* the same, where that cannot be had */
    struct counts most;    /* the most that each sum has been */
};

/* The running total and the living files together. */
struct counts_view {
    struct counts sum;
    struct counts_server *servers; /* those that live */
    size_t server_count;
};

/* Read all files in `folder`. `view`, empty before, may be NULL: then only what is gone is put
 * away. False, with the sums that were told last and no servers, where there is no memory (then
 * perhaps without keys) or the folder cannot be read. Files that are none of counters are passed
 * over; where there are more than the limits above, `err`, else left as it was, says so, with
 * true. */
bool counts_gather(struct counts_past *past, struct counts_view *view, const char *folder,
                   const struct keyset *set, uint64_t boot_s, struct err *err);

/* Both take one that is all zero. */
void counts_past_free(struct counts_past *past);
void counts_view_free(struct counts_view *view);

#endif
