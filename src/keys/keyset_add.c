/* see keyset.h: how keys come in, one by one and many at once */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "keys/distinct.h"
#include "keys/items.h"
#include "keys/keyset_inner.h"

#define MANY 64U /* fewer are quicker one by one */

/* All keys are looked at, so that the time taken does not tell which one it was. */
static bool
is_secret_known(const struct keyset *set, const struct key *key)
{
    bool known = false;

    for (size_t i = 0; i < set->key_count; i++)
        if ((set->keys[i].flags & KEY_REVOKED) == 0)
            known |= secret_equal(set->keys[i].secret.bytes, key->secret.bytes,
                                  sizeof key->secret.bytes);
    return known;
}

/* Look at a key of a name that is not known yet, for itself. */
static enum keyset_change
check_alone(const struct key *key, uint64_t now_ms, struct err *err)
{
    struct err why;

    if (!key_check(key, &why))
        return keyset_refuse(err, key->name, why.text);
    if (key->made_ms > now_ms && key->made_ms - now_ms > KEY_SKEW_MS)
        return keyset_refuse(err, key->name, "it was made over 10 min ahead of our clock");
    return KEYSET_CHANGED;
}

/* Look at a key of a name that is known. */
static enum keyset_change
check_known(struct keyset *set, struct key *known, const struct key *key, uint64_t now_ms,
            struct err *err)
{
    bool wiped = ((known->flags | key->flags) & KEY_REVOKED) != 0;

    if (wiped ? !key_same_public(known, key) : !key_same(known, key))
        return keyset_refuse(err, key->name, "known already, with other content");
    if ((key->flags & KEY_REVOKED) != 0 && (known->flags & KEY_REVOKED) == 0)
        return keyset_revoke_name(set, key->name, key->open_until + KEYSET_LINGER_S, now_ms, err);
    return KEYSET_SAME;
}

/* A wiped name comes with its revocation, unless that is known. */
static enum keyset_change
revoke_wiped(struct keyset *set, const struct key *key, uint64_t now_ms, struct err *err)
{
    if ((key->flags & KEY_REVOKED) == 0 ||
        (set->mark.until > 0 && key->made_ms <= set->mark.made_ms))
        return KEYSET_SAME;
    return keyset_revoke_name(set, key->name, key->open_until + KEYSET_LINGER_S, now_ms, err);
}

/* Bring in line a key that has just got its place. */
static void
settle_new(struct keyset *set, struct key *key)
{
    key->flags &= ~(uint32_t)KEY_CONFIRMED;
    if (set->newest_ms < key->made_ms)
        set->newest_ms = key->made_ms;
    keyset_settle(set, key);
}

enum keyset_change
keyset_add(struct keyset *set, const struct key *key, uint64_t now_ms, struct err *err)
{
    struct key *keys;
    bool found;
    size_t place;

    if (key->open_until <= now_ms / 1000)
        return KEYSET_SAME;
    place = items_place(set->keys, set->key_count, sizeof *set->keys, key->name, &found);
    if (found)
        return check_known(set, &set->keys[place], key, now_ms, err);
    if (check_alone(key, now_ms, err) == KEYSET_REFUSED)
        return KEYSET_REFUSED;
    if ((key->flags & KEY_REVOKED) == 0 && is_secret_known(set, key))
        return keyset_refuse(err, key->name, "its secret is another key's");
    if (set->key_count >= KEYSET_KEYS_MAX)
        return keyset_refuse(err, key->name, "the keyset is full (65,536 keys)");
    keys = items_reserve(set->keys, set->key_count, &set->key_cap, sizeof *keys, 1);
    if (keys == NULL)
        return keyset_refuse(err, key->name, "no memory");
    set->keys = keys;
    if (revoke_wiped(set, key, now_ms, err) == KEYSET_REFUSED)
        return KEYSET_REFUSED;
    items_insert(keys, &set->key_count, sizeof *keys, place, key);
    settle_new(set, &keys[place]);
    return KEYSET_CHANGED;
}

/* ---- many at once ---- */

/* Keys to add, and of them those that keyset_add() would take, by name. Two of one name are not
 * among them together: the second one is left for keyset_add(), as are those that are known. */
struct many {
    const struct key *keys;
    size_t count;
    const struct key **fresh;
    size_t fresh_count;
    bool *is_done; /* by index: fresh, or of no use */
};

static int
compare_names(const void *a, const void *b)
{
    const struct key *const *x = a, *const *y = b;
    int order = memcmp((*x)->name, (*y)->name, sizeof(*x)->name);

    return order != 0 ? order : (*x > *y) - (*x < *y); /* the first one of a name first */
}

static void
many_free(struct many *many)
{
    free(many->fresh);
    free(many->is_done);
}

