/* Finding and reading records; see directory_inner.h
 *
 * A scan goes through all names, in slices of some milliseconds. It stats every record's file, for
 * one that is written in place changes nothing of the folder, and reads those that changed, or all
 * of them for a list. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "share/directory_inner.h"

#define SLICE_MS 3U
#define BAD_SCANS 2U /* less than that is a file that is just being written or removed */

static int
compare(const void *a, const void *b)
{
    const struct directory_known *x = a, *y = b;

    return (x->sender > y->sender) - (x->sender < y->sender);
}

static struct directory_known *
find(const struct directory_list *list, uint64_t sender)
{
    const struct directory_known wanted = {.sender = sender};

    return list->count == 0 ? NULL
                            : bsearch(&wanted, list->items, list->count, sizeof wanted, compare);
}

static bool
append(struct directory_list *list, const struct directory_known *item)
{
    if (list->count == list->cap) {
        size_t cap = list->cap == 0 ? 64 : 2 * list->cap;
        void *items = realloc(list->items, cap * sizeof *list->items);

        if (items == NULL)
            return false;
        list->items = items;
        list->cap = cap;
    }
    list->items[list->count++] = *item;
    return true;
}

/* FNV-1a, to tell a record from the last one. Who makes two alike loses the second, and only until
 * the next list. */
static uint64_t
sum_of(const uint8_t *bytes, size_t len)
{
    uint64_t sum = 0xcbf29ce484222325U;

    for (size_t i = 0; i < len; i++)
        sum = (sum ^ bytes[i]) * 0x100000001b3U;
    return sum;
}

static void
note_bad(struct directory *directory, const struct err *err)
{
    struct directory_scan *scan = &directory->scan;

    if (scan->bad++ == 0)
        memcpy(scan->bad_text, err->text, sizeof scan->bad_text);
}

/* Read a file and tell its record, if it is new or else wanted. `known` takes what it is now. */
static bool
read_one(struct directory *directory, struct directory_known *known, const char *file,
         const struct engine_name *name, bool is_wanted)
{
    uint64_t now_ms = loop_now_ms(directory->loop), sum;
    struct files_mark mark;
    struct err err = {""};
    uint8_t *bytes;
    size_t len;

    switch (files_read(directory->files, &bytes, &len, &mark, file, RECORD_MAX, &err)) {
    case FILES_FOUND: break;
    case FILES_ABSENT: return false;
    case FILES_FAILED:
    default: note_bad(directory, &err); return false;
    }
    if (len == 0) {
        (void)err_set(&err, "%s/%s: empty", directory->path, file); /* always false */
        note_bad(directory, &err);
        free(bytes);
        return false;
    }
    sum = sum_of(bytes, len);
    if (is_wanted || known->due_ms == UINT64_MAX || sum != known->sum)
        directory->events.record(directory->events.arg, name, bytes, len);
    free(bytes);
    if (known->due_ms == UINT64_MAX || !files_mark_equal(&mark, &known->mark))
        known->due_ms = now_ms + DIRECTORY_AGAIN_MS;
    else if (now_ms >= known->due_ms)
        known->due_ms = 0;
    known->mark = mark;
    known->sum = sum;
    return true;
}

static void
scan_keys(struct directory *directory, const char *file, const struct engine_name *name)
{
    struct directory_scan *scan = &directory->scan;
    const struct directory_known *before = find(&directory->known, name->sender);
    struct directory_known now = {.sender = name->sender, .due_ms = UINT64_MAX}; /* never read */
    bool is_listed = scan->is_listed[RECORD_KEYS], is_same;
    struct files_mark mark;
    struct err err = {""};

    if (scan->found.count == DIRECTORY_RECORDS_MAX) {
        scan->is_whole = false;
        return;
    }
    if (before != NULL)
        now = *before;
    switch (files_look(directory->files, &mark, file, &err)) {
    case FILES_FOUND: break;
    case FILES_ABSENT: return;
    case FILES_FAILED:
    default: note_bad(directory, &err); return;
    }
    is_same = before != NULL && files_mark_equal(&mark, &now.mark) &&
              (now.due_ms == 0 || loop_now_ms(directory->loop) < now.due_ms);
    if ((!is_same || is_listed) && !read_one(directory, &now, file, name, is_listed))
        return;
    if (!append(&scan->found, &now))
        scan->is_whole = false; /* it will be read again */
}

static void
scan_status(struct directory *directory, const char *file, const struct engine_name *name)
{
    struct directory_scan *scan = &directory->scan;
    struct directory_known now = {.sender = name->sender, .due_ms = UINT64_MAX};

    if (!scan->is_listed[RECORD_STATUS])
        return;
    if (scan->statuses == DIRECTORY_RECORDS_MAX)
        scan->is_whole = false;
    else if (read_one(directory, &now, file, name, true))
        scan->statuses++;
}

void
directory_scan_begin(struct directory *directory)
{
    struct directory_scan *scan = &directory->scan;

    files_rewind(directory->files);
    scan->is_on = scan->is_whole = true;
    scan->is_wanted = false;
    scan->found.count = scan->names = scan->statuses = scan->bad = 0;
    scan->took_ms = 0;
    for (unsigned kind = RECORD_KEYS; kind <= RECORD_STATUS; kind++) {
        scan->is_listed[kind] = directory->is_list_wanted[kind];
        directory->is_list_wanted[kind] = false;
    }
}

