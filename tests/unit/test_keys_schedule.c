/* Epochs, what is due when, and that no wait, however long, leaves a host without a good key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "keys_support.h"

static void
test_epochs(void **state)
{
    const struct policy hour = policy_of(3600, 900, 43200), second = policy_of(1, 0, 1);
    const struct policy odd = policy_of(7, 1, 10), slow = policy_of(2592000, 1, 10);

    (void)state;
    assert_int_equal(schedule_epoch(&hour, 7199), 1);
    assert_int_equal(schedule_epoch(&hour, 7200), 2);
    assert_int_equal(schedule_start_s(&hour, 2), 7200);
    assert_int_equal(schedule_due_s(&hour, 4), 3 * 3600 - 1800);
    assert_int_equal(schedule_due_s(&hour, 1), 0);
    assert_int_equal(schedule_due_s(&second, 100), 99);
    assert_int_equal(schedule_due_s(&odd, 100), 700 - 7 - 3);
    assert_int_equal(schedule_start_s(&hour, UINT64_MAX), UINT64_MAX);
    assert_int_equal(schedule_delay_max_ms(&hour), 60000);
    assert_int_equal(schedule_delay_max_ms(&odd), 700);
    assert_int_equal(schedule_delay_max_ms(&slow), 60000);
}

static void
test_missing(void **state)
{
    const struct policy policy = policy_of(3600, 900, 43200);
    const uint64_t epoch = NOW_S / 3600, start = epoch * 3600;
    uint64_t rng = 1, missing = 0;
    KEYSET(set);

    (void)state;
    assert_true(schedule_missing(&set, &policy, 0, start, &missing));
    assert_int_equal(missing, epoch + 1);
    assert_true(host_make_epoch(&set, &policy, &rng, 7, epoch + 1, start)); /* by whomever */
    assert_false(schedule_missing(&set, &policy, 0, start, &missing));
    assert_false(schedule_missing(&set, &policy, 0, start + 1799, &missing));
    assert_true(schedule_missing(&set, &policy, 0, start + 1800, &missing));
    assert_int_equal(missing, epoch + 2);
    assert_true(host_make_epoch(&set, &policy, &rng, 0, epoch + 2, start + 1800));
    assert_false(schedule_missing(&set, &policy, 0, start + 3599, &missing));
    assert_false(schedule_missing(&set, &policy, 0, start + 5399, &missing));
    assert_true(schedule_missing(&set, &policy, 0, start + 5400, &missing));
    assert_int_equal(missing, epoch + 3);
}

static void
test_what_does_not_count_is_missing(void **state)
{
    struct policy policy = policy_of(3600, 900, 43200), short_policy = policy_of(600, 150, 7200);
    const uint64_t epoch = NOW_S / 3600, start = epoch * 3600;
    uint64_t rng = 1, missing = 0;
    struct key_material fresh;
    KEYSET(set);
    KEY(key);

    (void)state;
    /* one of another policy that begins with the epoch but does not last */
    assert_true(host_make_epoch(&set, &short_policy, &rng, 0, (start + 3600) / 600, start));
    assert_true(schedule_missing(&set, &policy, 0, start, &missing));
    /* an emergency key, which gives way to every other */
    fresh = material_of(&rng);
    schedule_make_epoch(&key, &set, &policy, &fresh, 0, epoch + 1, start * 1000);
    key.flags = KEY_EMERGENCY;
    assert_int_equal(keyset_add(&set, &key, start * 1000, NULL), KEYSET_CHANGED);
    assert_true(schedule_missing(&set, &policy, 0, start, &missing));
    /* another mode's */
    policy.each = true;
    assert_true(host_make_epoch(&set, &policy, &rng, 0, epoch + 1, start));
    assert_false(schedule_missing(&set, &policy, 0, start, &missing));
    assert_true(schedule_missing(&set, &policy, 1, start, &missing)); /* another host's */
    policy.each = false;
    assert_true(schedule_missing(&set, &policy, 0, start, &missing));
    /* a revoked one */
    assert_true(host_make_epoch(&set, &policy, &rng, 0, epoch + 1, start));
    assert_false(schedule_missing(&set, &policy, 0, start, &missing));
    assert_int_equal(keyset_revoke_mark(&set, start * 1000 + 9, start + 9, start * 1000, NULL),
                     KEYSET_CHANGED);
    assert_true(schedule_missing(&set, &policy, 0, start, &missing));
}

