/* A host of a farm says at once what it made, confirmed or revoked, and takes what others say:
 * several services with engines in memory, on virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "member_support.h"

/* R-MEMBER-1: an order is put to both engines before it returns, what is confirmed too; who learns
 * of it writes nothing. Nor do hosts at rest, for hours. */
static void
test_put_at_once(void **state)
{
    struct farm_world *world = farm_open(3);
    struct farm_host *first;
    unsigned puts[2], others;
    uint8_t name[KEY_NAME_LEN];

    (void)state;
    assert_non_null(world);
    first = &world->hosts[0];
    for (size_t i = 0; i < 3; i++)
        host_configure(&world->hosts[i], 2);
    assert_true(farm_begin(world));
    assert_true(farm_agrees(world));
    farm_run(world, HOUR_IN_MS / 3);
    others = host_puts(&world->hosts[1]) + host_puts(&world->hosts[2]);
    puts[0] = first->scripts[0].puts[RECORD_KEYS];
    puts[1] = first->scripts[1].puts[RECORD_KEYS];
    assert_int_equal(order_rotate(first, name), SERVICE_DONE);
    assert_int_equal(first->scripts[0].puts[RECORD_KEYS], puts[0] + 1);
    assert_int_equal(first->scripts[1].puts[RECORD_KEYS], puts[1] + 1);
    assert_int_equal(farm_having(world, name, 0), 1);
    farm_pump(world);
    assert_int_equal(farm_having(world, name, 0), 3);
    assert_true(farm_agrees(world));
    assert_int_equal(farm_having(world, name, KEY_CONFIRMED), 0);
    farm_run(world, MINUTE_MS);
    assert_int_equal(farm_having(world, name, KEY_CONFIRMED), 3);
    assert_int_equal(host_puts(first), puts[0] + 2);
    assert_int_equal(host_puts(&world->hosts[1]) + host_puts(&world->hosts[2]), others);
    assert_int_equal(order_revoke(first, name), SERVICE_DONE);
    assert_int_equal(host_puts(first), puts[0] + 3);
    farm_pump(world);
    assert_int_equal(farm_having(world, name, KEY_REVOKED), 3);
    assert_false(world->is_stuck);
}

/* R-MEMBER-1: of eight hosts others write a revocation, so that it does not hang on one record, but
 * only until there are enough. */
static void
test_rare_revocation(void **state)
{
    struct farm_world *world = farm_open(8);
    unsigned before[8];
    size_t writers = 0;
    uint8_t name[KEY_NAME_LEN];

    (void)state;
    assert_non_null(world);
    assert_true(farm_begin(world));
    farm_run(world, HOUR_IN_MS / 3);
    assert_int_equal(order_rotate(&world->hosts[2], name), SERVICE_DONE);
    farm_run(world, MINUTE_MS);
    for (size_t i = 0; i < 8; i++)
        before[i] = host_puts(&world->hosts[i]);
    assert_int_equal(order_revoke(&world->hosts[5], name), SERVICE_DONE);
    farm_pump(world);
    assert_int_equal(farm_having(world, name, KEY_REVOKED), 8);
    for (size_t i = 0; i < 8; i++)
        writers += host_puts(&world->hosts[i]) > before[i];
    assert_int_equal(writers, 1);
    farm_run(world, MINUTE_MS);
    for (size_t i = writers = 0; i < 8; i++) {
        assert_true(host_puts(&world->hosts[i]) <= before[i] + 1);
        writers += host_puts(&world->hosts[i]) > before[i];
    }
    assert_in_range(writers, 3, 7);
}

/* A keyset of one key, which that host made for the epoch that is so many ahead of now. */
static bool
peer_key(struct keyset *set, uint64_t *rng, const struct farm_world *world, uint64_t maker,
         uint64_t ahead, uint64_t made_ahead_ms, uint8_t name[KEY_NAME_LEN])
{
    const struct policy *policy = &world->hosts[0].config.policy;
    uint64_t now_ms = world->unix_ms;
    struct key_material fresh = material_of(rng);
    KEY(key);

    schedule_make_epoch(&key, set, policy, &fresh, maker,
                        schedule_epoch(policy, now_ms / 1000) + ahead, now_ms + made_ahead_ms);
    memcpy(name, key.name, sizeof key.name);
    return keyset_add(set, &key, now_ms + made_ahead_ms, NULL) == KEYSET_CHANGED;
}

/* R-MEMBER-2: twenty records that are there in one turn change the ring as one does. */
static void
test_many_at_once(void **state)
{
    enum { PEERS = 20 };
    struct farm_world *world = farm_open(1);
    uint64_t rng = rng_seed(), generation, one = 0;
    uint8_t names[PEERS][KEY_NAME_LEN];

    (void)state;
    assert_non_null(world);
    assert_true(farm_begin(world));
    generation = service_generation(world->hosts[0].service);
    for (size_t i = 0; i < PEERS; i++) {
        KEYSET(set);

        assert_true(peer_key(&set, &rng, world, i + 2, 2, 0, names[i]));
        assert_true(farm_plant(world, i + 2, &set));
        if (i == 0) {
            farm_pump(world);
            one = service_generation(world->hosts[0].service) - generation;
            generation += one;
        }
    }
    assert_true(one > 0);
    assert_int_equal(farm_having(world, names[PEERS - 1], 0), 0);
    farm_pump(world);
    for (size_t i = 0; i < PEERS; i++)
        assert_true(host_has(&world->hosts[0], names[i], 0));
    assert_int_equal(service_generation(world->hosts[0].service), generation + one);
}

/* R-MEMBER-2: of a record with a key by a clock that is 20 min ahead all else is taken at once, and
 * that key when its time has come, though nobody says it again. */
static void
test_not_in_full(void **state)
{
    struct farm_world *world = farm_open(1);
    uint64_t rng = rng_seed();
    unsigned lists;
    uint8_t good[KEY_NAME_LEN], early[KEY_NAME_LEN];
    KEYSET(set);

    (void)state;
    assert_non_null(world);
    assert_true(farm_begin(world));
    lists = world->hosts[0].scripts[0].lists[RECORD_KEYS];
    assert_true(peer_key(&set, &rng, world, 2, 2, 0, good));
    assert_true(peer_key(&set, &rng, world, 2, 3, 20 * MINUTE_MS, early));
    assert_true(farm_plant(world, 2, &set));
    farm_pump(world);
    assert_true(host_has(&world->hosts[0], good, 0));
    assert_false(host_has(&world->hosts[0], early, 0));
    assert_int_equal(farm_lines(world, "not all are taken: key "), 1);
    farm_run(world, 9 * MINUTE_MS);
    assert_false(host_has(&world->hosts[0], early, 0));
    assert_true(world->hosts[0].scripts[0].lists[RECORD_KEYS] > lists);
    farm_run(world, 2 * MINUTE_MS);
    assert_true(host_has(&world->hosts[0], early, 0));
    lists = world->hosts[0].scripts[0].lists[RECORD_KEYS];
    farm_run(world, 5 * MINUTE_MS);
    assert_int_equal(world->hosts[0].scripts[0].lists[RECORD_KEYS], lists);
    assert_int_equal(farm_lines(world, "not all are taken"), 1); /* once, not each time */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_put_at_once, farm_teardown),
        cmocka_unit_test_teardown(test_rare_revocation, farm_teardown),
        cmocka_unit_test_teardown(test_many_at_once, farm_teardown),
        cmocka_unit_test_teardown(test_not_in_full, farm_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
