/* The daemon's time follows a clock that drifts, and holds off one that jumps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/clock.h"
#include "daemon/stekd.h"

#define BOOT_MS 1000000U
#define WALL_MS 1700000000000U

static void
test_follows_drift(void **state)
{
    struct clock clock = clock_start(BOOT_MS, WALL_MS);
    struct ring_time now;

    (void)state;
    now = clock_look(&clock, BOOT_MS, WALL_MS);
    assert_int_equal(now.boot_ms, BOOT_MS);
    assert_int_equal(now.unix_ms, WALL_MS);
    /* 60 s a look, either way, over and over */
    now = clock_look(&clock, BOOT_MS + 5, WALL_MS + 60005);
    assert_int_equal(now.unix_ms, WALL_MS + 60005);
    now = clock_look(&clock, BOOT_MS + 10, WALL_MS + 120010);
    assert_int_equal(now.unix_ms, WALL_MS + 120010);
    now = clock_look(&clock, BOOT_MS + 15, WALL_MS + 60015);
    assert_int_equal(now.unix_ms, WALL_MS + 60015);
    assert_int_equal(clock.held_ms, 0);
}

static void
test_holds_off_steps(void **state)
{
    struct clock clock = clock_start(BOOT_MS, WALL_MS);
    struct ring_time now;

    (void)state;
    now = clock_look(&clock, BOOT_MS + 1000, WALL_MS + 1000 + 60001);
    assert_int_equal(now.unix_ms, WALL_MS + 1000);
    assert_int_equal(clock.held_ms, 60001);
    now = clock_look(&clock, BOOT_MS + 2000, 5); /* 1970 */
    assert_int_equal(now.unix_ms, WALL_MS + 2000);
    assert_true(clock.held_ms < -60000);
    now = clock_look(&clock, BOOT_MS + 3000, WALL_MS + 3010); /* and back */
    assert_int_equal(now.unix_ms, WALL_MS + 3010);
    assert_int_equal(clock.held_ms, 0);
}

/* A step that was held off is taken when it is right after all. */
static void
test_accepts(void **state)
{
    static const int64_t steps_ms[] = {60001, -7200400, 86400500};

    (void)state;
    for (size_t i = 0; i < sizeof steps_ms / sizeof *steps_ms; i++) {
        struct clock clock = clock_start(BOOT_MS, WALL_MS);
        uint64_t wall_ms = WALL_MS + (uint64_t)steps_ms[i];

        (void)clock_look(&clock, BOOT_MS, wall_ms);
        assert_int_equal(clock_accept(&clock), steps_ms[i]);
        assert_int_equal(clock.held_ms, 0);
        assert_int_equal(clock_look(&clock, BOOT_MS + 9, wall_ms + 9).unix_ms, wall_ms + 9);
        assert_int_equal(clock.held_ms, 0);
        assert_int_equal(clock_accept(&clock), 0);
    }
    assert_int_equal(clock_round_s(1499), 1);
    assert_int_equal(clock_round_s(-1499), -1);
    assert_int_equal(clock_round_s(-1500), -2);
}

/* A clock that starts in 1970, before the boot clock's own zero. */
static void
test_negative_offset(void **state)
{
    struct clock clock = clock_start(BOOT_MS, 1000);
    struct ring_time now = clock_look(&clock, BOOT_MS + 70000, 71000);

    (void)state;
    assert_int_equal(now.unix_ms, 71000);
    assert_int_equal(now.boot_ms, BOOT_MS + 70000);
}

/* The sentence that status shows. */
static void
test_sentence(void **state)
{
    struct stekd stekd = {.clock = {.held_ms = -7199501}};
    struct err err = {""};

    (void)state;
    stekd_clock_trouble(&stekd, &err);
    assert_string_equal(err.text,
                        "the wall clock was set by -7200 s, which is held off: keys keep their "
                        "times; if the clock is right now, restart stekd to accept it");
    err.text[0] = '\0';
    stekd.clock.held_ms = 0;
    stekd_clock_trouble(&stekd, &err);
    assert_string_equal(err.text, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_follows_drift), cmocka_unit_test(test_holds_off_steps),
        cmocka_unit_test(test_accepts),       cmocka_unit_test(test_negative_offset),
        cmocka_unit_test(test_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
