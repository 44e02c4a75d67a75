/* Local rings in virtual time: keys by epochs, for all that share the ring, after any idle time,
 * and with no randomness to be had. The ring's own code is compiled in, with a source of randomness
 * that can fail, and memory that can be searched. */
#include "sys/sys.h"

static _Bool random_fails;
static _Bool
test_random(void *out, size_t len)
{
    return !random_fails && sys_random(out, len);
}
#define sys_random test_random
#include "ring/local.c"
#undef sys_random

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "image_support.h"

#define ROTATE 100U
#define HELD (ROTATE / 4) /* how long a key seals where the next one is not there */
#define LIFETIME 250U
#define START ((uint64_t)100000)
#define EPOCHS 12
#define CHILDREN 8

static struct stek_ring *
make_ring(void)
{
    struct stek_ring *ring = NULL;
    STEK_POLICY(policy);

    policy.rotate = ROTATE;
    policy.lifetime = LIFETIME;
    return stek_ring_local(&ring, &policy) == STEK_OK ? ring : NULL;
}

/* How often a key's secret stands in the ring's memory. */
static size_t
copies(struct stek_ring *ring, const struct stek_key *key)
{
    const struct sys_map *map = &local_of(ring)->map;

    return memory_count(map->base, map->len, key->secret, 8);
}

static bool
opens(struct stek_ring *ring, const struct stek_key *want, int *renew, uint64_t now)
{
    STEK_KEY(key);

    return stek_ring_opening_key(ring, &key, renew, want->name, now) == STEK_OK &&
           memcmp(key.secret, want->secret, sizeof key.secret) == 0 &&
           key.open_until == want->open_until;
}

static void
test_policies(void **state)
{
    static const struct {
        uint64_t given[3], taken[3]; /* rotate, lifetime, max_session */
        enum stek_status status;
    } cases[] = {{{0, 0, 0}, {3600, 43200, 86400}, STEK_OK},
                 {{60, 600, 0}, {60, 600, 86400}, STEK_OK},
                 {{0, 604800, 0}, {3600, 604800, 604800}, STEK_OK},
                 {{0, 0, 600}, {3600, 600, 600}, STEK_OK},
                 {{0, 604801, 0}, {0}, STEK_BAD_ARGUMENT},
                 {{2592001, 0, 0}, {0}, STEK_BAD_ARGUMENT},
                 {{0, 0, 31536001}, {0}, STEK_BAD_ARGUMENT},
                 {{0, 601, 600}, {0}, STEK_BAD_ARGUMENT},
                 {{1, 604800, 0}, {0}, STEK_BAD_ARGUMENT}}; /* too many keys */
    struct stek_ring *ring = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        STEK_POLICY(policy);
        STEK_INFO(info);

        policy.rotate = cases[i].given[0];
        policy.lifetime = cases[i].given[1];
        policy.max_session = cases[i].given[2];
        errno = 77;
        assert_int_equal(stek_ring_local(&ring, &policy), cases[i].status);
        if (cases[i].status != STEK_OK) {
            assert_null(ring);
            continue;
        }
        assert_int_equal(stek_ring_info(ring, &info, START), STEK_OK);
        assert_int_equal(errno, 77);
        assert_int_equal(info.rotate, cases[i].taken[0]);
        assert_int_equal(info.lifetime, cases[i].taken[1]);
        assert_int_equal(info.max_session, cases[i].taken[2]);
        assert_int_equal(info.sealing, 1);
        assert_int_equal(info.keys, 1);
        policy.size--;
        stek_ring_close(&ring);
        assert_int_equal(stek_ring_local(&ring, &policy), STEK_BAD_ARGUMENT);
    }
    assert_int_equal(stek_ring_local(&ring, NULL), STEK_OK);
    assert_int_equal(stek_ring_tick(ring, START), STEK_OK);
    stek_ring_close(&ring);
}

