/* R-RING-1: readers in other threads and in other processes, at a ring that one writer changes as
 * fast as it can, get whole slots or none. Every slot carries one number in all of its words; a
 * copy in which they differ is torn. Slots come, go and move all the time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "image_support.h"

#define NAMES 4U
#define READS 100000U
#define THREADS 3
#define PROCESSES 2
#define DEADLINE_S 250

/* In shared memory. */
struct race {
    struct image image;
    uint64_t names[NAMES + 8][2];
    atomic_bool stop;
    atomic_uint done;       /* readers that have seen enough */
    _Atomic uint64_t torn;  /* copies of two states */
    _Atomic uint64_t wrong; /* whole, but of another name or not the one that seals */
    _Atomic uint64_t hits, misses, versions;
};

/* All words but the name and the state are `version`, which also says who seals. */
static struct image_slot
versioned(const struct race *race, uint32_t name, uint64_t version)
{
    struct image_slot slot = {.open_until = UINT64_MAX - version,
                              .seal_from = 0,
                              .seal_until = UINT64_MAX - version,
                              .made_ms = version,
                              .unix_seal_from = version,
                              .unix_seal_until = version,
                              .unix_open_until = version,
                              .maker = version,
                              .flags = version};

    memcpy(slot.name, race->names[name], sizeof slot.name);
    for (size_t i = 0; i < sizeof slot.secret / sizeof version; i++)
        memcpy(slot.secret.bytes + i * sizeof version, &version, sizeof version);
    return slot;
}

/* One version: NAMES slots in use all the time, and one that comes and one that goes. */
static bool
write_version(struct race *race, uint64_t version)
{
    struct image_slot slots[NAMES + 1];
    struct image_state state = {.seal_count = 1};
    struct change change = {.puts = slots, .put_count = NAMES + 1, .state = &state};

    for (uint32_t i = 0; i < NAMES; i++)
        slots[i] = versioned(race, i, version);
    slots[NAMES] = versioned(race, NAMES + version % 8, version);
    if (version > 2)
        change.drop = (const uint8_t *)race->names[NAMES + (version - 2) % 8];
    memcpy(state.seals[0].name, slots[version % NAMES].name, 16);
    state.seals[0].until = UINT64_MAX;
    return image_change(&race->image, change_fill, &change);
}

static void
look(struct race *race, const struct image_slot *slot, uint32_t name, uint64_t *last)
{
    struct image_slot want = versioned(race, name, slot->maker);

    if (memcmp(slot->name, want.name, sizeof want.name) != 0)
        race->wrong++;
    else if (memcmp(slot, &want, sizeof want) != 0)
        race->torn++;
    race->hits++;
    if (slot->maker != *last)
        race->versions++;
    *last = slot->maker;
}

static bool
is_late(const struct timespec *start)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* always there */
    return now.tv_sec - start->tv_sec > DEADLINE_S;
}

/* Read until enough was read, and seen to change; true unless that takes for ever. */
static bool
read_on(struct race *race, uint64_t seed)
{
    uint64_t last = 0, versions = race->versions;
    struct timespec start;

    (void)clock_gettime(CLOCK_MONOTONIC, &start); /* always there */
    for (uint32_t i = 0; i < READS || race->versions < versions + 100; i++) {
        uint32_t name = (uint32_t)rng_below(&seed, NAMES);
        struct image_slot slot;
        bool other;

        if (image_find(&race->image, &slot, &other, (const uint8_t *)race->names[name], 1))
            look(race, &slot, name, &last);
        else
            race->misses++;
        if (image_sealing(&race->image, &slot, 1))
            look(race, &slot, slot.maker % NAMES, &last);
        if (i % 1024 == 0 && is_late(&start))
            return false;
    }
    race->done++;
    return true;
}

static bool
race_start(struct sys_map *map, struct race **race)
{
    uint64_t rng = rng_seed();

    if (!sys_map_anonymous(map, 4096 + image_len(SMALL)))
        return false;
    *race = map->base;
    image_format(&(*race)->image, (uint8_t *)map->base + 4096, SMALL, this_boot);
    for (size_t i = 0; i < NAMES + 8; i++) { /* in two crowds, so that slots move */
        struct image_slot slot = slot_at_home(&(*race)->image, &rng, i % 2 == 0 ? 3 : 30);

        memcpy((*race)->names[i], slot.name, sizeof slot.name);
    }
    return write_version(*race, 1);
}

/* Write until `readers` are done, or `stop` is set. */
static bool
write_on(struct race *race, unsigned readers)
{
    uint64_t version = 2;

    while (race->done < readers && !race->stop)
        if (!write_version(race, version++))
            return false;
    return true;
}

static void
tell(const struct race *race)
{
    print_message("# %llu flips, %llu reads, %llu gave up, %llu torn\n",
                  (unsigned long long)atomic_load(&race->image.header->flip),
                  (unsigned long long)race->hits, (unsigned long long)race->misses,
                  (unsigned long long)race->torn);
}

static bool
read_or_stop(struct race *race, uint64_t seed)
{
    if (read_on(race, seed))
        return true;
    race->stop = true;
    return false;
}

static void *
reader_thread(void *arg)
{
    (void)read_or_stop(arg, (uint64_t)(uintptr_t)&arg); /* stopping tells */
    return NULL;
}

static void
test_threads(void **state)
{
    struct sys_map map;
    struct race *race;
    pthread_t threads[THREADS];

    (void)state;
    assert_true(race_start(&map, &race));
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, reader_thread, race), 0);
    assert_true(write_on(race, THREADS));
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    tell(race);
    assert_false(race->stop);
    assert_int_equal(race->torn, 0);
    assert_int_equal(race->wrong, 0);
    assert_true(race->hits > READS);
    assert_true(halves_are_equal(&race->image));
    sys_unmap(&map);
}

static void
test_processes(void **state)
{
    struct sys_map map;
    struct race *race;
    pid_t pids[PROCESSES];
    int status;

    (void)state;
    assert_true(race_start(&map, &race));
    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = child_fork();
        if (pids[i] == 0)
            _exit(read_or_stop(race, (uint64_t)getpid()) ? 0 : 1);
    }
    assert_true(write_on(race, PROCESSES));
    for (int i = 0; i < PROCESSES; i++) {
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    tell(race);
    assert_int_equal(race->torn, 0);
    assert_int_equal(race->wrong, 0);
    assert_true(race->hits > READS);
    sys_unmap(&map);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_processes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
