/* member_host_support.h - for member_support.h: a host of a farm, which is a service in a folder of
 * its own. Nothing here asserts. */
#ifndef TESTS_MEMBER_HOST_SUPPORT_H
#define TESTS_MEMBER_HOST_SUPPORT_H

#include "member_engine_support.h"

#define MINUTE_MS ((uint64_t)60 * 1000)
#define HOUR_IN_MS (60 * MINUTE_MS)
#define FARM_BOOT_MS 5000123U
#define FARM_UNIX_MS 1700000000123U /* 800 s after the hour */

static inline struct ring_time
host_now(const struct farm_host *host)
{
    return (struct ring_time){host->world->boot_ms,
                              host->world->unix_ms + (uint64_t)host->ahead_ms};
}

static inline struct ring_time
farm_now_of(void *arg)
{
    return host_now(arg);
}

static inline void
host_tick(struct farm_host *host)
{
    struct ring_time now = host_now(host);

    service_tick(host->service, now);
    host->due_boot_ms = now.boot_ms + service_next_ms(host->service, now);
}

static inline void
farm_changed(void *arg, struct service *service)
{
    struct farm_host *host = arg;

    if (service == host->service) /* else it is about to be */
        host_tick(host);
}

static inline void
farm_keep_line(void *arg, bool is_warning, const char *line)
{
    struct farm_world *world = ((struct farm_host *)arg)->world;

    (void)is_warning;
    if (getenv("STEK_SHOW") != NULL)
        printf("# %llu h%zu: %s\n", (unsigned long long)(world->boot_ms - FARM_BOOT_MS),
               ((struct farm_host *)arg)->index, line);
    if (world->line_count < FARM_LINES_MAX)
        world->lines[world->line_count++] = strdup(line);
}

static inline size_t
farm_lines(const struct farm_world *world, const char *with)
{
    size_t count = 0;

    for (size_t i = 0; i < world->line_count; i++)
        count += world->lines[i] != NULL && strstr(world->lines[i], with) != NULL;
    return count;
}

/* ---- hosts ---- */

/* Not through stdio, which keeps copies. */
static inline bool
farm_write(const char *path, const void *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool done = fd >= 0 && write(fd, bytes, len) == (ssize_t)len;

    return (fd < 0 || close(fd) == 0) && done;
}

/* Its file of the farm's secret. */
static inline bool
host_write_farm(const struct farm_host *host, const struct farm *farm)
{
    SECRET_BUF(text);

    return farm_encode(&text, farm, NULL) && farm_write(host->farm_path, text.bytes, text.len);
}

static inline bool
host_write_id(const struct farm_host *host, uint64_t id)
{
    char path[96], line[20];

    (void)snprintf(path, sizeof path, "%s/farm/www.host", host->folder);
    (void)snprintf(line, sizeof line, "%016llx\n", (unsigned long long)id);
    return farm_write(path, line, 17);
}

/* The configuration of its share: the first `media` of both. */
static inline void
host_configure(struct farm_host *host, size_t media)
{
    for (size_t m = 0; m < media; m++) {
        (void)snprintf(host->text[m], sizeof host->text[m], "%zu.%zu", host->index % 100, m % 10);
        host->texts[m] = host->text[m];
        host->options[m] = (struct engine_option){"at", host->text[m]};
        host->shares[m] =
            (struct config_share){&engine_scripted, &host->options[m], &host->texts[m], 1};
    }
    host->config.shares = (struct config_shares){host->shares, media};
}

/* Its folders and files, and what its service will be; it does not run yet. */
static inline struct farm_host *
host_add(struct farm_world *world)
{
    struct farm_host *host = &world->hosts[world->count];
    char count[96], farm[96],
        folder[64]; /* not within the world, where the compiler sees an overlap */

    *host = (struct farm_host){.world = world,
                               .index = world->count,
                               .id = world->count + 1,
                               .config = {.name = "www",
                                          .policy = policy_default(),
                                          .capacity = RING_CAPACITY_DEFAULT,
                                          .group = {.gid = (gid_t)-1}}};
    world->count++;
    (void)snprintf(folder, sizeof folder, "%s/h%zu", world->folder, host->index);
    memcpy(host->folder, folder, sizeof folder);
    (void)snprintf(host->farm_path, sizeof host->farm_path, "%s/farm/www.farm", folder);
    (void)snprintf(count, sizeof count, "%s/count", folder);
    (void)snprintf(farm, sizeof farm, "%s/farm", folder);
    memcpy(host->config.farm, host->farm_path, sizeof host->farm_path);
    host->log = (struct log){.sink = farm_keep_line, .arg = host};
    host->env = (struct service_env){.run_dir = host->folder,
                                     .source = &source_random,
                                     .log = &host->log,
                                     .calls = {world->loop, farm_now_of, farm_changed, host}};
    host_configure(host, 1);
    if (mkdir(host->folder, 0700) != 0 || mkdir(count, 0700) != 0 || mkdir(farm, 0700) != 0 ||
        !policy_resolve(&host->config.policy, host->config.capacity, NULL) ||
        !host_write_farm(host, &world->farm) || !host_write_id(host, host->id))
        return NULL;
    return host;
}

static inline bool
host_open(struct farm_host *host)
{
    struct ring_time now = host_now(host);
    struct err err = {""};

    host->service = service_open(&host->config, &host->env, now, &err);
    if (host->service == NULL) {
        printf("# host %zu: %s\n", host->index, err.text);
        return false;
    }
    host->member = host->service->member;
    host->due_boot_ms = now.boot_ms + service_next_ms(host->service, now);
    return true;
}

static inline void
host_close(struct farm_host *host)
{
    service_close(&host->service);
    host->member = NULL;
}

/* As after a boot: the ring is gone. */
static inline bool
host_lose_ring(const struct farm_host *host)
{
    char path[96];

    (void)snprintf(path, sizeof path, "%s/www.r1", host->folder);
    if (unlink(path) != 0)
        return false;
    (void)snprintf(path, sizeof path, "%s/.www.r1", host->folder);
    return unlink(path) == 0;
}

#endif
