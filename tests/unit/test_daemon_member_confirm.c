/* R-MEMBER-3: who confirms a key, when, and whom it waits for: hosts that are well, frozen, silent,
 * gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "member_support.h"

#define EPOCH_S (FARM_UNIX_MS / 1000 / 3600 * 3600) /* of the start */
#define BEFORE_DUE_MS ((uint64_t)900 * 1000)        /* the key of epoch 2 is due 100 s later */

/* The key of that epoch, counted from the one of the start, at this host; NULL: none. */
static const struct key *
key_of_epoch(const struct farm_host *host, uint64_t number)
{
    const struct keyset *set = &host->service->set;

    for (size_t i = 0; i < set->key_count; i++)
        if (set->keys[i].seal_from == EPOCH_S + 3600 * number)
            return &set->keys[i];
    return NULL;
}

static bool
get_none(struct key_material *fresh, struct err *err)
{
    (void)fresh;
    return err_set(err, "out of order");
}

static const struct source_kind source_none = {"none", "", get_none};

static void
run_to(struct farm_world *world, uint64_t unix_s)
{
    farm_run(world, unix_s * 1000 - world->unix_ms);
}

/* Wait until this host has that key, and copy its name. */
static bool
wait_for_key(struct farm_world *world, const struct farm_host *host, uint64_t number,
             uint8_t name[KEY_NAME_LEN])
{
    const struct key *key = NULL;

    for (unsigned i = 0; i < 300 && key == NULL; i++) {
        farm_run(world, 1000);
        key = key_of_epoch(host, number);
    }
    if (key != NULL)
        memcpy(name, key->name, sizeof key->name);
    return key != NULL;
}

/* R-MEMBER-3: where all is well a key is confirmed within a second, long before it seals, and takes
 * over everywhere in its second. */
static void
test_all_well(void **state)
{
    struct farm_world *world = farm_open(4);
    uint8_t name[KEY_NAME_LEN];

    (void)state;
    assert_non_null(world);
    assert_true(farm_begin(world));
    farm_run(world, BEFORE_DUE_MS - 5 * MINUTE_MS);
    assert_true(wait_for_key(world, &world->hosts[0], 2, name));
    farm_run(world, 1000);
    assert_int_equal(farm_having(world, name, KEY_CONFIRMED), 4);
    run_to(world, EPOCH_S + 2 * 3600 - 1);
    assert_memory_not_equal(host_sealing(&world->hosts[0])->name, name, sizeof name);
    run_to(world, EPOCH_S + 2 * 3600);
    assert_memory_equal(host_sealing(&world->hosts[0])->name, name, sizeof name);
    assert_true(farm_agrees(world));
}

/* Where all is well the maker alone looks who holds a key: with hundreds of hosts, each of which
 * reads what all say, nothing would cost more. */
static void
test_one_looks(void **state)
{
    struct farm_world *world = farm_open(4);
    uint8_t name[KEY_NAME_LEN];
    unsigned looks = 0;

    (void)state;
    assert_non_null(world);
    assert_true(farm_begin(world));
    farm_run(world, BEFORE_DUE_MS - 5 * MINUTE_MS);
    for (size_t i = 0; i < 4; i++)
        world->hosts[i].scripts[0].lists[RECORD_STATUS] = 0;
    assert_true(wait_for_key(world, &world->hosts[0], 2, name));
    farm_run(world, 5 * MINUTE_MS);
    assert_int_equal(farm_having(world, name, KEY_CONFIRMED), 4);
    for (size_t i = 0; i < 4; i++)
        looks += world->hosts[i].scripts[0].lists[RECORD_STATUS] > 0;
    assert_int_equal(looks, 1);
    assert_true(farm_agrees(world));
}

/* R-MEMBER-3: a host that lives, but does not take keys, holds the key up: the old one seals until
 * the patience is over, then the new one does, and both open. */
