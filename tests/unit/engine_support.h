/* engine_support.h - engines at work on one loop, as hosts of one farm, and what they told. What
 * differs between engines is in `struct transport`. Nothing here asserts. */
#ifndef TESTS_ENGINE_SUPPORT_H
#define TESTS_ENGINE_SUPPORT_H

#include <event2/event.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine_host_support.h"

static inline const char *
transport_name(const struct transport *transport)
{
    return transport->name != NULL ? transport->name : transport->kind->name;
}

/* ---- the loop ---- */

static inline void
on_tick(void *arg)
{
    bool *ticked = arg;

    *ticked = true;
}

/* Run the loop until it is so; false if it does not come. */
typedef bool until_fn(void *arg);

static inline bool
run_until(struct loop *loop, until_fn *is_so, void *arg)
{
    uint64_t end_ms = loop_now_ms(loop) + GIVE_UP_MS;
    bool ticked = true, done = is_so(arg);
    struct loop_timer *tick = loop_timer_new(loop, on_tick, &ticked, NULL);

    while (tick != NULL && !done && loop_now_ms(loop) < end_ms) {
        if (ticked)
            (void)loop_timer_set(tick, 20); /* so that dispatch returns */
        ticked = false;
        (void)event_base_loop(loop_base(loop), EVLOOP_ONCE);
        done = is_so(arg);
    }
    loop_timer_free(&tick);
    return done;
}

/* All hosts have this text of the sender. */
struct wanted {
    const struct farm_world *world;
    enum record_kind kind;
    uint64_t sender;
    const char *text;
};

static inline bool
all_have(void *arg)
{
    const struct wanted *wanted = arg;

    for (size_t i = 1; i <= HOSTS_MAX; i++) {
        const struct host *host = wanted->world->hosts[i];

        if (host != NULL && !(i == wanted->sender && wanted->world->transport->needs_others) &&
            !host_has(host, wanted->kind, wanted->sender, wanted->text))
            return false; /* what a host put need not be told back */
    }
    return true;
}

static inline bool
reaches_all(struct farm_world *world, enum record_kind kind, uint64_t sender, const char *text)
{
    struct wanted wanted = {world, kind, sender, text};

    return run_until(world->loop, all_have, &wanted);
}

/* A list that was asked for is answered. */
struct answered {
    const struct host *host;
    enum record_kind kind;
    unsigned before;
};

static inline bool
is_answered(void *arg)
{
    const struct answered *answered = arg;

    return answered->host->completed[answered->kind] > answered->before;
}

static inline bool
list_ends(struct host *host, enum record_kind kind)
{
    struct answered answered = {host, kind, host->completed[kind]};

    host_list(host, kind);
    return run_until(host->world->loop, is_answered, &answered);
}

/* The state is so well, and says this. */
struct said {
    const struct host *host;
    bool is_well;
    const char *text;
};

static inline bool
is_said(void *arg)
{
    const struct said *said = arg;
    struct engine_state state = host_state(said->host);

    return state.is_well == said->is_well && strstr(state.text, said->text) != NULL;
}

static inline bool
says(struct host *host, bool is_well, const char *text)
{
    struct said said = {host, is_well, text};
    bool done = run_until(host->world->loop, is_said, &said);

    if (!done)
        printf("# it says: %s\n", host_state(host).text);
    return done;
}

/* ---- worlds ---- */

/* The same farm in each world. */
static inline bool
world_farm(struct farm_world *world)
{
    uint8_t id[FARM_ID_LEN];
    SECRET(secret);

    for (uint8_t i = 0; i < SECRET_LEN; i++) /* not weak */
        secret.bytes[i] = (uint8_t)(i * i * 7 + (i << 3) + 1);
    memcpy(id, secret.bytes + 3, sizeof id);
    return farm_create(&world->farm, id, &secret, WORLD_MS, NULL);
}

static inline bool
world_open(struct farm_world *world, const struct transport *transport)
{
    *world = (struct farm_world){.transport = transport, .sequence = 1000};
    (void)snprintf(world->folder, sizeof world->folder, "%s/stek-test-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"); /* fsync is quick there */
    world->stranger.farm = &world->farm;
    world->loop = loop_new(NULL);
    if (world->loop == NULL)
        return false;
    world->begun_ms = loop_now_ms(world->loop);
    return world_farm(world) && mkdtemp(world->folder) != NULL && transport->begin(world);
}

static inline int
world_remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)stat, (void)type, (void)ftw;
    return remove(path);
}

/* True if no engine called back from within a call. */
static inline bool
world_close(struct farm_world *world)
{
    bool is_good = true;

    for (size_t i = 0; i <= HOSTS_MAX; i++) {
        is_good = is_good && (world->hosts[i] == NULL || !world->hosts[i]->was_called_within);
        host_stop(world, i);
    }
    world->transport->end(world);
    loop_free(&world->loop);
    farm_wipe(&world->farm);
    (void)nftw(world->folder, world_remove_one, 8, FTW_DEPTH | FTW_PHYS); /* best effort */
    return is_good;
}

#endif