static void
test_made_keys(void **state)
{
    struct policy policy = policy_of(3600, 900, 43200);
    uint64_t rng = 1;
    struct key_material fresh = material_of(&rng);
    KEYSET(set);
    KEY(key);

    (void)state;
    set.newest_ms = NOW_MS + 5;
    schedule_make_epoch(&key, &set, &policy, &fresh, 3, NOW_S / 3600 + 1, NOW_MS);
    assert_true(key_check(&key, NULL));
    assert_memory_equal(key.name, fresh.name, sizeof key.name);
    assert_memory_equal(key.secret.bytes, fresh.secret.bytes, sizeof key.secret.bytes);
    assert_int_equal(key.made_ms, NOW_MS + 6);
    assert_int_equal(key.seal_from, (NOW_S / 3600 + 1) * 3600);
    assert_int_equal(key.seal_until, key.seal_from + 4500);
    assert_int_equal(key.open_until, key.seal_until + 43200);
    assert_int_equal(key.maker, 3);
    assert_int_equal(key.flags, 0);
    policy.each = true;
    schedule_make_emergency(&key, &set, &policy, &fresh, 3, NOW_MS);
    assert_int_equal(key.flags, KEY_EACH | KEY_EMERGENCY);
    assert_int_equal(key.seal_from, NOW_S);
    assert_int_equal(key.open_until, NOW_S + 4500 + 43200);
    assert_true(key_check(&key, NULL));
}

/* Make a rotation ordered now and confirm it; when it begins. */
static uint64_t
rotate(struct keyset *set, const struct policy *policy, uint64_t *rng, uint64_t now_ms)
{
    struct key_material fresh = material_of(rng);
    KEY(key);

    schedule_make_rotation(&key, set, policy, &fresh, 0, now_ms);
    if (keyset_add(set, &key, now_ms, NULL) != KEYSET_CHANGED ||
        keyset_confirm(set, key.name, key.open_until, now_ms, NULL) != KEYSET_CHANGED)
        return 0;
    return key.seal_from;
}

/* True if the key that begins at this second seals then. */
static bool
takes_over(const struct keyset *set, const struct policy *policy, uint64_t second)
{
    const struct key *key = keyset_sealing(set, policy, 0, second);

    return key != NULL && key->seal_from == second;
}

/* An ordered rotation takes over at once; several within a second, one a second. */
static void
test_rotations(void **state)
{
    const struct policy policy = policy_of(3600, 900, 43200);
    uint64_t rng = 1;
    KEYSET(set);

    (void)state;
    assert_true(host_wake(&set, &policy, &rng, NOW_S - 1));
    for (uint64_t i = 0; i <= SCHEDULE_WAIT_S; i++) {
        assert_int_equal(rotate(&set, &policy, &rng, NOW_MS + i), NOW_S + i);
        assert_true(takes_over(&set, &policy, NOW_S + i));
    }
    /* no further: the caller sees that the second is taken */
    assert_int_equal(rotate(&set, &policy, &rng, NOW_MS + 999), NOW_S + SCHEDULE_WAIT_S);
    assert_int_equal(rotate(&set, &policy, &rng, NOW_MS + 1000), NOW_S + SCHEDULE_WAIT_S + 1);
}

/* Whatever the phase of the epoch: before its key takes over, in the very second, after it. */
static void
test_rotation_at_boundary(void **state)
{
    const struct policy policy = policy_of(90, 22, 3600);
    const uint64_t boundary = NOW_S / 90 * 90 + 180;

    (void)state;
    for (uint64_t now = boundary - 8; now < boundary + 3; now++) {
        uint64_t rng = 1, second;
        size_t own = 0;
        KEYSET(set);

        assert_true(host_wake(&set, &policy, &rng, boundary - 100));
        for (int i = 0; i < 3; i++) {
            second = rotate(&set, &policy, &rng, now * 1000 + 999);
            assert_true(second >= now && second <= now + 3);
            assert_true(takes_over(&set, &policy, second));
        }
        for (size_t i = 0; i < set.key_count; i++)
            for (size_t j = 0; j < i; j++)
                own += set.keys[i].seal_from == set.keys[j].seal_from;
        assert_int_equal(own, 0);
    }
}

/* One in an emergency gives way to every other: a rotation need not wait for its second. */
static void
test_rotation_after_emergency(void **state)
{
    const struct policy policy = policy_of(3600, 900, 43200);
    uint64_t rng = 1;
    KEYSET(set);

    (void)state;
    assert_true(host_make_emergency(&set, &policy, &rng, NOW_S));
    assert_int_equal(rotate(&set, &policy, &rng, NOW_MS), NOW_S);
    assert_true((keyset_sealing(&set, &policy, 0, NOW_S)->flags & KEY_EMERGENCY) == 0);
}

