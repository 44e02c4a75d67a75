/* The hosts of a keyset: whose clock is odd, which engines carry whom, who is forgotten, bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fleet_support.h"

/* A host's status at `at`, of a clock that is that far ahead, written `lay` before it came. */
static bool
saw_clock(struct fleet *fleet, uint64_t id, uint64_t at, int64_t ahead, uint64_t lay)
{
    struct status status = status_of((uint64_t)((int64_t)(NOW_MS + at - lay) + ahead), 1);

    return fleet_saw(fleet, id, status.clock_ms, &status, at, NOW_MS + at, 0) == RECORD_OPENED;
}

/* R-FLEET-4. */
static void
test_clock(void **state)
{
    static const struct {
        int64_t ahead, told;
        uint64_t lay;
    } cases[] = {{0, 0, 0},         {0, 0, 30000},          {30000, 0, 30000},
                 {-30000, 0, 0},    {-40000, -10000, 0},    {40000, 10000, 30000},
                 {40000, 40000, 0}, {-40000, -39999, 29999}};
    struct fleet fleet;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fleet_init(&fleet, US);
        assert_true(saw_clock(&fleet, 1, 100000, cases[i].ahead, 50000));
        assert_false(fleet.hosts[0].has_clock);
        fleet_carried(&fleet, 1, fleet.hosts[0].sequence, 110000, 1);
        fleet_carried(&fleet, 1, fleet.hosts[0].sequence + 1, 120000, 1); /* another one */
        assert_true(saw_clock(&fleet, 1, 140000, cases[i].ahead, cases[i].lay));
        assert_true(fleet.hosts[0].has_clock);
        assert_int_equal(fleet.hosts[0].clock_ms, cases[i].told);
        fleet_free(&fleet);
    }
}

/* Who is odd: with most others ahead it is us, with one it is that one, and of two nobody. */
static void
test_clock_odd(void **state)
{
    struct fleet fleet;
    int64_t told;

    (void)state;
    fleet_init(&fleet, US);
    for (uint64_t at = 1; at < 3; at++)
        assert_true(saw_clock(&fleet, 1, at, 90001, 0));
    assert_true(fleet_clock(&fleet, &told));
    assert_int_equal(told, 0);
    for (uint64_t at = 1; at < 3; at++)
        assert_true(saw_clock(&fleet, 2, at, 0, 0));
    assert_true(fleet_clock(&fleet, &told));
    assert_int_equal(told, 0);
    for (uint64_t id = 3; id < 7; id++)
        assert_true(saw_clock(&fleet, id, 1, 90000, 0) && saw_clock(&fleet, id, 2, 90000, 0));
    assert_true(fleet_clock(&fleet, &told));
    assert_int_equal(told, 90000);
    fleet_free(&fleet);
}

/* Which engines carry a host's statuses. */
static void
test_engines(void **state)
{
    struct status status = status_of(NOW_MS, 1);
    const struct fleet_host *host;
    struct fleet fleet;

    (void)state;
    fleet_init(&fleet, US);
    assert_int_equal(fleet_saw(&fleet, 1, 7, &status, 10, NOW_MS, 1), RECORD_OPENED);
    assert_int_equal(fleet_saw(&fleet, US, 7, &status, 10, NOW_MS, FLEET_ENGINES_MAX),
                     RECORD_OPENED);
    assert_int_equal(fleet_saw(&fleet, 1, 7, &status, 20, NOW_MS, 3), RECORD_KNOWN);
    fleet_carried(&fleet, 99, 7, 20, 2);
    host = fleet_find(&fleet, 1);
    assert_int_equal(host->engines, 1U << 1 | 1U << 3);
    assert_int_equal(host->seen_ms[1], 10);
    assert_int_equal(host->seen_ms[3], 20);
    assert_int_equal(host->moved_ms, 10);
    assert_int_equal(fleet_find(&fleet, US)->engines, 0);
    assert_int_equal(fleet_state_of(&fleet, fleet_find(&fleet, US)), FLEET_LIVE);
    assert_int_equal(fleet_saw(&fleet, 1, 6, &status, 30, NOW_MS, 0), RECORD_KNOWN);
    assert_int_equal(host->engines, 1U << 1 | 1U << 3);
    assert_true(fleet_agrees(host, status.digest));
    status.digest[15]++;
    assert_false(fleet_agrees(host, status.digest));
    fleet_free(&fleet);
}

