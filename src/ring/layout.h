/* layout.h - the ring's bytes: a file (RUNDIR/NAME.r1) or anonymous memory that one writer changes
 * in place and any number of readers map. All fields are little-endian words of 64 bits, atomic.
 *
 *   header   4,096 bytes: struct ring_header
 *   half 0   half_len bytes: struct ring_half, `buckets` of struct ring_slot, as many of struct
 *            ring_more, which belong to the slots in their order
 *   half 1   the same
 *
 * Reading:   flip = load-acquire; the half in force is flip & 1; read from it into private memory;
 *            acquire fence; if flip is still the same, what was read is whole, else again, up to
 *            RING_TRIES times, then "no key". No lock, no write, no waiting.
 * Writing:   fill the idle half; store-release flip + 1; release fence; bring the other half to the
 *            same state. So each change is visible at once and whole, both halves are equal at rest
 *            (a wiped key is gone from both), and a writer that dies anywhere leaves the half in
 *            force valid; the next one copies it over the other.
 * Lookup:    a hash probe over the slots by the first word of the key's name: from bucket
 *            (word * RING_HASH) >> (64 - log2 buckets) on, linear, round the end, at most
 *            RING_PROBES steps, ended by an empty slot. At most half of the buckets are used.
 * Sealing:   the half's `seals` lists the slots whose turn comes or is just over, newest seals_from
 *            first: the first entry with from <= now < until is the sealing key. Made by the writer
 *            from the rule of keyset_sealing(), so readers go on rightly when the writer is dead.
 *
 * Times that readers use are CLOCK_BOOTTIME seconds and effective (an unconfirmed key's `from` is
 * patience later, that of one that was learnt late a moment after that). What opens a ticket is one
 * cache line of one array, so that a lookup in a large ring misses the cache once; what else a
 * writer needs to take the keyset up again stands apart.
 *
 *   R-RING-1: a reader gets a whole key or none, whatever a writer does or where it dies.
 *   R-RING-2: a ring mapped once stays right across fork, and the writer's death and restart.
 *   R-RING-3: keys seal, open and end in time with no writer alive.
 *   R-RING-4: a wiped key is in neither half.
 *   R-RING-5: damaged, foreign, short or unsafe files are refused and never read past their end.
 *   R-RING-6: there is one writer at a time.
 *   R-RING-7: who read the clock up to 5 s before the last write still finds the key that sealed
 *             then, unless it was revoked.
 *
 * Fields are only ever added in reserved bytes, with a higher minor version. Another meaning of a
 * field is another major version, in another file (NAME.r2). */
#ifndef RING_LAYOUT_H
#define RING_LAYOUT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define RING_MAGIC 0x676e69726b657473U /* "stekring" */
#define RING_MAJOR 1U
#define RING_MINOR 0U
#define RING_HEADER_LEN 4096U
#define RING_HALF_HEADER_LEN 20480U
#define RING_TRIES 16
#define RING_PROBES 512U
#define RING_HASH 0x9e3779b97f4a7c15U /* 2^64 / golden ratio */
#define RING_SEALS 32U
#define RING_REVOCATIONS 512U
#define RING_CAPACITY_DEFAULT 1024U
#define RING_CAPACITY_MIN 16U
#define RING_CAPACITY_MAX 65536U

typedef _Atomic uint64_t ring_word;

struct ring_header {
    ring_word magic;
    ring_word version;    /* major << 32 | minor */
    ring_word shape;      /* sizeof header << 48 | half header << 32 | slot << 16 | more: builds
                             that disagree refuse each other */
    ring_word boot_id[2]; /* of the boot whose CLOCK_BOOTTIME the times count */
    ring_word capacity;   /* keys */
    ring_word buckets;    /* a power of two, at least twice that */
    ring_word half_len;
    ring_word file_len;
    ring_word flip;  /* its low bit names the half in force; also the generation */
    ring_word dirty; /* 1 while the writer is at work: tells the next one to repair */
    ring_word reserved[501];
};

/* A slot whose turn to seal comes in `from` <= now < `until`. */
struct ring_seal {
    ring_word from;
    ring_word until;
    ring_word slot;
};

struct ring_revocation {
    ring_word name[2];
    ring_word until; /* Unix seconds */
    ring_word reserved;
};

struct ring_half {
    ring_word count; /* slots in use, revoked ones too */
    ring_word seal_count;
    ring_word revocation_count;
    ring_word written_at;     /* ring time */
    ring_word unix_offset_ms; /* Unix time minus ring time when it was written */
    ring_word rotate_s;       /* policy */
    ring_word lifetime_s;
    ring_word patience_s;
    ring_word max_session_s;
    ring_word each;         /* 1: keys = each */
    ring_word mark_made_ms; /* all keys made up to then are revoked */
    ring_word mark_until;   /* Unix seconds */
    ring_word newest_ms;
    ring_word reserved[19];
    struct ring_seal seals[RING_SEALS];
    ring_word reserved_after_seals[384];
    struct ring_revocation revocations[RING_REVOCATIONS];
};

#define RING_REVOKED UINT64_MAX /* as seal_until: the name is a tombstone, the secret wiped */

/* One cache line: all that opening a ticket needs. Times are ring times. */
struct ring_slot {
    ring_word name[2]; /* zeros: empty */
    ring_word secret[4];
    ring_word open_until;
    ring_word seal_until;
};

struct ring_more {
    ring_word seal_from; /* ring time, effective */
    ring_word made_ms;   /* this and the rest as in struct key */
    ring_word unix_seal_from;
    ring_word unix_seal_until;
    ring_word unix_open_until;
    ring_word maker;
    ring_word flags;
    ring_word reserved;
};

_Static_assert(sizeof(struct ring_header) == RING_HEADER_LEN, "header");
_Static_assert(sizeof(struct ring_half) == RING_HALF_HEADER_LEN, "half");
_Static_assert(sizeof(struct ring_slot) == 64, "slot");
_Static_assert(sizeof(struct ring_more) == 64, "more");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics must be lock-free");

#endif
