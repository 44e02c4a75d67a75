/* A host of a farm whose clock was wrong, and is set: its own keys keep the time that is left to
 * them, others' are as their makers say; then all hosts have the same again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/stekd_inner.h"
#include "member_support.h"

/* The time that is left to a key's sealing, at this host, by the boot clock. */
static int64_t
left_ms(const struct farm_host *host, const uint8_t name[KEY_NAME_LEN])
{
    const struct key *key = keyset_find(&host->service->set, name);

    return (int64_t)(key->seal_until * 1000) - (int64_t)host_now(host).unix_ms;
}

/* Do both hosts have the same of this key? */
static bool
is_same(const struct farm_world *world, const uint8_t name[KEY_NAME_LEN])
{
    const struct key *one = keyset_find(&world->hosts[0].service->set, name);
    const struct key *other = keyset_find(&world->hosts[1].service->set, name);

    return one != NULL && other != NULL && key_same(one, other);
}

static bool
restart_at(struct farm_host *host, int64_t ahead_ms)
{
    host_close(host);
    host->ahead_ms = ahead_ms;
    return host_open(host);
}

static void
test_restart(void **state)
{
    static const int64_t wrong_ms[] = {-3 * (int64_t)HOUR_IN_MS, -4 * (int64_t)MINUTE_MS,
                                       5 * (int64_t)MINUTE_MS};

    (void)state;
    for (size_t i = 0; i < sizeof wrong_ms / sizeof *wrong_ms; i++) {
        struct farm_world *world = farm_open(2);
        struct farm_host *wrong;
        uint8_t own[KEY_NAME_LEN], others[KEY_NAME_LEN];
        int64_t before, others_before;

        assert_non_null(world);
        wrong = &world->hosts[1];
        wrong->ahead_ms = wrong_ms[i];
        assert_true(farm_begin(world));
        assert_int_equal(order_rotate(wrong, own), SERVICE_DONE);
        assert_int_equal(order_rotate(&world->hosts[0], others), SERVICE_DONE);
        farm_run(world, MINUTE_MS);
        assert_true(is_same(world, own));
        before = left_ms(wrong, own);
        others_before = left_ms(&world->hosts[0], others);
        assert_true(restart_at(wrong, 0));
        assert_int_equal(farm_lines(world, "the wall clock was set by"), 1);
        assert_int_equal(left_ms(wrong, own), before);
        farm_run(world, MINUTE_MS);
        assert_int_equal(left_ms(wrong, own), before - (int64_t)MINUTE_MS);
        assert_true(is_same(world, own));
        assert_true(is_same(world, others));
        assert_int_equal(left_ms(wrong, others), others_before - (int64_t)MINUTE_MS);
        farm_run(world, 3 * HOUR_IN_MS);
        assert_true(farm_agrees(world));
        assert_string_equal(wrong->service->last_error.text, "");
        farm_close(world);
    }
}

/* A clock that is hours ahead: what it says is refused, and told there; once it is right, what was
 * made and revoked by it comes to the others, and what it makes is taken at once. */
static void
test_was_ahead(void **state)
{
    struct farm_world *world = farm_open(2);
    struct revoke_order order = {.all = true};
    struct revoke_result result;
    struct farm_host *wrong;
    uint8_t own[KEY_NAME_LEN], fresh[KEY_NAME_LEN];

    (void)state;
    assert_non_null(world);
    wrong = &world->hosts[1];
    wrong->ahead_ms = 2 * (int64_t)HOUR_IN_MS;
    assert_true(farm_begin(world));
    assert_int_equal(service_revoke(wrong->service, &result, &order, host_now(wrong), NULL),
                     SERVICE_DONE);
    revoke_result_free(&result);
    farm_run(world, MINUTE_MS);
    assert_int_equal(order_rotate(wrong, own), SERVICE_DONE);
    farm_run(world, MINUTE_MS);
    assert_false(host_has(&world->hosts[0], own, 0));
    assert_true(world->hosts[0].member->inbox.counts[RECORD_AHEAD] > 0);
    assert_true(restart_at(wrong, 0));
    farm_run(world, MINUTE_MS);
    assert_true(host_has(&world->hosts[0], own, KEY_CONFIRMED));
    assert_true(world->hosts[0].service->set.mark.made_ms > 0);
    assert_int_equal(order_rotate(wrong, fresh), SERVICE_DONE);
    farm_run(world, MINUTE_MS);
    assert_true(host_has(&world->hosts[0], fresh, KEY_CONFIRMED));
    assert_true(is_same(world, own));
    assert_true(farm_agrees(world));
    farm_close(world);
}

/* A clock that was ahead for longer than it was ahead: by it, what was made then was made before
 * now. Once the others say that it is right, its maker's word on that is taken again. */
