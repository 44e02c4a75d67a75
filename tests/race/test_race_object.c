/* One struct stek_ring in many threads: keys, counts, references and ticks, while the ring's file
 * is made anew under them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stek/stek.h>

#include "ring_support.h"

#define THREADS 3
#define ROUNDS 20
#define DEADLINE_S 250

struct race {
    struct stek_ring *ring;
    uint8_t name[STEK_NAME_LEN];
    uint8_t secret[STEK_SECRET_LEN];
    atomic_bool stop;
    _Atomic uint64_t opened, wrong;
};

static void *
use(void *arg)
{
    struct race *race = arg;

    while (!race->stop) {
        struct stek_ring *ring = stek_ring_ref(race->ring);
        enum stek_status ticked;
        int renew = 0;
        STEK_KEY(key);
        STEK_INFO(info);

        ticked = stek_ring_tick(ring, RING_S);
        if ((ticked != STEK_OK && ticked != STEK_NO_RING) || /* between two files there is none */
            stek_ring_info(ring, &info, RING_S) != STEK_OK)
            race->wrong++;
        if (stek_ring_opening_key(ring, &key, &renew, race->name, RING_S) == STEK_OK) {
            if (memcmp(key.secret, race->secret, sizeof key.secret) != 0)
                race->wrong++;
            race->opened++;
            stek_ring_count(ring, STEK_OPENED, key.name);
        }
        stek_ring_close(&ring);
    }
    return NULL;
}

/* Until the threads have opened something once more; false if that takes for ever. */
static bool
wait_for_more(struct race *race)
{
    uint64_t before = race->opened;
    struct timespec start, now, a_moment = {.tv_nsec = 100000};

    (void)clock_gettime(CLOCK_MONOTONIC, &start); /* always there */
    do {
        (void)nanosleep(&a_moment, NULL); /* looked at again in any case */
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
    } while (race->opened < before + 2 * THREADS && now.tv_sec - start.tv_sec < DEADLINE_S);
    return race->opened >= before + 2 * THREADS;
}

static bool
make_anew(const struct scratch *scratch, const struct keyset *set, uint32_t capacity)
{
    struct ring_writer writer;
    bool done = (unlink(scratch->ring) == 0 || errno == ENOENT) &&
                ring_writer_open(&writer, scratch->ring, capacity, NO_GROUP, NULL) &&
                ring_store(&writer, set, 0);

    if (done)
        ring_writer_close(&writer);
    return done;
}

static void
test_made_anew_under_threads(void **state)
{
    struct scratch scratch;
    struct race race = {.stop = false};
    pthread_t threads[THREADS];
    char path[120];
    bool moved = true, made = true;
    KEYSET(set);

    (void)state;
    assert_true(scratch_open(&scratch));
    (void)snprintf(path, sizeof path, "%s/count", scratch.folder);
    assert_int_equal(mkdir(path, 0755), 0);
    (void)snprintf(path, sizeof path, "%s/count/www", scratch.folder);
    assert_int_equal(mkdir(path, 0750), 0);
    assert_true(ring_keys(&set, 2));
    memcpy(race.name, set.keys[1].name, sizeof race.name);
    memcpy(race.secret, set.keys[1].secret.bytes, sizeof race.secret);
    assert_true(make_anew(&scratch, &set, 16));
    assert_int_equal(stek_ring_open(&race.ring, scratch.ring), STEK_OK);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use, &race), 0);
    for (uint32_t i = 0; i < ROUNDS && moved && made; i++) {
        moved = wait_for_more(&race);
        made = make_anew(&scratch, &set, 16 + 40 * i);
    }
    race.stop = true;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_true(moved);
    assert_true(made);
    assert_int_equal(race.wrong, 0);
    stek_ring_close(&race.ring);
    scratch_close(&scratch);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made_anew_under_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