static void
test_frozen(void **state)
{
    struct farm_world *world = farm_open(3);
    uint8_t name[KEY_NAME_LEN];

    (void)state;
    assert_non_null(world);
    assert_true(farm_begin(world));
    farm_run(world, BEFORE_DUE_MS - 5 * MINUTE_MS);
    world->hosts[2].scripts[0].is_deaf = true;
    world->hosts[2].service->source = &source_none; /* it must not be the one that makes the key */
    assert_true(wait_for_key(world, &world->hosts[0], 2, name));
    assert_true(host_has(&world->hosts[1], name, 0));
    assert_false(host_has(&world->hosts[2], name, 0));
    run_to(world, EPOCH_S + 2 * 3600 + world->hosts[0].config.policy.patience_s - 1);
    assert_int_equal(farm_having(world, name, KEY_CONFIRMED), 0);
    assert_memory_not_equal(host_sealing(&world->hosts[0])->name, name, sizeof name);
    assert_true(farm_agrees(world));
    farm_run(world, 1000);
    assert_int_equal(farm_having(world, name, KEY_CONFIRMED), 0);
    assert_memory_equal(host_sealing(&world->hosts[0])->name, name, sizeof name);
    assert_memory_equal(host_sealing(&world->hosts[1])->name, name, sizeof name);
}

/* R-MEMBER-3: a host that went holds nobody up for longer than its silence takes to show. */
static void
test_silent(void **state)
{
    struct farm_world *world = farm_open(3);
    uint8_t name[KEY_NAME_LEN];

    (void)state;
    assert_non_null(world);
    assert_true(farm_begin(world));
    host_close(&world->hosts[2]);
    assert_int_equal(order_rotate(&world->hosts[1], name), SERVICE_DONE);
    farm_run(world, MINUTE_MS);
    assert_int_equal(farm_having(world, name, 0), 2);
    assert_int_equal(farm_having(world, name, KEY_CONFIRMED), 0);
    farm_run(world, 3 * MINUTE_MS);
    assert_int_equal(farm_having(world, name, KEY_CONFIRMED), 2);
}

/* R-MEMBER-3: where the maker went before it could confirm, of those that are left the one of the
 * lowest id does, and no other. */
static void
test_maker_gone(void **state)
{
    struct farm_world *world = farm_open(4);
    unsigned puts[3];
    uint8_t name[KEY_NAME_LEN];

    (void)state;
    assert_non_null(world);
    assert_true(farm_begin(world));
    assert_int_equal(order_rotate(&world->hosts[3], name), SERVICE_DONE);
    farm_pump(world);
    host_close(&world->hosts[3]);
    assert_int_equal(farm_having(world, name, 0), 3);
    for (size_t i = 0; i < 3; i++)
        puts[i] = host_puts(&world->hosts[i]);
    farm_run(world, 6 * MINUTE_MS);
    assert_int_equal(farm_having(world, name, KEY_CONFIRMED), 3);
    assert_int_equal(host_puts(&world->hosts[0]), puts[0] + 1);
    assert_int_equal(host_puts(&world->hosts[1]), puts[1]);
    assert_int_equal(host_puts(&world->hosts[2]), puts[2]);
}

/* R-MEMBER-3: a host whose statuses cannot be read confirms nothing: nobody knows who is there. */
static void
test_no_look(void **state)
{
    struct farm_world *world = farm_open(2);
    uint8_t name[KEY_NAME_LEN];

    (void)state;
    assert_non_null(world);
    assert_true(farm_begin(world));
    world->hosts[0].scripts[0].is_mute = true;
    assert_int_equal(order_rotate(&world->hosts[0], name), SERVICE_DONE);
    farm_run(world, 10 * MINUTE_MS);
    assert_int_equal(farm_having(world, name, KEY_CONFIRMED), 0);
    world->hosts[0].scripts[0].is_mute = false;
    farm_run(world, MINUTE_MS);
    assert_int_equal(farm_having(world, name, KEY_CONFIRMED), 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_all_well, farm_teardown),
        cmocka_unit_test_teardown(test_one_looks, farm_teardown),
        cmocka_unit_test_teardown(test_frozen, farm_teardown),
        cmocka_unit_test_teardown(test_silent, farm_teardown),
        cmocka_unit_test_teardown(test_maker_gone, farm_teardown),
        cmocka_unit_test_teardown(test_no_look, farm_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
