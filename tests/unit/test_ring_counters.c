/* What servers did is counted by cause and by key, over forks, for ever and without an end of the
 * table; the daemon reads it, whatever the file may hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stek/stek.h>
#include <sys/prctl.h>

#include "ring/counters.h"
#include "ring_support.h"

/* A folder with a place for the counters of www, whose path is in scratch.other. */
static bool
open_place(struct scratch *scratch)
{
    char count[96];

    if (!scratch_open(scratch))
        return false;
    (void)snprintf(count, sizeof count, "%s/count", scratch->folder);
    (void)snprintf(scratch->other, sizeof scratch->other, "%s/count/www", scratch->folder);
    return mkdir(count, 0755) == 0 && mkdir(scratch->other, 0750) == 0;
}

/* Read the only file of counters. */
static bool
read_only_file(struct counters_total *out, bool *alive, const struct scratch *scratch)
{
    DIR *dir = opendir(scratch->other);
    const struct dirent *entry;
    char path[400] = "";

    while (dir != NULL && (entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.' && path[0] == '\0')
            (void)snprintf(path, sizeof path, "%s/%s", scratch->other, entry->d_name);
    if (dir != NULL)
        (void)closedir(dir);
    return path[0] != '\0' && counters_read(out, alive, path, NULL);
}

/* A ring on the clock of this machine: the first key seals, the second one is revoked. */
static bool
make_ring(const struct scratch *scratch, struct keyset *set)
{
    struct ring_writer writer;
    struct policy policy = ring_policy();
    struct ring_time now = {.boot_ms = sys_boot_ms(), .unix_ms = NOW_MS};
    bool done;

    if (!ring_keys(set, 2) || !ring_writer_open(&writer, scratch->ring, 64, NO_GROUP, NULL))
        return false;
    done = keyset_revoke_name(set, set->keys[1].name, set->keys[1].open_until, NOW_MS, NULL) ==
               KEYSET_CHANGED &&
           ring_writer_store(&writer, set, &policy, 0, now, NULL);
    ring_writer_close(&writer);
    return done;
}

static void
test_causes_and_keys(void **state)
{
    struct scratch scratch;
    struct stek_ring *ring;
    struct counters_total total;
    uint64_t now = sys_boot_s();
    uint8_t unknown[STEK_NAME_LEN] = {1};
    bool alive = false;
    int renew;
    KEYSET(set);
    STEK_KEY(key);

    (void)state;
    assert_true(open_place(&scratch));
    assert_int_equal(prctl(PR_SET_NAME, "a server\x7f"), 0);
    assert_true(make_ring(&scratch, &set));
    assert_int_equal(stek_ring_open(&ring, scratch.ring), STEK_OK);
    assert_int_equal(stek_ring_opening_key(ring, &key, &renew, set.keys[0].name, now), STEK_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(stek_ring_opening_key(ring, &key, &renew, unknown, now), STEK_NO_KEY);
    for (int i = 0; i < 3; i++)
        assert_int_equal(stek_ring_opening_key(ring, &key, &renew, set.keys[1].name, now),
                         STEK_NO_KEY);
    for (int i = 0; i < 4; i++)
        assert_int_equal(
            stek_ring_opening_key(ring, &key, &renew, set.keys[0].name, now + 3600 + 43200),
            STEK_NO_KEY);
    stek_ring_count(ring, STEK_SEALED, set.keys[0].name);
    for (int i = 0; i < 5; i++)
        stek_ring_count(ring, STEK_OPENED, set.keys[0].name);
    stek_ring_count(ring, STEK_OPENED, unknown); /* counts, but for no key */
    stek_ring_count(ring, STEK_FULL_NO_KEY, NULL);
    stek_ring_count(ring, (enum stek_event)16, NULL);
    stek_ring_count(ring, (enum stek_event) - 1, NULL);
    assert_true(read_only_file(&total, &alive, &scratch));
    assert_true(alive);
    assert_int_equal(total.pid, getpid());
    assert_string_equal(total.program, "a?server?");
    assert_in_range(total.started_at, now, sys_boot_s());
    assert_int_equal(total.generation, 1);
    assert_int_equal(total.events[STEK_SEALED], 1);
    assert_int_equal(total.events[STEK_OPENED], 6);
    assert_int_equal(total.events[STEK_FULL_UNKNOWN], 2);
    assert_int_equal(total.events[STEK_FULL_REVOKED], 3);
    assert_int_equal(total.events[STEK_FULL_EXPIRED], 4);
    assert_int_equal(total.events[STEK_FULL_NO_KEY], 1);
    assert_int_equal(total.key_count, 1);
    assert_memory_equal(total.keys[0].id, set.keys[0].name, 8);
    assert_int_equal(total.keys[0].sealed, 1);
    assert_int_equal(total.keys[0].opened, 5);
    stek_ring_close(&ring);
    assert_true(read_only_file(&total, &alive, &scratch)); /* the last counts are not lost */
    assert_false(alive);
    assert_int_equal(total.events[STEK_OPENED], 6);
    scratch_close(&scratch);
}

/* No folder, no counting, no harm; it begins when there is one. */
static void
test_folder_comes_later(void **state)
{
    struct scratch scratch;
    struct stek_ring *ring;
    struct counters_total total;
    bool alive;
    KEYSET(set);

    (void)state;
    assert_true(open_place(&scratch));
    assert_int_equal(rmdir(scratch.other), 0);
    assert_true(make_ring(&scratch, &set));
    errno = 77;
    assert_int_equal(stek_ring_open(&ring, scratch.ring), STEK_OK);
    stek_ring_count(ring, STEK_SEALED, set.keys[0].name);
    assert_int_equal(errno, 77);
    assert_int_equal(mkdir(scratch.other, 0750), 0);
    assert_int_equal(stek_ring_tick(ring, RING_S), STEK_OK);
    assert_int_equal(stek_ring_tick(ring, RING_S), STEK_OK);
    stek_ring_count(ring, STEK_SEALED, set.keys[0].name);
    assert_true(read_only_file(&total, &alive, &scratch));
    assert_int_equal(total.events[STEK_SEALED], 1);
    stek_ring_close(&ring);
    scratch_close(&scratch);
}

static int
count_in_child(void *arg)
{
    for (int i = 0; i < 10000; i++)
        stek_ring_count(arg, STEK_OPENED, NULL);
    return 0;
}

static void
test_children_share(void **state)
{
    struct scratch scratch;
    struct stek_ring *ring;
    struct counters_total total;
    bool alive;
    KEYSET(set);
    pid_t children[3];
    int status;

    (void)state;
    assert_true(open_place(&scratch));
    assert_true(make_ring(&scratch, &set));
    assert_int_equal(stek_ring_open(&ring, scratch.ring), STEK_OK);
    for (int i = 0; i < 3; i++) {
        children[i] = child_fork();
        if (children[i] == 0)
            _exit(count_in_child(ring));
    }
    (void)count_in_child(ring);
    for (int i = 0; i < 3; i++)
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
    assert_true(read_only_file(&total, &alive, &scratch));
    assert_int_equal(total.events[STEK_OPENED], 40000);
    stek_ring_close(&ring);
    scratch_close(&scratch);
}

/* More keys than the table holds: those in use keep their place, those that are over give it up. */
static void
test_table_is_taken_over(void **state)
{
    struct scratch scratch;
    struct counters *counters;
    struct counters_total total;
    uint8_t name[STEK_NAME_LEN] = {0};
    size_t entered = 0;
    bool alive;

    (void)state;
    assert_true(open_place(&scratch));
    counters = counters_open(scratch.ring);
    assert_non_null(counters);
    for (unsigned round = 0; round < 3; round++)
        for (unsigned i = 0; i < 2 * COUNTERS_KEYS; i++) {
            name[0] = (uint8_t)i;
            name[1] = (uint8_t)(i >> 8);
            name[7] = (uint8_t)(round + 1);
            counters_enter(counters, name, 100 * (round + 1), 100 * round);
            if (counters_use(counters, STEK_SEALED, name, 100 * round))
                entered++;
        }
    assert_int_equal(entered, 3 * COUNTERS_KEYS); /* each round took over all of the last one's */
    assert_true(read_only_file(&total, &alive, &scratch));
    assert_int_equal(total.key_count, COUNTERS_KEYS);
    for (size_t i = 0; i < COUNTERS_KEYS; i++) {
        assert_int_equal(total.keys[i].id[7], 3);
        assert_int_equal(total.keys[i].sealed, 1);
        assert_int_equal(total.keys[i].last_at, 200);
    }
    memset(name, 0, 8); /* would be taken for a free entry */
    counters_enter(counters, name, 1000, 0);
    assert_false(counters_use(counters, STEK_SEALED, name, 0));
    counters_close(counters);
    counters_close(NULL);
    scratch_close(&scratch);
}

/* The file is another program's: whatever is in it, what comes out is numbers and plain text. */
static void
test_hostile_file(void **state)
{
    struct scratch scratch;
    uint64_t rng = rng_seed();
    static uint64_t words[sizeof(struct counters_file) / 8];
    struct counters_total total = {.pid = 42};
    bool alive = true;
    struct err err = {0};

    (void)state;
    assert_true(scratch_open(&scratch));
    for (int round = 0; round < 200; round++) {
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            words[i] = rng_next(&rng);
        words[0] = COUNTERS_MAGIC;
        words[1] = COUNTERS_VERSION;
        assert_true(file_make(scratch.ring, words, sizeof words, 0600));
        assert_true(counters_read(&total, &alive, scratch.ring, NULL));
        assert_false(alive);
        assert_int_equal(total.key_count, COUNTERS_KEYS);
        for (const char *at = total.program; *at != '\0'; at++)
            assert_in_range(*at, '!', '~');
    }
    total.pid = 42;
    words[1]++;
    assert_true(file_make(scratch.ring, words, sizeof words, 0600));
    assert_false(counters_read(&total, &alive, scratch.ring, &err));
    assert_non_null(strstr(err.text, "another version"));
    assert_true(file_make(scratch.ring, words, sizeof words - 8, 0600));
    assert_false(counters_read(&total, &alive, scratch.ring, &err));
    assert_int_equal(total.pid, 42);
    scratch_close(&scratch);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_causes_and_keys), cmocka_unit_test(test_folder_comes_later),
        cmocka_unit_test(test_children_share),  cmocka_unit_test(test_table_is_taken_over),
        cmocka_unit_test(test_hostile_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
