/* see keyset.h: the keyset's life; keys come in by keyset_add.c, what concerns them by
 * keyset_merge.c */
#include "keys/keyset.h"

#include <string.h>

#include "base/hex.h"
#include "keys/items.h"
#include "keys/keyset_inner.h"

void
keyset_init(struct keyset *set)
{
    *set = (struct keyset){0};
}

void
keyset_free(struct keyset *set)
{
    items_free(set->keys, set->key_cap, sizeof *set->keys);
    items_free(set->confirmations, set->confirmation_cap, sizeof *set->confirmations);
    items_free(set->revocations, set->revocation_cap, sizeof *set->revocations);
    keyset_init(set);
}

/* A copy of `count` items in a block of its own; *cap is set to what it holds. NULL: no memory. */
static void *
copy_items(const void *items, size_t count, size_t *cap, size_t size)
{
    void *fresh;

    *cap = 0;
    fresh = items_reserve(NULL, 0, cap, size, count + 1);
    if (fresh != NULL && count > 0)
        memcpy(fresh, items, count * size);
    return fresh;
}

bool
keyset_copy(struct keyset *out, const struct keyset *set)
{
    KEYSET(copy);

    copy.keys = copy_items(set->keys, set->key_count, &copy.key_cap, sizeof *copy.keys);
    copy.confirmations = copy_items(set->confirmations, set->confirmation_count,
                                    &copy.confirmation_cap, sizeof *copy.confirmations);
    copy.revocations = copy_items(set->revocations, set->revocation_count, &copy.revocation_cap,
                                  sizeof *copy.revocations);
    if (copy.keys == NULL || copy.confirmations == NULL || copy.revocations == NULL)
        return false;
    copy.key_count = set->key_count;
    copy.confirmation_count = set->confirmation_count;
    copy.revocation_count = set->revocation_count;
    copy.mark = set->mark;
    copy.newest_ms = set->newest_ms;
    *out = copy;
    keyset_init(&copy);
    return true;
}

enum keyset_change
keyset_refuse(struct err *err, const uint8_t name[KEY_NAME_LEN], const char *why)
{
    char hex[HEX_LEN(KEY_NAME_LEN)];

    (void)err_set(err, "key %s: %s", hex_encode(hex, name, KEY_NAME_LEN), why); /* always false */
    return KEYSET_REFUSED;
}

static void
extend(uint64_t *until, uint64_t to)
{
    if (*until < to)
        *until = to;
}

void
keyset_settle(struct keyset *set, struct key *key)
{
    bool found, revoked = (key->flags & KEY_REVOKED) != 0;
    size_t place;

    place = items_place(set->confirmations, set->confirmation_count, sizeof *set->confirmations,
                        key->name, &found);
    if (found) {
        if ((key->flags & KEY_CONFIRMED) == 0) /* just now: all have it */
            key->held_until = 0;
        key->flags |= KEY_CONFIRMED;
        extend(&set->confirmations[place].until, key->open_until);
    }
    place = items_place(set->revocations, set->revocation_count, sizeof *set->revocations,
                        key->name, &found);
    if (found) {
        revoked = true;
        extend(&set->revocations[place].until, key->open_until + KEYSET_LINGER_S);
    }
    if (set->mark.until > 0 && key->made_ms <= set->mark.made_ms) {
        revoked = true;
        extend(&set->mark.until, key->open_until + KEYSET_LINGER_S);
    }
    if (revoked) {
        key->flags |= KEY_REVOKED;
        secret_wipe(&key->secret);
    }
}

static bool
is_key_over(const void *item, uint64_t now_s)
{
    const struct key *key = item;

    return key->open_until <= now_s;
}

static bool
is_confirmation_over(const void *item, uint64_t now_s)
{
    const struct confirmation *confirmation = item;

    return confirmation->until <= now_s;
}

static bool
is_revocation_over(const void *item, uint64_t now_s)
{
    const struct revocation *revocation = item;

    return revocation->until <= now_s;
}

bool
keyset_expire(struct keyset *set, uint64_t now_ms)
{
    uint64_t now_s = now_ms / 1000;
    bool changed;

    changed = items_drop(set->keys, &set->key_count, sizeof *set->keys, is_key_over, now_s);
    changed |= items_drop(set->confirmations, &set->confirmation_count, sizeof *set->confirmations,
                          is_confirmation_over, now_s);
    changed |= items_drop(set->revocations, &set->revocation_count, sizeof *set->revocations,
                          is_revocation_over, now_s);
    if (set->mark.until > 0 && set->mark.until <= now_s) {
        set->mark = (struct mark){0};
        changed = true;
    }
    return changed;
}

