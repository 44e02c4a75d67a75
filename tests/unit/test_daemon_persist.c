/* Keys that are saved outlive a boot, for their time and no longer, and no file holds a key that is
 * over or revoked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "persist_support.h"

#define HOUR_MS ((uint64_t)3600 * 1000)
#define FRESH "it begins with fresh keys: "

/* R-PERSIST-1 */
static void
test_reboot(void **state)
{
    struct world world;
    struct revoke_name key, old;
    uint64_t ends_ms;

    (void)state;
    assert_true(saved_open(&world));
    old = sealing(&world);
    run(&world, 5 * HOUR_MS);
    key = sealing(&world);
    ends_ms = keyset_find(&world.service->set, key.bytes)->open_until * 1000;
    assert_true(reboot(&world, HOUR_MS / 4));
    assert_true(opens(&world, &key) && opens(&world, &old));
    assert_int_equal(count_lines(&world, FRESH), 0);
    assert_int_equal(count_lines(&world, "keys taken over from"), 1);
    /* by Unix time it ends when it would have */
    run(&world, ends_ms - world.now.unix_ms - 1000);
    assert_true(opens(&world, &key));
    run(&world, 2000);
    assert_false(opens(&world, &key));
    world_close(&world);
}

/* R-PERSIST-1: the host was off for longer than any key lives. */
static void
test_long_off(void **state)
{
    struct world world;
    struct revoke_name key;

    (void)state;
    assert_true(saved_open(&world));
    key = sealing(&world);
    assert_true(reboot(&world, 48 * HOUR_MS));
    assert_false(opens(&world, &key));
    key = sealing(&world);
    assert_true(is_name(&key));
    world_close(&world);
}

/* R-PERSIST-1: the first start after the boot failed for want of the key. The ring that it made is
 * no reason to do without the file. */
static void
test_key_comes_late(void **state)
{
    struct world world;
    struct revoke_name key;
    char away[CONFIG_PLACE_MAX + 8];

    (void)state;
    assert_true(saved_open(&world));
    key = sealing(&world);
    (void)snprintf(away, sizeof away, "%s.away", world.config.persist);
    assert_int_equal(rename(world.config.persist, away), 0);
    assert_false(reboot(&world, 1000));
    assert_int_equal(rename(away, world.config.persist), 0);
    world.service = service_open(&world.config, &world.env, world.now, NULL);
    assert_non_null(world.service);
    assert_int_equal(stek_ring_open(&world.ring, world.ring_path), STEK_OK);
    assert_true(opens(&world, &key));
    world_close(&world);
}

/* A restart finds the ring, which knows better. */
static void
test_restart(void **state)
{
    struct world world;
    struct revoke_name key;
    struct err err = {""};

    (void)state;
    assert_true(saved_open(&world));
    key = sealing(&world);
    service_close(&world.service);
    assert_int_equal(truncate(world.config.persist_file, 7), 0);
    world.service = service_open(&world.config, &world.env, world.now, &err);
    assert_non_null(world.service);
    assert_true(opens(&world, &key));
    assert_int_equal(count_lines(&world, FRESH), 0);
    assert_true(reboot(&world, 1000)); /* and it was saved anew at once */
    assert_true(opens(&world, &key));
    world_close(&world);
}

/* R-PERSIST-3: looked at after each tick of two days, with a revocation now and then. */
static void
test_nothing_over(void **state)
{
    struct world world;
    const struct revoke_order order = {.all = true};
    struct revoke_result result;
    size_t over = 0, revoked = 0, missing = 0;

    (void)state;
    assert_true(saved_open(&world));
    for (unsigned i = 0; i < 1500; i++) {
        KEYSET(set);

        run(&world, 59000); /* what ended since the last look would still be taken */
        if (i % 300 == 299) {
            assert_int_equal(service_revoke(world.service, &result, &order, world.now, NULL),
                             SERVICE_DONE);
            revoke_result_free(&result);
        }
        assert_true(saved_read(&world, &set, world.now.unix_ms - 59000));
        for (size_t j = 0; j < set.key_count; j++)
            over += set.keys[j].open_until <= world.now.unix_ms / 1000;
        for (size_t j = 0; j < set.key_count; j++) {
            const struct key *key = keyset_find(&world.service->set, set.keys[j].name);

            revoked += key == NULL || (key->flags & KEY_REVOKED) != 0;
        }
        for (size_t j = 0; j < world.service->set.key_count; j++)
            missing += (world.service->set.keys[j].flags & KEY_REVOKED) == 0 &&
                       keyset_find(&set, world.service->set.keys[j].name) == NULL;
    }
    assert_int_equal(over, 0);
    assert_int_equal(revoked, 0);
    assert_int_equal(missing, 0);
    world_close(&world);
}

static void
test_revoked_stays_so(void **state)
{
    struct world world;
    struct revoke_name key;
    struct revoke_order order = {.names = &key, .name_count = 1};
    struct revoke_result result;

    (void)state;
    assert_true(saved_open(&world));
    key = sealing(&world);
    assert_int_equal(service_revoke(world.service, &result, &order, world.now, NULL), SERVICE_DONE);
    revoke_result_free(&result);
    assert_true(reboot(&world, 1000));
    assert_false(opens(&world, &key));
    world_close(&world);
}

/* The wall clock was set while stekd ran, which keeps to its own: in the file keys have the times
 * of the wall clock, by which the next boot counts, so that what is left to them stays. */
static void
test_held_clock(void **state)
{
    static const int64_t steps_ms[] = {7200000, -7200000};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct world world;
        struct clock clock = {.held_ms = 0};
        struct revoke_name key;
        uint64_t left_s;

        assert_true(saved_open(&world));
        world.service->clock = &clock;
        run(&world, HOUR_MS);
        key = sealing(&world);
        clock.held_ms = steps_ms[i];
        run(&world, 3 * HOUR_MS);
        left_s = keyset_find(&world.service->set, key.bytes)->open_until - world.now.unix_ms / 1000;
        clock.held_ms = 0;
        assert_true(reboot(&world, (uint64_t)steps_ms[i]));
        assert_true(opens(&world, &key));
        run(&world, left_s * 1000 - 2000);
        assert_true(opens(&world, &key));
        run(&world, 4000);
        assert_false(opens(&world, &key));
        world_close(&world);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reboot),       cmocka_unit_test(test_key_comes_late),
        cmocka_unit_test(test_long_off),     cmocka_unit_test(test_restart),
        cmocka_unit_test(test_nothing_over), cmocka_unit_test(test_revoked_stays_so),
        cmocka_unit_test(test_held_clock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
