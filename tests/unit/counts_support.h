/* counts_support.h - a folder of counters, and servers that count in it. Nothing here asserts. */
#ifndef UNIT_COUNTS_SUPPORT_H
#define UNIT_COUNTS_SUPPORT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/counts.h"
#include "sys/sys.h"

static const uint8_t names[2][KEY_NAME_LEN] = {{1, 1, 1, 1, 1, 1, 1, 1, 1}, {2, 2, 2, 2}};

struct world {
    char folder[32], ring[64], count[64];
    struct key keys[2];
    struct keyset set;
    struct counts_past past;
    struct counts_view view;
};

static inline bool
world_open(struct world *world)
{
    char path[64];

    *world = (struct world){.folder = "/tmp/stek-counts-XXXXXX"};
    if (mkdtemp(world->folder) == NULL)
        return false;
    (void)snprintf(world->ring, sizeof world->ring, "%s/www.r1", world->folder);
    (void)snprintf(path, sizeof path, "%s/count", world->folder);
    (void)snprintf(world->count, sizeof world->count, "%s/count/www", world->folder);
    for (size_t i = 0; i < 2; i++)
        memcpy(world->keys[i].name, names[i], KEY_NAME_LEN);
    world->set = (struct keyset){.keys = world->keys, .key_count = 2};
    return mkdir(path, 0700) == 0 && mkdir(world->count, 0700) == 0;
}

static inline void
world_close(struct world *world)
{
    char command[64];

    counts_view_free(&world->view);
    counts_past_free(&world->past);
    (void)snprintf(command, sizeof command, "rm -rf %s", world->folder);
    (void)!system(command);
}

static inline bool
gather(struct world *world, uint64_t boot_s)
{
    counts_view_free(&world->view);
    return counts_gather(&world->past, &world->view, world->count, &world->set, boot_s, NULL);
}

static inline unsigned
files(const struct world *world)
{
    struct stat stat_of;
    char command[96];
    FILE *pipe;
    unsigned count = 0;

    if (stat(world->count, &stat_of) != 0)
        return 0;
    (void)snprintf(command, sizeof command, "ls %s", world->count);
    pipe = popen(command, "r");
    for (int c; pipe != NULL && (c = fgetc(pipe)) != EOF;)
        count += c == '\n';
    if (pipe != NULL)
        (void)pclose(pipe);
    return count;
}

/* A server that seals three times and opens once with the first key. */
static inline struct counters *
serve(const struct world *world)
{
    struct counters *counters = counters_open(world->ring);
    uint64_t now = sys_boot_s();

    if (counters == NULL)
        return NULL;
    counters_enter(counters, names[0], now + 100000, now);
    for (int i = 0; i < 3; i++) {
        counters_add(counters, STEK_SEALED, 1);
        (void)counters_use(counters, STEK_SEALED, names[0], now);
    }
    counters_add(counters, STEK_OPENED, 1);
    (void)counters_use(counters, STEK_OPENED, names[0], now);
    counters_add(counters, STEK_FULL_NO_KEY, 1);
    return counters;
}

#endif
