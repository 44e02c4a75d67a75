/* see image.h: a half as both readers and the writer see it */
#include "ring/image_half.h"

_Static_assert(offsetof(struct image_slot, seal_from) == sizeof(struct ring_slot), "word by word");
_Static_assert(sizeof(struct image_slot) == sizeof(struct ring_slot) + sizeof(struct ring_more),
               "word by word");

void
image_slot_wipe(struct image_slot *slot)
{
    secret_wipe_bytes(slot, sizeof *slot);
}

bool
image_seek(const struct image_half *half, uint32_t *bucket, const uint8_t name[16])
{
    uint64_t words[2];
    uint32_t found;

    memcpy(words, name, sizeof words);
    if (words[0] == 0 && words[1] == 0)
        return false;
    found = image_probe(half, words);
    if (found == NO_BUCKET)
        return false;
    *bucket = found;
    return true;
}

bool
image_at(const struct image_half *half, struct image_slot *out, uint32_t bucket)
{
    static const uint8_t none[16];

    if (bucket >= half->buckets)
        return false;
    image_copy_key(out, half, bucket);
    image_copy_more(out, half, bucket);
    return memcmp(out->name, none, sizeof none) != 0;
}

static void
get_seals(const struct image_half *half, struct image_state *out)
{
    uint32_t count = image_bounded(&half->head->seal_count, RING_SEALS);

    for (uint32_t i = 0; i < count; i++) {
        const struct ring_seal *seal = &half->head->seals[i];
        uint64_t bucket = word_load(&seal->slot), name[2];

        if (bucket >= half->buckets)
            continue;
        name[0] = word_load(&half->slots[bucket].name[0]);
        name[1] = word_load(&half->slots[bucket].name[1]);
        memcpy(out->seals[out->seal_count].name, name, sizeof name);
        out->seals[out->seal_count].from = word_load(&seal->from);
        out->seals[out->seal_count++].until = word_load(&seal->until);
    }
}

static void
get_revocations(const struct image_half *half, struct image_state *out)
{
    out->revocation_count = image_bounded(&half->head->revocation_count, RING_REVOCATIONS);
    for (uint32_t i = 0; i < out->revocation_count; i++) {
        const struct ring_revocation *from = &half->head->revocations[i];
        uint64_t name[2] = {word_load(&from->name[0]), word_load(&from->name[1])};

        memcpy(out->revocations[i].name, name, sizeof name);
        out->revocations[i].until = word_load(&from->until);
    }
}

void
image_get(const struct image_half *half, struct image_state *out)
{
    const struct ring_half *head = half->head;

    *out = (struct image_state){.written_at = word_load(&head->written_at),
                                .unix_offset_ms = word_load(&head->unix_offset_ms),
                                .rotate_s = word_load(&head->rotate_s),
                                .lifetime_s = word_load(&head->lifetime_s),
                                .patience_s = word_load(&head->patience_s),
                                .max_session_s = word_load(&head->max_session_s),
                                .each = word_load(&head->each),
                                .mark_made_ms = word_load(&head->mark_made_ms),
                                .mark_until = word_load(&head->mark_until),
                                .newest_ms = word_load(&head->newest_ms),
                                .count = word_load(&head->count)};
    get_seals(half, out);
    get_revocations(half, out);
}
