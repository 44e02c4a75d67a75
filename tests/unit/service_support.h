/* service_support.h - a service in a folder of its own, on a clock of its own, and a server that
 * reads its ring. Nothing here asserts. */
#ifndef TESTS_SERVICE_SUPPORT_H
#define TESTS_SERVICE_SUPPORT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <stek/stek.h>

#include "daemon/service.h"

#define START_BOOT_MS 5000123U
#define START_UNIX_MS 1700000000123U
#define LINES_MAX 20000U

/* A service in a folder of its own, with a clock of its own, and a server that reads its ring. */
struct world {
    char folder[64], ring_path[80];
    struct ring_time now;
    struct config_keyset config;
    struct service_env env;
    struct log log;
    struct service *service;
    struct stek_ring *ring;
    char *lines[LINES_MAX]; /* of the log */
    size_t line_count;
};

static inline void
keep_line(void *arg, bool is_warning, const char *line)
{
    struct world *world = arg;

    (void)is_warning;
    if (world->line_count < LINES_MAX)
        world->lines[world->line_count++] = strdup(line);
}

static inline size_t
count_lines(const struct world *world, const char *with)
{
    size_t count = 0;

    for (size_t i = 0; i < world->line_count; i++)
        count += world->lines[i] != NULL && strstr(world->lines[i], with) != NULL;
    return count;
}

static inline bool
world_open(struct world *world, uint32_t capacity)
{
    struct err err = {""};
    char count[80];

    *world = (struct world){.folder = "/tmp/stek-service-XXXXXX",
                            .now = {START_BOOT_MS, START_UNIX_MS},
                            .config = {.name = "www",
                                       .policy = policy_default(),
                                       .capacity = capacity,
                                       .group = {.gid = (gid_t)-1}},
                            .log = {.sink = keep_line}};
    if (mkdtemp(world->folder) == NULL)
        return false;
    (void)snprintf(world->ring_path, sizeof world->ring_path, "%s/www.r1", world->folder);
    (void)snprintf(count, sizeof count, "%s/count", world->folder);
    world->log.arg = world;
    world->env = (struct service_env){
        .run_dir = world->folder, .source = &source_random, .log = &world->log};
    if (mkdir(count, 0700) != 0 || !policy_resolve(&world->config.policy, capacity, &err))
        return false;
    world->service = service_open(&world->config, &world->env, world->now, &err);
    return world->service != NULL && stek_ring_open(&world->ring, world->ring_path) == STEK_OK;
}

static inline void
world_close(struct world *world)
{
    char command[128];

    service_close(&world->service);
    stek_ring_close(&world->ring);
    for (size_t i = 0; i < world->line_count; i++)
        free(world->lines[i]);
    (void)snprintf(command, sizeof command, "rm -rf %s", world->folder);
    (void)!system(command);
}

static inline void
pass(struct world *world, uint64_t ms)
{
    world->now.boot_ms += ms;
    world->now.unix_ms += ms;
}

/* Let time pass as the daemon's loop does. */
static inline void
run(struct world *world, uint64_t ms)
{
    while (ms > 0) {
        uint64_t next = service_next_ms(world->service, world->now);
        uint64_t step = next < ms ? next : ms;

        pass(world, step);
        ms -= step;
        if (step == next)
            service_tick(world->service, world->now);
    }
}

static inline uint64_t
boot_s(const struct world *world)
{
    return world->now.boot_ms / 1000;
}

/* What the server would seal with; zeros if nothing. */
static inline struct revoke_name
sealing(const struct world *world)
{
    struct revoke_name name = {{0}};
    STEK_KEY(key);

    if (stek_ring_sealing_key(world->ring, &key, boot_s(world)) == STEK_OK)
        memcpy(name.bytes, key.name, sizeof name.bytes);
    return name;
}

static inline bool
is_name(const struct revoke_name *name)
{
    const struct revoke_name none = {{0}};

    return memcmp(name, &none, sizeof none) != 0;
}

static inline bool
opens(const struct world *world, const struct revoke_name *name)
{
    STEK_KEY(key);
    int renew;

    return stek_ring_opening_key(world->ring, &key, &renew, name->bytes, boot_s(world)) == STEK_OK;
}

static inline bool
restart(struct world *world, struct err *err)
{
    service_close(&world->service);
    world->service = service_open(&world->config, &world->env, world->now, err);
    return world->service != NULL;
}

/* A source that gives nothing. */
static inline bool
get_nothing(struct key_material *fresh, struct err *err)
{
    (void)fresh;
    return err_set(err, "out of order");
}

#endif
