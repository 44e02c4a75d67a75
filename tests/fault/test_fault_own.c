/* Whichever allocation or system call fails while a program makes a ring of its own, reads it,
 * rotates and closes it, alone or with all that follow: there is a strong key or none, the error
 * says so, and once nothing fails any more a key seals again. R-LOCAL-5. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stek/stek.h>

#include "base/secret.h"
#include "fault.h"
#include "ring_support.h"

#define HOUR 3600U

struct own {
    struct stek_ring *ring; /* one that was made while nothing failed */
    uint64_t now;
    bool (*open)(struct stek_ring **ring);
};

static bool
open_local(struct stek_ring **ring)
{
    return stek_ring_local(ring, NULL) == STEK_OK;
}

static enum stek_status
give(void *ctx, struct stek_key *key, const struct stek_request *request, uint64_t now)
{
    uint64_t rng = 1;

    (void)ctx, (void)request;
    rng_fill(&rng, key->name, sizeof key->name);
    rng_fill(&rng, key->secret, sizeof key->secret);
    key->seal_until = now + HOUR;
    key->open_until = now + HOUR;
    return STEK_OK;
}

static enum stek_status
give_named(void *ctx, struct stek_key *key, const uint8_t name[STEK_NAME_LEN],
           const struct stek_request *request, uint64_t now)
{
    (void)name;
    return give(ctx, key, request, now);
}

static bool
open_custom(struct stek_ring **ring)
{
    STEK_CALLBACKS(callbacks);

    callbacks.sealing_key = give;
    callbacks.opening_key = give_named;
    return stek_ring_custom(ring, &callbacks, NULL) == STEK_OK;
}

/* NULL, or what is wrong with the key that seals; with `must`, there has to be one. */
static const char *
look(struct stek_ring *ring, uint64_t now, bool must)
{
    STEK_KEY(key);
    STEK_KEY(again);
    int renew;
    enum stek_status status = stek_ring_sealing_key(ring, &key, now);

    if (status != STEK_OK)
        return must                    ? "no key seals"
               : status == STEK_SYSTEM ? NULL
                                       : "a failure of the system is told as another";
    if (secret_is_weak(key.secret, sizeof key.secret))
        return "a weak key seals";
    return stek_ring_opening_key(ring, &again, &renew, key.name, now) == STEK_OK
               ? NULL
               : "a key seals that does not open";
}

static const char *
begin(void *arg)
{
    struct own *own = arg;

    stek_ring_close(&own->ring);
    own->now = stek_now();
    return own->open(&own->ring) ? look(own->ring, own->now, true) : "no ring can be made any more";
}

/* A new ring; and one from before, on which hours have gone by. */
static const char *
work(void *arg)
{
    struct own *own = arg;
    struct stek_ring *ring = NULL;
    const char *wrong = NULL;

    if (own->open(&ring))
        wrong = look(ring, own->now, false);
    else if (ring != NULL)
        wrong = "a ring though it could not be made";
    stek_ring_close(&ring);
    for (int hours = 0; hours < 3 && wrong == NULL; hours++) {
        own->now += HOUR;
        wrong = look(own->ring, own->now, false);
    }
    return wrong;
}

static const char *
end(void *arg)
{
    struct own *own = arg;

    own->now += HOUR;
    return look(own->ring, own->now, true);
}

static void
test_local(void **state)
{
    const struct fault_case using = {begin, work, end, NULL};
    struct own own = {.open = open_local};
    size_t calls;

    (void)state;
    assert_int_equal(fault_each(&using, &own, &calls), 0);
    assert_true(calls > 10);
    stek_ring_close(&own.ring);
}

static void
test_custom(void **state)
{
    const struct fault_case using = {begin, work, end, NULL};
    struct own own = {.open = open_custom};
    size_t calls;

    (void)state;
    assert_int_equal(fault_each(&using, &own, &calls), 0);
    assert_true(calls > 0);
    stek_ring_close(&own.ring);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_local),
        cmocka_unit_test(test_custom),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
