/* see counts.h */
#include "daemon/counts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/file.h"

struct gather {
    const char *folder;
    uint64_t boot_s;
    struct counts *gone;
    struct counts *living;
    struct counts_server *servers; /* NULL: not asked for */
    size_t server_count, server_cap;
    bool no_memory;
};

/* An entry for each key of the set; those of `old` that are still there keep their numbers. */
static bool
align(struct counts *counts, const struct keyset *set)
{
    struct counts_key *keys = calloc(set->key_count + 1, sizeof *keys);
    size_t old = 0;

    if (keys == NULL)
        return false;
    for (size_t i = 0; i < set->key_count; i++) {
        memcpy(keys[i].id, set->keys[i].name, sizeof keys[i].id);
        while (old < counts->key_count &&
               memcmp(counts->keys[old].id, keys[i].id, sizeof keys[i].id) < 0)
            old++;
        if (old < counts->key_count &&
            memcmp(counts->keys[old].id, keys[i].id, sizeof keys[i].id) == 0)
            keys[i] = counts->keys[old];
    }
    free(counts->keys);
    counts->keys = keys;
    counts->key_count = set->key_count;
    return true;
}

static int
compare_id(const void *id, const void *key)
{
    return memcmp(id, ((const struct counts_key *)key)->id, sizeof((struct counts_key *)0)->id);
}

static void
add_file(struct counts *counts, const struct counters_total *file)
{
    for (size_t i = 0; i < CONTROL_COUNTERS; i++)
        counts->events[i] += file->events[i];
    for (size_t i = 0; i < file->key_count; i++) {
        struct counts_key *key = bsearch(file->keys[i].id, counts->keys, counts->key_count,
                                         sizeof *counts->keys, compare_id);

        if (key == NULL)
            continue;
        key->sealed += file->keys[i].sealed;
        key->opened += file->keys[i].opened;
    }
}

static void
add_counts(struct counts *counts, const struct counts *more)
{
    for (size_t i = 0; i < CONTROL_COUNTERS; i++)
        counts->events[i] += more->events[i];
    for (size_t i = 0; i < counts->key_count; i++) {
        counts->keys[i].sealed += more->keys[i].sealed;
        counts->keys[i].opened += more->keys[i].opened;
    }
}

/* True if nothing happened in it for a while. */
static bool
is_idle(const struct counters_total *file, uint64_t boot_s)
{
    uint64_t last = file->started_at;

    for (size_t i = 0; i < file->key_count; i++) {
        if (file->keys[i].last_at > last)
            last = file->keys[i].last_at;
    }
    return last <= boot_s && boot_s - last >= COUNTS_IDLE_S;
}

static void
add_server(struct gather *gather, const struct counters_total *file)
{
    struct counts_server *server;

    if (gather->server_count == gather->server_cap) {
        size_t cap = gather->server_cap * 2 + 8;
        struct counts_server *grown = realloc(gather->servers, cap * sizeof *grown);

        if (grown == NULL) {
            gather->no_memory = true;
            return;
        }
        gather->servers = grown;
        gather->server_cap = cap;
    }
    server = &gather->servers[gather->server_count++];
    *server = (struct counts_server){.pid = file->pid, .started_at = file->started_at};
    memcpy(server->program, file->program, sizeof server->program);
    memcpy(server->events, file->events, sizeof server->events);
}

/* One file; what cannot be read is passed over, since others may put anything there. */
static void
visit(void *arg, const char *name)
{
    struct gather *gather = arg;
    struct counters_total file;
    char *path = NULL;
    bool is_alive;

    if (asprintf(&path, "%s/%s", gather->folder, name) < 0) {
        gather->no_memory = true;
        return;
    }
    if (counters_read(&file, &is_alive, path, NULL)) {
        if (is_alive)
            add_server(gather, &file);
        if (is_alive || !is_idle(&file, gather->boot_s) || !file_remove(path, NULL))
            add_file(gather->living, &file);
        else
            add_file(gather->gone, &file);
    }
    free(path);
}

bool
counts_gather(struct counts *gone, struct counts_view *view, const char *folder,
              const struct keyset *set, uint64_t boot_s, struct err *err)
{
    struct counts living = {0};
    struct gather gather = {.folder = folder, .boot_s = boot_s, .gone = gone, .living = &living};
    bool ok = align(gone, set) && align(&living, set);

    if (!ok)
        (void)err_set(err, "no memory to count"); /* always false */
    ok = ok && dir_list(folder, COUNTS_FILES_MAX, visit, &gather, err);
    if (ok && gather.no_memory)
        ok = err_set(err, "no memory to count");
    if (ok && view != NULL) {
        add_counts(&living, gone);
        *view = (struct counts_view){
            .sum = living, .servers = gather.servers, .server_count = gather.server_count};
        return true;
    }
    counts_free(&living);
    free(gather.servers);
    return ok;
}

void
counts_free(struct counts *counts)
{
    free(counts->keys);
    *counts = (struct counts){0};
}

void
counts_view_free(struct counts_view *view)
{
    counts_free(&view->sum);
    free(view->servers);
    *view = (struct counts_view){0};
}
