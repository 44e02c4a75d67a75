/* image.h - the two halves of a ring in memory, as readers see them and as a writer changes them.
 * See layout.h. It knows no files and no keysets: memory in, memory changed. */
#ifndef RING_IMAGE_H
#define RING_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/secret.h"
#include "ring/layout.h"

/* A mapped ring. Sizes are private copies, checked once against the mapping, so that nothing that
 * is written into the memory later leads a reader out of it. */
struct image {
    struct ring_header *header;
    uint8_t *halves[2];
    uint32_t capacity;
    uint32_t buckets;
};

enum image_check {
    IMAGE_OK,
    IMAGE_EMPTY,   /* all zero: not yet formatted */
    IMAGE_FOREIGN, /* not a ring, or of another layout, byte order or size */
    IMAGE_OLD_BOOT /* of another boot: its times mean nothing now */
};

/* A slot in private memory. */
struct image_slot {
    uint8_t name[16];
    struct secret secret;
    uint64_t open_until;
    uint64_t state;
    uint64_t seal_from;
    uint64_t seal_until;
    uint64_t made_ms;
    uint64_t unix_seal_from;
    uint64_t unix_seal_until;
    uint64_t unix_open_until;
    uint64_t maker;
    uint64_t flags;
};

void image_slot_wipe(struct image_slot *slot);
#define IMAGE_SLOT(var) __attribute__((cleanup(image_slot_wipe))) struct image_slot var = {0}

/* Bytes that a ring of this capacity takes. */
size_t image_len(uint32_t capacity);

/* Look at what is mapped; `boot_id` is this boot's. On IMAGE_OK `image` can be used. */
enum image_check image_open(struct image *image, void *base, size_t len, const uint8_t boot_id[16]);

/* Make zeroed memory of image_len(capacity) bytes a ring with no key in it. Magic comes last. */
void image_format(struct image *image, void *base, uint32_t capacity, const uint8_t boot_id[16]);

/* ---- readers: bounded tries, false for "no key" ---- */

bool image_find(const struct image *image, struct image_slot *out, const uint8_t name[16]);
bool image_sealing(const struct image *image, struct image_slot *out, uint64_t now);

/* ---- the writer ---- */

/* What a half holds beside its slots. */
struct image_state {
    uint64_t written_at, unix_offset_ms;
    uint64_t rotate_s, lifetime_s, patience_s, max_session_s, each;
    uint64_t mark_made_ms, mark_until, newest_ms;
    uint32_t count, seal_count, revocation_count;
    struct {
        uint64_t from, until;
        uint8_t name[16];
    } seals[RING_SEALS];
    struct {
        uint8_t name[16];
        uint64_t until;
    } revocations[RING_REVOCATIONS];
};

/* Bring both halves to the same, valid state after a writer that may have died: copies the half in
 * force over the other. */
void image_repair(struct image *image);

/* One change: what is put, dropped and set between begin and commit becomes visible at once. The
 * steps after the flip are done by commit too. A put fails (false) where the ring is full. */
struct image_change;
struct image_change *image_begin(struct image *image);
bool image_put(struct image_change *change, const struct image_slot *slot);
void image_drop(struct image_change *change, const uint8_t name[16]);
bool image_set(struct image_change *change, const struct image_state *state);
void image_commit(struct image_change *change);

/* The half in force, for its writer: slot by slot (false for an empty bucket), and the rest. */
bool image_slot_at(const struct image *image, struct image_slot *out, uint32_t bucket);
void image_state(const struct image *image, struct image_state *state);

#endif
