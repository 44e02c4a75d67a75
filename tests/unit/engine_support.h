/* engine_support.h - engines at work on one loop, as hosts of one farm, and what they told. What
 * differs between engines is in `struct transport`. Nothing here asserts. */
#ifndef TESTS_ENGINE_SUPPORT_H
#define TESTS_ENGINE_SUPPORT_H

#include <event2/event.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "share/engine.h"

#define HOSTS_MAX 300
#define KINDS (RECORD_STATUS + 1)
#define GIVE_UP_MS 20000U

/* One host, with the last record it was told of each sender. */
struct host {
    struct farm_world *world;
    struct engine *engine;
    struct {
        uint8_t *bytes;
        size_t len;
        unsigned told;
    } seen[KINDS][HOSTS_MAX + 1];
    unsigned told, completed[KINDS], whole[KINDS];
    unsigned states;
    bool is_in_call, was_called_within; /* R-ENGINE-1 */
};

struct farm_world {
    const struct transport *transport;
    struct loop *loop;
    char folder[32], path[64];
    struct host *hosts[HOSTS_MAX + 1];
};

/* What a kind of engine needs to be tested: a transport of its own, per test. */
struct transport {
    const struct engine_kind *kind;
    bool (*is_here)(void); /* or NULL; where it is not, it says so */
    bool (*begin)(struct farm_world *world);
    void (*end)(struct farm_world *world);
    /* At most 8 options of a host. */
    size_t (*options)(struct farm_world *world, struct engine_option *out);
    /* Put a record's bytes under that name past all engines; NULL removes it. */
    bool (*plant)(struct farm_world *world, const char *keyset, const struct engine_name *name,
                  const void *bytes, size_t len);
    /* What no engine put there, some of it dangerous to read. */
    bool (*litter)(struct farm_world *world);
};

static inline void
on_record(void *arg, const struct engine_name *name, const uint8_t *bytes, size_t len)
{
    struct host *host = arg;
    size_t at = name->sender <= HOSTS_MAX ? (size_t)name->sender : 0;
    uint8_t *copy = malloc(len + 1);

    host->was_called_within = host->was_called_within || host->is_in_call;
    host->told++;
    if (copy == NULL)
        return;
    memcpy(copy, bytes, len);
    free(host->seen[name->kind][at].bytes);
    host->seen[name->kind][at].bytes = copy;
    host->seen[name->kind][at].len = len;
    host->seen[name->kind][at].told++;
}

static inline void
on_complete(void *arg, enum record_kind kind, bool is_whole)
{
    struct host *host = arg;

    host->was_called_within = host->was_called_within || host->is_in_call;
    host->completed[kind]++;
    host->whole[kind] += is_whole ? 1 : 0;
}

static inline void
on_state(void *arg)
{
    struct host *host = arg;

    host->was_called_within = host->was_called_within || host->is_in_call;
    host->states++;
}

static inline bool
host_start(struct farm_world *world, uint64_t id, const char *keyset, struct err *err)
{
    struct engine_option options[8];
    struct host *host = calloc(1, sizeof *host);
    struct engine_setup setup = {.loop = world->loop,
                                 .keyset = keyset,
                                 .host = id,
                                 .options = options,
                                 .events = {on_record, on_complete, on_state, host}};

    if (host == NULL)
        return false;
    setup.option_count = world->transport->options(world, options);
    host->world = world;
    host->is_in_call = true;
    host->engine = world->transport->kind->start(&setup, err);
    host->is_in_call = false;
    world->hosts[id] = host;
    return host->engine != NULL;
}

static inline void
host_stop(struct farm_world *world, uint64_t id)
{
    struct host *host = world->hosts[id];

    if (host == NULL)
        return;
    world->transport->kind->stop(&host->engine);
    for (size_t kind = 0; kind < KINDS; kind++) {
        for (size_t i = 0; i <= HOSTS_MAX; i++)
            free(host->seen[kind][i].bytes);
    }
    free(host);
    world->hosts[id] = NULL;
}

static inline bool
host_put(struct host *host, enum record_kind kind, const char *text)
{
    bool done;

    host->is_in_call = true;
    done = host->world->transport->kind->put(host->engine, kind, (const uint8_t *)text,
                                             strlen(text), NULL);
    host->is_in_call = false;
    return done;
}

static inline void
host_list(struct host *host, enum record_kind kind)
{
    host->is_in_call = true;
    host->world->transport->kind->list(host->engine, kind);
    host->is_in_call = false;
}

static inline struct engine_state
host_state(const struct host *host)
{
    struct engine_state state = {.is_well = false};

    host->world->transport->kind->state(host->engine, &state);
    return state;
}

/* Has the host this text as the sender's record? */
static inline bool
host_has(const struct host *host, enum record_kind kind, uint64_t sender, const char *text)
{
    return host->seen[kind][sender].bytes != NULL && host->seen[kind][sender].len == strlen(text) &&
           memcmp(host->seen[kind][sender].bytes, text, strlen(text)) == 0;
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
    bool ticked = true, done;
    struct loop_timer *tick = loop_timer_new(loop, on_tick, &ticked, NULL);

    while (tick != NULL && !is_so(arg) && loop_now_ms(loop) < end_ms) {
        if (ticked)
            (void)loop_timer_set(tick, 20); /* so that dispatch returns */
        ticked = false;
        (void)event_base_loop(loop_base(loop), EVLOOP_ONCE);
    }
    loop_timer_free(&tick);
    done = is_so(arg);
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

        if (host != NULL && !host_has(host, wanted->kind, wanted->sender, wanted->text))
            return false;
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

static inline bool
world_open(struct farm_world *world, const struct transport *transport)
{
    *world = (struct farm_world){.transport = transport};
    (void)snprintf(world->folder, sizeof world->folder, "%s/stek-test-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"); /* fsync is quick there */
    world->loop = loop_new(NULL);
    return world->loop != NULL && mkdtemp(world->folder) != NULL && transport->begin(world);
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
    (void)nftw(world->folder, world_remove_one, 8, FTW_DEPTH | FTW_PHYS); /* best effort */
    return is_good;
}

#endif
