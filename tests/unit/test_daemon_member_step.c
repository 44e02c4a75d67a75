/* A host of a farm whose clock was wrong, and is set: its own keys keep the time that is left to
 * them, others' are as their makers say; then all hosts have the same again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_was_ahead),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
