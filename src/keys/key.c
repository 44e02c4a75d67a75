/* see key.h */
#include "keys/key.h"

#include <string.h>

#include "keys/policy.h"

void
key_wipe(struct key *key)
{
    secret_wipe_bytes(key, sizeof *key);
}

/* In this order no sum or difference can overflow. */
static bool
check_times(const struct key *key, struct err *err)
{
    const unsigned long long epochs = 2ULL * POLICY_ROTATE_MAX_S, lifetime = POLICY_LIFETIME_MAX_S;

    if (key->made_ms > KEY_TIME_MAX || key->open_until > KEY_TIME_MAX)
        return err_set(err, "its times are not of this world");
    if (key->seal_from >= key->seal_until || key->seal_until > key->open_until)
        return err_set(err, "its times are out of order: seals from, seals until, opens until");
    if (key->seal_from > key->made_ms / 1000 + epochs)
        return err_set(err, "it was made over %llu s before it seals", epochs);
    if (key->seal_until - key->seal_from > epochs)
        return err_set(err, "it seals for over %llu s", epochs);
    if (key->open_until - key->seal_until > lifetime)
        return err_set(err, "it opens for over %llu s after it sealed", lifetime);
    return true;
}

bool
key_check(const struct key *key, struct err *err)
{
    const uint32_t known = KEY_MADE_FLAGS | KEY_CONFIRMED | KEY_REVOKED;

    if (secret_is_weak(key->name, sizeof key->name))
        return err_set(err, "its name is weak: zero, repeated or patterned bytes");
    if ((key->flags & ~known) != 0)
        return err_set(err, "it has a flag that is not known");
    if (!check_times(key, err))
        return false;
    if ((key->flags & KEY_REVOKED) == 0 &&
        secret_is_weak(key->secret.bytes, sizeof key->secret.bytes))
        return err_set(err, "its secret is weak: zero, repeated or patterned bytes");
    return true;
}

bool
key_same_public(const struct key *a, const struct key *b)
{
    return memcmp(a->name, b->name, sizeof a->name) == 0 && a->made_ms == b->made_ms &&
           a->seal_from == b->seal_from && a->seal_until == b->seal_until &&
           a->open_until == b->open_until && a->maker == b->maker &&
           (a->flags & KEY_MADE_FLAGS) == (b->flags & KEY_MADE_FLAGS);
}

bool
key_same(const struct key *a, const struct key *b)
{
    return key_same_public(a, b) &&
           secret_equal(a->secret.bytes, b->secret.bytes, sizeof a->secret.bytes);
}
