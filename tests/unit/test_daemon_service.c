/* A keyset at work on virtual time: days of rotation, restarts, sources that fail, each seen
 * through the ring as a server sees it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <unistd.h>

#include "base/hex.h"
#include "ring/layout.h"
#include "service_support.h"

/* R-SERVICE-1: three days, looked at every 20 minutes: a key seals, tickets open for their
 * lifetime, keys change on the hour, and none stays too long. */
static void
test_days(void **state)
{
    enum { LOOKS = 216, LIFE = 36 }; /* of 20 min each: 3 days, 12 h */
    struct revoke_name seen[LOOKS];
    struct world world;
    size_t without = 0, lost = 0, too_many = 0, changed_early = 0, overdue = 0;

    (void)state;
    assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
    for (size_t i = 0; i < LOOKS; i++) {
        seen[i] = sealing(&world);
        without += !is_name(&seen[i]);
        for (size_t j = i > LIFE ? i - LIFE : 0; j <= i; j++)
            lost += !opens(&world, &seen[j]);
        /* rotate + patience + lifetime after it began to seal it is over */
        for (size_t j = 0; j + LIFE + 7 < i; j++)
            overdue += opens(&world, &seen[j]);
        changed_early += i > 0 && memcmp(&seen[i], &seen[i - 1], sizeof seen[i]) != 0 &&
                         world.now.unix_ms / 1000 % 3600 >= 1200;
        too_many += world.service->set.key_count > policy_keys(&world.config.policy);
        run(&world, 1200 * 1000);
    }
    assert_int_equal(without, 0);
    assert_int_equal(lost, 0);
    assert_int_equal(overdue, 0);
    assert_int_equal(changed_early, 0);
    assert_int_equal(too_many, 0);
    assert_int_equal(world.service->rotations, 72);
    assert_string_equal(world.service->last_error.text, "");
    assert_int_equal(count_lines(&world, "takes over sealing"), 72);
    assert_true(count_lines(&world, "destroyed: its time is over") > 50);
    world_close(&world);
}

/* R-SERVICE-1: the ring rotates on time even where the daemon sleeps, and the daemon wakes less
 * than twice a minute. */
static void
test_wakes_seldom(void **state)
{
    struct world world;
    size_t ticks = 0;

    (void)state;
    assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
    for (uint64_t passed = 0; passed < 6ULL * 3600 * 1000; ticks++) {
        uint64_t next = service_next_ms(world.service, world.now);

        assert_true(next > 0 && next <= SERVICE_LOOK_MS);
        pass(&world, next);
        service_tick(world.service, world.now);
        passed += next;
    }
    assert_true(ticks < 2 * 6 * 60);
    world_close(&world);
}

/* R-SERVICE-1: the host was suspended, which both clocks count and no timer does. In the moment in
 * which it wakes no key opens past its time, and those that have time left open; with the next tick
 * a key seals. */
static void
test_suspended(void **state)
{
    static const uint64_t slept_s[] = {30, 3600, 3 * 3600, 13 * 3600, 14 * 3600, 200 * 3600};

    (void)state;
    for (size_t i = 0; i < sizeof slept_s / sizeof *slept_s; i++) {
        struct world world;
        struct revoke_name key, now;
        uint64_t left_s;

        assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
        run(&world, 5 * 3600 * 1000);
        key = sealing(&world);
        left_s = keyset_find(&world.service->set, key.bytes)->open_until - world.now.unix_ms / 1000;
        pass(&world, slept_s[i] * 1000);
        assert_int_equal(opens(&world, &key), slept_s[i] < left_s);
        run(&world, SERVICE_LOOK_MS);
        now = sealing(&world);
        assert_true(is_name(&now));
        assert_int_equal(opens(&world, &key), slept_s[i] + SERVICE_LOOK_MS / 1000 < left_s);
        world_close(&world);
    }
}

