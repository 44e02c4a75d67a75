/* writer.h - the only writer of a ring: keysets in, ring out, and back after a restart.
 * Goes into stekd (files) and local rings (anonymous memory); not part of what servers call. */
#ifndef RING_WRITER_H
#define RING_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "keys/keyset.h"
#include "keys/policy.h"
#include "ring/image.h"
#include "sys/sys.h"

struct ring_writer {
    struct sys_owned file; /* fd -1 for a ring in anonymous memory */
    struct image image;
    bool is_new;   /* nothing was ever stored in it */
    uint64_t flip; /* as it was last written: nobody else changes it */
    uint8_t boot_id[SYS_BOOT_ID_LEN];
};

/* A moment on both clocks; their difference turns Unix times into ring times. */
struct ring_time {
    uint64_t boot_ms;
    uint64_t unix_ms;
};

/* Open or create the ring file, alone (R-RING-6), and repair it (R-RING-1). A file that is not a
 * ring is refused and left as it is; one of another boot, or empty, is made anew. The capacity of
 * a ring that is there stays (`capacity` is for a new one). `group` is -1, or who may read it. */
bool ring_writer_open(struct ring_writer *writer, const char *path, uint32_t capacity, gid_t group,
                      struct err *err);

/* Unlocks; keys stay for the readers. */
void ring_writer_close(struct ring_writer *writer);

/* Take up the keyset that the ring holds: keys, their confirmations, revocations. `set` is
 * initialised and empty. What is damaged is left out; `err`, else left as it was, names the first
 * such thing, with true. False: no memory, and `set` holds a part. */
bool ring_writer_load(const struct ring_writer *writer, struct keyset *set, uint64_t now_ms,
                      struct err *err);

/* Make the ring hold `set`, with the effective times of `policy`; `maker` is this host, for the
 * mode `each`. No write where nothing differs. Where the ring is too small, names of revoked keys
 * are left out, whose tickets then are unknown ones; then the keys of other hosts, then our own,
 * that end soonest: of these `err`, else left as it was, tells, with true. False: the ring is as it
 * was.
 *
 * Call it at every schedule_next_s(): then slots of keys that are over are wiped, and the list of
 * seals has the keys of the time to come. */
bool ring_writer_store(struct ring_writer *writer, const struct keyset *set,
                       const struct policy *policy, uint64_t maker, struct ring_time now,
                       struct err *err);

/* Undo what others did to the file: see sys_owned_mend(). A ring that was cut short or overwritten
 * is made anew in its place, with no key in it, and *was_lost set: store the keyset then. `what`,
 * else left as it was, says what was mended. False: something stands in the way, which it says. */
bool ring_writer_mend(struct ring_writer *writer, bool *was_lost, const char *path,
                      struct err *what);

/* Give a ring that is there to another group, or to none (-1). */
bool ring_writer_regroup(const struct ring_writer *writer, gid_t group, const char *path,
                         struct err *err);

/* Remove the file that the writer has open. */
bool ring_writer_remove(const struct ring_writer *writer, const char *path, struct err *err);

/* The clock difference that the ring was last written with; 0 for a new one. */
uint64_t ring_writer_offset_ms(const struct ring_writer *writer);

/* By how many seconds the wall clock was set since then; 0 for a new one. A keyset that is loaded
 * and moved by that (keyset_shift) has the ring times that the ring has. */
int64_t ring_writer_step_s(const struct ring_writer *writer, struct ring_time now);

#endif
