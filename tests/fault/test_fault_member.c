/* Whichever allocation, system call or call of libcrypto fails while records come in and go out, or
 * while a host joins them: nothing is lost. What was ordered and done comes to all, what others say
 * is taken in, keys are confirmed, and no trouble is left, as soon as calls work again. What was
 * revoked is then on disk (R-REVOKED-2), for a host that is booted anew and hears nobody; there it
 * is taken up whatever fails (R-REVOKED-3). */
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

/* One host has revoked a key, and is to be booted anew, hearing nobody. */
static const char *
begin_boot(void *arg)
{
    struct work *work = arg;
    struct farm_host *host;
    const char *wrong = begin_one(arg);

    if (wrong != NULL)
        return wrong;
    host = &work->world->hosts[0];
    if (order_revoke(host, work->old) != SERVICE_DONE)
        return "not revoked";
    host_close(host);
    host->scripts[0].is_mute = true;
    return host_lose_ring(host) ? NULL : "the ring is still there";
}

static bool
is_withdrawn(const struct farm_host *host, const uint8_t name[KEY_NAME_LEN])
{
    const struct keyset *set = &host->service->set;

    for (size_t i = 0; i < set->revocation_count; i++)
        if (memcmp(set->revocations[i].name, name, KEY_NAME_LEN) == 0)
            return true;
    return false;
}

/* It knows, or says that it does not. */
static const char *
boot(void *arg)
{
    struct work *work = arg;
    struct farm_host *host = &work->world->hosts[0];
    bool is_known = true;

    if (host_open(host)) {
        farm_run(work->world, 100);
        is_known = is_withdrawn(host, work->old) || host->service->last_error.text[0] != '\0';
    }
    host_close(host);
    return is_known ? NULL : "what was revoked is not known, and that is not told";
}

static const char *
look_at_boot(struct work *work)
{
    struct farm_host *host = &work->world->hosts[0];
    char aside[120];

    (void)host_lose_ring(host); /* if there is one */
    if (!host_open(host))
        return "it does not open any more";
    farm_run(work->world, MINUTE_MS);
    (void)snprintf(aside, sizeof aside, "%s/farm/www.revoked.bad", host->folder);
    if (access(aside, F_OK) == 0)
        return "its file was taken for a damaged one";
    return is_withdrawn(host, work->old) ? NULL : "what was revoked is forgotten";
}

static const char *
end_boot(void *arg)
{
    struct work *work = arg;
    const char *wrong = look_at_boot(work);

    farm_close(&the_world);
    return wrong;
}

/* True if each has on its disk that the old key is revoked. */
static bool
is_kept(struct farm_world *world, const uint8_t name[KEY_NAME_LEN])
{
    bool is = true;

    for (size_t i = 0; i < world->count; i++) {
        struct farm_host *host = &world->hosts[i];

        host_close(host);
        host->scripts[0].is_mute = true;
        is = host_lose_ring(host) && host_open(host) && is_withdrawn(host, name) && is;
    }
    return is;
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
    if (!is_well(&world->hosts[0]) || !is_well(&world->hosts[1]))
        return "a trouble is left";
    return !work->is_revoked || is_kept(world, work->old) ? NULL : "a revocation is not on disk";
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
                                              {begin_one, join, end, NULL},
                                              {begin_boot, boot, end_boot, NULL}};
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
