/* What an operator orders is in the ring when the order returns, as a server sees it, and holds
 * across restarts; what cannot be done changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ring/layout.h"
#include "service_support.h"

static const struct source_kind source_nothing = {"nothing", "", get_nothing};

/* R-SERVICE-3 */
static void
test_rotate(void **state)
{
    struct world world;
    struct revoke_name before, after;
    struct err err = {""};
    KEY(made);

    (void)state;
    assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
    run(&world, 600 * 1000);
    before = sealing(&world);
    assert_int_equal(service_rotate(world.service, &made, world.now, &err), SERVICE_DONE);
    after = sealing(&world);
    assert_memory_equal(after.bytes, made.name, sizeof made.name);
    assert_true(opens(&world, &before));
    assert_int_equal(world.service->rotations, 1);
    /* and the schedule goes on from there */
    run(&world, 3600 * 1000);
    assert_int_equal(world.service->rotations, 2);
    world_close(&world);
}

/* R-SERVICE-3: ordered again and again within a second, whatever the phase of the epoch: each key
 * gets a second of its own and takes over in it, as was answered. */
static void
test_rotate_again(void **state)
{
    (void)state;
    for (uint64_t before_s = 0; before_s < 8; before_s++) {
        struct world world;
        struct err err = {""};
        uint64_t now_s, boundary;
        KEY(first);
        KEY(second);
        KEY(third);
        const struct key *made[] = {&first, &second, &third};

        assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
        boundary = START_UNIX_MS / 3600000 * 3600 + 7200;
        run(&world, (boundary - before_s) * 1000 - START_UNIX_MS + 999);
        now_s = world.now.unix_ms / 1000;
        assert_int_equal(service_rotate(world.service, &first, world.now, &err), SERVICE_DONE);
        assert_int_equal(service_rotate(world.service, &second, world.now, &err), SERVICE_DONE);
        assert_int_equal(service_rotate(world.service, &third, world.now, &err), SERVICE_DONE);
        assert_true(first.seal_from < second.seal_from && second.seal_from < third.seal_from);
        assert_true(third.seal_from <= now_s + 3);
        for (unsigned i = 0; i < 3; i++) {
            struct revoke_name name;

            while (world.now.unix_ms / 1000 < made[i]->seal_from)
                run(&world, 1000);
            name = sealing(&world);
            assert_memory_equal(name.bytes, made[i]->name, sizeof name.bytes);
        }
        world_close(&world);
    }
}

/* R-SERVICE-4: keys take no more than the next seconds; beyond it nothing changes. */
static void
test_rotate_too_often(void **state)
{
    struct world world;
    struct err err = {""};
    enum service_outcome outcome = SERVICE_DONE;
    uint64_t generation = 0, last = 0;
    unsigned rotated = 0;

    (void)state;
    assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
    for (; outcome == SERVICE_DONE && rotated < 100; rotated += outcome == SERVICE_DONE) {
        KEY(made);

        generation = service_generation(world.service);
        outcome = service_rotate(world.service, &made, world.now, &err);
        last = outcome == SERVICE_DONE ? made.seal_from : last;
    }
    assert_int_equal(outcome, SERVICE_NOT_NOW);
    assert_int_equal(rotated, SCHEDULE_WAIT_S + 1);
    assert_int_equal(last, world.now.unix_ms / 1000 + SCHEDULE_WAIT_S);
    assert_int_equal(service_generation(world.service), generation);
    assert_non_null(strstr(err.text, "a key takes over in each of the next seconds"));
    run(&world, 20 * 1000);
    assert_int_equal(world.service->rotations, rotated);
    world_close(&world);
}

/* A ring that is full refuses to rotate rather than drop keys whose tickets are out. */
static void
test_rotate_full(void **state)
{
    struct world world;
    struct revoke_name first;
    struct err err = {""};
    enum service_outcome outcome = SERVICE_DONE;
    unsigned rotated = 0;

    (void)state;
    assert_true(world_open(&world, 24));
    first = sealing(&world);
    while (outcome == SERVICE_DONE && rotated < 100) {
        KEY(made);

        run(&world, 2000);
        outcome = service_rotate(world.service, &made, world.now, &err);
        rotated += outcome == SERVICE_DONE;
    }
    assert_int_equal(outcome, SERVICE_NOT_NOW);
    assert_non_null(strstr(err.text, "the ring is full"));
    assert_true(rotated > 10);
    assert_true(opens(&world, &first));
    assert_string_equal(world.service->last_error.text, "");
    world_close(&world);
}

