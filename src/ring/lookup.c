/* see lookup.h */
#include "ring/lookup.h"

#include <string.h>

#include "ring/words.h"

_Static_assert(STEK_NAME_LEN == sizeof(((struct image_slot *)0)->name), "names");
_Static_assert(STEK_SECRET_LEN == SECRET_LEN, "secrets");

/* Damaged memory must not make anybody seal with a key of zeros. */
static bool
is_zero(const struct secret *secret)
{
    uint8_t any = 0;

    for (size_t i = 0; i < sizeof secret->bytes; i++)
        any |= secret->bytes[i];
    return any == 0;
}

static void
hand_out(struct stek_key *key, const struct image_slot *slot)
{
    memcpy(key->name, slot->name, sizeof key->name);
    memcpy(key->secret, slot->secret.bytes, sizeof key->secret);
    key->seal_until = slot->seal_until;
    key->open_until = slot->open_until;
}

enum stek_status
lookup_sealing(const struct image *image, struct stek_key *key, uint64_t now)
{
    IMAGE_SLOT(slot);

    if (!image_sealing(image, &slot, now) || is_zero(&slot.secret))
        return STEK_NO_KEY;
    hand_out(key, &slot);
    return STEK_OK;
}

enum stek_status
lookup_opening(const struct image *image, struct stek_key *key, int *renew, enum stek_event *miss,
               const uint8_t name[STEK_NAME_LEN], uint64_t now)
{
    bool other = false;
    IMAGE_SLOT(slot);

    *miss = STEK_FULL_UNKNOWN;
    if (!image_find_key(image, &slot, &other, name, now))
        return STEK_NO_KEY;
    *miss = slot.seal_until == RING_REVOKED ? STEK_FULL_REVOKED : STEK_FULL_EXPIRED;
    if (slot.seal_until == RING_REVOKED || now >= slot.open_until || is_zero(&slot.secret))
        return STEK_NO_KEY;
    hand_out(key, &slot);
    *renew = other;
    return STEK_OK;
}

/* The entry whose turn is at `now`; seal_count if there is none. */
static uint32_t
turn_at(const struct image_summary *ring, uint64_t now)
{
    uint32_t i = 0;

    while (i < ring->seal_count && (now < ring->seals[i].from || now >= ring->seals[i].until))
        i++;
    return i;
}

/* The first time after `now` at which another key's turn comes. It can be only where an entry
 * begins or ends. */
static uint64_t
next_turn(const struct image_summary *ring, uint64_t now)
{
    uint32_t current = turn_at(ring, now);
    uint64_t best = 0;

    for (uint32_t i = 0; i < 2 * ring->seal_count; i++) {
        uint64_t at = i % 2 == 0 ? ring->seals[i / 2].from : ring->seals[i / 2].until;
        uint32_t turn;

        if (at <= now || (best != 0 && at >= best))
            continue;
        turn = turn_at(ring, at);
        if (turn != ring->seal_count && turn != current)
            best = at;
    }
    return best;
}

enum stek_status
lookup_info(const struct image *image, struct stek_info *info, uint64_t now)
{
    struct image_summary ring;

    if (!image_summarize(image, &ring))
        return STEK_NO_KEY;
    info->generation = ring.generation;
    info->written_at = ring.written_at;
    info->next_rotation = next_turn(&ring, now);
    info->rotate = ring.rotate_s;
    info->lifetime = ring.lifetime_s;
    info->max_session = ring.max_session_s;
    info->keys = ring.count;
    info->sealing = turn_at(&ring, now) < ring.seal_count;
    return STEK_OK;
}