/* R-SERVICE-2 */
static void
test_restart_keeps_keys(void **state)
{
    struct world world;
    struct revoke_name before, after;
    uint64_t generation;
    size_t count;
    struct err err = {""};

    (void)state;
    assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
    run(&world, 5 * 3600 * 1000);
    before = sealing(&world);
    count = world.service->set.key_count;
    generation = service_generation(world.service);
    assert_true(restart(&world, &err));
    after = sealing(&world);
    assert_memory_equal(&before, &after, sizeof before);
    assert_int_equal(world.service->set.key_count, count);
    assert_int_equal(service_generation(world.service), generation);
    assert_int_equal(count_lines(&world, "keys taken over from"), 1);
    /* dead for two hours: two keys were there already, and time goes on after it */
    service_close(&world.service);
    pass(&world, 2 * 3600 * 1000);
    assert_true(opens(&world, &before));
    assert_true(restart(&world, &err));
    assert_true(opens(&world, &before));
    run(&world, 3600 * 1000);
    after = sealing(&world);
    assert_true(is_name(&after));
    assert_string_equal(world.service->last_error.text, "");
    world_close(&world);
}

/* One writer at a time, and it says so. */
static void
test_second_writer(void **state)
{
    struct world world;
    struct service *second;
    struct err err = {""};

    (void)state;
    assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
    second = service_open(&world.config, &world.env, world.now, &err);
    assert_null(second);
    assert_non_null(strstr(err.text, "another stekd"));
    world_close(&world);
}

static bool
get_zeros(struct key_material *fresh, struct err *err)
{
    (void)err;
    *fresh = (struct key_material){0};
    return true;
}

/* Fresh names, one secret. */
static bool
get_same(struct key_material *fresh, struct err *err)
{
    if (!source_random.get(fresh, err))
        return false;
    for (size_t i = 0; i < sizeof fresh->secret.bytes; i++)
        fresh->secret.bytes[i] = (uint8_t)(i * i * 7 + 91 * i + 13);
    return true;
}

static const struct source_kind source_nothing = {"nothing", "", get_nothing};
static const struct source_kind source_zeros = {"zeros", "", get_zeros};
static const struct source_kind source_same = {"same", "", get_same};

/* R-SERVICE-4: the last good keys stay in use, the trouble is shown and ends. */
static void
test_source_fails(void **state)
{
    static const struct source_kind *const bad[] = {&source_nothing, &source_zeros};
    struct world world;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct revoke_name before, after;
        size_t warnings;

        assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
        before = sealing(&world);
        world.service->source = bad[i];
        run(&world, 7200 * 1000);
        assert_true(opens(&world, &before));
        assert_non_null(strstr(world.service->last_error.text, "no key made: source "));
        warnings = count_lines(&world, "no key made");
        run(&world, 60 * 1000);
        assert_int_equal(count_lines(&world, "no key made"), warnings);
        world.service->source = &source_random;
        run(&world, 10 * 1000);
        after = sealing(&world);
        assert_true(is_name(&after));
        assert_string_equal(world.service->last_error.text, "");
        assert_int_equal(world.service->errors, warnings); /* each once, and it is kept */
        assert_int_equal(count_lines(&world, "all is well again"), 1);
        world_close(&world);
    }
}

static void
test_source_repeats(void **state)
{
    struct world world;

    (void)state;
    assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
    world.service->source = &source_same;
    run(&world, 2 * 3600 * 1000);
    assert_non_null(strstr(world.service->last_error.text, "its secret is another key's"));
    world_close(&world);
}

/* R-SERVICE-5: where all keys are revoked one by one, one is made a minute, and no more. */
static void
test_emergency_limit(void **state)
{
    struct world world;

    (void)state;
    assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
    for (unsigned i = 0; i < 300; i++) {
        const struct mark mark =
            keyset_mark_all(&world.service->set, &world.config.policy, world.now.unix_ms);

        assert_int_not_equal(keyset_revoke_mark(&world.service->set, mark.made_ms, mark.until,
                                                world.now.unix_ms, NULL),
                             KEYSET_REFUSED);
        service_tick(world.service, world.now);
        pass(&world, 1000);
    }
    /* the first one as the ring was made, then at most one each minute of five */
    assert_in_range(count_lines(&world, "made since none could seal"), 5, 6);
    world_close(&world);
}

