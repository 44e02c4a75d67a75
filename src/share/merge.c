/* see merge.h */
#include "share/merge.h"

#include "base/hex.h"
#include "keys/encode.h"
#include "keys/items.h"

/* True if it has ended to seal, or is not known: nobody asks whether it is confirmed. */
static bool
is_settled(const struct keyset *set, const uint8_t name[KEY_NAME_LEN], uint64_t now_ms)
{
    const struct key *key = keyset_find(set, name);

    return key == NULL || (key->flags & KEY_REVOKED) != 0 || key->seal_until <= now_ms / 1000;
}

static void
drop_settled(struct keyset *said, const struct keyset *set, uint64_t now_ms)
{
    size_t kept = 0;

    for (size_t i = 0; i < said->confirmation_count; i++)
        if (!is_settled(set, said->confirmations[i].name, now_ms))
            said->confirmations[kept++] = said->confirmations[i];
    said->confirmation_count = kept;
}

/* What is left of the others is wiped with the copy; of what is revoked, that is all to say. */
static void
drop_others(struct keyset *said, uint64_t host, merge_carries_fn *carries, void *arg)
{
    size_t kept = 0;

    for (size_t i = 0; i < said->key_count; i++) {
        const struct key *key = &said->keys[i];

        if ((key->flags & KEY_REVOKED) == 0 &&
            (key->maker == host || (carries != NULL && carries(arg, key))))
            said->keys[kept++] = *key;
    }
    said->key_count = kept;
}

bool
merge_own(struct keyset *out, const struct keyset *set, uint64_t host, merge_carries_fn *carries,
          void *arg, uint64_t now_ms, struct err *err)
{
    if (!keyset_copy(out, set))
        return err_set(err, "no memory");
    (void)keyset_expire(out, now_ms); /* it may be that nothing was over */
    drop_settled(out, set, now_ms);
    drop_others(out, host, carries, arg);
    return true;
}

/* What was left out, and why the first was. */
struct left_out {
    bool any;
    struct err first;
};

static void
leave_out(struct left_out *left, const struct err *why)
{
    if (!left->any)
        left->first = *why;
    left->any = true;
}

/* Members give their keys a maker before they say them. */
static bool
is_nobodys(const void *item, uint64_t nobody)
{
    return ((const struct key *)item)->maker == nobody;
}

static void
drop_nobodys(struct keyset *said, struct left_out *left)
{
    char hex[HEX_LEN(KEY_NAME_LEN)];
    struct err why;

    for (size_t i = 0; i < said->key_count; i++) {
        if (!is_nobodys(&said->keys[i], 0))
            continue;
        (void)err_set(&why, "key %s: it does not say which host made it", /* always false */
                      hex_encode(hex, said->keys[i].name, KEY_NAME_LEN));
        leave_out(left, &why);
    }
    (void)items_drop(said->keys, &said->key_count, sizeof *said->keys, is_nobodys, 0); /* if any */
}

/* The maker's word on times. What is refused is refused, and told, by the merge that follows. */
static bool
retime(struct keyset *set, const struct keyset *said, uint64_t sender, uint64_t now_ms)
{
    bool changed = false;

    for (size_t i = 0; i < said->key_count; i++)
        if (said->keys[i].maker == sender)
            changed |= keyset_retime(set, &said->keys[i], now_ms, NULL) == KEYSET_CHANGED;
    return changed;
}

/* Leave out keys that are here, perhaps with times that were moved since: of our own record all, of
 * a peer's those that it carries. */
static void
drop_known(struct keyset *said, const struct keyset *set, uint64_t sender, bool is_ours)
{
    size_t kept = 0;

    for (size_t i = 0; i < said->key_count; i++) {
        const struct key *key = &said->keys[i];
        bool is_known = is_ours ? keyset_find(set, key->name) != NULL
                                : key->maker != sender && keyset_has_moved(set, key);

        if (!is_known)
            said->keys[kept++] = *key;
    }
    said->key_count = kept;
}

static enum keyset_change
merge(struct keyset *set, bool *refused, uint64_t sender, bool is_ours, const uint8_t *content,
      size_t len, uint64_t now_ms, struct err *err)
{
    struct left_out left = {.any = false};
    struct err why = {{0}};
    enum keyset_change change;
    bool partly;
    KEYSET(said);

    *refused = true;
    if (!decode_keyset_parts(&said, &partly, content, len, now_ms, &why)) {
        if (err != NULL)
            *err = why;
        return KEYSET_REFUSED;
    }
    if (partly)
        leave_out(&left, &why);
    why = (struct err){{0}};
    drop_nobodys(&said, &left);
    drop_known(&said, set, sender, is_ours);
    change = retime(set, &said, sender, now_ms) ? KEYSET_CHANGED : KEYSET_SAME;
    if (keyset_merge(set, &said, now_ms, &why) == KEYSET_CHANGED)
        change = KEYSET_CHANGED;
    if (why.text[0] != '\0')
        leave_out(&left, &why);
    *refused = left.any;
    if (left.any && err != NULL)
        *err = left.first;
    return change == KEYSET_SAME && left.any ? KEYSET_REFUSED : change;
}

enum keyset_change
merge_peer(struct keyset *set, bool *refused, uint64_t sender, const uint8_t *content, size_t len,
           uint64_t now_ms, struct err *err)
{
    return merge(set, refused, sender, false, content, len, now_ms, err);
}

enum keyset_change
merge_back(struct keyset *set, bool *refused, uint64_t host, const uint8_t *content, size_t len,
           uint64_t now_ms, struct err *err)
{
    return merge(set, refused, host, true, content, len, now_ms, err);
}

/* FNV-1a: members are trusted, so nobody looks for two that are alike. */
static uint64_t
mix(uint64_t sum, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i < len; i++)
        sum = (sum ^ at[i]) * 0x100000001b3ULL;
    return sum;
}

uint64_t
merge_withdrawn(const struct keyset *set)
{
    uint64_t sum = 0xcbf29ce484222325ULL;

    if (set->revocation_count == 0 && set->mark.made_ms == 0)
        return 0;
    for (size_t i = 0; i < set->revocation_count; i++)
        sum = mix(sum, set->revocations[i].name, sizeof set->revocations[i].name);
    sum = mix(sum, &set->mark.made_ms, sizeof set->mark.made_ms);
    return sum == 0 ? 1 : sum;
}