/* The clock was set by a third of an epoch: keys that do not begin with epochs end before the next
 * one does, or not; the gap is where none seals, and a key for it lasts. */
static void
test_gap(void **state)
{
    const struct policy policy = policy_of(3600, 900, 43200);
    const uint64_t start = NOW_S / 3600 * 3600;
    uint64_t rng = 1, from = 7;
    struct key_material fresh = material_of(&rng);
    KEYSET(set);
    KEY(key);

    (void)state;
    assert_false(schedule_gap(&set, &policy, 0, start, &from)); /* an emergency */
    assert_int_equal(from, 7);
    assert_true(host_make_epoch(&set, &policy, &rng, 0, start / 3600, start));
    assert_false(schedule_gap(&set, &policy, 0, start, &from));
    assert_false(schedule_gap(&set, &policy, 0, start + 3599, &from));
    keyset_shift(&set, -1200); /* until start + 3300 */
    assert_true(schedule_gap(&set, &policy, 0, start, &from));
    assert_int_equal(from, start + 3300);
    assert_true(schedule_gap(&set, &policy, 0, start + 3299, &from));
    assert_int_equal(from, start + 3300);
    assert_false(schedule_gap(&set, &policy, 0, start + 3300, &from)); /* an emergency now */
    schedule_make_gap(&key, &set, &policy, &fresh, 0, from, start * 1000);
    assert_int_equal(key.seal_from, start + 3300);
    assert_int_equal(key.flags, 0);
    assert_int_equal(keyset_add(&set, &key, start * 1000, NULL), KEYSET_CHANGED);
    assert_false(schedule_gap(&set, &policy, 0, start, &from)); /* it waits: one is enough */
    assert_int_equal(keyset_confirm(&set, key.name, key.open_until, start * 1000, NULL),
                     KEYSET_CHANGED);
    assert_false(schedule_gap(&set, &policy, 0, start, &from));
    assert_true(host_make_epoch(&set, &policy, &rng, 0, start / 3600 + 1, start));
    for (uint64_t t = start; t < start + 7200; t++)
        assert_non_null(keyset_sealing(&set, &policy, 0, t));
}

/* Prior-art P3: a host that knows nothing has a key before its first ticket. P2: whatever time went
 * by without a call, the first one finds what is missing, and makes a good key. */
static void
test_first_and_idle(void **state)
{
    static const uint64_t idle_s[] = {1,     59,    1800,   3600,    5400,     7200,
                                      36000, 86400, 604800, 2592000, 31536000, 315360000};
    const struct policy policy = policy_of(3600, 900, 43200);
    uint64_t rng = 1, now_s = NOW_S;
    KEYSET(set);

    (void)state;
    assert_true(host_wake(&set, &policy, &rng, now_s));
    for (size_t i = 0; i < 4 * sizeof idle_s / sizeof idle_s[0]; i++) {
        const struct key *key = keyset_sealing(&set, &policy, 0, now_s);

        assert_non_null(key);
        assert_true(key_check(key, NULL));
        assert_true(keyset_may_open(key, now_s + policy.lifetime_s));
        now_s += idle_s[i * 7 % (sizeof idle_s / sizeof idle_s[0])] + i;
        assert_true(host_wake(&set, &policy, &rng, now_s));
        assert_true(set.key_count <= policy_keys(&policy));
    }
}

static void
test_the_end_of_time(void **state)
{
    const struct policy policy = policy_of(3600, 900, 43200);
    uint64_t rng = 1, missing = 0;
    struct key_material fresh = material_of(&rng);
    KEYSET(set);
    KEY(key);

    (void)state;
    schedule_make_epoch(&key, &set, &policy, &fresh, 0, UINT64_MAX, UINT64_MAX);
    assert_false(key_check(&key, NULL));
    schedule_make_rotation(&key, &set, &policy, &fresh, 0, UINT64_MAX);
    assert_false(key_check(&key, NULL));
    (void)schedule_missing(&set, &policy, 0, UINT64_MAX, &missing); /* ends, whatever it says */
    assert_int_equal(schedule_next_s(&set, &policy, UINT64_MAX), UINT64_MAX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_epochs),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_what_does_not_count_is_missing),
        cmocka_unit_test(test_made_keys),
        cmocka_unit_test(test_rotations),
        cmocka_unit_test(test_rotation_at_boundary),
        cmocka_unit_test(test_rotation_after_emergency),
        cmocka_unit_test(test_gap),
        cmocka_unit_test(test_first_and_idle),
        cmocka_unit_test(test_the_end_of_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
