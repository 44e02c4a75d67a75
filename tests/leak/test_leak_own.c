/* Rings of a program's own, local ones and those with callbacks behind them, leave no copy of a
 * secret on the stack or on the heap, whatever they are asked for; nor does a keyset whose times
 * are moved. The whole process is searched; a local ring's own memory, which is shared, is not, and
 * is gone when it is closed.
 *
 * That a lost wipe is seen was tried: without the one in image_slot_wipe() test_local fails, with a
 * key that does not wipe itself in custom.c test_custom does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stek/stek.h>

#include "needle.h"
#include "ring_support.h"

#define HOUR 3600U
#define DAYS 3 /* of rotations */

struct work {
    uint64_t seed;
    struct needle needle;
    struct stek_ring *ring;
    struct keyset set;
    uint64_t now;
    uint8_t name[STEK_NAME_LEN];
};

/* Read the key that seals, by name too, and past its end. */
static bool
use(void *arg)
{
    struct work *work = arg;
    int renew;
    STEK_KEY(key);
    STEK_KEY(again);

    if (stek_ring_sealing_key(work->ring, &key, work->now) != STEK_OK ||
        stek_ring_opening_key(work->ring, &again, &renew, key.name, work->now) != STEK_OK)
        return false;
    work->needle = needle_of(key.secret);
    memcpy(work->name, key.name, sizeof work->name);
    return true;
}

static bool
use_late(void *arg)
{
    struct work *work = arg;
    int renew;
    STEK_KEY(key);

    work->now += 30 * 24 * HOUR;
    return stek_ring_opening_key(work->ring, &key, &renew, work->name, work->now) == STEK_NO_KEY;
}

static bool
rotate(void *arg)
{
    struct work *work = arg;

    work->now += HOUR;
    return stek_ring_tick(work->ring, work->now) == STEK_OK;
}

static bool
close_ring(void *arg)
{
    struct work *work = arg;

    stek_ring_close(&work->ring);
    return true;
}

/* ---- local ---- */

static bool
open_local(void *arg)
{
    struct work *work = arg;

    work->now = stek_now();
    return stek_ring_local(&work->ring, NULL) == STEK_OK;
}

static void
test_local(void **state)
{
    struct work work = {.ring = NULL};
    size_t failed = 0;

    (void)state;
    assert_true(needle_deep(open_local, &work));
    for (unsigned i = 0; i < DAYS * 24; i++) {
        failed += !needle_deep(use, &work);
        failed += needle_everywhere(&work.needle) != 0;
        failed += !needle_deep(rotate, &work);
        failed += needle_everywhere(&work.needle) != 0;
    }
    assert_int_equal(failed, 0);
    assert_true(needle_deep(use, &work));
    assert_true(needle_deep(use_late, &work));
    assert_int_equal(needle_everywhere(&work.needle), 0);
    assert_true(needle_deep(close_ring, &work));
    assert_int_equal(needle_everywhere(&work.needle), 0);
}

/* ---- with callbacks ---- */

/* No copy of the secret is in the program: it is made anew each time. */
static enum stek_status
give(void *ctx, struct stek_key *key, uint64_t now)
{
    const struct work *work = ctx;
    uint64_t rng = work->seed;

    rng_fill(&rng, key->name, sizeof key->name);
    rng_fill(&rng, key->secret, sizeof key->secret);
    key->seal_until = now + HOUR;
    key->open_until = now + HOUR;
    return STEK_OK;
}

static enum stek_status
sealing(void *ctx, struct stek_key *key, const struct stek_request *request, uint64_t now)
{
    (void)request;
    return give(ctx, key, now);
}

static enum stek_status
opening(void *ctx, struct stek_key *key, const uint8_t name[STEK_NAME_LEN],
        const struct stek_request *request, uint64_t now)
{
    (void)request, (void)name;
    return give(ctx, key, now);
}

static bool
open_custom(void *arg)
{
    struct work *work = arg;
    STEK_CALLBACKS(callbacks);

    callbacks.sealing_key = sealing;
    callbacks.opening_key = opening;
    return stek_ring_custom(&work->ring, &callbacks, work) == STEK_OK;
}

/* Another name than the one that was asked for: the key is refused. */
static bool
ask_for_another(void *arg)
{
    struct work *work = arg;
    int renew;
    STEK_KEY(key);

    work->name[0] ^= 1;
    return stek_ring_opening_key(work->ring, &key, &renew, work->name, work->now) == STEK_NO_KEY;
}

static void
test_custom(void **state)
{
    struct work work = {.seed = rng_seed(), .now = 1000};

    (void)state;
    assert_true(needle_deep(open_custom, &work));
    assert_true(needle_deep(use, &work));
    assert_int_equal(needle_everywhere(&work.needle), 0);
    assert_true(needle_deep(ask_for_another, &work));
    assert_int_equal(needle_everywhere(&work.needle), 0);
    assert_true(needle_deep(close_ring, &work));
    assert_int_equal(needle_everywhere(&work.needle), 0);
}

/* ---- a keyset ---- */

static bool
add(void *arg)
{
    struct work *work = arg;
    KEY(key);

    key = key_of(1, 0);
    rng_fill(&work->seed, key.secret.bytes, sizeof key.secret.bytes);
    work->needle = needle_of(key.secret.bytes);
    return keyset_add(&work->set, &key, NOW_MS, NULL) == KEYSET_CHANGED;
}

static bool
shift(void *arg)
{
    struct work *work = arg;

    keyset_shift(&work->set, 7200);
    keyset_shift(&work->set, -3600);
    return work->set.key_count == 1;
}

static void
test_shift(void **state)
{
    struct work work = {.seed = rng_seed()};

    (void)state;
    assert_true(needle_deep(add, &work));
    assert_true(needle_deep(shift, &work));
    assert_int_equal(needle_everywhere(&work.needle), NEEDLE_RUNS);
    keyset_free(&work.set);
    assert_int_equal(needle_everywhere(&work.needle), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_local),
        cmocka_unit_test(test_custom),
        cmocka_unit_test(test_shift),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
