/* What stekd tells of the hosts of a farm: by golden files, which the tests of stekctl and of the
 * page read, too; R-REPORT-1: who holds other keys says so, who holds the same does not;
 * R-REPORT-2: what needs somebody comes first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/report_fleet.h"
#include "fleet_support.h"
#include "golden_support.h"

#define KEYS 6
#define START 1000000
#define LATER (START + 2 * FLEET_SILENT_MS)

struct world {
    struct fleet fleet;
    struct keyset set;
    struct policy policy;
    uint64_t counts[RECORD_VERDICTS];
    struct report_engine engines[2];
    uint8_t id[FARM_ID_LEN];
};

static struct report_farm
farm_in(const struct world *world)
{
    return (struct report_farm){.keyset = "www",
                                .id = world->id,
                                .fleet = &world->fleet,
                                .set = &world->set,
                                .policy = &world->policy,
                                .generation = 77,
                                .counts = world->counts,
                                .engines = world->engines,
                                .engine_count = 2};
}

static struct ring_time
time_at(uint64_t boot_ms)
{
    return (struct ring_time){.boot_ms = boot_ms, .unix_ms = NOW_MS + boot_ms - START};
}

static bool
add_keys(struct keyset *set, uint16_t first, uint16_t count)
{
    bool done = true;

    for (uint16_t i = first; i < first + count; i++) {
        struct key key = key_of(i, i == first ? -60 : 3600 * i);

        done = keyset_add(set, &key, NOW_MS, NULL) == KEYSET_CHANGED && done;
    }
    return done;
}

/* The farm's keys are those of number 1 to KEYS. */
static bool
world_open(struct world *world)
{
    *world = (struct world){.policy = policy_of(3600, 900, 43200),
                            .counts = {[RECORD_OPENED] = 40, [RECORD_FORGED] = 2},
                            .engines = {{.name = "directory", .state = {true, START, "well"}},
                                        {.name = "peers", .state = {true, START, "well"}}},
                            .id = {0xfa, 0x12, 0, 0, 0, 0, 0, 9}};
    fleet_init(&world->fleet, US);
    return add_keys(&world->set, 1, KEYS);
}

static void
world_close(struct world *world)
{
    fleet_free(&world->fleet);
    keyset_free(&world->set);
}

/* A host says that it holds these keys, at a time of its clock. */
static bool
says(struct world *world, uint64_t id, const char *name, const struct keyset *set, uint64_t at,
     int64_t ahead_ms, size_t engine)
{
    struct ring_time now = time_at(at);
    struct status status = {
        .clock_ms = (uint64_t)((int64_t)now.unix_ms + ahead_ms), .beat = at, .generation = 30 + id};

    status_set_text(status.host_name, name);
    status_set_text(status.version, "0.2.0");
    return status_set_keys(&status, set, &world->policy, now.unix_ms / 1000, NULL) &&
           fleet_saw(&world->fleet, id, now.unix_ms, &status, at, now.unix_ms, engine) ==
               RECORD_OPENED;
}

/* Four hosts that hold the same. */
static bool
make_well(struct world *world)
{
    static const char *const names[] = {"web1", "web2", "web3", "db1"};
    bool done = true;

    for (uint64_t i = 0; i < 4; i++) {
        size_t engine = i == 0 ? FLEET_ENGINES_MAX : i % 2;

        for (uint64_t at = LATER - 42000; at < LATER; at += 20000)
            done = says(world, US + i, names[i], &world->set, at, 0, engine) && done;
    }
    fleet_looked(&world->fleet, LATER - 1000);
    return done;
}

/* One of each kind: see the golden file. */
static bool
make_trouble(struct world *world)
{
    bool done;
    KEYSET(fewer);
    KEYSET(more);
    KEYSET(many);

    done = add_keys(&fewer, 1, KEYS - 1) && add_keys(&more, 1, KEYS + 1) && add_keys(&many, 100, 9);
    world->engines[1].state = (struct engine_state){false, LATER - 90000, "no \"peer\" answers"};
    done = done && says(world, 20, "db2", &fewer, START, 0, 0);
    fleet_looked(&world->fleet, START + 1);
    done = done && says(world, 21, "db3", &world->set, START + 2, 0, 0);
    fleet_looked(&world->fleet, LATER - 5000);
    done = done && make_well(world);
    for (uint64_t at = LATER - 20000; at <= LATER; at += 20000)
        done = done && says(world, 22, "web4", &fewer, at, 0, 0) &&
               says(world, 23, "web5", &more, at, 0, 1) &&
               says(world, 24, "web6", &many, at, 0, 0) &&
               says(world, 19, "web7", &world->set, at, 180000, 0);
    return done && says(world, 25, "web8", &fewer, LATER, 0, 0); /* it may still follow */
}

