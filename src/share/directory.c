/* The engine "directory": sealed records as files in a folder that the hosts share, whoever brings
 * them there: a shared file system, rsync, configuration management, a mounted Secret. See
 * docs/share-directory.md.
 *
 * inotify says at once which file changed; and each second all are looked at, for inotify tells
 * nothing of what other hosts write. All is done in turns of the loop, of some milliseconds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/process.h"
#include "share/directory_inner.h"

#define BUSY_SHARE 50U /* of the time at most one part is spent in scans */

static const struct engine_option_kind options[] = {
    {"path", "the folder that the hosts share", ENGINE_TEXT, true},
    {"read_only", "this host only reads there", ENGINE_BOOL, false},
    {NULL, NULL, ENGINE_TEXT, false},
};

static bool
check(const struct engine_option *given, size_t count, struct err *err)
{
    const char *path = engine_option_get(given, count, "path");

    if (path == NULL || path[0] != '/')
        return err_set(err, "path: give the folder that the hosts share, from / on");
    return true;
}

void
directory_trouble(struct directory *directory, enum directory_trouble which, const char *text)
{
    if (strcmp(directory->troubles[which].text, text) == 0)
        return;
    if (directory->troubles[which].text[0] == '\0')
        directory->troubles[which].since_ms = loop_now_ms(directory->loop);
    (void)snprintf(directory->troubles[which].text, sizeof directory->troubles[which].text, "%s",
                   text); /* of the same size */
    directory->is_state_new = true;
    directory->well_ms = loop_now_ms(directory->loop);
}

static void
state(const struct engine *engine, struct engine_state *out)
{
    const struct directory *directory = (const void *)engine;
    struct err text = {"well"};
    size_t which = 0;

    while (which < TROUBLES && directory->troubles[which].text[0] == '\0')
        which++;
    out->is_well = which == TROUBLES;
    out->since_ms = out->is_well ? directory->well_ms : directory->troubles[which].since_ms;
    if (!out->is_well)
        (void)err_set(&text, "%s", directory->troubles[which].text); /* always false */
    else if (directory->is_put)
        (void)err_set(&text,
                      "well; %s is only read (read_only), so the records of this host do "
                      "not go out there",
                      directory->path);
    else if (directory->watch == NULL && directory->watch_text[0] != '\0')
        (void)err_set(&text, "well; but changes are seen within a second only: %s",
                      directory->watch_text);
    memcpy(out->text, text.text, sizeof out->text);
}

/* At the end of all that may change it. */
static void
tell_state(struct directory *directory)
{
    if (!directory->is_state_new)
        return;
    directory->is_state_new = false;
    directory->events.state(directory->events.arg);
}

/* It has a place in the loop since start(), so this does not fail. */
static void
turn_soon(struct directory *directory)
{
    (void)loop_timer_set(directory->turn, 0);
}

/* inotify: something happened to this name. "..data" is what a mounted Secret is swapped by. */
static void
on_change(void *arg, const char *file)
{
    struct directory *directory = arg;
    struct engine_name name;

    if (directory->files == NULL)
        return;
    if (file == NULL || strncmp(file, "..", 2) == 0) {
        directory->scan.is_wanted = true;
        turn_soon(directory);
    } else if (file[0] != '.' && directory_name_read(&name, file, directory->keyset)) {
        if (name.kind == RECORD_KEYS)
            directory_look(directory, file, name.sender);
        if (name.sender == directory->host)
            directory_own_check(directory, name.kind);
        if (directory->own[name.kind].is_due)
            turn_soon(directory);
    }
    tell_state(directory);
}

static void
let_go(struct directory *directory)
{
    watch_free(&directory->watch);
    files_close(&directory->files);
    directory_scan_abort(directory);
}

/* The watch first, so that no change falls between it and the scan. */
static void
take_hold(struct directory *directory)
{
    struct err err = {""}, none = {""};

    directory->watch = watch_new(directory->loop, directory->path, on_change, directory, &none);
    directory->files = files_open(directory->path, &err);
    if (directory->files == NULL) {
        (void)err_add(&err, "records of other hosts do not come in: is it there, mounted, and may "
                            "stekd's user read it? It is tried again each second");
        let_go(directory);
    } else if (strcmp(directory->watch_text, none.text) != 0) {
        memcpy(directory->watch_text, none.text, sizeof directory->watch_text);
        directory->is_state_new = true;
    }
    directory_trouble(directory, TROUBLE_FOLDER, directory->files == NULL ? err.text : "");
    directory->scan.is_wanted = directory->files != NULL;
}

/* Once a second: is the folder there, and still the same? */
static void
poll_folder(struct directory *directory)
{
    if (directory->files != NULL && !files_is_there(directory->files))
        let_go(directory);
    if (directory->files == NULL)
        take_hold(directory);
    if (directory->files != NULL && !directory->scan.is_on)
        directory->scan.is_wanted = true;
}

