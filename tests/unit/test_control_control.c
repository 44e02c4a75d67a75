/* What stekctl and stekd share: states survive the way to text and back, and only what can name a
 * ring's file can name a keyset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stek/stek.h>
#include <string.h>

#include "control/control.h"

static void
test_states(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CONTROL_STATES; i++) {
        enum control_state parsed = CONTROL_STATES;

        assert_true(control_state_parse(&parsed, control_state_text((enum control_state)i)));
        assert_int_equal(parsed, i);
    }
}

static void
test_unknown_states(void **state)
{
    enum control_state parsed = CONTROL_OPENING;

    (void)state;
    assert_false(control_state_parse(&parsed, ""));
    assert_false(control_state_parse(&parsed, "Sealing"));
    assert_false(control_state_parse(&parsed, "sealing "));
    assert_int_equal(parsed, CONTROL_OPENING);
    assert_string_equal(control_state_text((enum control_state)CONTROL_STATES), "unknown");
}

static void
test_hosts(void **state)
{
    enum control_host parsed = CONTROL_LATE;

    (void)state;
    assert_false(control_host_parse(&parsed, "Live"));
    assert_false(control_host_parse(&parsed, ""));
    assert_int_equal(parsed, CONTROL_LATE);
    for (unsigned i = 0; i < CONTROL_HOSTS; i++) {
        assert_true(control_host_parse(&parsed, control_host_text((enum control_host)i)));
        assert_int_equal(parsed, i);
    }
    assert_string_equal(control_host_text((enum control_host)CONTROL_HOSTS), "unknown");
}

static void
test_counters_follow_events(void **state)
{
    (void)state;
    assert_string_equal(control_counters[STEK_SEALED], "sealed");
    assert_string_equal(control_counters[STEK_OPENED], "opened");
    assert_string_equal(control_counters[STEK_RENEWED], "renewed");
    assert_string_equal(control_counters[STEK_FULL_UNKNOWN], "full_unknown");
    assert_string_equal(control_counters[STEK_FULL_EXPIRED], "full_expired");
    assert_string_equal(control_counters[STEK_FULL_REVOKED], "full_revoked");
    assert_string_equal(control_counters[STEK_FULL_CONTEXT], "full_context");
    assert_string_equal(control_counters[STEK_FULL_NO_KEY], "full_no_key");
}

static void
test_keyset_names(void **state)
{
    char longest[CONTROL_KEYSET_MAX + 2];

    (void)state;
    memset(longest, 'a', sizeof longest);
    longest[CONTROL_KEYSET_MAX] = '\0';
    assert_true(control_keyset_ok("www"));
    assert_true(control_keyset_ok("a_b.c-9"));
    assert_true(control_keyset_ok(longest));
    longest[CONTROL_KEYSET_MAX] = 'a';
    longest[CONTROL_KEYSET_MAX + 1] = '\0';
    assert_false(control_keyset_ok(longest));
    assert_false(control_keyset_ok(""));
    assert_false(control_keyset_ok("."));
    assert_false(control_keyset_ok(".."));
    assert_false(control_keyset_ok("WWW"));
    assert_false(control_keyset_ok("a/b"));
    assert_false(control_keyset_ok("a&all=1"));
    assert_false(control_keyset_ok("a b"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states),       cmocka_unit_test(test_unknown_states),
        cmocka_unit_test(test_hosts),        cmocka_unit_test(test_counters_follow_events),
        cmocka_unit_test(test_keyset_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
