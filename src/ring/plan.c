/* see plan.h */
#include "ring/plan.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(RING_REVOCATIONS == KEYSET_REVOCATIONS_MAX, "a keyset's revocations fit");

/* Unix seconds minus ring seconds, rounded up: keys end early rather than late. */
static int64_t
shift_s(uint64_t offset_ms)
{
    int64_t offset = (int64_t)offset_ms;

    return offset / 1000 + (offset % 1000 > 0);
}

uint64_t
plan_ring_s(uint64_t offset_ms, uint64_t unix_s)
{
    int64_t shift = shift_s(offset_ms);

    if (shift >= 0)
        return unix_s > (uint64_t)shift ? unix_s - (uint64_t)shift : 0;
    return unix_s > UINT64_MAX - (uint64_t)-shift ? UINT64_MAX : unix_s + (uint64_t)-shift;
}

uint64_t
plan_unix_s(uint64_t offset_ms, uint64_t ring_s)
{
    int64_t shift = shift_s(offset_ms);

    if (shift >= 0)
        return ring_s + (uint64_t)shift;
    return ring_s > (uint64_t)-shift ? ring_s - (uint64_t)-shift : 0;
}

int64_t
plan_step_s(uint64_t old, uint64_t fresh)
{
    return shift_s(fresh) - shift_s(old);
}

uint64_t
plan_offset_ms(uint64_t old, uint64_t fresh)
{
    int64_t step_s = plan_step_s(old, fresh);

    return step_s == 0 || step_s == -1 ? old : fresh;
}

enum plan_worth
plan_worth(const struct plan *plan, const struct key *key)
{
    if ((key->flags & KEY_REVOKED) != 0)
        return PLAN_NAME;
    return key->maker != plan->maker ? PLAN_FOREIGN : PLAN_OWN;
}

static bool
is_dearer(const struct plan *plan, const struct key *a, const struct key *b)
{
    enum plan_worth a_worth = plan_worth(plan, a), b_worth = plan_worth(plan, b);

    if (a_worth != b_worth)
        return a_worth > b_worth;
    if (a->open_until != b->open_until)
        return a->open_until > b->open_until;
    return memcmp(a->name, b->name, sizeof a->name) < 0;
}

bool
plan_wants(const struct plan *plan, const struct key *key)
{
    return plan_ring_s(plan->offset_ms, key->open_until) > plan->now_s &&
           (plan->cutoff == NULL || is_dearer(plan, key, plan->cutoff));
}

static int
compare(const void *a, const void *b, void *plan)
{
    const struct key *const *x = a, *const *y = b;

    return is_dearer(plan, *x, *y) ? -1 : is_dearer(plan, *y, *x);
}

/* Choose what is given up; false where there is no memory. */
static bool
cut_off(struct plan *plan, uint32_t capacity)
{
    const struct key **keys;
    size_t count = 0;

    if (plan->wanted <= capacity)
        return true;
    keys = calloc(plan->wanted, sizeof(const struct key *));
    if (keys == NULL)
        return false;
    for (size_t i = 0; i < plan->set->key_count; i++)
        if (plan_wants(plan, &plan->set->keys[i]))
            keys[count++] = &plan->set->keys[i];
    qsort_r(keys, count, sizeof *keys, compare, plan);
    plan->cutoff = keys[capacity];
    plan->wanted = capacity;
    free(keys);
    return true;
}

void
plan_slot(const struct plan *plan, struct image_slot *out, const struct key *key)
{
    uint64_t offset = plan->offset_ms;

    *out =
        (struct image_slot){.open_until = plan_ring_s(offset, key->open_until),
                            .seal_from = plan_ring_s(offset, keyset_seals_from(key, plan->policy)),
                            .seal_until = plan_ring_s(offset, key->seal_until),
                            .made_ms = key->made_ms,
                            .unix_seal_from = key->seal_from,
                            .unix_seal_until = key->seal_until,
                            .unix_open_until = key->open_until,
                            .maker = key->maker,
                            .flags = key->flags};
    memcpy(out->name, key->name, sizeof out->name);
    if ((key->flags & KEY_REVOKED) != 0)
        out->seal_until = RING_REVOKED;
    else
        out->secret = key->secret;
}

/* The key that seals at a Unix time, and when that may change: `next` is set to the first later
 * time at which it ends, or a key that goes before it begins. NULL if none seals then. */
