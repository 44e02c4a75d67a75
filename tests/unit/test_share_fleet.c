/* The hosts of a keyset: who is live, late, silent; who lacks a key; who confirms it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fleet_support.h"

#define NEVER UINT64_MAX

/* R-FLEET-1: to the millisecond. */
static void
test_silent(void **state)
{
    struct fleet fleet;

    (void)state;
    assert_true(fleet_of(&fleet, 3, 1));
    assert_int_equal(state_of(&fleet, 2), FLEET_LIVE);
    fleet_looked(&fleet, 2); /* still from here on */
    fleet_looked(&fleet, FLEET_SILENT_MS);
    assert_int_equal(state_of(&fleet, 2), FLEET_LIVE);
    fleet_looked(&fleet, 1 + FLEET_SILENT_MS);
    assert_int_equal(state_of(&fleet, 2), FLEET_LATE);
    fleet_looked(&fleet, 2 + FLEET_SILENT_MS);
    assert_int_equal(state_of(&fleet, 2), FLEET_SILENT);
    fleet_looked(&fleet, 1); /* one that took long */
    assert_int_equal(state_of(&fleet, 2), FLEET_SILENT);
    assert_true(saw(&fleet, 2, 2 + FLEET_SILENT_MS, 1));
    assert_int_equal(state_of(&fleet, 2), FLEET_LIVE);
    assert_int_equal(fleet_count(&fleet, FLEET_SILENT), 2);
    assert_int_equal(fleet_count(&fleet, FLEET_LIVE), 1);
    fleet_free(&fleet);
}

/* R-FLEET-1: an hour without a look, and a look that loses a status: nobody is silent. */
static void
test_nobody_looked(void **state)
{
    uint64_t hour = 3600 * 1000;
    struct fleet fleet;

    (void)state;
    assert_true(fleet_of(&fleet, 3, 1));
    assert_true(look_on(&fleet, 2, hour, NEVER));
    assert_int_equal(fleet_count(&fleet, FLEET_LIVE), 3);
    fleet_looked(&fleet, 2 * hour);
    assert_int_equal(fleet_count(&fleet, FLEET_LATE), 3);
    assert_true(look_on(&fleet, 2 * hour + BEAT, 2 * hour + FLEET_SILENT_MS - 1, 2));
    assert_int_equal(fleet_count(&fleet, FLEET_LIVE), 2);
    assert_int_equal(state_of(&fleet, 2), FLEET_LATE);
    assert_true(look_on(&fleet, 2 * hour + FLEET_SILENT_MS, 3 * hour, 2));
    assert_int_equal(state_of(&fleet, 2), FLEET_SILENT);
    assert_int_equal(fleet_count(&fleet, FLEET_LIVE), 2);
    fleet_free(&fleet);
}

/* R-FLEET-1: clocks do not matter: a host that is years behind, and one whose clock is set back. */
static void
test_odd_clocks_live(void **state)
{
    struct status behind = status_of(NOW_MS - 900 * DAY_MS, 1), mad = status_of(NOW_MS, 1);
    struct fleet fleet;

    (void)state;
    fleet_init(&fleet, US);
    for (uint64_t at = 1; at < 10 * FLEET_SILENT_MS; at += BEAT) {
        uint64_t sequence = at < FLEET_SILENT_MS ? NOW_MS * 2 + at : NOW_MS + at;

        assert_int_equal(fleet_saw(&fleet, 1, at, &behind, at, NOW_MS + at, 0), RECORD_OPENED);
        assert_int_equal(fleet_saw(&fleet, 2, sequence, &mad, at, NOW_MS + at, 0), RECORD_OPENED);
        fleet_looked(&fleet, at);
        assert_int_equal(fleet_count(&fleet, FLEET_LIVE), 2);
    }
    fleet_free(&fleet);
}

/* The host's status comes each `pace` ms, with a look each half minute, from `from` on. How many of
 * these looks found it silent? */
static unsigned
silent_looks(struct fleet *fleet, uint64_t from, uint64_t until, uint64_t pace)
{
    unsigned count = 0;

    for (uint64_t at = from; at < until; at += BEAT) {
        if ((at - from) % pace < BEAT && !saw(fleet, 2, at + 1, 1))
            return UINT32_MAX;
        fleet_looked(fleet, at);
        count += state_of(fleet, 2) == FLEET_SILENT;
    }
    return count;
}

/* R-FLEET-1: an engine that brings statuses each five minutes: from the third on the host is not
 * silent any more. When it dies it is, within ten; and by a quick engine soon again. */
static void
test_slow_engine(void **state)
{
    uint64_t minute = 60 * 1000, hour = 60 * minute;
    struct fleet fleet;

    (void)state;
    fleet_init(&fleet, US);
    assert_in_range(silent_looks(&fleet, 1, 10 * minute, 5 * minute), 1, 20);
    assert_int_equal(silent_looks(&fleet, 10 * minute + 1, 2 * hour, 5 * minute), 0);
    assert_int_equal(silent_looks(&fleet, 2 * hour + 1, 2 * hour + 9 * minute, hour), 0);
    assert_true(silent_looks(&fleet, 2 * hour + 9 * minute + 1, 3 * hour, hour) > 80);
    assert_int_equal(silent_looks(&fleet, 3 * hour + 1, 4 * hour, BEAT), 0);
    assert_in_range(silent_looks(&fleet, 4 * hour + 1, 4 * hour + 5 * minute, hour), 5, 7);
    fleet_free(&fleet);
}

