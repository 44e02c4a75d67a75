/* Times and spans read as people say them; foreign text cannot command a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cli/text.h"

#define NOON 1700049600U /* 2023-11-15 12:00:00 UTC */

static void
test_spans(void **state)
{
    char out[TEXT_MAX];

    (void)state;
    assert_string_equal(text_span(out, 0), "0s");
    assert_string_equal(text_span(out, 2), "2s");
    assert_string_equal(text_span(out, 90), "1m 30s");
    assert_string_equal(text_span(out, 900), "15m");
    assert_string_equal(text_span(out, 3600), "1h");
    assert_string_equal(text_span(out, 43200), "12h");
    assert_string_equal(text_span(out, 86400), "24h");
    assert_string_equal(text_span(out, 604800), "7d");
    assert_string_equal(text_span(out, 86400 + 3600 + 60 + 1), "1d 1h 1m 1s");
    assert_true(strlen(text_span(out, UINT64_MAX)) < TEXT_MAX);
}

static void
test_relative(void **state)
{
    char out[TEXT_MAX];

    (void)state;
    assert_string_equal(text_relative(out, NOON, NOON), "now");
    assert_string_equal(text_relative(out, NOON + 1, NOON), "in 1s");
    assert_string_equal(text_relative(out, NOON + 119, NOON), "in 119s");
    assert_string_equal(text_relative(out, NOON + 720, NOON), "in 12m");
    assert_string_equal(text_relative(out, NOON - 3 * 3600, NOON), "3h ago");
    assert_string_equal(text_relative(out, NOON - 47 * 3600, NOON), "47h ago");
    assert_string_equal(text_relative(out, NOON - 48 * 3600, NOON), "2d ago");
    assert_string_equal(text_relative(out, 0, UINT64_MAX), "213503982334601d ago");
}

static void
test_clock(void **state)
{
    char out[TEXT_MAX];

    (void)state;
    assert_string_equal(text_clock(out, NOON + 65, NOON), "12:01:05");
    assert_string_equal(text_clock(out, NOON + 86400, NOON), "2023-11-16 12:00");
    assert_string_equal(text_clock(out, NOON - 43201, NOON), "2023-11-14 23:59");
    assert_string_equal(text_when(out, NOON + 720, NOON), "12:12:00 (in 12m)");
    /* no calendar holds these */
    assert_string_equal(text_clock(out, UINT64_MAX >> 1, NOON), "@9223372036854775807");
    assert_true(strlen(text_when(out, UINT64_MAX, 0)) < TEXT_MAX);
}

static void
test_clean(void **state)
{
    char out[16], tiny[4];

    (void)state;
    assert_string_equal(text_clean(out, sizeof out, "nginx"), "nginx");
    assert_string_equal(text_clean(out, sizeof out, "\033[2Ja\nb\x7f"), "?[2Ja?b?");
    assert_string_equal(text_clean(out, sizeof out,
                                   "a\xc2\x9b"
                                   "2Jb"),
                        "a?2Jb"); /* CSI as C1 */
    assert_string_equal(text_clean(out, sizeof out, "\xc3\xa9t\xc3\xa9"), "\xc3\xa9t\xc3\xa9");
    assert_string_equal(text_clean(out, sizeof out, "\xc2\xa0"), "\xc2\xa0");
    /* cut between characters, never within one */
    assert_string_equal(text_clean(tiny, sizeof tiny, "abcdef"), "abc");
    assert_string_equal(text_clean(tiny, sizeof tiny, "ab\xc3\xa9"), "ab");
    assert_string_equal(text_clean(tiny, 1, "abc"), "");
}

static int
use_utc(void **state)
{
    (void)state;
    return setenv("TZ", "UTC", 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spans),
        cmocka_unit_test(test_relative),
        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_clean),
    };

    return cmocka_run_group_tests(tests, use_utc, NULL);
}