static void
complete(struct directory *directory, bool is_whole)
{
    struct directory_scan *scan = &directory->scan;

    scan->is_on = false;
    for (unsigned kind = RECORD_KEYS; kind <= RECORD_STATUS; kind++) {
        if (scan->is_listed[kind])
            directory->events.complete(directory->events.arg, (enum record_kind)kind, is_whole);
        scan->is_listed[kind] = false;
    }
}

void
directory_scan_abort(struct directory *directory)
{
    struct directory_scan *scan = &directory->scan;

    for (unsigned kind = RECORD_KEYS; kind <= RECORD_STATUS; kind++) {
        scan->is_listed[kind] = scan->is_listed[kind] || directory->is_list_wanted[kind];
        directory->is_list_wanted[kind] = false;
    }
    complete(directory, false);
}

static void
tell_bad(struct directory *directory)
{
    struct directory_scan *scan = &directory->scan;
    struct err err;

    scan->bad_scans = scan->bad > 0 ? scan->bad_scans + 1 : 0;
    if (scan->bad_scans >= BAD_SCANS) {
        (void)err_set(&err,
                      "%zu files are passed over that should hold records; one of them: %s: "
                      "mend or remove it",
                      scan->bad, scan->bad_text); /* always false */
        directory_trouble(directory, TROUBLE_FILE, err.text);
    } else if (scan->bad == 0) {
        directory_trouble(directory, TROUBLE_FILE, "");
    }
}

static void
tell_crowd(struct directory *directory)
{
    const struct directory_scan *scan = &directory->scan;
    struct err err;

    if (scan->names < DIRECTORY_NAMES_MAX && scan->found.count < DIRECTORY_RECORDS_MAX &&
        scan->statuses < DIRECTORY_RECORDS_MAX) {
        directory_trouble(directory, TROUBLE_CROWD, "");
        return;
    }
    (void)err_set(&err, /* always false */
                  "%s: more than %u records of a keyset, or %u names: the rest is not read; remove "
                  "those of hosts that are gone",
                  directory->path, DIRECTORY_RECORDS_MAX, DIRECTORY_NAMES_MAX);
    directory_trouble(directory, TROUBLE_CROWD, err.text);
}

/* What was found is what is known from now on. */
static void
finish(struct directory *directory)
{
    struct directory_scan *scan = &directory->scan;
    struct directory_list old = directory->known;

    if (scan->found.count > 0)
        qsort(scan->found.items, scan->found.count, sizeof *scan->found.items, compare);
    directory->known = scan->found;
    scan->found = old;
    tell_bad(directory);
    tell_crowd(directory);
    for (unsigned kind = RECORD_KEYS; kind <= RECORD_STATUS; kind++)
        directory_own_check(directory, (enum record_kind)kind);
    complete(directory, scan->is_whole);
}

void
directory_scan_step(struct directory *directory)
{
    struct directory_scan *scan = &directory->scan;
    uint64_t begun_ms = loop_now_ms(directory->loop), now_ms = begun_ms;
    enum files_found found = FILES_FOUND;
    struct engine_name name;
    struct err err = {""};
    const char *file;

    while (scan->names < DIRECTORY_NAMES_MAX && now_ms < begun_ms + SLICE_MS) {
        found = files_next(directory->files, &file, &err);
        if (found != FILES_FOUND)
            break;
        scan->names++;
        now_ms = loop_now_ms(directory->loop);
        if (!directory_name_read(&name, file, directory->keyset))
            continue;
        if (name.kind == RECORD_KEYS)
            scan_keys(directory, file, &name);
        else
            scan_status(directory, file, &name);
    }
    scan->took_ms += now_ms - begun_ms;
    if (found == FILES_FAILED) {
        directory_trouble(directory, TROUBLE_FOLDER, err.text);
        directory_scan_abort(directory);
    } else if (found == FILES_ABSENT || scan->names == DIRECTORY_NAMES_MAX) {
        scan->is_whole = scan->is_whole && found == FILES_ABSENT;
        finish(directory);
    }
}

/* What finds no memory is read again by the next scan. */
static void
insert(struct directory_list *list, const struct directory_known *item)
{
    size_t at;

    if (list->count == DIRECTORY_RECORDS_MAX || !append(list, item))
        return;
    for (at = list->count - 1; at > 0 && list->items[at - 1].sender > item->sender; at--)
        list->items[at] = list->items[at - 1];
    list->items[at] = *item;
}

void
directory_look(struct directory *directory, const char *file, uint64_t sender)
{
    const struct engine_name name = {RECORD_KEYS, sender};
    struct directory_known *known = find(&directory->known, sender);
    struct directory_known fresh = {.sender = sender, .due_ms = UINT64_MAX};

    if (known != NULL)
        (void)read_one(directory, known, file, &name, false); /* else the next scan does */
    else if (read_one(directory, &fresh, file, &name, false))
        insert(&directory->known, &fresh);
}