/* What has long been silent is forgotten; we are not, nor who was not looked for. */
static void
test_prune(void **state)
{
    struct fleet fleet;

    (void)state;
    assert_true(fleet_of(&fleet, 8, 3));
    assert_true(look_on(&fleet, 2, DAY_MS, 2));
    fleet_prune(&fleet, DAY_MS, DAY_MS);
    assert_int_equal(fleet.count, 8);
    fleet_prune(&fleet, DAY_MS, DAY_MS + 2);
    assert_int_equal(fleet.count, 7);
    assert_null(fleet_find(&fleet, 2));
    fleet_prune(&fleet, DAY_MS, 9 * DAY_MS);
    assert_int_equal(fleet.count, 7);
    fleet_looked(&fleet, 9 * DAY_MS);
    fleet_looked(&fleet, 9 * DAY_MS + FLEET_SILENT_MS);
    fleet_prune(&fleet, DAY_MS, 9 * DAY_MS + FLEET_SILENT_MS);
    assert_int_equal(fleet.count, 1);
    assert_int_equal(fleet.hosts[0].id, US);
    fleet_free(&fleet);
}

/* R-FLEET-5. */
static void
test_bounded(void **state)
{
    struct status status = status_of(NOW_MS, 16);
    struct fleet fleet;

    (void)state;
    fleet_init(&fleet, US);
    for (uint64_t id = 1; id <= FLEET_HOSTS_MAX; id++)
        assert_int_equal(fleet_saw(&fleet, id, NOW_MS, &status, 1, NOW_MS, 0), RECORD_OPENED);
    assert_int_equal(fleet_saw(&fleet, FLEET_HOSTS_MAX + 1, NOW_MS, &status, 1, NOW_MS, 0),
                     RECORD_FULL);
    assert_int_equal(fleet_saw(&fleet, 3, NOW_MS + 1, &status, 1, NOW_MS, 0), RECORD_OPENED);
    assert_int_equal(fleet.count, FLEET_HOSTS_MAX);
    assert_null(fleet_find(&fleet, FLEET_HOSTS_MAX + 1));
    fleet_free(&fleet);
}

/* Who has a time that our clock was set to: those that are not silent, and moved since we first saw
 * them, within a minute. */
static void
test_ask_clock(void **state)
{
    static const int64_t ahead_ms[] = {7200000, 7150000, 7200000 - FLEET_CLOCK_MS - 9000, -5000};
    size_t agree = 0, asked = 0;
    struct fleet fleet;

    (void)state;
    assert_true(fleet_of(&fleet, 4, 0));
    fleet_ask_clock(&fleet, 7200000, FLEET_CLOCK_MS, &agree, &asked);
    assert_int_equal(asked, 0); /* none has moved */
    for (uint64_t id = 1; id <= 4; id++) {
        uint64_t there_ms = NOW_MS + 5000 + (uint64_t)ahead_ms[id - 1];
        struct status status = status_of(there_ms, 0);

        assert_int_equal(fleet_saw(&fleet, id, NOW_MS + 5000, &status, 5000, NOW_MS + 5000, 0),
                         RECORD_OPENED);
    }
    fleet_looked(&fleet, 4000);
    fleet_ask_clock(&fleet, 7200000, FLEET_CLOCK_MS, &agree, &asked);
    assert_int_equal(asked, 4);
    assert_int_equal(agree, 2);
    fleet_ask_clock(&fleet, 0, FLEET_CLOCK_MS, &agree, &asked); /* adds */
    assert_int_equal(asked, 8);
    assert_int_equal(agree, 3);
    fleet_ask_clock(&fleet, 7200000, 100000, &agree, &asked);
    assert_int_equal(agree, 6);
    fleet_forget_clocks(&fleet);
    agree = asked = 0;
    fleet_ask_clock(&fleet, 0, FLEET_CLOCK_MS, &agree, &asked);
    assert_int_equal(asked, 0);
    fleet_free(&fleet);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock),   cmocka_unit_test(test_clock_odd),
        cmocka_unit_test(test_engines), cmocka_unit_test(test_prune),
        cmocka_unit_test(test_bounded), cmocka_unit_test(test_ask_clock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
