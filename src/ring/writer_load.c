/* see writer.h: the keyset back out of a ring */
#include <errno.h>
#include <string.h>

#include "ring/plan.h"
#include "ring/words.h"
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

/* Field by field: a whole struct might come by way of the stack. */
static void
read_slot(struct key *key, const struct image_slot *slot)
{
    memcpy(key->name, slot->name, sizeof key->name);
    key->secret = slot->secret;
    key->made_ms = slot->made_ms;
    key->seal_from = slot->unix_seal_from;
    key->seal_until = slot->unix_seal_until;
    key->open_until = slot->unix_open_until;
    key->maker = slot->maker;
    key->flags = slot->flags > UINT32_MAX ? UINT32_MAX : (uint32_t)slot->flags; /* refused then */
    if (slot->seal_until == RING_REVOKED)
        key->flags |= KEY_REVOKED;
}

/* All at once: there may be very many. */
static void
load_keys(struct keyset *set, const struct image_half *half, uint64_t now_ms, struct losses *losses)
{
    struct err why = {0};
    struct key *keys;
    size_t count = 0;
    IMAGE_SLOT(slot);
    SECRET_BUF(buf);

    if (!secret_buf_init(&buf, half->capacity * sizeof *keys)) {
        (void)err_set(&why, "no memory"); /* always false */
        note(losses, KEYSET_REFUSED, &why);
        return;
    }
    keys = (struct key *)(void *)buf.bytes;
    for (uint32_t i = 0; i < half->buckets && count < half->capacity; i++) /* no more are sound */
        if (image_at(half, &slot, i))
            read_slot(&keys[count++], &slot);
    (void)keyset_add_all(set, keys, count, now_ms, &why); /* if refused, `why` tells */
    if (why.text[0] != '\0')
        note(losses, KEYSET_REFUSED, &why);
}

/* By name, as the set has the keys: each confirmation then comes behind the others. */
static void
load_confirmations(struct keyset *set, const struct image_half *half, uint64_t now_ms,
                   struct losses *losses)
{
    struct err why = {0};

    for (size_t i = 0; i < set->key_count; i++) {
        const struct key *key = &set->keys[i];
        uint32_t bucket;

        if (image_seek(half, &bucket, key->name) &&
            (word_load(&half->more[bucket].flags) & KEY_CONFIRMED) != 0)
            note(losses, keyset_confirm(set, key->name, key->open_until, now_ms, &why), &why);
    }
}

/* A slot's time to seal is the effective one: where it is still to come, and later than the key's
 * own, the key was learnt late. */
static void
load_held(struct keyset *set, const struct image_half *half, const struct image_state *state,
          uint64_t now_ms)
{
    const struct policy policy = {.patience_s = state->patience_s};

    for (size_t i = 0; i < set->key_count; i++) {
        struct key *key = &set->keys[i];
        uint32_t bucket;
        uint64_t from_s = 0;

        if ((key->flags & (KEY_REVOKED | KEY_EMERGENCY | KEY_EACH)) == 0 &&
            image_seek(half, &bucket, key->name))
            from_s = plan_unix_s(state->unix_offset_ms, word_load(&half->more[bucket].seal_from));
        if (from_s > now_ms / 1000 && from_s > keyset_seals_from(key, &policy))
            key->held_until = from_s;
    }
}

bool
ring_writer_load(const struct ring_writer *writer, struct keyset *set, uint64_t now_ms,
                 struct err *err)
{
    const struct image_half *half = image_current(&writer->image);
    struct losses losses = {0};
    struct image_state state;
    int saved = errno;

    errno = 0;
    image_get(half, &state);
    load_rest(set, &state, now_ms, &losses);
    load_keys(set, half, now_ms, &losses);
    load_confirmations(set, half, now_ms, &losses);
    load_held(set, half, &state, now_ms);
    if (losses.any && err != NULL) {
        *err = losses.first;
        err_add(err, "left out of the ring's keys");
    }
    errno = saved;
    return !losses.no_memory;
}