/* R-SERVICE-3: no key opens, a fresh one seals, in the ring, as the order returns. */
static void
test_revoke_all(void **state)
{
    const struct revoke_order order = {.all = true};
    struct revoke_result result = {0};
    struct world world;
    struct revoke_name before, after;
    size_t count;
    struct err err = {""};

    (void)state;
    assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
    run(&world, 3 * 3600 * 1000);
    before = sealing(&world);
    count = world.service->set.key_count;
    assert_int_equal(service_revoke(world.service, &result, &order, world.now, &err), SERVICE_DONE);
    assert_int_equal(result.name_count, count);
    after = sealing(&world);
    assert_true(result.has_fresh);
    assert_memory_equal(result.fresh.bytes, after.bytes, sizeof after.bytes);
    assert_false(opens(&world, &before));
    for (size_t i = 0; i < result.name_count; i++) {
        assert_false(opens(&world, &result.names[i]));
    }
    revoke_result_free(&result);
    /* again at once: an order may always */
    assert_int_equal(service_revoke(world.service, &result, &order, world.now, &err), SERVICE_DONE);
    assert_true(result.has_fresh);
    assert_false(opens(&world, &after));
    revoke_result_free(&result);
    assert_int_equal(world.service->revocations, 2);
    /* a restart knows it, and the schedule goes on */
    assert_true(restart(&world, &err));
    assert_false(opens(&world, &before));
    run(&world, 3600 * 1000);
    before = sealing(&world);
    assert_true(is_name(&before));
    assert_string_equal(world.service->last_error.text, "");
    world_close(&world);
}

static void
test_revoke_names(void **state)
{
    struct world world;
    struct revoke_name first, second;
    struct revoke_result result = {0};
    struct revoke_order order = {.only = true, .name_count = 1};
    struct err err = {""};

    (void)state;
    assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
    first = sealing(&world);
    run(&world, 3600 * 1000);
    second = sealing(&world);
    order.names = &first;
    assert_int_equal(service_revoke(world.service, &result, &order, world.now, &err), SERVICE_DONE);
    assert_int_equal(result.name_count, 1);
    assert_memory_equal(result.names[0].bytes, first.bytes, sizeof first.bytes);
    assert_false(result.has_fresh);
    assert_false(opens(&world, &first));
    assert_true(opens(&world, &second));
    revoke_result_free(&result);
    /* the one that seals: another takes its place */
    run(&world, 3600 * 1000);
    second = sealing(&world);
    order = (struct revoke_order){.names = &second, .name_count = 1};
    assert_int_equal(service_revoke(world.service, &result, &order, world.now, &err), SERVICE_DONE);
    assert_true(result.name_count >= 1);
    assert_false(opens(&world, &second));
    second = sealing(&world);
    assert_true(is_name(&second));
    revoke_result_free(&result);
    world_close(&world);
}

/* R-SERVICE-4: one unknown name, and nothing is revoked. */
static void
test_revoke_unknown(void **state)
{
    struct world world;
    struct revoke_name sealing_now;
    struct revoke_name names[2] = {{{0}}, {{1, 2, 3}}};
    struct revoke_result result = {0};
    const struct revoke_order order = {.names = names, .name_count = 2};
    uint64_t generation;
    struct err err = {""};

    (void)state;
    assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
    sealing_now = sealing(&world);
    names[0] = sealing_now;
    generation = service_generation(world.service);
    assert_int_equal(service_revoke(world.service, &result, &order, world.now, &err),
                     SERVICE_UNKNOWN);
    assert_string_equal(err.text, "keyset www: no key 01020300000000000000000000000000: nothing "
                                  "was revoked; stekctl keys lists them");
    assert_true(opens(&world, &sealing_now));
    assert_int_equal(service_generation(world.service), generation);
    assert_null(result.names);
    world_close(&world);
}

/* A revocation holds where no key can be made; then there are no tickets, and it is told. */
static void
test_revoke_without_source(void **state)
{
    const struct revoke_order order = {.all = true};
    struct revoke_result result = {0};
    struct world world;
    struct revoke_name before, none;
    struct err err = {""};

    (void)state;
    assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
    before = sealing(&world);
    world.service->source = &source_nothing;
    assert_int_equal(service_revoke(world.service, &result, &order, world.now, &err), SERVICE_DONE);
    assert_false(result.has_fresh);
    assert_false(opens(&world, &before));
    none = sealing(&world);
    assert_false(is_name(&none));
    service_tick(world.service, world.now);
    assert_non_null(strstr(world.service->last_error.text, "out of order"));
    assert_true(service_next_ms(world.service, world.now) <= 5000);
    revoke_result_free(&result);
    world_close(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rotate),           cmocka_unit_test(test_rotate_again),
        cmocka_unit_test(test_rotate_too_often), cmocka_unit_test(test_rotate_full),
        cmocka_unit_test(test_revoke_all),       cmocka_unit_test(test_revoke_names),
        cmocka_unit_test(test_revoke_unknown),   cmocka_unit_test(test_revoke_without_source),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
