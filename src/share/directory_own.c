/* Our own records in the directory; see directory_inner.h */
#include <stdlib.h>
#include <string.h>

#include "share/directory_inner.h"

bool
directory_own_put(struct directory *directory, enum record_kind kind, const uint8_t *bytes,
                  size_t len, struct err *err)
{
    struct directory_own *own = &directory->own[kind];
    uint8_t *copy;

    if (len == 0 || len > RECORD_MAX)
        return err_set(err, "a record of %zu bytes: it may have 1 to %zu", len, RECORD_MAX);
    copy = malloc(len);
    if (copy == NULL)
        return err_set(err, "%s: no memory for a record", directory->path);
    memcpy(copy, bytes, len);
    free(own->bytes);
    own->bytes = copy;
    own->len = len;
    own->is_due = true;
    own->due_ms = 0;
    return true;
}

static bool
holds(const struct directory_own *own, const uint8_t *bytes, size_t len)
{
    return len == own->len && memcmp(bytes, own->bytes, len) == 0;
}

/* It stands there as it should. What is written over it within the same tick of the file system's
 * clock leaves the same mark: so each mark is looked behind once more. */
static void
noted(struct directory_own *own, const struct files_mark *mark, uint64_t now_ms)
{
    bool is_same = files_mark_equal(mark, &own->mark);

    own->mark = *mark;
    if (!is_same)
        own->again_ms = now_ms + DIRECTORY_AGAIN_MS;
    else if (now_ms >= own->again_ms)
        own->again_ms = 0;
}

static void
replaced(struct directory *directory, struct directory_own *own)
{
    uint64_t now_ms = loop_now_ms(directory->loop);
    struct err what, text;

    own->is_due = true;
    own->due_ms = twin_replaced(&own->twin, now_ms);
    if (!twin_is_there(&own->twin, now_ms))
        return;
    (void)err_set(&what, "%s: somebody else writes the record of this host",
                  directory->path); /* always false */
    twin_say(&text, what.text, directory->host);
    directory_trouble(directory, TROUBLE_TWIN, text.text);
}

void
directory_own_check(struct directory *directory, enum record_kind kind)
{
    struct directory_own *own = &directory->own[kind];
    const struct engine_name name = {kind, directory->host};
    char file[DIRECTORY_NAME_LEN];
    uint64_t now_ms = loop_now_ms(directory->loop);
    struct files_mark mark;
    uint8_t *bytes;
    size_t len;

    if (own->bytes == NULL || own->is_due)
        return;
    directory_name_write(file, &name, directory->keyset);
    if (files_look(directory->files, &mark, file, NULL) == FILES_FOUND &&
        files_mark_equal(&mark, &own->mark) && (own->again_ms == 0 || now_ms < own->again_ms))
        return;
    switch (files_read(directory->files, &bytes, &len, &mark, file, RECORD_MAX, NULL)) {
    case FILES_FOUND:
        if (holds(own, bytes, len))
            noted(own, &mark, now_ms);
        else
            replaced(directory, own);
        free(bytes);
        return;
    case FILES_ABSENT:
        own->is_due = true;
        own->due_ms = 0;
        return;
    case FILES_FAILED:
    default: replaced(directory, own); /* by what cannot be read */
    }
}

static void
write_one(struct directory *directory, enum record_kind kind, uint64_t now_ms)
{
    struct directory_own *own = &directory->own[kind];
    const struct engine_name name = {kind, directory->host};
    char file[DIRECTORY_NAME_LEN];
    struct err err = {""};

    directory_name_write(file, &name, directory->keyset);
    if (files_put(directory->files, &own->mark, file, own->bytes, own->len, &err)) {
        own->is_due = own->has_failed = false;
        own->again_ms = now_ms + DIRECTORY_AGAIN_MS;
        return;
    }
    own->due_ms = now_ms + DIRECTORY_POLL_MS;
    own->has_failed = true;
    (void)err_add(&err, "the record of this host is not written, so others do not get its keys: "
                        "make room, let stekd's user write there, or set read_only = true");
    directory_trouble(directory, TROUBLE_WRITE, err.text);
}

void
directory_own_write(struct directory *directory)
{
    uint64_t now_ms = loop_now_ms(directory->loop);
    bool has_failed = false, is_twin = false;

    for (unsigned kind = RECORD_KEYS; kind <= RECORD_STATUS; kind++) {
        struct directory_own *own = &directory->own[kind];

        if (own->is_due && now_ms >= own->due_ms)
            write_one(directory, (enum record_kind)kind, now_ms);
        has_failed = has_failed || own->has_failed;
        is_twin = is_twin || twin_is_there(&own->twin, now_ms);
    }
    if (!has_failed)
        directory_trouble(directory, TROUBLE_WRITE, "");
    if (!is_twin)
        directory_trouble(directory, TROUBLE_TWIN, "");
}