static void
test_change(void **state)
{
    struct world world;
    struct config_keyset config;
    struct err err = {""};

    (void)state;
    assert_true(world_open(&world, 64));
    config = world.config;
    config.policy.rotate_s = 600;
    config.policy.patience_s = 150;
    config.policy.lifetime_s = 1200;
    assert_true(service_prepare(world.service, &config, &err));
    service_change(world.service, &config, world.now);
    run(&world, 3 * 3600 * 1000);
    assert_in_range(world.service->rotations, 15, 18);
    config.capacity = 128;
    assert_false(service_prepare(world.service, &config, &err));
    assert_non_null(strstr(err.text, "keyset www: capacity cannot change from 64 to 128"));
    /* a ring that stayed smaller than the configuration thinks */
    config = world.config;
    service_close(&world.service);
    config.capacity = 1024;
    config.policy.rotate_s = 60;
    config.policy.patience_s = 15;
    assert_null(service_open(&config, &world.env, world.now, &err));
    assert_non_null(strstr(err.text, "has room for 64 keys"));
    world_close(&world);
}

static void
test_retire(void **state)
{
    struct world world;
    struct revoke_name before;

    (void)state;
    assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
    before = sealing(&world);
    assert_true(opens(&world, &before));
    service_retire(&world.service, world.now);
    assert_null(world.service);
    assert_false(opens(&world, &before));
    assert_int_not_equal(access(world.ring_path, F_OK), 0);
    assert_int_equal(count_lines(&world, "keyset www: keys destroyed, ring removed"), 1);
    world_close(&world);
}

/* The mode in which each host seals with its own key needs no confirmation, and lacks none. */
static void
test_each(void **state)
{
    struct world world;
    struct config_keyset config;
    struct revoke_name name;
    size_t without = 0;

    (void)state;
    assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
    config = world.config;
    config.policy.each = true;
    service_change(world.service, &config, world.now);
    for (int i = 0; i < 12; i++) {
        name = sealing(&world);
        without += !is_name(&name);
        run(&world, 1800 * 1000);
    }
    assert_int_equal(without, 0);
    assert_in_range(world.service->rotations, 6, 7);
    assert_string_equal(world.service->last_error.text, "");
    world_close(&world);
}

/* A reload that changes the mode leaves no key that counts: another seals at once, however lately
 * one was made in an emergency. */
static void
test_each_and_back(void **state)
{
    struct world world;
    struct config_keyset config;
    struct revoke_name name;
    struct err err = {""};

    (void)state;
    assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
    config = world.config;
    config.policy.each = true;
    assert_true(service_prepare(world.service, &config, &err));
    service_change(world.service, &config, world.now);
    run(&world, 3 * 3600 * 1000);
    for (int i = 0; i < 3; i++) { /* within seconds */
        pass(&world, 1000);
        config.policy.each = !config.policy.each;
        assert_true(service_prepare(world.service, &config, &err));
        service_change(world.service, &config, world.now);
        name = sealing(&world);
        assert_true(is_name(&name));
        assert_string_equal(world.service->last_error.text, "");
    }
    world_close(&world);
}

/* What is logged reads well, and no line holds a secret. */
static void
test_log(void **state)
{
    struct world world;
    char name[HEX_LEN(KEY_NAME_LEN)], secret[HEX_LEN(SECRET_LEN)], line[256];
    size_t leaks = 0;

    (void)state;
    assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
    assert_int_equal(world.service->set.key_count, 2); /* of an emergency, and of 23:00 */
    run(&world, 13 * 3600 * 1000);
    for (size_t i = 0; i < world.service->set.key_count; i++) {
        hex_encode(secret, world.service->set.keys[i].secret.bytes, 8);
        leaks += count_lines(&world, secret);
    }
    assert_int_equal(leaks, 0);
    hex_encode(name, world.service->sealing, KEY_NAME_LEN);
    (void)snprintf(line, sizeof line,
                   "keyset www: key %s made, seals from 2023-11-15T11:00:00Z, opens until "
                   "2023-11-16T00:15:00Z",
                   name);
    assert_int_equal(count_lines(&world, line), 1);
    (void)snprintf(line, sizeof line, "keyset www: key %s takes over sealing", name);
    assert_int_equal(count_lines(&world, line), 1);
    world_close(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_wakes_seldom),
        cmocka_unit_test(test_suspended),
        cmocka_unit_test(test_restart_keeps_keys),
        cmocka_unit_test(test_second_writer),
        cmocka_unit_test(test_source_fails),
        cmocka_unit_test(test_source_repeats),
        cmocka_unit_test(test_emergency_limit),
        cmocka_unit_test(test_change),
        cmocka_unit_test(test_retire),
        cmocka_unit_test(test_each),
        cmocka_unit_test(test_each_and_back),
        cmocka_unit_test(test_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
