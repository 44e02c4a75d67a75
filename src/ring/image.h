/* image.h - the two halves of a ring in memory, as readers see them and as a writer changes them.
 * See layout.h. It knows no files and no keysets: memory in, memory changed. */
#ifndef RING_IMAGE_H
#define RING_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/secret.h"
#include "ring/layout.h"

/* One half. Sizes are private copies, checked once against the mapping, so that nothing that is
 * written into the memory later leads anybody out of it. */
struct image_half {
    struct ring_half *head;
    struct ring_slot *slots;
    struct ring_more *more;
    uint32_t capacity;
    uint32_t buckets;
    unsigned shift; /* 64 - log2 buckets */
};

/* A mapped ring. */
struct image {
    struct ring_header *header;
    struct image_half half[2];
};

enum image_check {
    IMAGE_OK,
    IMAGE_EMPTY,   /* no magic: not yet, or not wholly, formatted */
    IMAGE_FOREIGN, /* not a ring, or of another layout, byte order or size */
    IMAGE_OLD_BOOT /* of another boot: its times mean nothing now */
};

/* A slot in private memory, word by word as in struct ring_slot and struct ring_more. */
struct image_slot {
    uint8_t name[16];
    struct secret secret;
    uint64_t open_until;
    uint64_t seal_until; /* RING_REVOKED: revoked */
    uint64_t seal_from;
    uint64_t made_ms;
    uint64_t unix_seal_from;
    uint64_t unix_seal_until;
    uint64_t unix_open_until;
    uint64_t maker;
    uint64_t flags;
    uint64_t reserved;
};

void image_slot_wipe(struct image_slot *slot);
#define IMAGE_SLOT(var) __attribute__((cleanup(image_slot_wipe))) struct image_slot var = {0}

/* What a half holds beside its slots; no secrets. Zero it before it is filled in, so that two can
 * be compared byte by byte. */
struct image_state {
    uint64_t written_at, unix_offset_ms;
    uint64_t rotate_s, lifetime_s, patience_s, max_session_s, each;
    uint64_t mark_made_ms, mark_until, newest_ms;
    uint64_t count; /* slots in use: only read, puts and drops keep it */
    uint64_t seal_count, revocation_count;
    struct {
        uint64_t from, until;
        uint8_t name[16];
    } seals[RING_SEALS];
    struct {
        uint8_t name[16];
        uint64_t until;
    } revocations[RING_REVOCATIONS];
};

/* Bytes that a ring of this capacity takes; the largest capacity that so many bytes can hold, 0 if
 * they are not the length of a ring. */
size_t image_len(uint32_t capacity);
uint32_t image_capacity(size_t len);

/* Look at what is mapped; `boot_id` is this boot's. On IMAGE_OK and IMAGE_OLD_BOOT `image` is
 * filled in. */
enum image_check image_open(struct image *image, void *base, size_t len, const uint8_t boot_id[16]);

/* ---- readers: bounded tries, false for "no key", with `out` wiped ---- */

/* The slot of that name, whatever its times, revoked or not. *other tells if another slot's turn to
 * seal is at `now`. Of `out` the name, secret, open_until and seal_until are filled in. */
bool image_find_key(const struct image *image, struct image_slot *out, bool *other,
                    const uint8_t name[16], uint64_t now);

/* The same, with all of `out` filled in. */
bool image_find(const struct image *image, struct image_slot *out, bool *other,
                const uint8_t name[16], uint64_t now);

/* The slot whose turn to seal is at `now`; never one that is revoked or over. */
bool image_sealing(const struct image *image, struct image_slot *out, uint64_t now);

/* What readers tell of the half in force: some words of it, however large it is. */
struct image_summary {
    uint64_t generation;
    uint64_t written_at;
    uint64_t rotate_s, lifetime_s, max_session_s;
    uint32_t count; /* slots in use, revoked ones too */
    uint32_t seal_count;
    struct {
        uint64_t from, until;
    } seals[RING_SEALS];
};
bool image_summarize(const struct image *image, struct image_summary *out);

/* ---- the writer ---- */

/* Make memory of image_len(capacity) bytes a ring with no key in it. Magic comes last. */
void image_format(struct image *image, void *base, uint32_t capacity, const uint8_t boot_id[16]);

/* Empty a ring of another boot and make it one of this boot. */
void image_clear(struct image *image, const uint8_t boot_id[16]);

/* Bring both halves to the same, valid state after a writer that may have died: copies the half in
 * force over the other, and mends slots that no lookup would find. False if it mended. */
bool image_repair(struct image *image);

/* The half in force, for its writer. */
const struct image_half *image_current(const struct image *image);

/* Change the ring. `fill` is called with the idle half and, once that is in force, with the other
 * one: it must do the same to both, by the calls below, and otherwise only read. If it returns
 * false nothing has changed. Cost: what `fill` itself does. */
typedef bool image_fill_fn(struct image_half *half, const void *arg);
bool image_change(struct image *image, image_fill_fn *fill, const void *arg);

/* Add a slot or replace the one of its name; false where the half is full, or the name is zero. */
bool image_put(struct image_half *half, const struct image_slot *slot);

/* Wipe the slot of that name; false if it is not there. Others may move into lower buckets, or from
 * the first ones into the last. */
bool image_drop(struct image_half *half, const uint8_t name[16]);

/* Set the rest; after puts and drops, since seals name slots. Those of no slot are left out. */
void image_set(struct image_half *half, const struct image_state *state);

/* A half, slot by slot (false for an empty bucket), by name, and the rest. */
bool image_at(const struct image_half *half, struct image_slot *out, uint32_t bucket);
bool image_seek(const struct image_half *half, uint32_t *bucket, const uint8_t name[16]);
void image_get(const struct image_half *half, struct image_state *out);

#endif
