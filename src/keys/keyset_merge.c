/* see keyset.h: confirmations, revocations, and the merging of two keysets */
#include <string.h>

#include "base/hex.h"
#include "keys/items.h"
#include "keys/keyset_inner.h"

/* An `until` that no honest host writes would stay for ever. */
static bool
is_too_far(uint64_t until, uint64_t now_ms)
{
    uint64_t now_s = now_ms / 1000;

    return until > now_s && until - now_s > KEYSET_AHEAD_MAX_S;
}

static void
settle_name(struct keyset *set, const uint8_t name[KEY_NAME_LEN])
{
    bool found;
    size_t place = items_place(set->keys, set->key_count, sizeof *set->keys, name, &found);

    if (found)
        keyset_settle(set, &set->keys[place]);
}

enum keyset_change
keyset_confirm(struct keyset *set, const uint8_t name[KEY_NAME_LEN], uint64_t until,
               uint64_t now_ms, struct err *err)
{
    struct confirmation *items, fresh = {.until = until};
    bool found;
    size_t place = items_place(set->confirmations, set->confirmation_count,
                               sizeof *set->confirmations, name, &found);

    if (until <= now_ms / 1000 || (found && until <= set->confirmations[place].until))
        return KEYSET_SAME;
    if (is_too_far(until, now_ms))
        return keyset_refuse(err, name, "its confirmation lasts longer than any key");
    if (found) {
        set->confirmations[place].until = until;
        return KEYSET_CHANGED;
    }
    if (set->confirmation_count >= KEYSET_CONFIRMATIONS_MAX)
        return keyset_refuse(err, name, "no room for its confirmation (65,536 are there)");
    items = items_reserve(set->confirmations, set->confirmation_count, &set->confirmation_cap,
                          sizeof *items, 1);
    if (items == NULL)
        return keyset_refuse(err, name, "no memory");
    set->confirmations = items;
    memcpy(fresh.name, name, sizeof fresh.name);
    items_insert(items, &set->confirmation_count, sizeof *items, place, &fresh);
    settle_name(set, name);
    return KEYSET_CHANGED;
}

enum keyset_change
keyset_revoke_name(struct keyset *set, const uint8_t name[KEY_NAME_LEN], uint64_t until,
                   uint64_t now_ms, struct err *err)
{
    struct revocation *items, fresh = {.until = until};
    bool found;
    size_t place = items_place(set->revocations, set->revocation_count, sizeof *set->revocations,
                               name, &found);

    if (until <= now_ms / 1000 || (found && until <= set->revocations[place].until))
        return KEYSET_SAME;
    if (is_too_far(until, now_ms))
        return keyset_refuse(err, name, "its revocation lasts longer than any key");
    if (found) {
        set->revocations[place].until = until;
        return KEYSET_CHANGED;
    }
    if (set->revocation_count >= KEYSET_REVOCATIONS_MAX)
        return keyset_refuse(err, name,
                             "no room for its revocation (512 are there): revoke all instead");
    items = items_reserve(set->revocations, set->revocation_count, &set->revocation_cap,
                          sizeof *items, 1);
    if (items == NULL)
        return keyset_refuse(err, name, "no memory");
    set->revocations = items;
    memcpy(fresh.name, name, sizeof fresh.name);
    items_insert(items, &set->revocation_count, sizeof *items, place, &fresh);
    settle_name(set, name);
    return KEYSET_CHANGED;
}

/* Refused with a reason that names no key. */
static enum keyset_change
refuse_mark(struct err *err, const char *why)
{
    (void)err_set(err, "revocation of all keys: %s", why); /* always false */
    return KEYSET_REFUSED;
}

enum keyset_change
keyset_revoke_mark(struct keyset *set, uint64_t made_ms, uint64_t until, uint64_t now_ms,
                   struct err *err)
{
    if (until <= now_ms / 1000 || (made_ms <= set->mark.made_ms && until <= set->mark.until))
        return KEYSET_SAME;
    if (made_ms > now_ms && made_ms - now_ms > KEY_SKEW_MS)
        return refuse_mark(err, "it was ordered over 10 min ahead of our clock");
    if (is_too_far(until, now_ms))
        return refuse_mark(err, "it lasts longer than any key");
    if (set->mark.made_ms < made_ms)
        set->mark.made_ms = made_ms;
    if (set->mark.until < until)
        set->mark.until = until;
    if (set->newest_ms < made_ms)
        set->newest_ms = made_ms;
    for (size_t i = 0; i < set->key_count; i++)
        keyset_settle(set, &set->keys[i]);
    return KEYSET_CHANGED;
}

void
tally_count(struct tally *tally, enum keyset_change change, const struct err *why)
{
    tally->changed |= change == KEYSET_CHANGED;
    if (change == KEYSET_REFUSED && !tally->refused) {
        tally->refused = true;
        tally->first = *why;
    }
}

void
tally_join(struct tally *tally, const struct tally *more)
{
    tally->changed |= more->changed;
    if (more->refused)
        tally_count(tally, KEYSET_REFUSED, &more->first);
}

enum keyset_change
tally_tell(const struct tally *tally, struct err *err)
{
    if (tally->refused && err != NULL)
        *err = tally->first;
    if (tally->changed)
        return KEYSET_CHANGED;
    return tally->refused ? KEYSET_REFUSED : KEYSET_SAME;
}

