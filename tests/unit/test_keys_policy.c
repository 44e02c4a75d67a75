/* Policies that cannot work are refused in sentences that say what would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "keys/policy.h"

/* True if it is refused, untouched, with an error that begins with `start`. */
static bool
is_refused(struct policy policy, uint32_t capacity, const char *start)
{
    const struct policy before = policy;
    struct err err = {{0}};

    return !policy_resolve(&policy, capacity, &err) &&
           strncmp(err.text, start, strlen(start)) == 0 && policy.rotate_s == before.rotate_s &&
           policy.lifetime_s == before.lifetime_s && policy.patience_s == before.patience_s &&
           policy.max_session_s == before.max_session_s;
}

static void
test_default(void **state)
{
    struct policy policy = policy_default();

    (void)state;
    assert_true(policy_resolve(&policy, 1024, NULL));
    assert_int_equal(policy.rotate_s, 3600);
    assert_int_equal(policy.lifetime_s, 12 * 3600);
    assert_int_equal(policy.patience_s, 900);
    assert_int_equal(policy.max_session_s, 24 * 3600);
    assert_false(policy.each);
    assert_true(policy_resolve(&policy, 1024, NULL)); /* resolved already: stays */
    assert_int_equal(policy.patience_s, 900);
}

static void
test_limits(void **state)
{
    struct policy policy = policy_default();

    (void)state;
    policy.rotate_s = 1; /* the fastest */
    policy.lifetime_s = 1;
    assert_true(policy_resolve(&policy, 1024, NULL));
    assert_int_equal(policy.patience_s, 0);
    policy.rotate_s = POLICY_ROTATE_MAX_S; /* the slowest */
    policy.lifetime_s = POLICY_LIFETIME_MAX_S;
    policy.patience_s = POLICY_ROTATE_MAX_S - 1;
    policy.max_session_s = POLICY_SESSION_MAX_S;
    assert_true(policy_resolve(&policy, 1024, NULL));
}

static void
test_refused(void **state)
{
    struct policy policy;

    (void)state;
    policy = policy_default();
    policy.rotate_s = 0;
    assert_true(is_refused(policy, 1024, "rotate = 0: a key must seal for at least 1 s; 1h is "));
    policy.rotate_s = POLICY_ROTATE_MAX_S + 1;
    assert_true(is_refused(policy, 1024, "rotate = 2592001 s: "));
    policy.rotate_s = UINT64_MAX;
    assert_true(is_refused(policy, 1024, "rotate = "));
    policy = policy_default();
    policy.lifetime_s = 0;
    assert_true(is_refused(policy, 1024, "lifetime = 0: "));
    policy.lifetime_s = POLICY_LIFETIME_MAX_S + 1;
    assert_true(is_refused(policy, 1024, "lifetime = 604801 s: "));
    policy.lifetime_s = UINT64_MAX;
    assert_true(is_refused(policy, 1024, "lifetime = "));
    policy = policy_default();
    policy.patience_s = policy.rotate_s;
    assert_true(is_refused(policy, 1024, "patience = 3600 s: "));
    policy.patience_s = UINT64_MAX - 1;
    assert_true(is_refused(policy, 1024, "patience = "));
    policy = policy_default();
    policy.max_session_s = policy.lifetime_s - 1;
    assert_true(is_refused(policy, 1024, "max_session = 43199 s: "));
    policy.max_session_s = 0;
    assert_true(is_refused(policy, 1024, "max_session = 0 s: "));
    policy.max_session_s = UINT64_MAX;
    assert_true(is_refused(policy, 1024, "max_session = "));
}

static void
test_capacity(void **state)
{
    struct policy policy = policy_default();
    uint64_t keys;

    (void)state;
    assert_true(policy_resolve(&policy, 1024, NULL));
    keys = policy_keys(&policy); /* made 1.5 h before, seals 1.25 h, opens 12 h; and two */
    assert_int_equal(keys, 15 + 2);
    assert_true(policy_resolve(&policy, (uint32_t)keys, NULL));
    assert_true(is_refused(policy, (uint32_t)keys - 1, "rotate = 3600 s with lifetime = 43200 s"));
    policy.rotate_s = 1;
    policy.patience_s = 0;
    policy.lifetime_s = POLICY_LIFETIME_MAX_S;
    policy.max_session_s = POLICY_SESSION_MAX_S;
    assert_true(is_refused(policy, 65536, "rotate = 1 s"));
    policy = policy_default();
    assert_true(is_refused(policy, 0, "rotate = "));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_capacity),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