/* R-LOCAL-1: at each second of twelve epochs, what seals, what opens, and what is still there. */
static void
test_epochs(void **state)
{
    struct stek_ring *ring = make_ring();
    struct stek_key keys[EPOCHS] = {{0}};

    (void)state;
    assert_non_null(ring);
    for (uint64_t now = START; now < START + EPOCHS * ROTATE; now++) {
        size_t epoch = (size_t)((now - START) / ROTATE);
        STEK_KEY(key);

        errno = 77;
        assert_int_equal(stek_ring_sealing_key(ring, &key, now), STEK_OK);
        assert_int_equal(errno, 77);
        if (now % ROTATE == 0)
            keys[epoch] = key;
        assert_memory_equal(&key, &keys[epoch], sizeof key);
        assert_int_equal(key.seal_until, START + (epoch + 1) * ROTATE + HELD);
        assert_int_equal(key.open_until, key.seal_until + LIFETIME);
        for (size_t i = 0; i <= epoch; i++) {
            bool alive = now < keys[i].open_until;
            int renew = 42;

            assert_int_equal(opens(ring, &keys[i], &renew, now), alive);
            assert_int_equal(renew, !alive ? 42 : i != epoch);
            assert_int_equal(copies(ring, &keys[i]), alive ? 2 : 0); /* one a half */
            assert_true(i == epoch || memcmp(keys[i].name, key.name, sizeof key.name) != 0);
        }
    }
    stek_ring_close(&ring);
}

/* R-LOCAL-4, R-LOCAL-1: whatever is called first after an idle time finds all in order. */
static void
test_idle(void **state)
{
    static const uint64_t idle[] = {ROTATE + HELD, 400, 3600, 86400, 31536000};
    struct stek_ring *ring = make_ring();
    uint64_t now = START;
    int renew;

    (void)state;
    assert_non_null(ring);
    for (size_t i = 0; i < 4 * sizeof idle / sizeof *idle; i++) {
        STEK_KEY(before);
        STEK_KEY(key);
        STEK_INFO(info);

        assert_int_equal(stek_ring_sealing_key(ring, &before, now), STEK_OK);
        now += idle[i / 4];
        if (i % 4 == 1)
            assert_int_equal(stek_ring_tick(ring, now), STEK_OK);
        if (i % 4 == 2)
            assert_int_equal(stek_ring_info(ring, &info, now), STEK_OK);
        if (i % 4 == 3)
            assert_int_equal(opens(ring, &before, &renew, now), now < before.open_until);
        assert_int_equal(copies(ring, &before), i % 4 == 0 || now < before.open_until ? 2 : 0);
        assert_int_equal(stek_ring_sealing_key(ring, &key, now), STEK_OK);
        assert_memory_not_equal(key.name, before.name, sizeof key.name);
        assert_true(key.seal_until > now);
        assert_int_equal(copies(ring, &before), now < before.open_until ? 2 : 0);
    }
    stek_ring_close(&ring);
}

/* Two handshakes that read the clock before and after an epoch began, after an idle time. */
static void
test_late_reader(void **state)
{
    struct stek_ring *ring = make_ring();
    STEK_KEY(key);
    STEK_KEY(late);

    (void)state;
    assert_non_null(ring);
    assert_int_equal(stek_ring_tick(ring, START), STEK_OK);
    assert_int_equal(stek_ring_sealing_key(ring, &key, START + 9 * ROTATE), STEK_OK);
    assert_int_equal(stek_ring_sealing_key(ring, &late, START + 9 * ROTATE - 1), STEK_OK);
    assert_memory_equal(&key, &late, sizeof key);
    assert_int_equal(stek_ring_sealing_key(ring, &late, UINT64_MAX), STEK_SYSTEM);
    assert_int_equal(stek_ring_sealing_key(ring, &late, START + 9 * ROTATE), STEK_OK);
    stek_ring_close(&ring);
}

