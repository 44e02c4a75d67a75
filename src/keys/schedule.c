/* see schedule.h */
#include "keys/schedule.h"

#include <string.h>

/* Times that overflow stand still at the end of time. */
static uint64_t
add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

uint64_t
schedule_epoch(const struct policy *policy, uint64_t now_s)
{
    return now_s / policy->rotate_s;
}

uint64_t
schedule_start_s(const struct policy *policy, uint64_t epoch)
{
    return epoch > UINT64_MAX / policy->rotate_s ? UINT64_MAX : epoch * policy->rotate_s;
}

uint64_t
schedule_due_s(const struct policy *policy, uint64_t epoch)
{
    uint64_t start = schedule_start_s(policy, epoch);
    uint64_t before = policy->rotate_s + policy->rotate_s / 2;

    return start > before ? start - before : 0;
}

uint64_t
schedule_delay_max_ms(const struct policy *policy)
{
    uint64_t tenth = policy->rotate_s * 100;

    return tenth < 60000 ? tenth : 60000;
}

/* True if this key seals through this epoch, so that none need be made for it. A key of the same
 * start that another policy made may end too early. */
static bool
is_of_epoch(const struct key *key, const struct policy *policy, uint64_t maker, uint64_t epoch)
{
    return keyset_counts(key, policy, maker) && (key->flags & KEY_EMERGENCY) == 0 &&
           key->seal_from == schedule_start_s(policy, epoch) &&
           key->seal_until >= schedule_start_s(policy, epoch + 1);
}

static bool
has_epoch(const struct keyset *set, const struct policy *policy, uint64_t maker, uint64_t epoch)
{
    for (size_t i = 0; i < set->key_count; i++)
        if (is_of_epoch(&set->keys[i], policy, maker, epoch))
            return true;
    return false;
}

bool
schedule_missing(const struct keyset *set, const struct policy *policy, uint64_t maker,
                 uint64_t now_s, uint64_t *epoch)
{
    uint64_t next = schedule_epoch(policy, now_s) + 1;

    for (uint64_t e = next; schedule_due_s(policy, e) <= now_s && e < next + 2; e++) {
        if (!has_epoch(set, policy, maker, e)) {
            *epoch = e;
            return true;
        }
    }
    return false;
}

/* The key that seals at that second; where none does, one that will if it is confirmed by then. */
static const struct key *
sealing_at(const struct keyset *set, const struct policy *policy, uint64_t maker, uint64_t at)
{
    const struct key *key = keyset_sealing(set, policy, maker, at);
    struct policy confirmed = *policy;

    confirmed.patience_s = 0;
    return key != NULL ? key : keyset_sealing(set, &confirmed, maker, at);
}

bool
schedule_gap(const struct keyset *set, const struct policy *policy, uint64_t maker, uint64_t now_s,
             uint64_t *from_s)
{
    uint64_t start = schedule_start_s(policy, schedule_epoch(policy, now_s) + 1);
    uint64_t end = add(start, policy->patience_s), at = now_s;

    while (at < end) {
        const struct key *key = sealing_at(set, policy, maker, at);

        if (key == NULL && at > now_s)
            *from_s = at;
        if (key == NULL)
            return at > now_s;
        at = key->seal_until; /* perhaps another takes over before, and lasts longer */
    }
    return false;
}

static void
make(struct key *key, const struct keyset *set, const struct policy *policy,
     const struct key_material *fresh, uint64_t maker, uint64_t seal_from, uint64_t now_ms)
{
    memcpy(key->name, fresh->name, sizeof key->name);
    key->secret = fresh->secret;
    key->made_ms = keyset_made_ms(set, now_ms);
    key->seal_from = seal_from;
    key->seal_until = add(seal_from, policy->rotate_s + policy->patience_s);
    key->open_until = add(key->seal_until, policy->lifetime_s);
    key->maker = maker;
    key->flags = policy->each ? KEY_EACH : 0;
}

void
schedule_make_epoch(struct key *key, const struct keyset *set, const struct policy *policy,
                    const struct key_material *fresh, uint64_t maker, uint64_t epoch,
                    uint64_t now_ms)
{
    make(key, set, policy, fresh, maker, schedule_start_s(policy, epoch), now_ms);
}

void
schedule_make_gap(struct key *key, const struct keyset *set, const struct policy *policy,
                  const struct key_material *fresh, uint64_t maker, uint64_t from_s,
                  uint64_t now_ms)
{
    make(key, set, policy, fresh, maker, from_s, now_ms);
}

/* True if a key begins at this second that an ordered one would not go before for certain. */
static bool
is_taken(const struct keyset *set, const struct policy *policy, uint64_t maker, uint64_t second)
{
    for (size_t i = 0; i < set->key_count; i++) {
        const struct key *key = &set->keys[i];

        if (key->seal_from == second && (key->flags & KEY_EMERGENCY) == 0 &&
            keyset_counts(key, policy, maker))
            return true;
    }
    return false;
}

void
schedule_make_rotation(struct key *key, const struct keyset *set, const struct policy *policy,
                       const struct key_material *fresh, uint64_t maker, uint64_t now_ms)
{
    uint64_t now_s = now_ms / 1000, last = add(now_s, SCHEDULE_WAIT_S), seal_from = now_s;

    while (seal_from < last && is_taken(set, policy, maker, seal_from))
        seal_from++;
    make(key, set, policy, fresh, maker, seal_from, now_ms);
}

void
schedule_make_emergency(struct key *key, const struct keyset *set, const struct policy *policy,
                        const struct key_material *fresh, uint64_t maker, uint64_t now_ms)
{
    make(key, set, policy, fresh, maker, now_ms / 1000, now_ms);
    key->flags |= KEY_EMERGENCY;
}

/* Keep the earliest time after now. */
static void
consider(uint64_t *next, uint64_t time, uint64_t now_s)
{
    if (time > now_s && time < *next)
        *next = time;
}

static void
consider_key(uint64_t *next, const struct key *key, const struct policy *policy, uint64_t now_s)
{
    consider(next, key->open_until, now_s);
    if ((key->flags & KEY_REVOKED) != 0)
        return;
    consider(next, keyset_seals_from(key, policy), now_s);
    consider(next, key->seal_until, now_s);
}

uint64_t
schedule_next_s(const struct keyset *set, const struct policy *policy, uint64_t now_s)
{
    uint64_t next = UINT64_MAX;
    uint64_t epoch = schedule_epoch(policy, now_s);

    consider(&next, schedule_due_s(policy, epoch + 2), now_s);
    consider(&next, schedule_due_s(policy, epoch + 3), now_s);
    for (size_t i = 0; i < set->key_count; i++)
        consider_key(&next, &set->keys[i], policy, now_s);
    for (size_t i = 0; i < set->confirmation_count; i++)
        consider(&next, set->confirmations[i].until, now_s);
    for (size_t i = 0; i < set->revocation_count; i++)
        consider(&next, set->revocations[i].until, now_s);
    consider(&next, set->mark.until, now_s);
    return next;
}
