/* How a host begins in a farm, and that it serves on with whatever is missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "member_support.h"

/* R-MEMBER-4: nobody answers: no key is made for 5 s, then one, and it is said what is wrong. */
static void
test_nobody_answers(void **state)
{
    struct farm_world *world = farm_open(1);
    struct farm_host *host;

    (void)state;
    assert_non_null(world);
    host = &world->hosts[0];
    host->scripts[0].is_mute = true;
    assert_true(host_open(host));
    farm_run(world, MEMBER_LISTING_MS - 1);
    assert_int_equal(host->service->set.key_count, 0);
    assert_string_equal(host->service->last_error.text, ""); /* it is no trouble yet */
    farm_run(world, 1);
    assert_int_equal(host->service->set.key_count, 1);
    assert_non_null(host_sealing(host));
    assert_int_equal(farm_lines(world, "made since none could seal"), 1);
    farm_run(world, 3000);
    host_tick(host);
    assert_non_null(strstr(host->service->last_error.text, "engine scripted: it does not answer"));
}

/* R-MEMBER-4: others' keys are there, though it takes a while to hear them: none is made. */
static void
test_late_answer(void **state)
{
    struct farm_world *world = farm_open(2);

    (void)state;
    assert_non_null(world);
    assert_true(host_open(&world->hosts[0]));
    farm_run(world, HOUR_IN_MS);
    world->hosts[1].scripts[0].is_mute = true;
    assert_true(host_open(&world->hosts[1]));
    farm_run(world, MEMBER_LISTING_MS - 1);
    assert_int_equal(world->hosts[1].service->set.key_count, 0);
    world->hosts[1].scripts[0].is_mute = false;
    farm_pump(world);
    assert_false(member_is_listing(world->hosts[1].member));
    assert_true(farm_agrees(world));
    farm_run(world, MINUTE_MS);
    assert_int_equal(farm_lines(world, "made since none could seal"), 1); /* of the first host */
    assert_int_equal(world->hosts[0].service->set.key_count,
                     world->hosts[1].service->set.key_count);
}

/* R-MEMBER-4: of two engines the one that does not answer is waited for, too; who has keys in its
 * ring seals with them meanwhile. */
static void
test_one_of_two(void **state)
{
    struct farm_world *world = farm_open(1);
    struct farm_host *host;

    (void)state;
    assert_non_null(world);
    host = &world->hosts[0];
    host_configure(host, 2);
    host->scripts[1].is_mute = true;
    assert_true(host_open(host));
    farm_run(world, MEMBER_LISTING_MS - 1);
    assert_int_equal(host->service->set.key_count, 0);
    farm_run(world, MINUTE_MS);
    assert_non_null(host_sealing(host));
    host_close(host);
    assert_true(host_open(host));
    assert_true(member_is_listing(host->member));
    assert_non_null(host_sealing(host));
    farm_run(world, MINUTE_MS);
    assert_int_equal(farm_lines(world, "made since none could seal"), 1);
}

/* Half a day alone: a key seals all the time, and they rotate. */
static bool
lives_alone(struct farm_world *world, struct farm_host *host)
{
    uint64_t before = host->service->rotations;
    bool is_sealing = true;

    for (unsigned i = 0; i < 72; i++) {
        farm_run(world, 10 * MINUTE_MS);
        is_sealing = is_sealing && host_sealing(host) != NULL;
    }
    return is_sealing && host->service->rotations - before >= 11;
}

/* R-MEMBER-5: records that are none, damaged, or of nobody are counted and told once. */
static void
test_bad_records(void **state)
{
    struct farm_world *world = farm_open(2);
    struct medium_record *record;
    uint8_t noise[300];
    uint64_t rng = rng_seed();

    (void)state;
    assert_non_null(world);
    assert_true(farm_begin(world));
    rng_fill(&rng, noise, sizeof noise);
    for (size_t i = 10; i < 20; i++)
        for (enum record_kind kind = RECORD_KEYS; kind <= RECORD_STATUS; kind++)
            assert_true(medium_put(world, 0, kind, i, i + 1, noise, sizeof noise));
    record = &world->media[0].records[RECORD_KEYS][0];
    record->bytes[record->len - 1] ^= 1;
    record->version = ++world->media[0].version;
    assert_true(lives_alone(world, &world->hosts[0]));
    assert_true(farm_agrees(world));
    assert_true(world->hosts[0].member->inbox.counts[RECORD_MALFORMED] >= 20);
    assert_int_equal(farm_lines(world, "was refused: "), 2); /* once at each host */
    assert_string_equal(world->hosts[0].service->last_error.text, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_nobody_answers, farm_teardown),
        cmocka_unit_test_teardown(test_late_answer, farm_teardown),
        cmocka_unit_test_teardown(test_one_of_two, farm_teardown),
        cmocka_unit_test_teardown(test_bad_records, farm_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
