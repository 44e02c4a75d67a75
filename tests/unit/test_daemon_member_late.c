/* A host that was cut off for longer than `patience` learns a key late: it seals with it once the
 * others of its side had the time to learn it, too; across a restart as well. R-KEYSET-7. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "member_support.h"

static bool
seals(const struct farm_host *host, const uint8_t name[KEY_NAME_LEN])
{
    const struct key *key = host_sealing(host);

    return key != NULL && memcmp(key->name, name, sizeof key->name) == 0;
}

/* The first of three hosts makes a key that the others learn nothing of, and seals with it when
 * patience is over. */
static struct farm_world *
begin_apart(uint8_t name[KEY_NAME_LEN])
{
    struct farm_world *world = farm_open(3);

    if (world == NULL || !farm_begin(world))
        return NULL;
    farm_run(world, HOUR_IN_MS); /* the key of the start was an emergency */
    world->hosts[1].scripts[0].is_deaf = world->hosts[2].scripts[0].is_deaf = true;
    if (order_rotate(&world->hosts[0], name) != SERVICE_DONE)
        return NULL;
    farm_run(world, 16 * MINUTE_MS);
    return seals(&world->hosts[0], name) && !host_has(&world->hosts[1], name, 0) ? world : NULL;
}

static void
test_waits(void **state)
{
    uint8_t name[KEY_NAME_LEN];
    struct farm_world *world = begin_apart(name);
    struct farm_host *host;

    (void)state;
    assert_non_null(world);
    host = &world->hosts[1];
    host->scripts[0].is_deaf = false; /* the third one hears nothing yet */
    farm_pump(world);
    assert_true(host_has(host, name, 0));
    assert_false(seals(host, name));
    farm_run(world, 10000);
    host_close(host);
    assert_true(host_open(host));
    assert_false(seals(host, name));
    farm_run(world, 18000);
    assert_false(seals(host, name));
    assert_non_null(host_sealing(host));
    farm_run(world, 3000);
    assert_true(seals(host, name));
    assert_int_equal(farm_having(world, name, KEY_CONFIRMED), 0);
}

/* When all have it that is confirmed, and it waits no longer. */
static void
test_confirmed(void **state)
{
    uint8_t name[KEY_NAME_LEN];
    struct farm_world *world = begin_apart(name);
    size_t seconds = 0;

    (void)state;
    assert_non_null(world);
    world->hosts[1].scripts[0].is_deaf = world->hosts[2].scripts[0].is_deaf = false;
    farm_pump(world);
    assert_int_equal(farm_having(world, name, 0), 3);
    assert_false(seals(&world->hosts[1], name) || seals(&world->hosts[2], name));
    farm_run(world, 5000); /* they tell it in their statuses */
    member_refresh(world->hosts[0].member, 0, host_now(&world->hosts[0]));
    for (; seconds < 20 && farm_having(world, name, KEY_CONFIRMED) < 3; seconds++)
        farm_run(world, 1000);
    assert_int_equal(farm_having(world, name, KEY_CONFIRMED), 3);
    assert_true(seals(&world->hosts[1], name) && seals(&world->hosts[2], name));
}

/* What seals meanwhile is revoked: the late key seals at once, and none is made for it. */
static void
test_revoked(void **state)
{
    uint8_t name[KEY_NAME_LEN], old[KEY_NAME_LEN];
    struct farm_world *world = begin_apart(name);
    struct farm_host *host;
    size_t made;

    (void)state;
    assert_non_null(world);
    host = &world->hosts[1];
    host->scripts[0].is_deaf = false;
    farm_pump(world);
    assert_false(seals(host, name));
    memcpy(old, host_sealing(host)->name, sizeof old);
    made = farm_lines(world, "none could seal");
    assert_int_equal(order_revoke(host, old), SERVICE_DONE);
    assert_true(seals(host, name));
    assert_int_equal(farm_lines(world, "none could seal"), made);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_waits, farm_teardown),
        cmocka_unit_test_teardown(test_confirmed, farm_teardown),
        cmocka_unit_test_teardown(test_revoked, farm_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
