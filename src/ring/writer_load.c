/* see writer.h: the keyset back out of a ring */
#include <errno.h>
#include <string.h>

#include "ring/writer.h"

/* What had to be left out: the first thing is worth a word, lack of memory is the end. */
struct losses {
    bool any, no_memory;
    struct err first;
};

static void
note(struct losses *losses, enum keyset_change change, const struct err *why)
{
    if (change != KEYSET_REFUSED)
        return;
    losses->no_memory |= errno == ENOMEM;
    if (!losses->any)
        losses->first = *why;
    losses->any = true;
}

static void
load_rest(struct keyset *set, const struct image_state *state, uint64_t now_ms,
          struct losses *losses)
{
    struct err why = {0};

    note(losses, keyset_revoke_mark(set, state->mark_made_ms, state->mark_until, now_ms, &why),
         &why);
    for (uint64_t i = 0; i < state->revocation_count; i++)
        note(losses,
             keyset_revoke_name(set, state->revocations[i].name, state->revocations[i].until,
                                now_ms, &why),
             &why);
    if (state->newest_ms > set->newest_ms && state->newest_ms <= now_ms + KEY_SKEW_MS)
        set->newest_ms = state->newest_ms; /* no event, so there is no call for it */
}

static void
load_slot(struct keyset *set, const struct image_slot *slot, uint64_t now_ms, struct losses *losses)
{
    struct err why = {0};
    KEY(key);

    memcpy(key.name, slot->name, sizeof key.name);
    key.secret = slot->secret;
    key.made_ms = slot->made_ms;
    key.seal_from = slot->unix_seal_from;
    key.seal_until = slot->unix_seal_until;
    key.open_until = slot->unix_open_until;
    key.maker = slot->maker;
    key.flags = slot->flags > UINT32_MAX ? UINT32_MAX : (uint32_t)slot->flags; /* refused below */
    if (slot->seal_until == RING_REVOKED)
        key.flags |= KEY_REVOKED;
    if (key_check(&key, NULL) && (key.flags & KEY_CONFIRMED) != 0)
        note(losses, keyset_confirm(set, key.name, key.open_until, now_ms, &why), &why);
    note(losses, keyset_add(set, &key, now_ms, &why), &why);
}

bool
ring_writer_load(const struct ring_writer *writer, struct keyset *set, uint64_t now_ms,
                 struct err *err)
{
    const struct image_half *half = image_current(&writer->image);
    struct losses losses = {0};
    struct image_state state;
    int saved = errno;
    IMAGE_SLOT(slot);

    errno = 0;
    image_get(half, &state);
    load_rest(set, &state, now_ms, &losses);
    for (uint32_t i = 0; i < half->buckets; i++)
        if (image_at(half, &slot, i))
            load_slot(set, &slot, now_ms, &losses);
    if (losses.any && err != NULL) {
        *err = losses.first;
        err_add(err, "left out of the ring's keys");
    }
    errno = saved;
    return !losses.no_memory;
}
