/* Whichever allocation, system call or call of libcrypto fails while records come in and go out, or
 * while a host joins them: nothing is lost. What was ordered and done comes to all, what others say
 * is taken in, keys are confirmed, and no trouble is left, as soon as calls work again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fault.h"
#include "member_support.h"

#define PEER 3U /* a host that does not run, and has said something */

struct work {
    struct farm_world *world;
    bool is_rotated, is_revoked;
    uint8_t name[KEY_NAME_LEN], old[KEY_NAME_LEN], others[KEY_NAME_LEN];
};

/* The record of the peer, with a key that it made for the epoch after the next. */
static bool
plant(struct work *work)
{
    struct farm_world *world = work->world;
    const struct policy *policy = &world->hosts[0].config.policy;
    uint64_t rng = 11;
    struct key_material fresh = material_of(&rng);
    KEY(key);
    KEYSET(set);

    schedule_make_epoch(&key, &set, policy, &fresh, PEER,
                        schedule_epoch(policy, world->unix_ms / 1000) + 2, world->unix_ms);
    memcpy(work->others, key.name, sizeof key.name);
    return keyset_add(&set, &key, world->unix_ms, NULL) == KEYSET_CHANGED &&
           farm_plant(world, PEER, &set);
}

static const char *
begin_one(void *arg)
{
    struct work *work = arg;

    *work = (struct work){.world = farm_open(2)};
    if (work->world == NULL || !host_open(&work->world->hosts[0]))
        return "no host";
    farm_run(work->world, 10000);
    return order_rotate(&work->world->hosts[0], work->old) == SERVICE_DONE ? NULL : "no key";
}

static const char *
begin_two(void *arg)
{
    struct work *work = arg;
    const char *wrong = begin_one(arg);

    if (wrong != NULL || !host_open(&work->world->hosts[1]))
        return "no hosts";
    farm_run(work->world, 10000);
    return plant(work) ? NULL : "no record";
}

/* What others say is there to be taken, orders are there to be told, and statuses to be read. */
static const char *
talk(void *arg)
{
    struct work *work = arg;
    struct farm_world *world = work->world;

    work->is_rotated = order_rotate(&world->hosts[0], work->name) == SERVICE_DONE;
    work->is_revoked = order_revoke(&world->hosts[1], work->old) == SERVICE_DONE;
    farm_run(world, 200);
    return NULL;
}

static const char *
join(void *arg)
{
    struct work *work = arg;

    work->is_rotated = true;
    memcpy(work->name, work->old, sizeof work->name);
    if (host_open(&work->world->hosts[1]))
        farm_run(work->world, 100);
    host_close(&work->world->hosts[1]); /* and begins anew, in look() */
    return NULL;
}

/* True if it is nobody's trouble any more. */
static bool
is_well(struct farm_host *host)
{
    host_tick(host);
    if (host->service->last_error.text[0] != '\0')
        printf("# %s\n", host->service->last_error.text);
    return host->service->last_error.text[0] == '\0';
}

static const char *
look(struct work *work)
{
    struct farm_world *world = work->world;

    if (world->hosts[1].service == NULL && !host_open(&world->hosts[1]))
        return "it does not open any more";
    farm_run(world, 5 * MINUTE_MS);
    if (world->is_stuck)
        return "it does not come to rest";
    if (work->is_rotated && farm_having(world, work->name, KEY_CONFIRMED) != 2)
        return "a key is not there, or not confirmed";
    if (work->is_revoked && farm_having(world, work->old, KEY_REVOKED) != 2)
        return "a revocation is not there";
    if (world->media[0].records[RECORD_KEYS][PEER - 1].version > 0 &&
        farm_having(world, work->others, 0) != 2)
        return "a peer's key is not there";
    if (!farm_agrees(world))
        return "they do not agree";
    return is_well(&world->hosts[0]) && is_well(&world->hosts[1]) ? NULL : "a trouble is left";
}

static const char *
end(void *arg)
{
    struct work *work = arg;
    const char *wrong = work->world == NULL ? NULL : look(work);

    farm_close(&the_world);
    return wrong;
}

static void
test_each_failure(void **state)
{
    static const struct fault_case cases[] = {{begin_two, talk, end, NULL},
                                              {begin_one, join, end, NULL}};
    static struct work work;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t calls;

        if (fault_each(&cases[i], &work, &calls) != 0)
            fail_msg("case %zu", i);
        assert_true(calls >= 20);
        printf("# case %zu: %zu calls\n", i, calls);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_failure)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
