/* counters.h - what servers did with a ring's keys, for the daemon to read.
 *
 * Each opener of a ring maps a file of its own, RUNDIR/count/NAME/PID-RANDOM.c1, and counts in it
 * with relaxed atomic additions; its forked children share it. The daemon reads these files with
 * pread(2), never maps what another wrote, and believes nothing but numbers. Layout: words of 64
 * bits, little-endian; see struct counters_file. */
#ifndef RING_COUNTERS_H
#define RING_COUNTERS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define COUNTERS_MAGIC 0x746e756f636b6574U /* "tekcount" */
#define COUNTERS_VERSION 1U
#define COUNTERS_EVENTS 16U /* enum stek_event, with room */
#define COUNTERS_KEYS 256U
#define COUNTERS_PROGRAM_LEN 16U /* as the kernel names the process, cut */

typedef _Atomic uint64_t counters_word;

/* Per key; found by a linear probe over the first word of its name. One whose open_until is past
 * may be taken over by another key. */
struct counters_key {
    counters_word id;         /* the first 8 bytes of the name; 0: free */
    counters_word open_until; /* ring time */
    counters_word sealed;
    counters_word opened;
    counters_word last_at; /* ring time of the last use */
    counters_word reserved[3];
};

struct counters_file {
    counters_word magic;
    counters_word version;
    counters_word pid;        /* of the opener */
    counters_word started_at; /* ring time */
    counters_word program[2]; /* COUNTERS_PROGRAM_LEN bytes */
    counters_word generation; /* of the ring, when it was last read */
    counters_word reserved[9];
    counters_word events[COUNTERS_EVENTS];
    struct counters_key keys[COUNTERS_KEYS];
};

_Static_assert(sizeof(struct counters_file) == 256 + COUNTERS_KEYS * 64, "counters");

#endif