/* `time` moved by as many of its units, within `least` and the end of time. */
static uint64_t
moved(uint64_t time, bool back, uint64_t by, uint64_t least)
{
    if (back)
        return time > least && time - least > by ? time - by : least;
    return time < KEY_TIME_MAX && KEY_TIME_MAX - time > by ? time + by : KEY_TIME_MAX;
}

static void
shift_key(struct key *key, bool back, uint64_t by_s)
{
    key->seal_from = moved(key->seal_from, back, by_s, 0);
    key->seal_until = moved(key->seal_until, back, by_s, 1); /* still after seal_from */
    key->open_until = moved(key->open_until, back, by_s, 1);
}

/* That is told by our clock, whoever made the key. */
static void
shift_held(struct keyset *set, bool back, uint64_t by_s)
{
    for (size_t i = 0; i < set->key_count; i++)
        if (set->keys[i].held_until > 0)
            set->keys[i].held_until = moved(set->keys[i].held_until, back, by_s, 1);
}

/* What was made in the future was made as long before it seals as it was, but no mark withdraws it
 * for that. */
static void
make_past(struct key *key, const struct mark *was, const struct mark *is, uint64_t by_s,
          uint64_t now_ms)
{
    bool is_after = was->until > 0 && key->made_ms > was->made_ms;
    uint64_t made_ms = moved(key->made_ms, true, by_s * 1000, 0);

    if (key->made_ms <= now_ms)
        return;
    made_ms = made_ms < now_ms ? made_ms : now_ms;
    if (is_after && is->made_ms >= made_ms)
        made_ms = is->made_ms + 1;
    if (made_ms < key->made_ms)
        key->made_ms = made_ms;
}

uint64_t
keyset_newest_ms(const struct keyset *set, uint64_t now_ms)
{
    uint64_t limit_ms = now_ms + KEY_SKEW_MS, newest_ms = 0;

    if (set->newest_ms <= limit_ms)
        return set->newest_ms;
    if (set->mark.made_ms <= limit_ms)
        newest_ms = set->mark.made_ms;
    for (size_t i = 0; i < set->key_count; i++)
        if (set->keys[i].made_ms <= limit_ms && set->keys[i].made_ms > newest_ms)
            newest_ms = set->keys[i].made_ms;
    return newest_ms;
}

/* The largest `made` or mark that is here. */
static uint64_t
newest(const struct keyset *set)
{
    uint64_t newest_ms = set->mark.made_ms;

    for (size_t i = 0; i < set->key_count; i++)
        if (set->keys[i].made_ms > newest_ms)
            newest_ms = set->keys[i].made_ms;
    return newest_ms;
}

static bool
is_future(uint64_t made_ms, uint64_t now_ms)
{
    return made_ms > now_ms && made_ms - now_ms > KEY_SKEW_MS;
}

static bool
others_are_ahead(const struct keyset *set, uint64_t maker, uint64_t now_ms)
{
    for (size_t i = 0; i < set->key_count; i++)
        if (set->keys[i].maker != maker && is_future(set->keys[i].made_ms, now_ms))
            return true;
    return false;
}

static bool
is_named(const struct keyset *set, const uint8_t name[KEY_NAME_LEN])
{
    bool found;

    (void)items_place(set->revocations, set->revocation_count, sizeof *set->revocations, name,
                      &found); /* where it is does not matter */
    return found;
}

/* Keys that `was` withdrew, and the mark as it is now, moved, would not: this maker's move with it,
 * as it was ordered by their clock; others' may be learnt again. */
static void
settle_mark(struct keyset *set, const struct mark *was, uint64_t maker)
{
    uint64_t by_ms = was->made_ms - set->mark.made_ms;

    for (size_t i = 0; i < set->key_count; i++) {
        struct key *key = &set->keys[i];

        if (key->made_ms > was->made_ms || key->made_ms <= set->mark.made_ms)
            continue;
        if (key->maker == maker)
            key->made_ms = moved(key->made_ms, true, by_ms, 0);
        else if (!is_named(set, key->name))
            key->open_until = 0;
    }
    (void)items_drop(set->keys, &set->key_count, sizeof *set->keys, is_key_over, 0); /* if any */
}

