/* Hosts of a farm say and take keys for days, and leave no copy of a secret on stack or heap: keys
 * are in their keysets, the farm's secret is where members have it, and when all are closed there
 * is neither. What a host learnt was in letters that it opened.
 *
 * That a lost wipe is seen was tried: without the one of letters, or of the farm, it fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "member_support.h"
#include "needle.h"

#define MADE_MAX 200U
#define DAYS 8U

static struct {
    struct needle keys[MADE_MAX];
    size_t count;
    struct needle days[DAYS]; /* of the farm's secret */
} made;

static bool
get_noted(struct key_material *fresh, struct err *err)
{
    if (made.count >= MADE_MAX || !source_random.get(fresh, err))
        return false;
    made.keys[made.count++] = needle_of(fresh->secret.bytes);
    return true;
}

static const struct source_kind noted = {.name = "noted", .summary = "", .get = get_noted};

/* So many runs of it where it may be: in keysets, or as `is_day` in members. */
static size_t
count_allowed(const struct farm_world *world, const struct needle *needle, bool is_day)
{
    size_t found = 0;

    for (size_t i = 0; i < world->count; i++) {
        const struct service *service = world->hosts[i].service;

        if (service == NULL)
            continue;
        found += is_day ? needle_in(needle, &service->member->farm, sizeof service->member->farm)
                        : needle_in(needle, service->set.keys,
                                    service->set.key_cap * sizeof(struct key));
    }
    return found;
}

static bool
is_clean(const struct farm_world *world)
{
    bool clean = true;

    for (size_t i = 0; i < made.count + DAYS; i++) {
        bool is_day = i >= made.count;
        const struct needle *needle = is_day ? &made.days[i - made.count] : &made.keys[i];
        size_t allowed = count_allowed(world, needle, is_day), found = needle_everywhere(needle);

        if (found != allowed)
            printf("# %s %zu: %zu runs, %zu of them where they may be\n",
                   is_day ? "farm day" : "key", is_day ? i - made.count : i, found, allowed);
        clean = clean && found == allowed;
    }
    return clean && made.count > 0;
}

static bool
begin(void *arg)
{
    struct farm_world *world = farm_open(2);
    bool ok = world != NULL;

    (void)arg;
    for (size_t i = 0; ok && i < DAYS; i++) {
        SECRET(secret);

        ok = farm_secret(&world->farm, &secret, world->farm.first.number + i);
        made.days[i] = needle_of(secret.bytes);
    }
    if (world == NULL)
        return false;
    farm_wipe(&world->farm); /* the hosts have it on disk */
    for (size_t i = 0; i < world->count; i++)
        world->hosts[i].env.source = &noted;
    return ok && farm_begin(world);
}

static bool
live(void *arg)
{
    struct farm_world *world = arg;
    uint8_t name[KEY_NAME_LEN];

    farm_run(world, DAY_MS);
    return order_rotate(&world->hosts[0], name) == SERVICE_DONE && (farm_pump(world), true) &&
           order_revoke(&world->hosts[1], name) == SERVICE_DONE && (farm_pump(world), true);
}

/* What comes while records cannot be taken in is dropped with what was in it. */
static bool
refuse(void *arg)
{
    struct farm_world *world = arg;
    uint8_t name[KEY_NAME_LEN];

    world->hosts[1].ahead_ms = -20 * (int64_t)MINUTE_MS; /* keys made now are too far ahead */
    world->hosts[0].ahead_ms = -9 * (int64_t)MINUTE_MS;
    if (order_rotate(&world->hosts[0], name) != SERVICE_DONE)
        return false;
    farm_pump(world);
    world->hosts[0].ahead_ms = world->hosts[1].ahead_ms = 0;
    return true;
}

static bool
restart(void *arg)
{
    struct farm_world *world = arg;

    host_close(&world->hosts[1]);
    return host_open(&world->hosts[1]) && (farm_run(world, HOUR_IN_MS), true);
}

static bool
end(void *arg)
{
    struct farm_world *world = arg;
    uint8_t name[KEY_NAME_LEN];
    bool ok = order_rotate(&world->hosts[0], name) == SERVICE_DONE;

    (void)event_base_loop(loop_base(world->loop), EVLOOP_NONBLOCK); /* a letter is on its way */
    for (size_t i = 0; i < world->count; i++)
        host_close(&world->hosts[i]);
    return ok;
}

static void
test_life(void **state)
{
    struct farm_world *world = &the_world;

    (void)state;
    assert_true(needle_deep(begin, NULL));
    assert_true(is_clean(world));
    for (size_t i = 0; i < DAYS - 3; i++)
        assert_true(needle_deep(live, world));
    assert_true(is_clean(world));
    assert_true(made.count > 24 * (DAYS - 3));
    assert_int_equal(count_allowed(world, &made.days[0], true), 0); /* it is over */
    assert_true(needle_deep(refuse, world));
    assert_true(is_clean(world));
    assert_true(needle_deep(restart, world));
    assert_true(is_clean(world));
    assert_true(farm_agrees(world));
    assert_true(needle_deep(end, world));
    assert_true(is_clean(world));
    farm_close(world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_life)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