/* All keysets at the same moment, so that many of them wake the process once a second, not many
 * times; other processes at another. */
static void
set_poll(struct directory *directory, uint64_t now_ms)
{
    uint64_t pause_ms = BUSY_SHARE * directory->scan.took_ms;
    uint64_t phase_ms = (uint64_t)process_pid() * 37 % DIRECTORY_POLL_MS;
    uint64_t next_ms = (now_ms / DIRECTORY_POLL_MS + 1) * DIRECTORY_POLL_MS + phase_ms;

    if (next_ms > now_ms + DIRECTORY_POLL_MS)
        next_ms -= DIRECTORY_POLL_MS;
    directory->poll_ms = pause_ms > next_ms - now_ms ? now_ms + pause_ms : next_ms;
}

/* Also what callbacks asked for. */
static bool
has_work(const struct directory *directory, uint64_t now_ms)
{
    bool has = directory->scan.is_on || directory->scan.is_wanted;

    for (unsigned kind = RECORD_KEYS; kind <= RECORD_STATUS; kind++) {
        const struct directory_own *own = &directory->own[kind];

        if (directory->files == NULL && directory->is_list_wanted[kind])
            return true; /* it completes, without a record */
        has = has || (own->is_due && own->due_ms <= now_ms);
    }
    return has && directory->files != NULL;
}

static void
on_turn(void *arg)
{
    struct directory *directory = arg;
    uint64_t now_ms = loop_now_ms(directory->loop);

    if (now_ms >= directory->poll_ms) {
        poll_folder(directory);
        set_poll(directory, now_ms);
    }
    if (directory->files == NULL) {
        directory_scan_abort(directory);
    } else {
        directory_own_write(directory);
        if (directory->scan.is_wanted && !directory->scan.is_on)
            directory_scan_begin(directory);
        if (directory->scan.is_on)
            directory_scan_step(directory);
    }
    tell_state(directory);
    now_ms = loop_now_ms(directory->loop);
    if (has_work(directory, now_ms))
        turn_soon(directory);
    else
        (void)loop_timer_set(directory->turn, /* as in turn_soon() */
                             directory->poll_ms > now_ms ? directory->poll_ms - now_ms : 0);
}

static void
stop(struct engine **engine)
{
    struct directory *directory = (void *)*engine;

    if (directory == NULL)
        return;
    loop_timer_free(&directory->turn);
    watch_free(&directory->watch);
    files_close(&directory->files);
    for (unsigned kind = RECORD_KEYS; kind <= RECORD_STATUS; kind++)
        free(directory->own[kind].bytes);
    free(directory->known.items);
    free(directory->scan.found.items);
    free(directory->path);
    free(directory);
    *engine = NULL;
}

static struct engine *
start(const struct engine_setup *setup, struct err *err)
{
    const char *path = engine_option_get(setup->options, setup->option_count, "path");
    const char *read_only = engine_option_get(setup->options, setup->option_count, "read_only");
    struct directory *directory = calloc(1, sizeof *directory);
    struct engine *engine;

    if (directory == NULL) {
        (void)err_set(err, "%s: no memory", path); /* always false */
        return NULL;
    }
    directory->engine.kind = &engine_directory;
    directory->loop = setup->loop;
    directory->events = setup->events;
    directory->host = setup->host;
    (void)snprintf(directory->keyset, sizeof directory->keyset, "%s", setup->keyset); /* fits */
    directory->is_read_only = read_only != NULL && strcmp(read_only, "true") == 0;
    directory->well_ms = loop_now_ms(setup->loop);
    directory->path = strdup(path);
    directory->turn = loop_timer_new(setup->loop, on_turn, directory, err);
    engine = &directory->engine;
    if (directory->path == NULL || directory->turn == NULL || !loop_timer_set(directory->turn, 0)) {
        (void)err_set(err, "%s: no memory", path); /* always false */
        stop(&engine);
    }
    return engine;
}

static bool
put(struct engine *engine, enum record_kind kind, const uint8_t *bytes, size_t len, struct err *err)
{
    struct directory *directory = (void *)engine;

    if (directory->is_read_only) {
        directory->is_state_new = directory->is_state_new || !directory->is_put;
        directory->is_put = true;
    } else if (!directory_own_put(directory, kind, bytes, len, err)) {
        return false;
    }
    turn_soon(directory);
    return true;
}

static void
list(struct engine *engine, enum record_kind kind)
{
    struct directory *directory = (void *)engine;

    directory->is_list_wanted[kind] = directory->scan.is_wanted = true;
    turn_soon(directory);
}

const struct engine_kind engine_directory = {
    .name = "directory",
    .summary = "files in a folder that the hosts share",
    .options = options,
    .folder_option = "path",
    .check = check,
    .start = start,
    .put = put,
    .list = list,
    .state = state,
    .stop = stop,
};
