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
static uint64_t
turn_at(const struct image_state *state, uint64_t now)
{
    uint64_t i = 0;

    while (i < state->seal_count && (now < state->seals[i].from || now >= state->seals[i].until))
        i++;
    return i;
}

/* The first time after `now` at which another key's turn comes. It can be only where an entry
 * begins or ends. */
static uint64_t
next_turn(const struct image_state *state, uint64_t now)
{
    uint64_t best = 0, current = turn_at(state, now);

    for (uint64_t i = 0; i < 2 * state->seal_count; i++) {
        uint64_t at = i % 2 == 0 ? state->seals[i / 2].from : state->seals[i / 2].until;
        uint64_t turn = turn_at(state, at);

        if (at > now && (best == 0 || at < best) && turn != state->seal_count && turn != current)
            best = at;
    }
    return best;
}

enum stek_status
lookup_info(const struct image *image, struct stek_info *info, uint64_t now)
{
    struct image_state state;

    if (!image_state(image, &state))
        return STEK_NO_KEY;
    info->generation = word_load(&image->header->flip);
    info->written_at = state.written_at;
    info->next_rotation = next_turn(&state, now);
    info->rotate = state.rotate_s;
    info->lifetime = state.lifetime_s;
    info->max_session = state.max_session_s;
    info->opening = image_opening(image, now);
    info->sealing = turn_at(&state, now) < state.seal_count;
    return STEK_OK;
}