static const json_t *
host_named(const json_t *answer, const char *name)
{
    const json_t *host;
    size_t i;

    json_array_foreach(json_object_get(answer, "hosts"), i, host)
    {
        if (strcmp(json_string_value(json_object_get(host, "name")), name) == 0)
            return host;
    }
    return NULL;
}

static bool
is_golden(const char *file, const json_t *answer)
{
    char *text = json_dumps(answer, JSON_INDENT(2)), *line = NULL;
    bool same = text != NULL && asprintf(&line, "%s\n", text) > 0 && golden_same(file, line);

    free(line);
    free(text);
    return same;
}

static void
test_well(void **state)
{
    struct world world;
    struct report_farm farm;
    json_t *answer, *short_one;

    (void)state;
    assert_true(world_open(&world));
    assert_true(make_well(&world));
    farm = farm_in(&world);
    answer = report_fleet(&farm, NULL, SIZE_MAX, time_at(LATER));
    assert_true(is_golden("fleet_well.json", answer));
    short_one = report_farm(&farm, time_at(LATER));
    assert_true(json_equal(short_one, json_object_get(answer, "farm")));
    json_decref(short_one);
    json_decref(answer);
    world_close(&world);
}

/* R-REPORT-1, R-REPORT-2. */
static void
test_trouble(void **state)
{
    struct world world;
    struct report_farm farm;
    json_t *answer;

    (void)state;
    assert_true(world_open(&world));
    assert_true(make_trouble(&world));
    farm = farm_in(&world);
    answer = report_fleet(&farm, NULL, SIZE_MAX, time_at(LATER));
    assert_true(is_golden("fleet_trouble.json", answer));
    json_decref(answer);
    world_close(&world);
}

/* Alone, before anything was seen. */
static void
test_empty(void **state)
{
    struct world world;
    struct report_farm farm;
    json_t *answer;

    (void)state;
    assert_true(world_open(&world));
    farm = farm_in(&world);
    farm.engine_count = 0;
    answer = report_fleet(&farm, NULL, SIZE_MAX, time_at(LATER));
    assert_true(is_golden("fleet_empty.json", answer));
    json_decref(answer);
    world_close(&world);
}

/* R-REPORT-2: of many hosts the one that differs is told. */
static void
test_cut(void **state)
{
    struct world world;
    struct report_farm farm;
    json_t *answer;
    KEYSET(none);

    (void)state;
    assert_true(world_open(&world));
    for (uint64_t id = 1; id <= 300; id++)
        assert_true(says(&world, id, "host", id == 200 ? &none : &world.set, LATER, 0, 0));
    assert_true(says(&world, 200, "host", &none, LATER + REPORT_SETTLE_MS, 0, 0));
    farm = farm_in(&world);
    answer = report_fleet(&farm, NULL, 3, time_at(LATER));
    assert_int_equal(json_array_size(json_object_get(answer, "hosts")), 3);
    assert_string_equal(json_string_value(json_object_get(
                            json_array_get(json_object_get(answer, "hosts"), 0), "id")),
                        "00000000000000c8");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(answer, "farm"), "hosts")),
                     300);
    json_decref(answer);
    world_close(&world);
}