/* R-FLEET-1: what an hour's silence and the next one say is not that it is silent for hours. */
static void
test_slow_for_once(void **state)
{
    uint64_t minute = 60 * 1000, hour = 60 * minute;
    struct fleet fleet;

    (void)state;
    fleet_init(&fleet, US);
    for (unsigned i = 0; i < 3; i++) { /* each hour it is there for five minutes */
        assert_int_equal(silent_looks(&fleet, i * hour + 1, i * hour + 5 * minute, BEAT), 0);
        assert_true(silent_looks(&fleet, i * hour + 5 * minute + 1, (i + 1) * hour, hour) > 100);
    }
    fleet_free(&fleet);
}

/* R-FLEET-2. */
static void
test_all_hold(void **state)
{
    struct key old = key_of(1, 0), fresh = key_of(2, 0);
    struct fleet fleet;
    size_t at = 0;

    (void)state;
    fleet_init(&fleet, US);
    assert_false(fleet_all_hold(&fleet, old.name));
    assert_true(saw(&fleet, 1, 1, 2));
    assert_false(fleet_all_hold(&fleet, old.name));
    fleet_free(&fleet);
    assert_true(fleet_of(&fleet, 6, 1)); /* we among them */
    assert_true(fleet_all_hold(&fleet, old.name));
    assert_false(fleet_all_hold(&fleet, fresh.name));
    for (uint64_t id = 1; id <= 6; id++)
        assert_true(id == 3 || id == US || saw(&fleet, id, 2, 7));
    assert_false(fleet_all_hold(&fleet, fresh.name));
    assert_int_equal(fleet_lacking(&fleet, fresh.name, &at)->id, 3);
    assert_null(fleet_lacking(&fleet, fresh.name, &at));
    fleet_looked(&fleet, 2 + FLEET_SILENT_MS);
    assert_int_equal(state_of(&fleet, 3), FLEET_LATE);
    assert_false(fleet_all_hold(&fleet, fresh.name)); /* it is waited for */
    fleet_looked(&fleet, 2 + 2 * FLEET_SILENT_MS);
    assert_true(fleet_all_hold(&fleet, fresh.name));
    fleet_free(&fleet);
}

/* All that a status names is found, nothing else. */
static void
test_lists(void **state)
{
    struct fleet fleet;

    (void)state;
    assert_true(fleet_of(&fleet, 1, 40));
    for (uint16_t i = 0; i <= 41; i++)
        assert_int_equal(fleet_lists(&fleet.hosts[0], key_of(i, 0).name), i >= 1 && i <= 40);
    assert_string_equal(fleet.hosts[0].host_name, "web1");
    assert_string_equal(fleet.hosts[0].version, "0.2.0");
    assert_int_equal(fleet.hosts[0].held, 40);
    assert_true(saw(&fleet, 1, 2, 0));
    assert_false(fleet_lists(&fleet.hosts[0], key_of(1, 0).name));
    fleet_free(&fleet);
}

/* R-FLEET-3: each of the hosts, with the same statuses: one confirms. */
static void
test_confirms(void **state)
{
    (void)state;
    for (uint64_t dead = 0; dead <= 4; dead++) {
        for (uint64_t maker = 1; maker <= 5; maker++) { /* 5 is not known */
            uint64_t wanted = maker != dead && maker < 5 ? maker : dead == 1 ? 2 : 1;

            for (uint64_t self = 1; self <= 4; self++) {
                struct fleet fleet;

                assert_true(fleet_of(&fleet, 4, 1));
                assert_true(look_on(&fleet, 2, 10 * BEAT, dead));
                fleet.self = self;
                if (self != dead)
                    assert_int_equal(fleet_confirms(&fleet, maker), self == wanted);
                fleet_free(&fleet);
            }
        }
    }
}

/* R-FLEET-3: who has not looked does not know whether the maker lives; it confirms its own. */
static void
test_confirms_unlooked(void **state)
{
    struct fleet fleet;

    (void)state;
    fleet_init(&fleet, US);
    assert_false(fleet_confirms(&fleet, 9));
    assert_true(fleet_confirms(&fleet, US));
    fleet_looked(&fleet, 0);
    assert_true(fleet_confirms(&fleet, 9));
    fleet_free(&fleet);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silent),
        cmocka_unit_test(test_nobody_looked),
        cmocka_unit_test(test_odd_clocks_live),
        cmocka_unit_test(test_slow_engine),
        cmocka_unit_test(test_slow_for_once),
        cmocka_unit_test(test_all_hold),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_confirms),
        cmocka_unit_test(test_confirms_unlooked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
