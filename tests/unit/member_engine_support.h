/* member_engine_support.h - for member_support.h: an engine that carries records in memory, and
 * does what a test tells it. Nothing here asserts. */
#ifndef TESTS_MEMBER_ENGINE_SUPPORT_H
#define TESTS_MEMBER_ENGINE_SUPPORT_H

#include <event2/event.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/member_inner.h"
#include "daemon/service.h"
#include "ring/layout.h"
#include "share/merge.h"
#include "share_support.h"

#define FARM_HOSTS_MAX 32U
#define FARM_LINES_MAX 4000U
#define MEDIA 2U
#define RECORD_KINDS (RECORD_STATUS + 1U)

/* ---- what carries records, in memory ---- */

struct medium_record {
    uint64_t sender, version; /* version 0: there is none */
    uint8_t *bytes;
    size_t len;
};

struct medium {
    struct medium_record records[RECORD_KINDS][FARM_HOSTS_MAX];
    uint64_t version; /* of the newest */
};

/* One host's end of a medium: what it did, and what it is told to do. */
struct scripted {
    struct engine engine;
    struct engine_events events;
    struct loop_timer *timer;
    struct farm_host *host;
    struct medium *medium;
    uint64_t told[FARM_HOSTS_MAX]; /* versions of keys records */
    bool is_list_wanted[RECORD_KINDS];
};

struct script {
    bool is_mute;       /* nothing comes, no list is answered */
    bool is_deaf;       /* no keys records come; all else does */
    bool is_cut;        /* what is put gets nowhere */
    bool refuses_start; /* no memory, say */
    bool refuses_put;
    bool is_partial;     /* no list is whole */
    const char *trouble; /* what is wrong with it; NULL: nothing */
    unsigned puts[RECORD_KINDS], lists[RECORD_KINDS], starts;
    struct scripted *at; /* NULL while it is stopped */
};

struct farm_host {
    struct farm_world *world;
    size_t index;
    uint64_t id;
    int64_t ahead_ms; /* its wall clock */
    char folder[64], farm_path[96];
    struct config_share shares[MEDIA];
    struct engine_option options[MEDIA];
    char *texts[MEDIA];
    char text[MEDIA][8];
    struct config_keyset config;
    struct service_env env;
    struct log log;
    struct script scripts[MEDIA];
    struct service *service;
    struct member *member; /* the service's */
    uint64_t due_boot_ms;  /* of its next tick */
};

struct farm_world {
    char folder[32];
    struct loop *loop;
    uint64_t boot_ms, unix_ms;
    struct farm farm;
    struct medium media[MEDIA];
    struct farm_host hosts[FARM_HOSTS_MAX];
    size_t count;
    bool is_stuck; /* something is always due */
    char *lines[FARM_LINES_MAX];
    size_t line_count;
};

static struct farm_world the_world; /* where an engine finds the host that it is of */

/* ---- the engine ---- */

static inline bool
scripted_has_work(const struct scripted *at)
{
    const struct script *script = &at->host->scripts[at->medium - at->host->world->media];
    const struct medium_record *keys = at->medium->records[RECORD_KEYS];

    if (script->is_mute)
        return false;
    if (at->is_list_wanted[RECORD_KEYS] || at->is_list_wanted[RECORD_STATUS])
        return true;
    for (size_t i = 0; i < FARM_HOSTS_MAX && !script->is_deaf; i++)
        if (keys[i].version > at->told[i])
            return true;
    return false;
}

static inline void
scripted_wake(struct scripted *at)
{
    if (at != NULL && scripted_has_work(at))
        (void)loop_timer_set(at->timer, 0);
}

static inline void
medium_wake(struct farm_world *world)
{
    for (size_t i = 0; i < world->count; i++)
        for (size_t m = 0; m < MEDIA; m++)
            scripted_wake(world->hosts[i].scripts[m].at);
}

/* Put it under that number of sender; a sender's own index is his number unless he is two. */
static inline bool
medium_put(struct farm_world *world, size_t m, enum record_kind kind, size_t index, uint64_t sender,
           const uint8_t *bytes, size_t len)
{
    struct medium_record *record = &world->media[m].records[kind][index];
    uint8_t *copy = malloc(len);

    if (copy == NULL)
        return false;
    memcpy(copy, bytes, len);
    free(record->bytes);
    *record =
        (struct medium_record){.sender = sender, .version = ++world->media[m].version, .len = len};
    record->bytes = copy;
    return true;
}