/* Find those whose names are not known, and that are not refused for themselves. */
static void
pick_fresh(struct many *many, const struct keyset *set, uint64_t now_ms, struct tally *tally)
{
    struct err why;

    for (size_t i = 0; i < many->count; i++) {
        const struct key *key = &many->keys[i];
        enum keyset_change change = KEYSET_SAME;

        if (key->open_until > now_ms / 1000) {
            if (keyset_find(set, key->name) != NULL)
                continue;
            change = check_alone(key, now_ms, &why);
        }
        many->is_done[i] = true;
        if (change == KEYSET_CHANGED)
            many->fresh[many->fresh_count++] = key;
        else
            tally_count(tally, change, &why);
    }
}

/* Sort them, and leave the second one of a name for later. */
static void
sort_fresh(struct many *many)
{
    size_t kept = 0;

    qsort(many->fresh, many->fresh_count, sizeof *many->fresh, compare_names);
    for (size_t i = 0; i < many->fresh_count; i++) {
        const struct key *key = many->fresh[i];

        if (kept > 0 && memcmp(many->fresh[kept - 1]->name, key->name, KEY_NAME_LEN) == 0)
            many->is_done[key - many->keys] = false;
        else
            many->fresh[kept++] = key;
    }
    many->fresh_count = kept;
}

/* True if all secrets, in the set and to come, are different; false too where there is no memory
 * to find out. */
static bool
are_secrets_distinct(const struct keyset *set, const struct many *many)
{
    size_t count = 0;
    uint64_t *marks;
    SECRET_BUF(buf);

    if (!secret_buf_init(&buf, (set->key_count + many->fresh_count) * sizeof *marks))
        return false;
    marks = (uint64_t *)(void *)buf.bytes;
    for (size_t i = 0; i < set->key_count; i++)
        if ((set->keys[i].flags & KEY_REVOKED) == 0)
            marks[count++] = distinct_mark(&set->keys[i].secret);
    for (size_t i = 0; i < many->fresh_count; i++)
        if ((many->fresh[i]->flags & KEY_REVOKED) == 0)
            marks[count++] = distinct_mark(&many->fresh[i]->secret);
    return distinct_marks(marks, count);
}

/* Drop those for which there is no room. */
static void
make_room(struct many *many, struct keyset *set, uint64_t now_ms, struct tally *tally)
{
    struct key *keys = set->keys;
    struct err why;
    size_t kept = 0;

    if (many->fresh_count > 0)
        keys = items_reserve(set->keys, set->key_count, &set->key_cap, sizeof *keys,
                             many->fresh_count);
    if (keys != NULL)
        set->keys = keys;
    for (size_t i = 0; i < many->fresh_count; i++) {
        const struct key *key = many->fresh[i];
        enum keyset_change change;

        if (keys == NULL)
            change = keyset_refuse(&why, key->name, "no memory");
        else if (set->key_count + kept >= KEYSET_KEYS_MAX)
            change = keyset_refuse(&why, key->name, "the keyset is full (65,536 keys)");
        else
            change = revoke_wiped(set, key, now_ms, &why);
        tally_count(tally, change, &why);
        if (change != KEYSET_REFUSED)
            many->fresh[kept++] = key;
    }
    many->fresh_count = kept;
}

/* From the back, so that each key moves once. */
static void
merge_in(struct keyset *set, const struct many *many, struct tally *tally)
{
    size_t old = set->key_count, left = many->fresh_count;

    set->key_count += left;
    tally->changed |= left > 0;
    while (left > 0) {
        struct key *to = &set->keys[old + left - 1];

        if (old > 0 &&
            memcmp(set->keys[old - 1].name, many->fresh[left - 1]->name, KEY_NAME_LEN) > 0) {
            *to = set->keys[--old];
        } else {
            *to = *many->fresh[--left];
            settle_new(set, to);
        }
    }
}

/* False, with nothing changed, where it must be done one by one. */
static bool
add_fresh(struct keyset *set, struct many *many, uint64_t now_ms, struct tally *tally)
{
    many->fresh = calloc(many->count, sizeof(const struct key *));
    many->is_done = calloc(many->count, sizeof *many->is_done);
    if (many->fresh == NULL || many->is_done == NULL)
        return false;
    pick_fresh(many, set, now_ms, tally);
    sort_fresh(many);
    if (!are_secrets_distinct(set, many))
        return false;
    make_room(many, set, now_ms, tally);
    merge_in(set, many, tally);
    return true;
}

void
keyset_add_many(struct keyset *set, const struct key *keys, size_t count, uint64_t now_ms,
                struct tally *tally)
{
    struct many many = {.keys = keys, .count = count};
    struct tally at_once = {0};
    int saved = errno;
    bool one_by_one = count < MANY || !add_fresh(set, &many, now_ms, &at_once);

    if (one_by_one)
        errno = saved;
    else
        tally_join(tally, &at_once);
    for (size_t i = 0; i < count; i++) {
        struct err why;

        if (one_by_one || !many.is_done[i])
            tally_count(tally, keyset_add(set, &keys[i], now_ms, &why), &why);
    }
    many_free(&many);
}

enum keyset_change
keyset_add_all(struct keyset *set, const struct key *keys, size_t count, uint64_t now_ms,
               struct err *err)
{
    struct tally tally = {0};

    keyset_add_many(set, keys, count, now_ms, &tally);
    return tally_tell(&tally, err);
}
