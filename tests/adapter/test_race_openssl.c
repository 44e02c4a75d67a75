/* Many threads shake hands with one SSL_CTX while the ring's writer rotates and revokes, slowly and
 * 100 times a second, or while it is attached again and other contexts come and go: each handshake
 * succeeds, and a ticket of a key that is in the ring all the time resumes, one of a key that was
 * revoked before does not. For the sanitizers too. */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <stek/openssl.h>
#include <string.h>

#include "driver_openssl.h"
#include "race_keys.h"
#include "suite.h"

#define THREADS 8
#define SHAKES 250 /* of each thread */

struct work {
    struct run run;
    void *server;
    struct race_keys *keys;
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

/* As long as keys come. */
static void *
shake_fast(void *arg)
{
    struct work *work = arg;
    struct got last = {0};

    for (int i = 0; atomic_load(&work->keys->made) < RACE_KEYS || i < 3; i++) {
        const unsigned key = last.session == NULL ? RACE_KEYS : race_keys_which(work->keys, &last);
        const unsigned revoked = atomic_load(&work->keys->revoked);
        struct got got = suite_shake(&work->run, work->server, "a.example", last.session);

        if (race_keys_is_wrong(work->keys, key, revoked, &got))
            (void)atomic_fetch_add(work->failed, 1);
        if (got.resumed)
            (void)atomic_fetch_add(work->resumed, 1);
        if (got.session == NULL) {
            client_done(&got);
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

/* Two rings take turns, of the same keys, while contexts come and go. */
static bool
attach_again(struct openssl_server *server, struct stek_ring *const rings[2],
             const atomic_int *shaken)
{
    for (int i = 0; atomic_load(shaken) < THREADS * SHAKES; i++) {
        SSL_CTX *other = SSL_CTX_new(TLS_server_method());
        bool attached = other != NULL && driver_openssl.server_attach(server, rings[i % 2]) &&
                        stek_openssl_attach(other, rings[i % 2], NULL) == STEK_OK;

        (void)sched_yield(); /* always 0 */
        SSL_CTX_free(other);
        if (!attached)
            return false;
    }
    return true;
}

/* ---- the threads ---- */

struct crowd {
    atomic_int failed, resumed, shaken;
    struct work works[THREADS];
    pthread_t threads[THREADS];
    int started;
};

static bool
crowd_start(struct crowd *crowd, void *server, struct race_keys *keys)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

    for (int i = 0; i < THREADS; i++, crowd->started++) {
        crowd->works[i] =
            (struct work){.run = {.driver = &driver_openssl, .version = versions[i % 2]},
                          .server = server,
                          .keys = keys,
                          .failed = &crowd->failed,
                          .resumed = &crowd->resumed,
                          .shaken = &crowd->shaken};
        if (pthread_create(&crowd->threads[i], NULL, keys == NULL ? shake : shake_fast,
                           &crowd->works[i]) != 0)
            return false;
    }
    return true;
}

static bool
crowd_join(struct crowd *crowd)
{
    for (int i = 0; i < crowd->started; i++)
        if (pthread_join(crowd->threads[i], NULL) != 0)
            return false;
    return crowd->started == THREADS;
}

/* ---- tests ---- */

static int
setup(void **state)
{
    static struct farm farm;

    *state = &farm;
    return farm_init(&farm) && farm_begin(&farm) && farm_seal(&farm, 0, -10) ? 0 : -1;
}

static int
teardown(void **state)
{
    farm_free(*state);
    return 0;
}

static void
test_threads(void **state)
{
    struct farm *farm = *state;
    struct crowd crowd = {.started = 0};
    struct stek_ring *ring;
    void *server;
    bool disturbed;

    assert_int_equal(stek_ring_open(&ring, farm->path), STEK_OK);
    server = driver_openssl.server_new(&suite_plain, ring);
    assert_non_null(server);
    assert_true(crowd_start(&crowd, server, NULL));
    disturbed = disturb(farm, &crowd.shaken);
    assert_true(crowd_join(&crowd));
    assert_true(disturbed);
    assert_int_equal(atomic_load(&crowd.failed), 0);
    assert_true(atomic_load(&crowd.resumed) >= THREADS * SHAKES / 2);
    driver_openssl.server_free(server);
    stek_ring_close(&ring);
}

static void
test_fast(void **state)
{
    struct farm *farm = *state;
    struct crowd crowd = {.started = 0};
    struct race_keys *keys = calloc(1, sizeof *keys);
    struct stek_ring *ring;
    void *server;
    bool rotated;

    assert_non_null(keys);
    assert_int_equal(stek_ring_open(&ring, farm->path), STEK_OK);
    server = driver_openssl.server_new(&suite_plain, ring);
    assert_non_null(server);
    assert_true(crowd_start(&crowd, server, keys));
    rotated = race_keys_rotate(farm, keys);
    if (!rotated)
        atomic_store(&keys->made, RACE_KEYS); /* or nobody ends */
    assert_true(crowd_join(&crowd));
    assert_true(rotated);
    assert_int_equal(atomic_load(&crowd.failed), 0);
    assert_true(atomic_load(&crowd.resumed) > 30); /* of thousands */
    driver_openssl.server_free(server);
    stek_ring_close(&ring);
    free(keys);
}

/* Begins without a key. */
static int
setup_empty(void **state)
{
    static struct farm farm;

    *state = &farm;
    return farm_init(&farm) && farm_begin(&farm) ? 0 : -1;
}

static void
test_attached_again(void **state)
{
    const struct farm *farm = *state;
    struct crowd crowd = {.started = 0};
    struct stek_ring *rings[2];
    void *server;
    bool attached;

    for (int i = 0; i < 2; i++)
        assert_int_equal(stek_ring_open(&rings[i], farm->path), STEK_OK);
    server = driver_openssl.server_new(&suite_plain, rings[0]);
    assert_non_null(server);
    assert_true(crowd_start(&crowd, server, NULL));
    attached = attach_again(server, rings, &crowd.shaken);
    assert_true(crowd_join(&crowd));
    assert_true(attached);
    assert_int_equal(atomic_load(&crowd.failed), 0);
    assert_true(atomic_load(&crowd.resumed) >= THREADS * SHAKES / 2);
    driver_openssl.server_free(server);
    for (int i = 0; i < 2; i++)
        stek_ring_close(&rings[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_threads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fast, setup_empty, teardown),
        cmocka_unit_test_setup_teardown(test_attached_again, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
