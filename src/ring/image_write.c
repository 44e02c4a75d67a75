/* see image.h: what the writer does to a half */
#include "ring/image_half.h"

static void
put_words(ring_word *words, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t word;

        memcpy(&word, bytes + i * sizeof word, sizeof word);
        word_put(&words[i], word);
    }
}

static void
put_slot(struct image_half *half, uint32_t bucket, const struct image_slot *from)
{
    put_words((ring_word *)&half->slots[bucket], (const uint8_t *)from, SLOT_WORDS);
    put_words((ring_word *)&half->more[bucket], (const uint8_t *)&from->seal_from, MORE_WORDS);
}

static void
move_slot(struct image_half *half, uint32_t to, uint32_t from)
{
    IMAGE_SLOT(slot);

    image_copy_key(&slot, half, from);
    image_copy_more(&slot, half, from);
    put_slot(half, to, &slot);
}

static void
wipe_slot(struct image_half *half, uint32_t bucket)
{
    static const struct image_slot none;

    put_slot(half, bucket, &none);
}

static bool
is_free(const struct ring_slot *slot)
{
    return word_load(&slot->name[0]) == 0 && word_load(&slot->name[1]) == 0;
}

bool
image_put(struct image_half *half, const struct image_slot *slot)
{
    uint64_t name[2], count = word_load(&half->head->count);
    uint32_t bucket;

    memcpy(name, slot->name, sizeof name);
    if (name[0] == 0 && name[1] == 0)
        return false;
    if (image_seek(half, &bucket, slot->name)) {
        put_slot(half, bucket, slot);
        return true;
    }
    bucket = image_home(half, name[0]);
    for (uint32_t step = 0; count < half->capacity && step < RING_PROBES; step++) {
        if (is_free(&half->slots[bucket])) {
            put_slot(half, bucket, slot);
            word_put(&half->head->count, count + 1);
            return true;
        }
        bucket = (bucket + 1) & (half->buckets - 1);
    }
    return false;
}

/* Linear probing ends at the first empty bucket, so slots behind the one that goes move up into
 * the hole, unless that would put them in front of their home. */
static uint32_t
close_hole(struct image_half *half, uint32_t hole)
{
    uint32_t mask = half->buckets - 1, next = hole;

    for (uint32_t step = 0; step < half->buckets; step++) {
        uint32_t home;

        next = (next + 1) & mask;
        if (is_free(&half->slots[next]))
            break;
        home = image_home(half, word_load(&half->slots[next].name[0]));
        if (((next - home) & mask) >= ((next - hole) & mask)) {
            move_slot(half, hole, next);
            hole = next;
        }
    }
    return hole;
}

bool
image_drop(struct image_half *half, const uint8_t name[16])
{
    uint64_t count = word_load(&half->head->count);
    uint32_t bucket;

    if (!image_seek(half, &bucket, name))
        return false;
    wipe_slot(half, close_hole(half, bucket));
    word_put(&half->head->count, count > 0 ? count - 1 : 0);
    return true;
}

static void
set_seals(struct image_half *half, const struct image_state *state)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < state->seal_count && i < RING_SEALS; i++) {
        uint32_t bucket;
        struct ring_seal *seal = &half->head->seals[count];

        if (!image_seek(half, &bucket, state->seals[i].name))
            continue;
        word_put(&seal->from, state->seals[i].from);
        word_put(&seal->until, state->seals[i].until);
        word_put(&seal->slot, bucket);
        count++;
    }
    word_put(&half->head->seal_count, count);
    for (uint32_t i = count; i < RING_SEALS; i++) {
        word_put(&half->head->seals[i].from, 0);
        word_put(&half->head->seals[i].until, 0);
        word_put(&half->head->seals[i].slot, 0);
    }
}

static void
set_revocations(struct image_half *half, const struct image_state *state)
{
    struct ring_revocation *revocations = half->head->revocations;
    uint32_t count = state->revocation_count < RING_REVOCATIONS ? (uint32_t)state->revocation_count
                                                                : RING_REVOCATIONS;

    word_put(&half->head->revocation_count, count);
    for (uint32_t i = 0; i < RING_REVOCATIONS; i++) {
        uint64_t name[2] = {0};

        if (i < count)
            memcpy(name, state->revocations[i].name, sizeof name);
        word_put(&revocations[i].name[0], name[0]);
        word_put(&revocations[i].name[1], name[1]);
        word_put(&revocations[i].until, i < count ? state->revocations[i].until : 0);
    }
}

void
image_set(struct image_half *half, const struct image_state *state)
{
    struct ring_half *head = half->head;

    word_put(&head->written_at, state->written_at);
    word_put(&head->unix_offset_ms, state->unix_offset_ms);
    word_put(&head->rotate_s, state->rotate_s);
    word_put(&head->lifetime_s, state->lifetime_s);
    word_put(&head->patience_s, state->patience_s);
    word_put(&head->max_session_s, state->max_session_s);
    word_put(&head->each, state->each);
    word_put(&head->mark_made_ms, state->mark_made_ms);
    word_put(&head->mark_until, state->mark_until);
    word_put(&head->newest_ms, state->newest_ms);
    set_seals(half, state);
    set_revocations(half, state);
}
