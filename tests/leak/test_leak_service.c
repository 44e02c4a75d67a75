/* stekd's service makes, rotates, revokes and wipes keys, and leaves no copy of a secret on the
 * stack or on the heap but in its keyset. The whole process is searched.
 *
 * That a lost wipe is seen was tried: without the wipe in items_free() both tests fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "needle.h"
#include "service_support.h"

#define MADE_MAX 64

/* A source has no argument: what it made, told by needles. */
static struct {
    struct needle needles[MADE_MAX];
    size_t count;
} made;

static bool
get_noted(struct key_material *fresh, struct err *err)
{
    if (made.count >= MADE_MAX || !source_random.get(fresh, err))
        return false;
    made.needles[made.count++] = needle_of(fresh->secret.bytes);
    return true;
}

static const struct source_kind noted = {.name = "noted", .summary = "", .get = get_noted};

/* True if each secret that was made is nowhere, or once, in the keyset. */
static bool
is_clean(const struct service *service)
{
    bool clean = true;

    for (size_t i = 0; i < made.count; i++) {
        size_t here = service == NULL ? 0
                                      : needle_in(&made.needles[i], service->set.keys,
                                                  service->set.key_cap * sizeof(struct key));
        size_t everywhere = needle_everywhere(&made.needles[i]);

        if (everywhere != here || (here != 0 && here != NEEDLE_RUNS)) {
            printf("# secret %zu of %zu: %zu runs, %zu in the keyset\n", i + 1, made.count,
                   everywhere, here);
            clean = false;
        }
    }
    return clean && made.count > 0;
}

static bool
rotate(void *arg)
{
    struct world *world = arg;
    KEY(key);

    return service_rotate(world->service, &key, world->now, NULL) == SERVICE_DONE;
}

static bool
revoke_all(void *arg)
{
    struct world *world = arg;
    const struct revoke_order order = {.all = true};
    struct revoke_result result = {0};
    bool done = service_revoke(world->service, &result, &order, world->now, NULL) == SERVICE_DONE;

    revoke_result_free(&result);
    return done;
}

static bool
a_day(void *arg)
{
    run(arg, 20 * 3600 * 1000);
    return true;
}

static bool
again(void *arg)
{
    return restart(arg, NULL);
}

static bool
begin(void *arg)
{
    struct world *world = arg;

    if (!world_open(world, RING_CAPACITY_DEFAULT))
        return false;
    world->service->source = &noted;
    return true;
}

static bool
end(void *arg)
{
    struct world *world = arg;

    service_retire(&world->service, world->now);
    return true;
}

static void
test_life(void **state)
{
    static struct world world; /* large */

    (void)state;
    assert_true(needle_deep(begin, &world));
    assert_true(needle_deep(rotate, &world));
    assert_true(is_clean(world.service));
    assert_true(needle_deep(a_day, &world));
    assert_true(made.count > 10);
    assert_true(is_clean(world.service));
    world.env.source = &noted;
    assert_true(needle_deep(again, &world));
    assert_true(is_clean(world.service));
    assert_true(needle_deep(rotate, &world));
    assert_true(needle_deep(revoke_all, &world));
    assert_true(is_clean(world.service));
    assert_true(needle_deep(end, &world));
    assert_true(is_clean(NULL));
    world_close(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
