/* A host comes to a farm, goes to another, or leaves it, by another configuration or another farm's
 * file: its keys seal on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "member_support.h"

/* Another configuration of the same keyset. */
static bool
reload(struct farm_host *host)
{
    struct ring_time now = host_now(host);
    struct err err = {""};

    if (!service_prepare(host->service, &host->config, &err)) {
        printf("# %s\n", err.text);
        return false;
    }
    service_change(host->service, &host->config, now);
    host->member = host->service->member;
    host->due_boot_ms = now.boot_ms + service_next_ms(host->service, now);
    return true;
}

/* True if all keys are made by hosts 1 to `most`. */
static bool
are_makers_known(const struct farm_host *host, uint64_t most)
{
    const struct keyset *set = &host->service->set;
    bool are = set->key_count > 0;

    for (size_t i = 0; i < set->key_count; i++)
        are = are && set->keys[i].maker >= 1 && set->keys[i].maker <= most;
    return are;
}

/* A keyset that was one host's becomes a farm's, and back: its keys seal on and become the host's
 * own, so that the others learn them; a restart in between changes nothing. */
static void
test_joins_by_reload(void **state)
{
    struct farm_world *world = farm_open(2);
    struct farm_host *host;
    size_t count;
    uint8_t name[KEY_NAME_LEN];

    (void)state;
    assert_non_null(world);
    host = &world->hosts[1];
    host_configure(host, 0);
    assert_true(host_open(host));
    farm_run(world, 5 * HOUR_IN_MS);
    memcpy(name, host_sealing(host)->name, sizeof name);
    count = host->service->set.key_count;
    assert_int_equal(host->service->set.keys[0].maker, 0);
    assert_true(host_open(&world->hosts[0]));
    farm_run(world, MINUTE_MS);
    host_configure(host, 1);
    assert_true(reload(host));
    assert_int_equal(host->service->maker, 2);
    assert_true(are_makers_known(host, 2));
    assert_memory_equal(host_sealing(host)->name, name, sizeof name);
    farm_run(world, MINUTE_MS);
    assert_true(host->service->set.key_count > count);
    assert_int_equal(world->hosts[0].service->set.key_count, host->service->set.key_count);
    assert_true(farm_agrees(world));
    host_close(host);
    assert_true(host_open(host));
    farm_run(world, MINUTE_MS);
    assert_true(are_makers_known(host, 2));
    count = host->service->set.key_count;
    host_configure(host, 0);
    assert_true(reload(host));
    assert_null(host->service->member);
    assert_int_equal(host->service->maker, 0);
    assert_int_equal(host->service->set.key_count, count);
    assert_true(farm_agrees(world));
    assert_string_equal(host->service->last_error.text, "");
}

/* A ring of a time before the farm: its keys are this host's from the start. */
static void
test_joins_by_restart(void **state)
{
    struct farm_world *world = farm_open(2);
    struct farm_host *host;
    uint8_t name[KEY_NAME_LEN];

    (void)state;
    assert_non_null(world);
    host = &world->hosts[1];
    host_configure(host, 0);
    assert_true(host_open(host));
    farm_run(world, HOUR_IN_MS);
    memcpy(name, host_sealing(host)->name, sizeof name);
    host_close(host);
    host_configure(host, 1);
    assert_true(host_open(host));
    assert_true(host_open(&world->hosts[0]));
    farm_run(world, MINUTE_MS);
    assert_true(are_makers_known(host, 2));
    assert_int_equal(farm_having(world, name, 0), 2);
    assert_int_equal(world->hosts[0].service->set.key_count, host->service->set.key_count);
    host_close(host);
    assert_true(host_open(host)); /* the ring says so, too */
    assert_true(are_makers_known(host, 2));
}

/* Another farm's file, as configuration management rekeys: keys stay, the new farm learns them, and
 * the old one's records say nothing any more. What a host revoked there it says here, too. */
static void
test_other_farm(void **state)
{
    struct farm_world *world = farm_open(2);
    struct farm_host *host;
    uint8_t name[KEY_NAME_LEN], later[KEY_NAME_LEN];
    FARM(other);

    (void)state;
    assert_non_null(world);
    assert_true(farm_begin(world));
    host = &world->hosts[0];
    assert_int_equal(order_rotate(&world->hosts[1], name), SERVICE_DONE);
    farm_run(world, MINUTE_MS);
    assert_true(farm_of(&other, 8, world->unix_ms));
    assert_true(host_write_farm(host, &other));
    assert_true(reload(host));
    assert_true(member_is_listing(host->member));
    assert_memory_equal(host->member->farm.id, other.id, sizeof other.id);
    assert_int_equal(host->member->fleet.count, 0);
    assert_int_equal(order_rotate(&world->hosts[1], later), SERVICE_DONE);
    farm_run(world, MINUTE_MS);
    assert_true(host_has(host, name, 0));
    assert_false(host_has(host, later, 0));
    assert_int_equal(order_revoke(host, name), SERVICE_DONE);
    farm_run(world, MINUTE_MS);
    assert_false(host_has(&world->hosts[1], name, KEY_REVOKED));
    assert_true(host_write_farm(&world->hosts[1], &other));
    assert_true(reload(&world->hosts[1]));
    farm_run(world, MINUTE_MS);
    assert_true(host_has(&world->hosts[1], name, KEY_REVOKED));
    assert_true(host_has(host, later, 0));
    assert_true(farm_agrees(world));
    assert_string_equal(host->service->last_error.text, "");
}

/* A file that is bad at a reload: the farm goes on as it was, and so does the configuration. */
static void
test_bad_file_at_reload(void **state)
{
    struct farm_world *world = farm_open(2);
    struct farm_host *host;
    uint8_t name[KEY_NAME_LEN];

    (void)state;
    assert_non_null(world);
    assert_true(farm_begin(world));
    host = &world->hosts[0];
    assert_true(farm_write(host->farm_path, "stek", 4));
    assert_true(reload(host));
    assert_int_equal(farm_lines(world, "the farm goes on as it was: "), 1);
    host_configure(host, 2);
    assert_false(reload(host));
    assert_int_equal(host->member->engine_count, 1);
    assert_int_equal(order_rotate(&world->hosts[1], name), SERVICE_DONE);
    farm_run(world, MINUTE_MS);
    assert_int_equal(farm_having(world, name, KEY_CONFIRMED), 2);
    assert_true(host_write_farm(host, &world->farm));
    assert_true(reload(host));
    assert_int_equal(host->member->engine_count, 2);
    farm_run(world, MINUTE_MS);
    assert_true(farm_agrees(world));
    assert_int_equal(unlink(host->farm_path), 0); /* it leaves the farm */
    assert_true(reload(host));
    assert_true(member_is_alone(host->member));
    assert_non_null(host_sealing(host));
    host_tick(host);
    assert_non_null(strstr(host->service->last_error.text, "there is no farm secret"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_joins_by_reload, farm_teardown),
        cmocka_unit_test_teardown(test_joins_by_restart, farm_teardown),
        cmocka_unit_test_teardown(test_other_farm, farm_teardown),
        cmocka_unit_test_teardown(test_bad_file_at_reload, farm_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
