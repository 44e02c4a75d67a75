/* counters.h - what servers did with a ring's keys, for the daemon to read.
 *
 * Each opener of a ring maps a file of its own, RUNDIR/count/NAME/PID-RANDOM.c1, and counts in it
 * with relaxed atomic additions; its forked children share it. Where the folder is not there, or
 * may not be written, nothing is counted. The daemon reads these files with pread(2), never maps
 * what another wrote, and believes nothing but numbers. Layout: words of 64 bits, little-endian;
 * see struct counters_file.
 *
 * A file stays when its opener ends, so that the daemon gets the last counts; who removes it is
 * the daemon. */
#ifndef RING_COUNTERS_H
#define RING_COUNTERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stek/stek.h>

#include "base/err.h"
#include "sys/sys.h"

#define COUNTERS_MAGIC 0x746e756f636b6574U /* "tekcount" */
#define COUNTERS_VERSION 1U
#define COUNTERS_EVENTS 16U /* enum stek_event, with room */
#define COUNTERS_KEYS 256U
#define COUNTERS_PROBES 16U
#define COUNTERS_PROGRAM_LEN SYS_PROGRAM_LEN /* as the kernel names the process, cut */

typedef _Atomic uint64_t counters_word;

/* Per key; found by a linear probe of COUNTERS_PROBES steps over the first word of its name. One
 * whose open_until is past may be taken over by another key; where all are in use, a key is not
 * counted on its own. */
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
    counters_word generation; /* of the ring, when something was last counted */
    counters_word is_kept;    /* 1: of stekd, which keeps in it what files had that it removed */
    counters_word reserved[8];
    counters_word events[COUNTERS_EVENTS];
    struct counters_key keys[COUNTERS_KEYS];
};

_Static_assert(sizeof(struct counters_file) == 256 + COUNTERS_KEYS * 64, "counters");

/* ---- the process that counts ---- */

struct counters {
    struct sys_counters file;
    struct counters_file *at;
};

/* Make the file that belongs to the ring at `ring_path`; NULL if nothing can be counted. */
struct counters *counters_open(const char *ring_path);

/* Takes NULL. */
void counters_close(struct counters *counters);

/* Count an event; unknown ones do nothing. */
void counters_add(struct counters *counters, enum stek_event event, uint64_t generation);

/* Count STEK_SEALED or STEK_OPENED for one key; false if it has no entry yet. */
bool counters_use(struct counters *counters, enum stek_event event,
                  const uint8_t name[STEK_NAME_LEN], uint64_t now);

/* Make an entry for a key, where there is room. */
void counters_enter(struct counters *counters, const uint8_t name[STEK_NAME_LEN],
                    uint64_t open_until, uint64_t now);

/* ---- the daemon ---- */

/* What a file says, in private memory. Only the numbers of `events`, `sealed` and `opened` are what
 * they seem; each may be wrong, none can do harm. */
struct counters_total {
    uint64_t pid;
    uint64_t started_at;
    uint64_t generation;
    bool is_kept;                           /* by stekd: no server's */
    char program[COUNTERS_PROGRAM_LEN + 1]; /* printable, NUL-terminated; else "?" for a byte */
    uint64_t events[COUNTERS_EVENTS];
    size_t key_count;
    struct {
        uint8_t id[8]; /* the first bytes of the name */
        uint64_t open_until, sealed, opened, last_at;
    } keys[COUNTERS_KEYS];
};

/* True for a name that counters_open() gives: what else is in the folder, who may write there put
 * there. */
bool counters_is_name(const char *name);

/* Read a file. *alive: a process still holds it (one that closed its descriptors, as some servers
 * do when they become daemons, does not show). False, with the reason in `err`, for what is not a
 * file of counters. */
bool counters_read(struct counters_total *out, bool *alive, const char *path, struct err *err);

/* Make a file of the daemon's own, for the ring at `ring_path`: what is kept in it stands there
 * when the daemon is started anew. NULL if there can be none. */
struct counters *counters_open_kept(const char *ring_path);

/* Add to it what a file says that is removed. No sum wraps. */
void counters_keep(struct counters *kept, const struct counters_total *file, uint64_t now);

/* What is in it. */
void counters_kept(struct counters_total *out, const struct counters *kept);

#endif