void
keyset_shift_own(struct keyset *set, uint64_t maker, int64_t by_s, bool is_agreed, uint64_t now_ms)
{
    bool back = by_s < 0, is_wrong = !is_agreed && others_are_ahead(set, maker, now_ms);
    uint64_t by = back ? -(uint64_t)by_s : (uint64_t)by_s;
    const struct mark was = set->mark;

    by = by < KEY_TIME_MAX / 1000 ? by : KEY_TIME_MAX / 1000;
    if (is_future(set->mark.made_ms, now_ms)) {
        set->mark.made_ms = moved(set->mark.made_ms, back, by * 1000, 0);
        set->mark.until = moved(set->mark.until, back, by, 1);
        if (!is_wrong)
            settle_mark(set, &was, maker);
    }
    shift_held(set, back, by);
    for (size_t i = 0; i < set->key_count; i++) {
        if (set->keys[i].maker != maker)
            continue;
        shift_key(&set->keys[i], back, by);
        if (!is_wrong)
            make_past(&set->keys[i], &was, &set->mark, back ? by : 0, now_ms);
    }
    set->newest_ms = newest(set); /* else one that was ahead keeps fresh keys ahead */
    for (size_t i = 0; i < set->key_count; i++)
        keyset_settle(set, &set->keys[i]); /* as peers do when they learn the new times */
}

/* When this key is to have been made; what it says if that is well. */
static uint64_t
dated_ms(const struct keyset *set, const struct key *key)
{
    uint64_t made_ms = key->seal_from * 1000;

    if (key->made_ms <= made_ms + KEY_SKEW_MS)
        return key->made_ms;
    if (set->mark.until > 0 && key->made_ms > set->mark.made_ms && made_ms <= set->mark.made_ms)
        made_ms = set->mark.made_ms + 1;
    return made_ms;
}

bool
keyset_is_misdated(const struct keyset *set, uint64_t maker)
{
    bool is_any = false;

    for (size_t i = 0; i < set->key_count && !is_any; i++)
        is_any =
            set->keys[i].maker == maker && dated_ms(set, &set->keys[i]) != set->keys[i].made_ms;
    return is_any;
}

bool
keyset_redate(struct keyset *set, uint64_t maker)
{
    bool is_any = keyset_is_misdated(set, maker);

    for (size_t i = 0; i < set->key_count; i++)
        if (set->keys[i].maker == maker)
            set->keys[i].made_ms = dated_ms(set, &set->keys[i]);
    set->newest_ms = is_any ? newest(set) : set->newest_ms;
    return is_any;
}

void
keyset_adopt(struct keyset *set, uint64_t from, uint64_t to)
{
    for (size_t i = 0; i < set->key_count; i++)
        if (set->keys[i].maker == from)
            set->keys[i].maker = to;
}

void
keyset_shift(struct keyset *set, int64_t by_s)
{
    bool back = by_s < 0;
    uint64_t by = back ? -(uint64_t)by_s : (uint64_t)by_s, by_ms;

    by = by < KEY_TIME_MAX / 1000 ? by : KEY_TIME_MAX / 1000;
    by_ms = by * 1000;
    for (size_t i = 0; i < set->key_count; i++)
        shift_key(&set->keys[i], back, by);
    shift_held(set, back, by);
    for (size_t i = 0; i < set->key_count; i++)
        set->keys[i].made_ms = moved(set->keys[i].made_ms, back, by_ms, 0);
    for (size_t i = 0; i < set->confirmation_count; i++)
        set->confirmations[i].until = moved(set->confirmations[i].until, back, by, 0);
    for (size_t i = 0; i < set->revocation_count; i++)
        set->revocations[i].until = moved(set->revocations[i].until, back, by, 0);
    if (set->mark.until > 0) {
        set->mark.until = moved(set->mark.until, back, by, 1);
        set->mark.made_ms = moved(set->mark.made_ms, back, by_ms, 0);
    }
    if (set->newest_ms > 0)
        set->newest_ms = moved(set->newest_ms, back, by_ms, 1);
}

uint64_t
keyset_made_ms(const struct keyset *set, uint64_t now_ms)
{
    uint64_t newest_ms = keyset_newest_ms(set, now_ms);

    return newest_ms >= now_ms ? newest_ms + 1 : now_ms;
}

const struct key *
keyset_find(const struct keyset *set, const uint8_t name[KEY_NAME_LEN])
{
    bool found;
    size_t place = items_place(set->keys, set->key_count, sizeof *set->keys, name, &found);

    return found ? &set->keys[place] : NULL;
}
