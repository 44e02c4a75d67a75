/* see keyset.h: keys that were learnt late are held back for a while */
#include "keys/keyset.h"

/* The key that seals in `was`, and may in `set`, too; NULL: none, or one hardly known. */
static const struct key *
sealing_still(const struct keyset *set, const struct keyset *was, const struct policy *policy,
              uint64_t maker, uint64_t now_s)
{
    const struct key *sealing = keyset_sealing(was, policy, maker, now_s);
    const struct key *still = sealing == NULL ? NULL : keyset_find(set, sealing->name);

    if (still == NULL || (still->flags & KEY_EMERGENCY) != 0 ||
        !keyset_may_seal(still, policy, now_s))
        return NULL;
    return still;
}

void
keyset_hold(struct keyset *set, const struct keyset *was, const struct policy *policy,
            uint64_t maker, uint64_t now_s)
{
    const uint64_t hold_s = policy->patience_s < KEYSET_HOLD_S ? policy->patience_s : KEYSET_HOLD_S;
    const struct key *sealing = sealing_still(set, was, policy, maker, now_s);
    uint64_t until = now_s + hold_s;

    if (sealing == NULL)
        return;
    if (until > sealing->seal_until)
        until = sealing->seal_until;
    for (size_t i = 0; i < set->key_count; i++) {
        struct key *key = &set->keys[i];

        if (key->seal_from <= now_s && (key->flags & (KEY_EMERGENCY | KEY_EACH)) == 0 &&
            keyset_find(was, key->name) == NULL)
            key->held_until = until;
    }
}

void
keyset_release(struct keyset *set, const struct policy *policy, uint64_t maker, uint64_t now_s)
{
    if (keyset_sealing(set, policy, maker, now_s) != NULL)
        return;
    for (size_t i = 0; i < set->key_count; i++)
        set->keys[i].held_until = 0;
}