static void
test_was_ahead_for_long(void **state)
{
    struct farm_world *world = farm_open(3);
    struct farm_host *wrong;
    uint8_t own[KEY_NAME_LEN];
    const struct key *key;
    int64_t before;

    (void)state;
    assert_non_null(world);
    wrong = &world->hosts[1];
    wrong->ahead_ms = (int64_t)HOUR_IN_MS;
    assert_true(farm_begin(world));
    assert_int_equal(order_rotate(wrong, own), SERVICE_DONE);
    farm_run(world, 2 * HOUR_IN_MS);
    before = left_ms(wrong, own);
    assert_true(restart_at(wrong, 0));
    assert_int_equal(left_ms(wrong, own), before);
    farm_run(world, 3 * MINUTE_MS);
    key = keyset_find(&world->hosts[0].service->set, own);
    assert_non_null(key);
    assert_true(key->made_ms <= key->seal_from * 1000);
    assert_true(is_same(world, own));
    assert_true(restart_at(wrong, 2 * (int64_t)MINUTE_MS));
    farm_run(world, 3 * MINUTE_MS);
    assert_true(is_same(world, own));
    assert_true(farm_agrees(world));
    farm_close(world);
}

/* ---- a wall clock that is set while stekd runs ---- */

/* The daemon of this host, as far as its clock goes; it begins after this. */
static struct stekd
daemon_of(struct farm_host *host, struct clock *clock)
{
    host->env.clock = clock;
    return (struct stekd){.log = host->log, .count = 1};
}

/* Its wall clock was set by so much: does it take that within ten minutes? */
static bool
takes(struct stekd *stekd, struct farm_host *host, struct clock *clock, int64_t step_ms)
{
    bool done = false;

    clock->held_ms = step_ms;
    for (unsigned i = 0; i < 60 && !done; i++) {
        farm_run(host->world, 10000);
        stekd->clock = *clock;
        stekd->services[0] = host->service;
        done = stekd_follow_clock(stekd, host_now(host));
        *clock = stekd->clock;
    }
    if (!done)
        return false;
    host->ahead_ms += step_ms;
    host_tick(host);
    return clock->held_ms == 0;
}

/* Most others have that time, too: it is taken, told once, and keys keep what is left to them. */
static void
test_agreed(void **state)
{
    static const int64_t wrong_ms[] = {-3 * (int64_t)HOUR_IN_MS, -4 * (int64_t)MINUTE_MS,
                                       5 * (int64_t)MINUTE_MS, 2 * (int64_t)HOUR_IN_MS};

    (void)state;
    for (size_t i = 0; i < sizeof wrong_ms / sizeof *wrong_ms; i++) {
        struct farm_world *world = farm_open(3);
        struct clock clock = {.offset_ms = 0};
        struct stekd stekd;
        struct farm_host *wrong;
        uint8_t own[KEY_NAME_LEN];
        uint64_t generation, ended_ms;

        assert_non_null(world);
        wrong = &world->hosts[1];
        wrong->ahead_ms = wrong_ms[i];
        stekd = daemon_of(wrong, &clock);
        assert_true(farm_begin(world));
        assert_int_equal(order_rotate(wrong, own), SERVICE_DONE);
        ended_ms = world->boot_ms + (uint64_t)left_ms(wrong, own);
        generation = service_generation(wrong->service);
        assert_true(takes(&stekd, wrong, &clock, -wrong_ms[i]));
        assert_int_equal(wrong->ahead_ms, 0);
        assert_int_equal(world->boot_ms + (uint64_t)left_ms(wrong, own), ended_ms);
        assert_true(service_generation(wrong->service) > generation);
        assert_int_equal(farm_lines(world, "other hosts of the farm have that time"), 1);
        farm_run(world, MINUTE_MS);
        assert_true(is_same(world, own));
        farm_run(world, 3 * HOUR_IN_MS);
        assert_true(farm_agrees(world));
        assert_string_equal(wrong->service->last_error.text, "");
        farm_close(world);
    }
}

/* The others have the old time, or there are none: it is held off. */
static void
test_not_agreed(void **state)
{
    static const int64_t steps_ms[] = {-3 * (int64_t)HOUR_IN_MS, 2 * (int64_t)MINUTE_MS,
                                       300 * (int64_t)DAY_MS};

    (void)state;
    for (size_t hosts = 1; hosts <= 3; hosts += 2) {
        struct farm_world *world = farm_open(hosts);
        struct clock clock = {.offset_ms = 0};
        struct stekd stekd;
        uint8_t own[KEY_NAME_LEN];

        assert_non_null(world);
        stekd = daemon_of(&world->hosts[0], &clock);
        assert_true(farm_begin(world));
        for (size_t i = 0; i < sizeof steps_ms / sizeof *steps_ms; i++)
            assert_false(takes(&stekd, &world->hosts[0], &clock, steps_ms[i]));
        assert_int_equal(order_rotate(&world->hosts[0], own), SERVICE_DONE);
        farm_run(world, MINUTE_MS);
        assert_int_equal(farm_having(world, own, KEY_CONFIRMED), hosts);
        assert_int_equal(farm_lines(world, "other hosts of the farm have that time"), 0);
        farm_close(world);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_was_ahead),
        cmocka_unit_test(test_was_ahead_for_long),
        cmocka_unit_test(test_agreed),
        cmocka_unit_test(test_not_agreed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