static void
merge_items(struct keyset *set, const struct keyset *from, uint64_t now_ms, struct tally *tally)
{
    struct err why;

    if (from->mark.until > 0)
        tally_count(tally,
                    keyset_revoke_mark(set, from->mark.made_ms, from->mark.until, now_ms, &why),
                    &why);
    for (size_t i = 0; i < from->revocation_count; i++)
        tally_count(tally,
                    keyset_revoke_name(set, from->revocations[i].name, from->revocations[i].until,
                                       now_ms, &why),
                    &why);
    for (size_t i = 0; i < from->confirmation_count; i++)
        tally_count(tally,
                    keyset_confirm(set, from->confirmations[i].name, from->confirmations[i].until,
                                   now_ms, &why),
                    &why);
    keyset_add_many(set, from->keys, from->key_count, now_ms, tally);
}

enum keyset_change
keyset_merge(struct keyset *set, const struct keyset *from, uint64_t now_ms, struct err *err)
{
    struct tally tally = {.changed = keyset_expire(set, now_ms)};

    merge_items(set, from, now_ms, &tally);
    /* where a part was refused, its `made` may be what is newest: then the accepted ones count */
    if (!tally.refused && from->newest_ms > set->newest_ms &&
        (from->newest_ms <= now_ms || from->newest_ms - now_ms <= KEY_SKEW_MS)) {
        set->newest_ms = from->newest_ms;
        tally.changed = true;
    }
    return tally_tell(&tally, err);
}

/* The key with its times moved as far as `to` has them; true if it is that one then. */
static bool
is_moved(const struct key *key, const struct key *to)
{
    KEY(moved);

    moved = *key;
    if (to->made_ms < moved.made_ms) /* later would lift it over a mark */
        moved.made_ms = to->made_ms;
    moved.seal_from = to->seal_from;
    moved.seal_until += to->seal_from - key->seal_from;
    moved.open_until += to->seal_from - key->seal_from;
    return ((key->flags | to->flags) & KEY_REVOKED) != 0 ? key_same_public(&moved, to)
                                                         : key_same(&moved, to);
}

bool
keyset_has_moved(const struct keyset *set, const struct key *key)
{
    const struct key *known = keyset_find(set, key->name);

    return known != NULL && (is_moved(known, key) || is_moved(key, known));
}

enum keyset_change
keyset_retime(struct keyset *set, const struct key *key, uint64_t now_ms, struct err *err)
{
    bool found;
    struct err why;
    size_t place = items_place(set->keys, set->key_count, sizeof *set->keys, key->name, &found);
    struct key *known;

    if (!found || key_same_public(&set->keys[place], key))
        return KEYSET_SAME;
    known = &set->keys[place];
    if (!is_moved(known, key))
        return keyset_refuse(err, key->name, "known already, with other content");
    if (!key_check(key, &why))
        return keyset_refuse(err, key->name, why.text);
    if (key->made_ms > now_ms && key->made_ms - now_ms > KEY_SKEW_MS)
        return keyset_refuse(err, key->name, "it was made over 10 min ahead of our clock");
    /* else a maker whose clock goes far back would end its keys at all hosts */
    if (key->made_ms / 1000 > key->seal_from + KEY_SKEW_MS / 1000)
        return keyset_refuse(err, key->name, "it would have sealed before it was made");
    known->made_ms = key->made_ms;
    known->seal_from = key->seal_from;
    known->seal_until = key->seal_until;
    known->open_until = key->open_until;
    if (set->newest_ms < key->made_ms)
        set->newest_ms = key->made_ms;
    keyset_settle(set, known);
    return KEYSET_CHANGED;
}

struct mark
keyset_mark_all(const struct keyset *set, const struct policy *policy, uint64_t now_ms)
{
    uint64_t newest_ms = keyset_newest_ms(set, now_ms);
    struct mark mark = {.made_ms = now_ms > newest_ms ? now_ms : newest_ms};

    /* the key of the second epoch after this one may just have been made, by a clock ahead */
    mark.until = now_ms / 1000 + 3 * policy->rotate_s + policy->patience_s + policy->lifetime_s +
                 2 * KEYSET_LINGER_S;
    for (size_t i = 0; i < set->key_count; i++)
        if (set->keys[i].open_until + KEYSET_LINGER_S > mark.until)
            mark.until = set->keys[i].open_until + KEYSET_LINGER_S;
    return mark;
}

/* True if this key may have sealed since `named` could open. */
static bool
sealed_since(const struct key *key, const struct key *named, uint64_t now_s)
{
    return key->seal_from <= now_s && key->seal_until > named->made_ms / 1000;
}

enum keyset_change
keyset_revoke(struct keyset *set, const uint8_t name[KEY_NAME_LEN], bool only, uint64_t now_ms,
              struct err *err)
{
    KEYSET(orders);
    struct revocation *items;
    const struct key *named = keyset_find(set, name);

    if (named == NULL)
        return keyset_refuse(err, name, "not known, so there is nothing to revoke");
    for (size_t i = 0; i < set->key_count; i++) {
        const struct key *key = &set->keys[i];

        if (key != named && (only || !sealed_since(key, named, now_ms / 1000)))
            continue;
        if ((key->flags & KEY_REVOKED) == 0 &&
            keyset_revoke_name(&orders, key->name, key->open_until + KEYSET_LINGER_S, now_ms,
                               err) == KEYSET_REFUSED)
            return KEYSET_REFUSED;
    }
    if (orders.revocation_count == 0)
        return KEYSET_SAME;
    if (orders.revocation_count + set->revocation_count > KEYSET_REVOCATIONS_MAX)
        return keyset_refuse(err, name, "too many keys sealed since it could open: revoke all");
    items = items_reserve(set->revocations, set->revocation_count, &set->revocation_cap,
                          sizeof *items, orders.revocation_count);
    if (items == NULL)
        return keyset_refuse(err, name, "no memory");
    set->revocations = items;
    return keyset_merge(set, &orders, now_ms, err);
}
