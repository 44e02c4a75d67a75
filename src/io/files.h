/* files.h - a folder of small files that others write, too, here or on another host: to list, to
 * read and to replace by names in it.
 *
 * Nothing outside the folder is read, whatever links stand in it; links to files beneath it are
 * followed, for a mounted Secret is made of them. Names have no slash. */
#ifndef IO_FILES_H
#define IO_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct files;

/* Tells a file from the one that had the name before, and whether it was written to. */
struct files_mark {
    uint64_t device, inode, size;
    int64_t written_s, written_ns;
};

enum files_found {
    FILES_FOUND,
    FILES_ABSENT, /* none of that name, or none left */
    FILES_FAILED  /* `err` says why */
};

/* A folder that is there; NULL, with the reason in `err`. */
struct files *files_open(const char *path, struct err *err);

/* Sets NULL, takes NULL. */
void files_close(struct files **files);

/* Does the path still lead to this folder? */
bool files_is_there(const struct files *files);

/* The next name, valid until the next call, of those that do not begin with a dot, in no order;
 * FILES_ABSENT at the end. */
enum files_found files_next(struct files *files, const char **name, struct err *err);

/* From the first name again. */
void files_rewind(struct files *files);

bool files_mark_equal(const struct files_mark *a, const struct files_mark *b);

/* What stands under the name; only of regular files is there a mark. */
enum files_found files_look(const struct files *files, struct files_mark *mark, const char *name,
                            struct err *err);

/* All of a regular file of up to `max` bytes, whose size is looked at first; *bytes to be freed. */
enum files_found files_read(const struct files *files, uint8_t **bytes, size_t *len,
                            struct files_mark *mark, const char *name, size_t max, struct err *err);

/* Put these bytes in the place of what has the name: readers, and who comes after a loss of power,
 * find the old file or the new one, whole. For the owner alone, or, in a folder whose files take
 * its group (setgid), for that group to read. On failure the old file is as it was. */
bool files_put(const struct files *files, struct files_mark *mark, const char *name,
               const void *bytes, size_t len, struct err *err);

#endif
