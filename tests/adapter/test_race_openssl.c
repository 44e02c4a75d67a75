/* Many threads shake hands with one SSL_CTX while the ring's writer rotates and revokes: each
 * handshake succeeds, and a ticket of a key that is in the ring all the time resumes. For
 * ThreadSanitizer too. */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "driver_openssl.h"
#include "suite.h"

#define THREADS 8
#define SHAKES 250 /* of each thread */

struct work {
    struct run run;
    void *server;
    atomic_int *failed;
    atomic_int *resumed;
    atomic_int *shaken;
};

/* A chain of resumptions; some with other names, which must not resume. */
static void *
shake(void *arg)
{
    struct work *work = arg;
    struct got last = {0};

    for (int i = 0; i < SHAKES; i++) {
        bool other = i % 10 == 9;
        struct got got =
            suite_shake(&work->run, work->server, other ? "b.example" : "a.example", last.session);

        (void)atomic_fetch_add(work->shaken, 1);
        if (!got.done || (other && got.resumed))
            (void)atomic_fetch_add(work->failed, 1);
        if (got.resumed)
            (void)atomic_fetch_add(work->resumed, 1);
        if (other || got.session == NULL) {
            client_done(&got); /* TLS 1.2 goes on with the ticket that it has */
        } else {
            client_done(&last);
            last = got;
        }
    }
    client_done(&last);
    return NULL;
}

/* Key 0 stays; one after another the others come to seal and are revoked, and in between the ring
 * is written all the time. */
static bool
disturb(struct farm *farm, const atomic_int *shaken)
{
    for (unsigned id = 1; id < FARM_KEYS; id++) {
        while (atomic_load(shaken) < (int)(THREADS * SHAKES * id / FARM_KEYS)) {
            farm->policy.rotate_s ^= 1; /* something that differs */
            if (!farm_write(farm))
                return false;
            (void)sched_yield(); /* always 0 */
        }
        if (!farm_seal(farm, id, (int)id - 10) || (id > 1 && !farm_revoke(farm, id - 1)))
            return false;
    }
    return true;
}

static void
test_threads(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    atomic_int failed = 0, resumed = 0, shaken = 0;
    struct farm farm;
    struct stek_ring *ring;
    struct work works[THREADS];
    pthread_t threads[THREADS];
    void *server;
    bool disturbed;

    (void)state;
    assert_true(farm_init(&farm));
    assert_true(farm_begin(&farm));
    assert_true(farm_seal(&farm, 0, -10));
    assert_int_equal(stek_ring_open(&ring, farm.path), STEK_OK);
    server = driver_openssl.server_new(&suite_plain, ring);
    assert_non_null(server);
    for (int i = 0; i < THREADS; i++) {
        works[i] = (struct work){.run = {.driver = &driver_openssl, .version = versions[i % 2]},
                                 .server = server,
                                 .failed = &failed,
                                 .resumed = &resumed,
                                 .shaken = &shaken};
        assert_int_equal(pthread_create(&threads[i], NULL, shake, &works[i]), 0);
    }
    disturbed = disturb(&farm, &shaken);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_true(disturbed);
    assert_int_equal(atomic_load(&failed), 0);
    assert_true(atomic_load(&resumed) >= THREADS * SHAKES / 2);
    driver_openssl.server_free(server);
    stek_ring_close(&ring);
    farm_free(&farm);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
