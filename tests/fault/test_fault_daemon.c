/* Whichever allocation or system call fails while stekd's service starts, ticks, rotates, revokes
 * and ends, while counters are summed, or the configuration is read, alone or with all that follow:
 * no crash, no wrong or weak key, no descriptor left open, and the keys that were there open until
 * their revocation is reported done. The address sanitizer's build sees leaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/secret.h"
#include "daemon/counts.h"
#include "fault.h"
#include "ring_support.h"
#include "service_support.h"

/* ---- a service ---- */

struct
try {
    struct world world;
    struct revoke_name before; /* the key that sealed before */
    bool revoked;              /* the service said so */
};

/* NULL, or what is wrong with the key that seals; with `must`, there has to be one. */
static const char *
look_at_seal(struct world *world, bool must)
{
    STEK_KEY(key);

    if (stek_ring_sealing_key(world->ring, &key, boot_s(world)) != STEK_OK)
        return must ? "no key seals" : NULL;
    return secret_is_weak(key.secret, sizeof key.secret) ? "a weak key seals" : NULL;
}

static const char *
start(void *arg)
{
    struct try *try = arg;
    struct err err = {""};

    pass(&try->world, 61 * 1000); /* an emergency key may be made once a minute */
    try->world.service = service_open(&try->world.config, &try->world.env, try->world.now, &err);
    if (try->world.service == NULL)
        return "the service does not start any more";
    service_close(&try->world.service);
    try->before = sealing(&try->world);
    try->revoked = false;
    return is_name(&try->before) ? look_at_seal(&try->world, true) : "no key seals at the start";
}

/* Whether anything of it fails does not matter here; what it claims does. */
static const char *
serve(void *arg)
{
    struct try *try = arg;
    struct world *world = &try->world;
    const struct revoke_order order = {.names = &try->before, .name_count = 1};
    struct revoke_result result = {0};
    struct err err = {""};
    KEY(made);

    world->service = service_open(&world->config, &world->env, world->now, &err);
    if (world->service == NULL)
        return err.text[0] == '\0' ? "it does not start and says nothing" : NULL;
    service_tick(world->service, world->now);
    if (service_rotate(world->service, &made, world->now, &err) == SERVICE_DONE &&
        secret_is_weak(made.secret.bytes, sizeof made.secret.bytes))
        return "a weak key is made";
    try->revoked =
        service_revoke(world->service, &result, &order, world->now, &err) == SERVICE_DONE;
    revoke_result_free(&result);
    service_close(&world->service);
    return NULL;
}

static const char *
after_serving(void *arg)
{
    struct try *try = arg;
    const char *wrong = look_at_seal(&try->world, false);

    if (wrong != NULL)
        return wrong;
    if (opens(&try->world, &try->before) == try->revoked)
        return try->revoked ? "a key opens that was revoked" : "a key is lost";
    wrong = start(try);
    return wrong;
}

/* R-SERVICE-4 */
static void
test_service(void **state)
{
    const struct fault_case serving = {start, serve, after_serving, NULL};
    static struct try try; /* large */
    size_t calls, failures;

    (void)state;
    assert_true(world_open(&try.world, RING_CAPACITY_DEFAULT));
    service_close(&try.world.service);
    failures = fault_each(&serving, &try, &calls);
    for (size_t i = 0; failures > 0 && i < try.world.line_count && i < 20; i++)
        printf("# %s\n", try.world.lines[try.world.line_count - 1 - i]);
    assert_int_equal(failures, 0);
    printf("# %zu calls\n", calls);
    assert_true(calls > 20);
    world_close(&try.world);
}

/* ---- counters ---- */

struct counting {
    struct scratch scratch;
    struct key keys[3];
    struct keyset set;
    struct counts_past past;
};

/* What was summed so far is of one key. */
static const char *
count_one(void *arg)
{
    struct counting *counting = arg;

    counts_past_free(&counting->past);
    counting->set.key_count = 1;
    return counts_gather(&counting->past, NULL, counting->scratch.folder, &counting->set, 1, NULL)
               ? NULL
               : "it does not count";
}

/* The next time there are three. */
static const char *
count_all(void *arg)
{
    struct counting *counting = arg;
    struct counts_view view = {0};
    struct err err = {""};
    uint64_t sum = 0;
    bool done;

    counting->set.key_count = 3;
    done = counts_gather(&counting->past, &view, counting->scratch.folder, &counting->set, 1, &err);
    for (size_t i = 0; i < view.sum.key_count; i++)
        sum += view.sum.keys[i].sealed;
    done = done ? view.sum.key_count == 3 : view.server_count == 0 && err.text[0] != '\0';
    counts_view_free(&view);
    return done && sum == 0 ? NULL : "it says something wrong";
}

static void
test_counts(void **state)
{
    const struct fault_case gathering = {count_one, count_all, count_all, NULL};
    struct counting counting = {.set = {.keys = counting.keys}};
    size_t calls;

    (void)state;
    assert_true(scratch_open(&counting.scratch));
    for (uint8_t i = 0; i < 3; i++)
        counting.keys[i].name[0] = i;
    assert_int_equal(fault_each(&gathering, &counting, &calls), 0);
    assert_true(calls > 3);
    counts_past_free(&counting.past);
    scratch_close(&counting.scratch);
}

/* ---- the configuration ---- */

struct reading {
    struct scratch scratch;
    struct config config;
};

static const char *
load(void *arg)
{
    struct reading *reading = arg;
    struct err err = {""};
    bool loaded = config_load(&reading->config, reading->scratch.other, false, &err);
    const char *wrong = NULL;

    if (loaded && (reading->config.count != 2 || reading->config.keysets[1].capacity != 4096 ||
                   reading->config.keysets[0].policy.rotate_s != 900 ||
                   reading->config.metrics.listen.count != 2))
        wrong = "something else is read than stands there";
    if (!loaded && (reading->config.keysets != NULL || reading->config.count != 0))
        wrong = "a part is left of what was not read";
    if (!loaded && err.text[0] == '\0')
        wrong = "it fails and says nothing";
    config_free(&reading->config);
    reading->config = (struct config){0};
    return wrong;
}

static const char *
load_again(void *arg)
{
    return load(arg);
}

static void
test_config(void **state)
{
    static const char text[] = "keyset \"www\" { rotate = 15m }\n"
                               "metrics { listen = { 127.0.0.1:9779, \"[::1]:9779\" } }\n"
                               "keyset \"mail\" { capacity = 4096  group = \"root\" }\n";
    const struct fault_case loading = {NULL, load, load_again, NULL};
    struct reading reading = {.config = {0}};
    size_t calls;

    (void)state;
    assert_true(scratch_open(&reading.scratch));
    assert_true(file_make(reading.scratch.other, text, sizeof text - 1, 0644));
    assert_int_equal(fault_each(&loading, &reading, &calls), 0);
    assert_true(calls > 3);
    scratch_close(&reading.scratch);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_service),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_config),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
