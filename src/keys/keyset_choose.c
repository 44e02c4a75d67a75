/* see keyset.h: which key seals, and which keys open */
#include <string.h>

#include "keys/keyset.h"

uint64_t
keyset_seals_from(const struct key *key, const struct policy *policy)
{
    const uint32_t at_once = KEY_CONFIRMED | KEY_EMERGENCY | KEY_EACH;

    uint64_t from = key->seal_from + ((key->flags & at_once) != 0 ? 0 : policy->patience_s);

    return from > key->held_until ? from : key->held_until;
}

bool
keyset_may_seal(const struct key *key, const struct policy *policy, uint64_t now_s)
{
    return (key->flags & KEY_REVOKED) == 0 && keyset_seals_from(key, policy) <= now_s &&
           now_s < key->seal_until;
}

bool
keyset_may_open(const struct key *key, uint64_t now_s)
{
    return (key->flags & KEY_REVOKED) == 0 && now_s < key->open_until;
}

bool
keyset_counts(const struct key *key, const struct policy *policy, uint64_t maker)
{
    if ((key->flags & KEY_REVOKED) != 0)
        return false;
    return policy->each ? key->maker == maker : (key->flags & KEY_EACH) == 0;
}

bool
keyset_goes_before(const struct key *a, const struct key *b)
{
    bool a_last = (a->flags & KEY_EMERGENCY) != 0, b_last = (b->flags & KEY_EMERGENCY) != 0;

    if (a_last != b_last)
        return b_last;
    if (a->seal_from != b->seal_from)
        return a->seal_from > b->seal_from;
    return memcmp(a->name, b->name, sizeof a->name) < 0;
}

const struct key *
keyset_sealing(const struct keyset *set, const struct policy *policy, uint64_t maker,
               uint64_t now_s)
{
    const struct key *best = NULL;

    for (size_t i = 0; i < set->key_count; i++) {
        const struct key *key = &set->keys[i];

        if (!keyset_counts(key, policy, maker) || !keyset_may_seal(key, policy, now_s))
            continue;
        if (best == NULL || keyset_goes_before(key, best))
            best = key;
    }
    return best;
}
