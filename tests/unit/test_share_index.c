/* Tables of a farm's hosts cost the same per host however many there are: counted are the slots
 * that are looked at, not time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fleet_support.h"
#include "share/inbox.h"

#define MOST 10000U
#define LOOKS_MAX 8U /* per host and change, on average: half of the slots are free */

/* Ids in order, the other way round, far apart as from a bad generator, and by chance. */
enum order { RISING, FALLING, APART, CHANCE, ORDERS };

static uint64_t
id_of(enum order order, uint64_t i)
{
    uint64_t rng = i + 1;

    switch (order) {
    case RISING: return i + 1;
    case FALLING: return MOST - i;
    case APART: return (i + 1) << 40;
    case CHANCE:
    case ORDERS:
    default: return rng_next(&rng);
    }
}

/* R-FLEET-6: filling, and then one change of each. */
static void
test_fleet(void **state)
{
    static const uint64_t counts[] = {1, 10, 1000, MOST};

    (void)state;
    for (enum order order = RISING; order < ORDERS; order++) {
        for (size_t n = 0; n < sizeof counts / sizeof counts[0]; n++) {
            struct fleet fleet;
            uint64_t looks = 0;

            fleet_init(&fleet, US);
            fleet.index.looks = &looks;
            for (uint64_t at = 1; at <= 2; at++)
                for (uint64_t i = 0; i < counts[n]; i++)
                    assert_true(saw(&fleet, id_of(order, i), at, 2));
            assert_int_equal(fleet.count, counts[n]);
            assert_in_range(looks, 1, LOOKS_MAX * 2 * counts[n] + 16);
            for (uint64_t i = 0; i < counts[n]; i++)
                assert_int_equal(fleet_find(&fleet, id_of(order, i))->id, id_of(order, i));
            assert_null(fleet_find(&fleet, UINT64_MAX));
            fleet_free(&fleet);
        }
    }
}

/* The same of records that are taken, of both kinds; each is looked for once before. */
static void
test_inbox(void **state)
{
    FARM(farm);

    (void)state;
    assert_true(farm_of(&farm, 1, NOW_MS));
    for (enum order order = RISING; order < ORDERS; order++) {
        struct inbox inbox;
        uint64_t looks = 0;

        inbox_init(&inbox, &farm, "www", US);
        inbox.index.looks = &looks;
        for (uint64_t i = 0; i < 2 * MOST; i++) {
            struct record_head head =
                head_of(id_of(order, i / 2), i % 2 ? RECORD_KEYS : RECORD_STATUS, NOW_MS + i);

            assert_int_equal(inbox_take(&inbox, &head, NOW_MS), RECORD_OPENED);
        }
        assert_int_equal(inbox.seen_count, 2 * MOST);
        assert_in_range(looks, 1, LOOKS_MAX * 2 * MOST);
        for (uint64_t i = 0; i < MOST; i++)
            assert_int_equal(inbox_last(&inbox, id_of(order, i), RECORD_KEYS, NOW_MS + 2 * MOST),
                             NOW_MS + 2 * i + 1);
        inbox_free(&inbox);
    }
}

/* What is dropped is found no more, and all others are. */
static void
test_dropped(void **state)
{
    struct fleet fleet;

    (void)state;
    assert_true(fleet_of(&fleet, 1000, 1));
    fleet_looked(&fleet, 1000);
    for (uint64_t id = 1; id <= 1000; id += 3)
        assert_true(saw(&fleet, id, DAY_MS, 1));
    fleet_looked(&fleet, 1000 + FLEET_SILENT_MS);
    fleet_prune(&fleet, FLEET_SILENT_MS, DAY_MS);
    assert_int_equal(fleet.count, 334 + 1); /* and us */
    for (uint64_t id = 1; id <= 1000; id++)
        assert_int_equal(fleet_find(&fleet, id) != NULL, id % 3 == 1 || id == US);
    assert_true(saw(&fleet, 2, 2 * DAY_MS, 1));
    assert_int_equal(fleet_find(&fleet, 2)->moved_ms, 2 * DAY_MS);
    fleet_free(&fleet);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fleet),
        cmocka_unit_test(test_inbox),
        cmocka_unit_test(test_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
