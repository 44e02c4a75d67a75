/* see counts.h */
#include "daemon/counts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/file.h"

struct gather {
    const char *folder;
    uint64_t boot_s;
    struct counts_past *past;
    struct counts *living;
    struct counts_server *servers; /* NULL: not asked for */
    size_t server_count, server_cap;
    size_t looked, files;
    bool too_many, no_memory;
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

static void
counts_free(struct counts *counts)
{
    free(counts->keys);
    *counts = (struct counts){0};
}

static int
compare_id(const void *id, const void *key)
{
    return memcmp(id, ((const struct counts_key *)key)->id, sizeof((struct counts_key *)0)->id);
}

/* Others may have written any number. */
static void
add(uint64_t *sum, uint64_t more)
{
    *sum = *sum > UINT64_MAX - more ? UINT64_MAX : *sum + more;
}

static void
add_file(struct counts *counts, const struct counters_total *file)
{
    for (size_t i = 0; i < CONTROL_COUNTERS; i++)
        add(&counts->events[i], file->events[i]);
    for (size_t i = 0; i < file->key_count; i++) {
        struct counts_key *key = bsearch(file->keys[i].id, counts->keys, counts->key_count,
                                         sizeof *counts->keys, compare_id);

        if (key == NULL)
            continue;
        add(&key->sealed, file->keys[i].sealed);
        add(&key->opened, file->keys[i].opened);
    }
}

/* Both have the same keys. */
static void
add_counts(struct counts *counts, const struct counts *more)
{
    for (size_t i = 0; i < CONTROL_COUNTERS; i++)
        add(&counts->events[i], more->events[i]);
    for (size_t i = 0; i < counts->key_count; i++) {
        add(&counts->keys[i].sealed, more->keys[i].sealed);
        add(&counts->keys[i].opened, more->keys[i].opened);
    }
}

static void
raise(uint64_t *most, uint64_t sum)
{
    if (*most < sum)
        *most = sum;
}

static void
raise_counts(struct counts *most, const struct counts *sum)
{
    for (size_t i = 0; i < CONTROL_COUNTERS; i++)
        raise(&most->events[i], sum->events[i]);
    for (size_t i = 0; i < most->key_count; i++) {
        raise(&most->keys[i].sealed, sum->keys[i].sealed);
        raise(&most->keys[i].opened, sum->keys[i].opened);
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

/* Of a file that was removed. */
static void
put_away(struct counts_past *past, const struct counters_total *file, uint64_t boot_s)
{
    if (past->kept == NULL && past->ring_path != NULL)
        past->kept = counters_open_kept(past->ring_path);
    if (past->kept != NULL)
        counters_keep(past->kept, file, boot_s);
    else
        add_file(&past->gone, file);
}

static void
add_kept(struct counts *counts, const struct counts_past *past)
{
    struct counters_total file;

    if (past->kept == NULL)
        return;
    counters_kept(&file, past->kept);
    add_file(counts, &file);
}

/* One file; what cannot be read is passed over, since others may put anything there. */
static void
add_path(struct gather *gather, const char *path)
{
    struct counters_total file;
    bool is_alive;

    if (!counters_read(&file, &is_alive, path, NULL))
        return;
    if (is_alive && file.is_kept && gather->past->kept != NULL)
        return; /* our own */
    if (is_alive && !file.is_kept)
        add_server(gather, &file);
    if (is_alive || !is_idle(&file, gather->boot_s) || !file_remove(path, NULL))
        add_file(gather->living, &file);
    else
        put_away(gather->past, &file, gather->boot_s);
}

static bool
visit(void *arg, const char *name)
{
    struct gather *gather = arg;
    char *path = NULL;

    gather->files += counters_is_name(name);
    gather->too_many = ++gather->looked > COUNTS_LOOK_MAX || gather->files > COUNTS_FILES_MAX;
    if (gather->too_many || !counters_is_name(name))
        return !gather->too_many;
    gather->no_memory = asprintf(&path, "%s/%s", gather->folder, name) < 0;
    if (gather->no_memory)
        return false;
    add_path(gather, path);
    free(path);
    return !gather->no_memory;
}

static bool
gather_all(struct gather *gather, struct err *err)
{
    if (!dir_list(gather->folder, visit, gather, err))
        return false;
    if (gather->no_memory)
        return err_set(err, "no memory to count");
    if (gather->too_many)
        (void)err_set(err,
                      "%s: over %u files of counters, or %u in all: not every server is counted; "
                      "remove what belongs to no server",
                      gather->folder, COUNTS_FILES_MAX, COUNTS_LOOK_MAX); /* always false */
    return true;
}

/* The most that the sums have been, for an answer; of keys once `most` has those of the set. */
static bool
tell(struct counts_view *view, const struct counts *most, const struct keyset *set, bool aligned)
{
    memcpy(view->sum.events, most->events, sizeof view->sum.events);
    if (!aligned || !align(&view->sum, set))
        return false;
    raise_counts(&view->sum, most);
    return true;
}

bool
counts_gather(struct counts_past *past, struct counts_view *view, const char *folder,
              const struct keyset *set, uint64_t boot_s, struct err *err)
{
    struct counts living = {0};
    struct gather gather = {.folder = folder, .boot_s = boot_s, .past = past, .living = &living};
    bool aligned = align(&past->most, set) && align(&past->gone, set) && align(&living, set);
    bool ok = aligned && gather_all(&gather, err);

    if (ok) {
        add_kept(&living, past);
        add_counts(&living, &past->gone);
        raise_counts(&past->most, &living);
    }
    if (!aligned || (view != NULL && !tell(view, &past->most, set, aligned)))
        ok = err_set(err, "no memory to count");
    if (ok && view != NULL) {
        view->servers = gather.servers;
        view->server_count = gather.server_count;
        gather.servers = NULL;
    }
    counts_free(&living);
    free(gather.servers);
    return ok;
}

void
counts_past_free(struct counts_past *past)
{
    counters_close(past->kept); /* the file stays */
    past->kept = NULL;
    counts_free(&past->gone);
    counts_free(&past->most);
}

void
counts_view_free(struct counts_view *view)
{
    counts_free(&view->sum);
    free(view->servers);
    *view = (struct counts_view){0};
}
