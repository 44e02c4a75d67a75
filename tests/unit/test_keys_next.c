/* A host may sleep until schedule_next_s(): it misses nothing, and always has a key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "keys_support.h"

/* What time alone changes. */
struct view {
    uint64_t sealing, missing, counts, opening;
};

static struct view
view_of(const struct keyset *full, const struct policy *policy, uint64_t now_s)
{
    KEYSET(set);
    struct view view = {0};
    const struct key *key;

    if (!keyset_copy(&set, full))
        return view;
    (void)keyset_expire(&set, now_s * 1000); /* whether anything was over does not matter */
    key = keyset_sealing(&set, policy, 0, now_s);
    if (key != NULL)
        memcpy(&view.sealing, key->name, sizeof view.sealing);
    if (!schedule_missing(&set, policy, 0, now_s, &view.missing))
        view.missing = 0;
    view.counts = set.key_count << 40 | set.confirmation_count << 20 | set.revocation_count;
    for (size_t i = 0; i < set.key_count; i++)
        view.opening += keyset_may_open(&set.keys[i], now_s);
    return view;
}

/* True if nothing changes by time alone from now_s until the second before `next`. */
static bool
is_quiet(const struct keyset *set, const struct policy *policy, uint64_t now_s, uint64_t next)
{
    struct view first = view_of(set, policy, now_s);
    bool quiet = true;

    for (uint64_t t = now_s; t < next; t++) {
        struct view later = view_of(set, policy, t);

        quiet &= memcmp(&first, &later, sizeof first) == 0;
    }
    return quiet;
}

/* Orders that come in between: a key is revoked, another made that nobody confirms. */
static bool
disturb(struct keyset *set, const struct policy *policy, uint64_t *rng, unsigned round,
        uint64_t now_s)
{
    struct key_material fresh = material_of(rng);
    KEY(key);

    if (round % 20 == 10)
        return keyset_revoke(set, set->keys[0].name, true, now_s * 1000, NULL) != KEYSET_REFUSED;
    if (round % 50 != 30)
        return true;
    schedule_make_rotation(&key, set, policy, &fresh, 0, now_s * 1000);
    return keyset_add(set, &key, now_s * 1000, NULL) == KEYSET_CHANGED;
}

static void
test_next_misses_nothing(void **state)
{
    static const uint64_t rotates[] = {1, 2, 7, 20, 60};

    (void)state;
    for (size_t i = 0; i < sizeof rotates / sizeof rotates[0]; i++) {
        const struct policy policy = policy_of(rotates[i], rotates[i] / 4, 3 * rotates[i] + 1);
        uint64_t rng = 1, now_s = NOW_S;
        KEYSET(set);

        for (unsigned round = 0; round < 100; round++) {
            uint64_t next;

            assert_true(round == 0 || disturb(&set, &policy, &rng, round, now_s));
            assert_true(host_wake(&set, &policy, &rng, now_s));
            assert_non_null(keyset_sealing(&set, &policy, 0, now_s));
            next = schedule_next_s(&set, &policy, now_s);
            assert_true(next > now_s);
            assert_true(is_quiet(&set, &policy, now_s, next));
            now_s = next;
        }
    }
}

static void
test_next_of_nothing(void **state)
{
    const struct policy policy = policy_of(3600, 900, 43200);
    const uint64_t start = NOW_S / 3600 * 3600;
    KEYSET(set);

    (void)state;
    assert_int_equal(schedule_next_s(&set, &policy, start), start + 1800);
    assert_int_equal(schedule_next_s(&set, &policy, start + 1799), start + 1800);
    assert_int_equal(schedule_next_s(&set, &policy, start + 1800), start + 5400);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_next_misses_nothing),
        cmocka_unit_test(test_next_of_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
