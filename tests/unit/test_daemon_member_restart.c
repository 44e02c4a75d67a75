/* A host of a farm that begins anew, is there twice, or cannot put what it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "member_support.h"

/* After a boot the ring is empty: a host has its own keys again from its own record, also where an
 * order comes before that is heard, so that none of its tickets is lost. R-MEMBER-1: the order is
 * put as soon as the record is there. */
static void
test_own_keys_come_back(void **state)
{
    struct farm_world *world = farm_open(1);
    struct farm_host *host;
    size_t made;
    uint8_t old[KEY_NAME_LEN], fresh[KEY_NAME_LEN];

    (void)state;
    assert_non_null(world);
    assert_true(farm_begin(world));
    host = &world->hosts[0];
    assert_int_equal(order_rotate(host, old), SERVICE_DONE);
    farm_run(world, 6 * HOUR_IN_MS);
    made = farm_lines(world, " made");
    host_close(host);
    assert_true(host_lose_ring(host));
    host->scripts[0].is_mute = true;
    assert_true(host_open(host));
    assert_int_equal(host->service->set.key_count, 0);
    assert_int_equal(order_rotate(host, fresh), SERVICE_DONE);
    farm_run(world, 1000);
    assert_int_equal(world->media[0].records[RECORD_KEYS][0].sender, host->id);
    assert_false(host_has(host, old, 0));
    host->scripts[0].is_mute = false;
    farm_pump(world);
    assert_true(host_has(host, old, 0));
    assert_true(host_has(host, fresh, 0));
    farm_run(world, MINUTE_MS);
    assert_int_equal(farm_lines(world, " made"), made + 1); /* the one that was ordered */
    assert_true(farm_lines(world, "learnt of host 0000000000000001") > 0);
    /* and what it said since has both */
    host_close(host);
    assert_true(host_lose_ring(host));
    assert_true(host_open(host));
    farm_pump(world);
    assert_true(host_has(host, old, 0));
    assert_true(host_has(host, fresh, 0));
    assert_string_equal(host->service->last_error.text, "");
}

/* Two hosts of one id, as copied disks make them: both say so, and what to do. */
static void
test_double(void **state)
{
    struct farm_world *world = farm_open(3);
    uint8_t name[KEY_NAME_LEN];

    (void)state;
    assert_non_null(world);
    world->hosts[1].id = world->hosts[0].id;
    assert_true(host_write_id(&world->hosts[1], world->hosts[0].id));
    assert_true(farm_begin(world));
    assert_int_equal(order_rotate(&world->hosts[0], name), SERVICE_DONE);
    farm_run(world, 1000);
    assert_int_equal(order_rotate(&world->hosts[1], name), SERVICE_DONE);
    farm_run(world, MINUTE_MS);
    for (size_t i = 0; i < 2; i++) {
        host_tick(&world->hosts[i]);
        assert_non_null(strstr(world->hosts[i].service->last_error.text,
                               "another host speaks as host 0000000000000001"));
        assert_non_null(strstr(world->hosts[i].service->last_error.text, "www.host there"));
    }
    assert_string_equal(world->hosts[2].service->last_error.text, "");
    assert_int_equal(farm_lines(world, "another host speaks"), 2);
    assert_true(farm_agrees(world));
}

/* They need make no keys: statuses show it. A host that begins anew with its clock set back by some
 * minutes is no double. */
static void
test_double_that_learns(void **state)
{
    struct farm_world *world = farm_open(3);
    struct farm_host *anew;

    (void)state;
    assert_non_null(world);
    anew = &world->hosts[2];
    anew->ahead_ms = 4 * (int64_t)MINUTE_MS;
    assert_true(host_open(anew));
    farm_run(world, HOUR_IN_MS);
    host_close(anew);
    anew->ahead_ms = 0;
    assert_true(host_open(anew));
    for (size_t i = 0; i < 6; i++) {
        farm_run(world, MINUTE_MS);
        member_refresh(anew->member, 0, host_now(anew));
    }
    assert_string_equal(anew->member->host_trouble.text, "");
    world->hosts[1].id = world->hosts[0].id;
    assert_true(host_write_id(&world->hosts[1], world->hosts[0].id));
    assert_true(host_open(&world->hosts[0]) && host_open(&world->hosts[1]));
    for (size_t i = 0; i < 200 && farm_lines(world, "speaks as host") < 2; i++) {
        farm_run(world, 2000); /* who of the two spoke last is luck */
        for (size_t j = 0; j < 2; j++)
            member_refresh(world->hosts[j].member, 0, host_now(&world->hosts[j]));
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(host_puts(&world->hosts[i]), 0);
        assert_non_null(strstr(world->hosts[i].member->host_trouble.text, "speaks as host"));
    }
    assert_string_equal(anew->member->host_trouble.text, "");
}