/* R-LOCAL-5 */
static void
test_no_randomness(void **state)
{
    struct stek_ring *ring = make_ring();
    int renew;
    STEK_KEY(first);
    STEK_KEY(key);

    (void)state;
    assert_non_null(ring);
    random_fails = true;
    assert_int_equal(stek_ring_sealing_key(ring, &first, START), STEK_SYSTEM);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(stek_ring_tick(ring, START), STEK_SYSTEM);
    random_fails = false;
    assert_int_equal(stek_ring_sealing_key(ring, &first, START), STEK_OK);
    random_fails = true;
    for (uint64_t now = START + ROTATE; now < START + ROTATE + HELD; now++) {
        assert_int_equal(stek_ring_sealing_key(ring, &key, now), STEK_OK);
        assert_memory_equal(&key, &first, sizeof key);
        assert_int_equal(stek_ring_tick(ring, now), STEK_OK);
    }
    assert_int_equal(stek_ring_sealing_key(ring, &key, START + ROTATE + HELD), STEK_SYSTEM);
    assert_true(opens(ring, &first, &renew, START + ROTATE + HELD));
    assert_int_equal(copies(ring, &first), 2);
    assert_false(opens(ring, &first, &renew, first.open_until));
    assert_int_equal(copies(ring, &first), 0);
    random_fails = false;
    assert_int_equal(stek_ring_sealing_key(ring, &key, first.open_until), STEK_OK);
    assert_memory_not_equal(key.name, first.name, sizeof key.name);
    stek_ring_close(&ring);
}

/* ---- processes ---- */

struct family {
    _Atomic uint64_t ready, epoch, done, wrong;
    struct stek_key keys[CHILDREN][EPOCHS];
};

static int
child(struct family *family, struct stek_ring *ring, size_t id)
{
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
        uint64_t now = START + epoch * ROTATE;

        family->ready++;
        while (family->epoch <= epoch)
            sys_yield();
        family->keys[id][epoch].size = sizeof(struct stek_key);
        /* the new one; or the last, or none (R-LOCAL-4), while another child is at it */
        if (stek_ring_sealing_key(ring, &family->keys[id][epoch], now) > STEK_NO_KEY)
            family->wrong++;
        family->done++;
        while (family->done < (epoch + 1) * CHILDREN)
            sys_yield();
        if (stek_ring_sealing_key(ring, &family->keys[id][epoch], now) != STEK_OK)
            family->wrong++;
    }
    stek_ring_close(&ring);
    return 0;
}

/* R-LOCAL-2: eight children come at once for the first key of each epoch. All get the same one, and
 * it was one change of the ring. */
static void
test_children(void **state)
{
    struct stek_ring *ring = make_ring();
    struct sys_map map = {0};
    struct family *family;
    pid_t pids[CHILDREN];
    int status;

    (void)state;
    assert_non_null(ring);
    assert_true(sys_map_anonymous(&map, sizeof *family));
    family = map.base;
    for (size_t i = 0; i < CHILDREN; i++) {
        pids[i] = child_fork();
        if (pids[i] == 0)
            _exit(child(family, ring, i));
        assert_true(pids[i] > 0);
    }
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
        STEK_INFO(info);

        while (family->ready < (epoch + 1) * CHILDREN)
            sys_yield();
        family->epoch++;
        while (family->done < (epoch + 1) * CHILDREN)
            sys_yield();
        assert_int_equal(stek_ring_info(ring, &info, START + epoch * ROTATE), STEK_OK);
        assert_int_equal(info.generation, epoch + 1);
    }
    for (size_t i = 0; i < CHILDREN; i++) {
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
        assert_memory_equal(family->keys[i], family->keys[0], sizeof family->keys[0]);
    }
    assert_int_equal(family->wrong, 0);
    sys_unmap(&map);
    stek_ring_close(&ring);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policies),      cmocka_unit_test(test_epochs),
        cmocka_unit_test(test_idle),          cmocka_unit_test(test_late_reader),
        cmocka_unit_test(test_no_randomness), cmocka_unit_test(test_children),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
