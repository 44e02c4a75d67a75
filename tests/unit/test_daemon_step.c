/* The wall clock was wrong, is set, and stekd starts anew: every key keeps the time that is left to
 * it, whatever the step; a key seals at every second after it, as the schedule wants and without an
 * emergency; no ticket is lost, and what is revoked stays so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <unistd.h>

#include "ring/layout.h"
#include "service_support.h"

#define KEYS_MAX 64U

/* The times of a ring's keys, as its readers have them. */
struct times {
    size_t count;
    struct {
        struct revoke_name name;
        uint64_t seal_from, seal_until, open_until;
    } keys[KEYS_MAX];
};

static struct times
times_of(const struct world *world)
{
    const struct service *service = world->service;
    struct times times = {.count = 0};

    for (size_t i = 0; i < service->set.key_count && i < KEYS_MAX; i++) {
        const uint8_t *name = service->set.keys[i].name;
        bool other;
        IMAGE_SLOT(slot);

        if (!image_find(&service->writer.image, &slot, &other, name, boot_s(world)))
            continue;
        memcpy(times.keys[times.count].name.bytes, name, KEY_NAME_LEN);
        times.keys[times.count].seal_from = slot.seal_from;
        times.keys[times.count].seal_until = slot.seal_until;
        times.keys[times.count++].open_until = slot.open_until;
    }
    return times;
}

/* How many of these keys are not in those, with the same times. */
static size_t
count_moved(const struct times *these, const struct times *those)
{
    size_t moved = 0;

    for (size_t i = 0; i < these->count; i++) {
        bool found = false;

        for (size_t j = 0; j < those->count; j++)
            found |= memcmp(&these->keys[i], &those->keys[j], sizeof these->keys[i]) == 0;
        moved += !found;
    }
    return moved;
}

static bool
step(struct world *world, int64_t by_s)
{
    struct err err = {""};

    world->now.unix_ms += (uint64_t)(by_s * 1000);
    return restart(world, &err);
}

/* What went wrong while three epochs passed, second by second. */
struct watched {
    size_t without, lost, overdue;
};

/* One key, as it was seen to seal. */
struct sealer {
    struct revoke_name name;
    uint64_t first_s, last_s; /* ring time */
};

static void
look(struct watched *watched, const struct world *world, struct sealer *sealers, size_t *count)
{
    const struct policy *policy = &world->config.policy;
    struct revoke_name now = sealing(world);
    size_t i = 0;

    watched->without += !is_name(&now);
    while (i < *count && memcmp(&sealers[i].name, &now, sizeof now) != 0)
        i++;
    if (i == *count && *count < KEYS_MAX)
        sealers[(*count)++] = (struct sealer){now, boot_s(world), 0};
    if (i < KEYS_MAX)
        sealers[i].last_s = boot_s(world);
    for (i = 0; i < *count; i++) {
        uint64_t life = policy->rotate_s + policy->patience_s + policy->lifetime_s;

        watched->lost += boot_s(world) < sealers[i].last_s + policy->lifetime_s &&
                         !opens(world, &sealers[i].name);
        watched->overdue +=
            boot_s(world) > sealers[i].first_s + life + 1 && opens(world, &sealers[i].name);
    }
}

static struct watched
watch(struct world *world)
{
    struct watched watched = {0};
    struct sealer sealers[KEYS_MAX];
    size_t count = 0;

    for (uint64_t i = 0; i < 3 * world->config.policy.rotate_s; i++) {
        look(&watched, world, sealers, &count);
        run(world, 1000);
    }
    return watched;
}

/* Seconds that the clock is set by: over the ten minutes that a key may be ahead, over the time
 * that is left to keys, by whole epochs and not. */
static const int64_t steps[] = {3600, -3600, 108000, -108000, 1234, -4321, -601, 61, -61};

/* R-SERVICE-1, R-SERVICE-2 */
static void
test_steps(void **state)
{
    static const uint64_t rotates[] = {3600, 420};

    (void)state;
    for (size_t i = 0; i < 2 * sizeof steps / sizeof *steps; i++) {
        struct world world;
        struct times before, after;
        struct watched watched;
        struct config_keyset config;
        struct revoke_name first, second;

        assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
        config = world.config;
        config.policy.rotate_s = rotates[i % 2];
        config.policy.patience_s = rotates[i % 2] / 4;
        config.policy.lifetime_s = 4 * config.policy.rotate_s;
        service_change(world.service, &config, world.now);
        world.config = config;
        run(&world, 5 * 3600 * 1000);
        before = times_of(&world);
        first = sealing(&world);
        assert_true(step(&world, steps[i / 2]));
        after = times_of(&world);
        second = sealing(&world);
        assert_true(before.count >= 5);
        assert_int_equal(count_moved(&before, &after), 0);
        assert_memory_equal(&first, &second, sizeof first);
        watched = watch(&world);
        assert_int_equal(watched.without, 0);
        assert_int_equal(watched.lost, 0);
        assert_int_equal(watched.overdue, 0);
        assert_string_equal(world.service->last_error.text, "");
        assert_int_equal(count_lines(&world, "made since none could seal"), 1); /* the first key */
        assert_int_equal(count_lines(&world, "left out"), 0);
        world_close(&world);
    }
}

/* The same while stekd runs, as it takes the time that a farm agrees to: this keyset is no farm's,
 * and its keys are all our own. */