static inline void
scripted_tell(struct scripted *at, enum record_kind kind, size_t index)
{
    const struct medium_record *record = &at->medium->records[kind][index];
    const struct engine_name name = {kind, record->sender};
    uint8_t *copy = malloc(record->len); /* of its own, so that no byte behind it is read unseen */

    if (kind == RECORD_KEYS)
        at->told[index] = record->version;
    if (copy != NULL) /* else a call is made to fail: as it is */
        memcpy(copy, record->bytes, record->len);
    at->events.record(at->events.arg, &name, copy == NULL ? record->bytes : copy, record->len);
    free(copy);
}

static inline void
scripted_turn(void *arg)
{
    struct scripted *at = arg;
    const struct script *script = &at->host->scripts[at->medium - at->host->world->media];

    if (script->is_mute)
        return;
    for (enum record_kind kind = RECORD_KEYS; kind <= RECORD_STATUS; kind++) {
        bool is_list = at->is_list_wanted[kind];
        bool is_deaf = kind == RECORD_KEYS && script->is_deaf;

        at->is_list_wanted[kind] = false;
        for (size_t i = 0; i < FARM_HOSTS_MAX && !is_deaf; i++) {
            const struct medium_record *record = &at->medium->records[kind][i];
            bool is_new = kind == RECORD_KEYS && record->version > at->told[i];

            if (record->version > 0 && (is_list || is_new))
                scripted_tell(at, kind, i);
        }
        if (is_list)
            at->events.complete(at->events.arg, kind, !script->is_partial);
    }
}

static inline bool
scripted_check(const struct engine_option *options, size_t count, struct err *err)
{
    (void)options, (void)count, (void)err;
    return true;
}

static inline void
scripted_stop(struct engine **engine)
{
    struct scripted *at = (void *)*engine;

    if (at == NULL)
        return;
    at->host->scripts[at->medium - at->host->world->media].at = NULL;
    loop_timer_free(&at->timer);
    free(at);
    *engine = NULL;
}

static struct engine *scripted_start(const struct engine_setup *setup, struct err *err);

static inline bool
scripted_put(struct engine *engine, enum record_kind kind, const uint8_t *bytes, size_t len,
             struct err *err)
{
    struct scripted *at = (void *)engine;
    struct farm_host *host = at->host;
    size_t m = (size_t)(at->medium - host->world->media);

    if (host->scripts[m].refuses_put)
        return err_set(err, "no memory for a record");
    host->scripts[m].puts[kind]++;
    if (host->scripts[m].is_cut)
        return true;
    if (!medium_put(host->world, m, kind, host->index, host->id, bytes, len))
        return err_set(err, "no memory for a record");
    medium_wake(host->world);
    return true;
}

static inline void
scripted_list(struct engine *engine, enum record_kind kind)
{
    struct scripted *at = (void *)engine;

    at->host->scripts[at->medium - at->host->world->media].lists[kind]++;
    at->is_list_wanted[kind] = true;
    scripted_wake(at);
}

static inline void
scripted_state(const struct engine *engine, struct engine_state *out)
{
    const struct scripted *at = (const void *)engine;
    const struct script *script = &at->host->scripts[at->medium - at->host->world->media];
    const char *trouble = script->is_mute ? "it does not answer" : script->trouble;

    *out = (struct engine_state){.is_well = trouble == NULL};
    (void)snprintf(out->text, sizeof out->text, "%s", trouble == NULL ? "well" : trouble);
}

static const struct engine_kind engine_scripted = {
    .name = "scripted",
    .summary = "in memory",
    .folder_option = "at",
    .check = scripted_check,
    .start = scripted_start,
    .put = scripted_put,
    .list = scripted_list,
    .state = scripted_state,
    .stop = scripted_stop,
};

/* The option says which host this is, and which medium: "3.0". */
static struct engine *
scripted_start(const struct engine_setup *setup, struct err *err)
{
    unsigned index = 0, m = 0;
    struct scripted *at = calloc(1, sizeof *at);

    if (at != NULL)
        at->timer = loop_timer_new(setup->loop, scripted_turn, at, NULL);
    if (at == NULL || at->timer == NULL ||
        sscanf(setup->options[0].value, "%u.%u", &index, &m) != 2 ||
        the_world.hosts[index].scripts[m].refuses_start) {
        if (at != NULL)
            loop_timer_free(&at->timer);
        free(at);
        (void)err_set(err, "no memory to start");
        return NULL;
    }
    at->engine.kind = &engine_scripted;
    at->events = setup->events;
    at->host = &the_world.hosts[index];
    at->medium = &the_world.media[m];
    at->host->scripts[m].at = at;
    at->host->scripts[m].starts++;
    scripted_wake(at);
    return &at->engine;
}

#endif
