/* A local ring in many threads while time goes on and children are forked in the middle of it: the
 * key of an epoch is one and the same for all, and nobody is ever without one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stek/stek.h>

#include "ring_support.h"

#define THREADS 3
#define EPOCHS 300
#define FORKS 20
#define ROTATE 10U
#define START ((uint64_t)100000)

/* In memory that children share. */
struct race {
    struct stek_ring *ring;
    _Atomic uint64_t now, wrong, count;
    _Atomic uint64_t seen[THREADS]; /* the time that each has come to */
    _Atomic uint64_t names[EPOCHS]; /* the first 8 bytes of the key that seals in each epoch */
};

/* Seal and open once, and count what is not as it should be. Returns the time that was used. */
static uint64_t
use_once(struct race *race)
{
    uint64_t now = race->now, none = 0, name;
    size_t epoch;
    int renew;
    STEK_KEY(key);
    STEK_KEY(same);

    if (stek_ring_sealing_key(race->ring, &key, now) != STEK_OK || now >= key.seal_until ||
        stek_ring_opening_key(race->ring, &same, &renew, key.name, now) != STEK_OK ||
        memcmp(key.secret, same.secret, sizeof key.secret) != 0) {
        race->wrong++;
        return now;
    }
    epoch = (size_t)((key.seal_until - ROTATE / 4 - START) / ROTATE) - 1;
    memcpy(&name, key.name, sizeof name);
    if (epoch < EPOCHS && !atomic_compare_exchange_strong(&race->names[epoch], &none, name) &&
        none != name)
        race->wrong++;
    return now;
}

static void *
use(void *arg)
{
    struct race *race = arg;
    size_t id = race->count++;

    while (race->seen[id] < START + (EPOCHS - 1) * ROTATE)
        race->seen[id] = use_once(race);
    return NULL;
}

static int
use_in_child(void *arg)
{
    for (int i = 0; i < 50; i++)
        (void)use_once(arg);
    return 0;
}

static void
test_threads_and_forks(void **state)
{
    struct sys_map map = {0};
    struct race *race;
    pthread_t threads[THREADS];
    STEK_POLICY(policy);

    (void)state;
    assert_true(sys_map_anonymous(&map, sizeof *race));
    race = map.base;
    race->now = START;
    policy.rotate = ROTATE;
    policy.lifetime = 5 * ROTATE;
    assert_int_equal(stek_ring_local(&race->ring, &policy), STEK_OK);
    assert_int_equal(stek_ring_tick(race->ring, START), STEK_OK);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use, race), 0);
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
        race->now = START + epoch * ROTATE;
        if (epoch % (EPOCHS / FORKS) == 0 && child_run(use_in_child, race, 0) != 0)
            race->wrong++;
        for (int i = 0; i < THREADS; i++)
            while (race->seen[i] < race->now)
                (void)use_once(race);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(race->wrong, 0);
    stek_ring_close(&race->ring);
    sys_unmap(&map);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_and_forks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
