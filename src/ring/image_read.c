/* see image.h: what readers do */
#include "ring/image_half.h"

/* The n-th entry of the seals from *next on whose turn is at `now`; its bucket may be no bucket. */
static bool
seal_turn(const struct image_half *half, uint32_t *next, uint64_t *bucket, uint64_t now)
{
    uint32_t count = image_bounded(&half->head->seal_count, RING_SEALS);

    while (*next < count) {
        const struct ring_seal *seal = &half->head->seals[(*next)++];

        if (word_load(&seal->from) <= now && now < word_load(&seal->until)) {
            *bucket = word_load(&seal->slot);
            return true;
        }
    }
    return false;
}

/* The half in force, and the flip to compare with when all has been read. */
static const struct image_half *
begin(const struct image *image, uint64_t *flip)
{
    *flip = atomic_load_explicit(&image->header->flip, memory_order_acquire);
    return &image->half[*flip & 1];
}

/* True if nothing that was read since begin() had been changed by then. */
static bool
is_whole(const struct image *image, uint64_t flip)
{
    WORD_FENCE(memory_order_acquire);
    return word_load(&image->header->flip) == flip;
}

static inline bool
find(const struct image *image, struct image_slot *out, bool *other, const uint8_t name[16],
     uint64_t now, bool with_more)
{
    uint64_t want[2];

    memcpy(want, name, sizeof want);
    for (int tries = 0; tries < RING_TRIES && (want[0] != 0 || want[1] != 0); tries++) {
        uint64_t flip, turn = 0;
        const struct image_half *half = begin(image, &flip);
        uint32_t bucket, next = 0;
        bool seals;

        /* The slot is most likely here, and out of cache: ask for it first. */
        __builtin_prefetch(&half->slots[image_home(half, want[0])]);
        seals = seal_turn(half, &next, &turn, now);
        bucket = image_probe(half, want);
        if (bucket != NO_BUCKET)
            image_copy_key(out, half, bucket);
        if (bucket != NO_BUCKET && with_more)
            image_copy_more(out, half, bucket);
        if (!is_whole(image, flip))
            continue;
        if (bucket == NO_BUCKET || memcmp(out->name, name, sizeof out->name) != 0)
            break;
        *other = seals && turn != bucket;
        return true;
    }
    image_slot_wipe(out);
    return false;
}

bool
image_find_key(const struct image *image, struct image_slot *out, bool *other,
               const uint8_t name[16], uint64_t now)
{
    return find(image, out, other, name, now, false);
}

bool
image_find(const struct image *image, struct image_slot *out, bool *other, const uint8_t name[16],
           uint64_t now)
{
    return find(image, out, other, name, now, true);
}

static bool
may_seal(const struct image_slot *slot, uint64_t now)
{
    static const uint8_t none[16];

    return memcmp(slot->name, none, sizeof none) != 0 && slot->seal_until != RING_REVOKED &&
           slot->seal_from <= now && now < slot->seal_until && now < slot->open_until;
}

bool
image_sealing(const struct image *image, struct image_slot *out, uint64_t now)
{
    for (int tries = 0; tries < RING_TRIES; tries++) {
        uint64_t flip, bucket = 0;
        const struct image_half *half = begin(image, &flip);
        uint32_t next = 0;
        bool found = false;

        while (!found && seal_turn(half, &next, &bucket, now)) {
            if (bucket >= half->buckets)
                continue;
            image_copy_key(out, half, (uint32_t)bucket);
            image_copy_more(out, half, (uint32_t)bucket);
            found = may_seal(out, now);
        }
        if (!is_whole(image, flip))
            continue;
        if (found)
            return true;
        break;
    }
    image_slot_wipe(out);
    return false;
}

bool
image_summarize(const struct image *image, struct image_summary *out)
{
    for (int tries = 0; tries < RING_TRIES; tries++) {
        uint64_t flip;
        const struct image_half *half = begin(image, &flip);
        const struct ring_half *head = half->head;
        struct image_summary summary = {
            .generation = flip,
            .written_at = word_load(&head->written_at),
            .rotate_s = word_load(&head->rotate_s),
            .lifetime_s = word_load(&head->lifetime_s),
            .max_session_s = word_load(&head->max_session_s),
            .count = image_bounded(&head->count, half->capacity),
            .seal_count = image_bounded(&head->seal_count, RING_SEALS),
        };

        for (uint32_t i = 0; i < summary.seal_count; i++) {
            summary.seals[i].from = word_load(&head->seals[i].from);
            summary.seals[i].until = word_load(&head->seals[i].until);
        }
        if (is_whole(image, flip)) {
            *out = summary;
            return true;
        }
    }
    return false;
}
