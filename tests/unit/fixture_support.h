/* fixture_support.h - what the kept rings hold. Nothing here asserts. Not to be changed: the files
 * in tests/fixtures/ were made from it. */
#ifndef TESTS_FIXTURE_SUPPORT_H
#define TESTS_FIXTURE_SUPPORT_H

#include "ring_support.h"

#define FIXTURE_KEYS 5U
#define FIXTURE_REVOKED 4U /* the last one */

/* The n-th key; written out, since key_of() may change. */
static inline struct key
fixture_key(uint64_t n)
{
    uint64_t rng = 1000 + n;
    struct key key = {.made_ms = NOW_MS + n, .seal_from = NOW_S + 3600 * n};

    rng_fill(&rng, key.name, sizeof key.name);
    rng_fill(&rng, key.secret.bytes, sizeof key.secret.bytes);
    key.seal_until = key.seal_from + 4500;
    key.open_until = key.seal_until + 43200;
    return key;
}

/* Five keys an hour apart; all but the last are confirmed, and that is revoked. */
static inline bool
fixture_keys(struct keyset *set)
{
    for (uint64_t n = 0; n < FIXTURE_KEYS; n++) {
        struct key key = fixture_key(n);

        if (keyset_add(set, &key, NOW_MS, NULL) != KEYSET_CHANGED)
            return false;
        if (n != FIXTURE_REVOKED &&
            keyset_confirm(set, key.name, key.open_until, NOW_MS, NULL) != KEYSET_CHANGED)
            return false;
        if (n == FIXTURE_REVOKED &&
            keyset_revoke_name(set, key.name, key.open_until, NOW_MS, NULL) != KEYSET_CHANGED)
            return false;
    }
    return true;
}

#endif