/* Who holds one key: by its list, or as it holds what we hold; we too. */
static void
test_holds(void **state)
{
    static const struct {
        uint16_t key;
        const char *host;
        bool holds;
    } cases[] = {{KEYS, "web1", true},      {KEYS, "web2", true},     {KEYS, "web4", false},
                 {KEYS, "web5", true},      {KEYS, "web6", false},    {KEYS + 1, "web1", false},
                 {KEYS + 1, "web2", false}, {KEYS + 1, "web5", true}, {1, "web4", true}};
    struct world world;
    struct report_farm farm;

    (void)state;
    assert_true(world_open(&world));
    assert_true(make_trouble(&world));
    farm = farm_in(&world);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct key key = key_of(cases[i].key, 0);
        json_t *answer = report_fleet(&farm, key.name, SIZE_MAX, time_at(LATER));

        assert_int_equal(json_is_true(json_object_get(host_named(answer, cases[i].host), "holds")),
                         cases[i].holds);
        json_decref(answer);
    }
    world_close(&world);
}

/* What the farm's sentence says at that time; true if all is well. */
static bool
is_well_at(const struct world *world, uint64_t at, const char *words)
{
    struct report_farm farm = farm_in(world);
    json_t *short_one = report_farm(&farm, time_at(at));
    const char *text = json_string_value(json_object_get(short_one, "text"));
    bool is_well = json_is_true(json_object_get(short_one, "well")) && strstr(text, words) != NULL;

    if (!is_well)
        printf("# %s\n", text);
    json_decref(short_one);
    return is_well;
}

/* R-REPORT-1: a key is made here, which all others have, soon: nobody differs meanwhile. One that
 * still lacks it later does. */
static void
test_change_on_its_way(void **state)
{
    struct world world;
    KEYSET(before);

    (void)state;
    assert_true(world_open(&world));
    assert_true(keyset_copy(&before, &world.set));
    assert_true(make_well(&world));
    assert_true(is_well_at(&world, LATER, "all hold the same 6 keys"));
    assert_true(add_keys(&world.set, 99, 1));
    assert_true(is_well_at(&world, LATER, "3 not heard of since keys changed here"));
    assert_true(says(&world, US, "web1", &world.set, LATER + 1, 0, FLEET_ENGINES_MAX));
    assert_true(is_well_at(&world, LATER + 2, "3 not heard of since keys changed here"));
    for (uint64_t id = US + 1; id <= US + 2; id++)
        assert_true(says(&world, id, "web", &world.set, LATER + 3, 0, 0));
    assert_true(is_well_at(&world, LATER + 3, "4 hosts; 1 not heard of since keys changed here"));
    fleet_looked(&world.fleet, LATER + 1 + REPORT_SETTLE_MS);
    assert_true(is_well_at(&world, LATER + 3, "4 hosts; db1 lacks 1 key so far"));
    assert_true(says(&world, US + 3, "db1", &before, LATER + REPORT_SETTLE_MS, 0, 0));
    assert_true(is_well_at(&world, LATER + REPORT_SETTLE_MS, "4 hosts; db1 lacks 1 key so far"));
    assert_true(says(&world, US + 3, "db1", &before, LATER + 1 + REPORT_SETTLE_MS, 0, 0));
    assert_false(is_well_at(&world, LATER + 1 + REPORT_SETTLE_MS, ""));
    assert_true(says(&world, US + 3, "db1", &world.set, LATER + 2 + REPORT_SETTLE_MS, 0, 0));
    assert_true(is_well_at(&world, LATER + 2 + REPORT_SETTLE_MS, "all hold the same 7 keys"));
    world_close(&world);
}

/* Where most others are ahead, it is our clock that is odd. */
static void
test_own_clock(void **state)
{
    static const char *const names[] = {"us", "a", "b", "c"};
    struct world world;
    struct report_farm farm;
    json_t *answer;

    (void)state;
    assert_true(world_open(&world));
    for (uint64_t i = 0; i < 4; i++)
        for (uint64_t at = LATER - 1; at <= LATER; at++)
            assert_true(says(&world, US + i, names[i], &world.set, at, 90000,
                             i == 0 ? FLEET_ENGINES_MAX : 0));
    farm = farm_in(&world);
    answer = report_fleet(&farm, NULL, SIZE_MAX, time_at(LATER));
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(json_is_true(json_object_get(host_named(answer, names[i]), "clock_odd")),
                         i == 0);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(answer, "farm"), "clock_ms")), 90000);
    json_decref(answer);
    world_close(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_well),
        cmocka_unit_test(test_trouble),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_holds),
        cmocka_unit_test(test_own_clock),
        cmocka_unit_test(test_change_on_its_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