static const struct key *
winner(const struct plan *plan, uint64_t *next, uint64_t now)
{
    const struct key *best = NULL;

    for (size_t i = 0; i < plan->set->key_count; i++) {
        const struct key *key = &plan->set->keys[i];

        if (keyset_counts(key, plan->policy, plan->maker) && plan_wants(plan, key) &&
            keyset_may_seal(key, plan->policy, now) &&
            (best == NULL || keyset_goes_before(key, best)))
            best = key;
    }
    *next = best != NULL ? best->seal_until : UINT64_MAX;
    for (size_t i = 0; i < plan->set->key_count; i++) {
        const struct key *key = &plan->set->keys[i];
        uint64_t from = keyset_seals_from(key, plan->policy);

        if (from > now && from < *next && from < key->seal_until &&
            keyset_counts(key, plan->policy, plan->maker) && plan_wants(plan, key) &&
            (best == NULL || keyset_goes_before(key, best)))
            *next = from;
    }
    return best;
}

/* Put `key` at its place among the winners, best first; false if it is there already. */
static bool
insert(const struct key *winners[RING_SEALS], size_t count, const struct key *key)
{
    size_t place = 0;

    while (place < count && keyset_goes_before(winners[place], key))
        place++;
    if (place < count && winners[place] == key)
        return false;
    memmove(&winners[place + 1], &winners[place], (count - place) * sizeof(const struct key *));
    winners[place] = key;
    return true;
}

/* Add the keys that win at some time in from <= t < until to the first `count` winners. */
static size_t
add_winners(const struct plan *plan, const struct key *winners[RING_SEALS], size_t count,
            uint64_t from, uint64_t until)
{
    uint64_t next = from;

    while (count < RING_SEALS && from < until) {
        const struct key *key = winner(plan, &next, from);

        if (key != NULL && insert(winners, count, key))
            count++;
        from = next;
    }
    return count;
}

/* Only keys that win at some time are listed, so the first one whose time it is is the best of all.
 * Should there be more than the list holds, those whose turn comes last wait for a later list; and
 * only where there is room left come those whose turn is just over. */
static void
list_seals(struct plan *plan)
{
    const struct key *winners[RING_SEALS];
    uint64_t now = plan_unix_s(plan->offset_ms, plan->now_s);
    uint64_t before = now > PLAN_BEHIND_S ? now - PLAN_BEHIND_S : 0;
    size_t count = add_winners(plan, winners, 0, now, UINT64_MAX);

    count = add_winners(plan, winners, count, before, now);
    plan->state.seal_count = count;
    for (size_t i = 0; i < count; i++) {
        uint64_t from = keyset_seals_from(winners[i], plan->policy);

        plan->state.seals[i].from = plan_ring_s(plan->offset_ms, from);
        plan->state.seals[i].until = plan_ring_s(plan->offset_ms, winners[i]->seal_until);
        memcpy(plan->state.seals[i].name, winners[i]->name, sizeof winners[i]->name);
    }
}

static void
set_state(struct plan *plan)
{
    const struct keyset *set = plan->set;
    struct image_state *state = &plan->state;

    *state = (struct image_state){.written_at = plan->now_s,
                                  .unix_offset_ms = plan->offset_ms,
                                  .rotate_s = plan->policy->rotate_s,
                                  .lifetime_s = plan->policy->lifetime_s,
                                  .patience_s = plan->policy->patience_s,
                                  .max_session_s = plan->policy->max_session_s,
                                  .each = plan->policy->each,
                                  .mark_made_ms = set->mark.made_ms,
                                  .mark_until = set->mark.until,
                                  .newest_ms = set->newest_ms};
    for (size_t i = 0; i < set->revocation_count && i < RING_REVOCATIONS; i++) {
        memcpy(state->revocations[i].name, set->revocations[i].name, KEY_NAME_LEN);
        state->revocations[i].until = set->revocations[i].until;
        state->revocation_count++;
    }
}

bool
plan_make(struct plan *plan, uint32_t capacity)
{
    plan->cutoff = NULL;
    plan->wanted = 0;
    for (size_t i = 0; i < plan->set->key_count; i++)
        plan->wanted += plan_wants(plan, &plan->set->keys[i]);
    if (!cut_off(plan, capacity))
        return false;
    set_state(plan);
    list_seals(plan);
    return true;
}