static void
test_set_while_running(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct world world;
        struct times before, after;
        struct watched watched;

        assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
        run(&world, 5 * 3600 * 1000);
        before = times_of(&world);
        world.now.unix_ms += (uint64_t)(steps[i] * 1000);
        service_clock_set(world.service, steps[i], world.now);
        service_tick(world.service, world.now);
        after = times_of(&world);
        assert_true(before.count >= 5);
        assert_int_equal(count_moved(&before, &after), 0);
        watched = watch(&world);
        assert_int_equal(watched.without, 0);
        assert_int_equal(watched.lost, 0);
        assert_int_equal(watched.overdue, 0);
        assert_string_equal(world.service->last_error.text, "");
        world_close(&world);
    }
}

/* A step of a minute is followed as while stekd runs: keys keep their epochs. */
static void
test_small_step(void **state)
{
    struct world world;
    uint64_t open_until;

    (void)state;
    assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
    open_until = world.service->set.keys[0].open_until;
    assert_true(step(&world, 60));
    assert_int_equal(world.service->set.keys[0].open_until, open_until);
    assert_int_equal(count_lines(&world, "the wall clock was set"), 0);
    world_close(&world);
}

/* The log says what happened, once. */
static void
test_log(void **state)
{
    struct world world;

    (void)state;
    assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
    run(&world, 3600 * 1000);
    assert_true(step(&world, -108000));
    assert_int_equal(count_lines(&world, "keyset www: the wall clock was set by -108000 s: keys "
                                         "keep their remaining time"),
                     1);
    assert_true(step(&world, 0));
    assert_int_equal(count_lines(&world, "the wall clock was set"), 1);
    assert_int_equal(count_lines(&world, "keys taken over from"), 2);
    world_close(&world);
}

/* Stopped for longer than an epoch, the clock set meanwhile: the last key may end before the next
 * epoch begins, and one is made in time. */
static void
test_stopped_and_set(void **state)
{
    (void)state;
    for (int64_t minutes = -30; minutes <= 30; minutes += 10) {
        struct world world;
        struct watched watched;
        struct err err = {""};

        assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
        run(&world, 5 * 3600 * 1000);
        service_close(&world.service);
        pass(&world, 5400 * 1000);
        world.now.unix_ms += (uint64_t)((7200 + minutes * 60) * 1000);
        world.service = service_open(&world.config, &world.env, world.now, &err);
        assert_non_null(world.service);
        watched = watch(&world);
        assert_int_equal(watched.without, 0);
        assert_int_equal(watched.lost, 0);
        assert_int_equal(count_lines(&world, "made since none could seal"), 1);
        world_close(&world);
    }
}

/* R-SERVICE-3: revocations, by name and of all, move with their keys. */
static void
test_revoked_stays(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * sizeof steps / sizeof *steps; i++) {
        struct world world;
        struct revoke_name name;
        struct revoke_order order = {.all = i % 2 == 0, .names = &name, .name_count = 1};
        struct revoke_result result = {0};
        struct err err = {""};
        size_t reopened = 0;

        assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
        run(&world, 3 * 3600 * 1000);
        name = sealing(&world);
        assert_int_equal(service_revoke(world.service, &result, &order, world.now, &err),
                         SERVICE_DONE);
        assert_true(step(&world, steps[i / 2]));
        for (unsigned hour = 0; hour < 15; hour++) {
            for (size_t j = 0; j < result.name_count; j++)
                reopened += opens(&world, &result.names[j]);
            run(&world, 3600 * 1000);
            assert_true(step(&world, hour % 2 == 0 ? -steps[i / 2] : steps[i / 2]));
        }
        assert_true(result.name_count > 0);
        assert_int_equal(reopened, 0);
        revoke_result_free(&result);
        /* and is forgotten in time: 12 h 15 m after the last of these sealed, ten minutes for slow
         * clocks, and what a mark of an unknown key may want */
        run(&world, 4 * 3600 * 1000);
        assert_int_equal(world.service->set.revocation_count, 0);
        assert_int_equal(world.service->set.mark.until, 0);
        world_close(&world);
    }
}

/* A ring that no key was ever written to says nothing of the clock. */
static void
test_blank_ring(void **state)
{
    struct world world;
    struct ring_writer writer;
    struct err err = {""};

    (void)state;
    assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
    service_close(&world.service);
    assert_int_equal(unlink(world.ring_path), 0);
    assert_true(ring_writer_open(&writer, world.ring_path, RING_CAPACITY_DEFAULT, (gid_t)-1, &err));
    ring_writer_close(&writer);
    assert_true(restart(&world, &err));
    assert_int_equal(count_lines(&world, "the wall clock was set"), 0);
    world_close(&world);
}

/* The first key of a new ring begins at once, and then the wall clock is set back a little, as
 * where time comes from the network soon after the start: another one seals, and only that. */
static void
test_back_after_start(void **state)
{
    struct world world;
    struct revoke_name name;

    (void)state;
    assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
    run(&world, 1000);
    world.now.unix_ms -= 30 * 1000;
    for (int i = 0; i < 40; i++) {
        service_tick(world.service, world.now);
        name = sealing(&world);
        assert_true(is_name(&name));
        pass(&world, 1000);
    }
    assert_string_equal(world.service->last_error.text, "");
    assert_int_equal(count_lines(&world, "made since none could seal"), 2);
    world_close(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),           cmocka_unit_test(test_set_while_running),
        cmocka_unit_test(test_small_step),      cmocka_unit_test(test_log),
        cmocka_unit_test(test_stopped_and_set), cmocka_unit_test(test_revoked_stays),
        cmocka_unit_test(test_blank_ring),      cmocka_unit_test(test_back_after_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