/* A host begins anew with its clock set back, and hears of what it said before only when it has
 * said more, which the others took for older: it says that again, and is no double. */
static void
test_set_back(void **state)
{
    struct farm_world *world = farm_open(2);
    struct medium_record before;
    struct farm_host *host;
    uint8_t old[KEY_NAME_LEN], fresh[KEY_NAME_LEN], bytes[RECORD_SMALL];

    (void)state;
    assert_non_null(world);
    host = &world->hosts[0];
    host->ahead_ms = 4 * (int64_t)MINUTE_MS;
    assert_true(farm_begin(world));
    assert_int_equal(order_rotate(host, old), SERVICE_DONE);
    farm_run(world, 1000);
    before = world->media[0].records[RECORD_KEYS][0];
    assert_in_range(before.len, 1, sizeof bytes);
    memcpy(bytes, before.bytes, before.len);
    host_close(host);
    host->ahead_ms = 0;
    host->scripts[0].is_deaf = true;
    assert_true(host_open(host));
    farm_run(world, 10000);
    assert_int_equal(order_rotate(host, fresh), SERVICE_DONE);
    farm_run(world, 10000);
    assert_false(host_has(&world->hosts[1], fresh, 0));
    assert_true(medium_put(world, 0, RECORD_KEYS, host->index, host->id, bytes, before.len));
    host->scripts[0].is_deaf = false;
    farm_run(world, 10000);
    assert_true(host_has(&world->hosts[1], fresh, 0));
    assert_string_equal(host->member->host_trouble.text, "");
    farm_run(world, MINUTE_MS);
    assert_true(farm_agrees(world));
}

/* Of two engines one has no memory for a record: it is tried again, and what the other brings back
 * of it is no other host's. */
static void
test_put_fails(void **state)
{
    struct farm_world *world = farm_open(2);
    struct farm_host *host;
    unsigned puts;
    uint8_t name[KEY_NAME_LEN];

    (void)state;
    assert_non_null(world);
    host = &world->hosts[0];
    host_configure(host, 2);
    host_configure(&world->hosts[1], 2);
    assert_true(farm_begin(world));
    host->scripts[1].refuses_put = true;
    puts = host->scripts[1].puts[RECORD_KEYS];
    assert_int_equal(order_rotate(host, name), SERVICE_DONE);
    farm_run(world, 4000);
    assert_true(host_has(&world->hosts[1], name, 0));
    assert_string_equal(host->member->host_trouble.text, "");
    host_tick(host);
    assert_non_null(strstr(host->service->last_error.text, "no memory for a record"));
    assert_int_equal(host->scripts[1].puts[RECORD_KEYS], puts);
    host->scripts[1].refuses_put = false;
    farm_run(world, MINUTE_MS);
    assert_true(host->scripts[1].puts[RECORD_KEYS] > puts);
    assert_int_equal(farm_having(world, name, KEY_CONFIRMED), 2);
    assert_string_equal(host->service->last_error.text, "");
    assert_int_equal(farm_lines(world, "keys does not go out: no memory for a record"), 1);
    assert_int_equal(farm_lines(world, "how this host is does not go out"), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_own_keys_come_back, farm_teardown),
        cmocka_unit_test_teardown(test_double, farm_teardown),
        cmocka_unit_test_teardown(test_double_that_learns, farm_teardown),
        cmocka_unit_test_teardown(test_set_back, farm_teardown),
        cmocka_unit_test_teardown(test_put_fails, farm_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
