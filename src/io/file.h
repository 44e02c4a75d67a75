/* file.h - files that the daemon reads, and folders that it keeps. */
#ifndef IO_FILE_H
#define IO_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

enum file_read {
    FILE_READ,
    FILE_ABSENT, /* no file of that name; `err` says so too */
    FILE_FAILED
};

/* Read a whole regular file of up to `max` bytes; *text, to be freed, ends with a NUL behind them.
 */
enum file_read file_read(char **text, size_t *len, const char *path, size_t max, struct err *err);

/* Remove a file; one that is not there counts as removed. */
bool file_remove(const char *path, struct err *err);

/* Make `path` absolute, its links resolved; to be freed. A last part that is not there yet is
 * fine. NULL, with the reason in `err`. */
char *file_absolute(const char *path, struct err *err);

/* Make a folder with this mode unless there is one by that name, which stays as it is. */
bool dir_ensure(const char *path, mode_t mode, struct err *err);

/* Make a folder with exactly this mode and group (-1: as it comes), or give these to one that is
 * there and ours. */
bool dir_make(const char *path, mode_t mode, gid_t group, struct err *err);

/* False, with what to do in `err`, unless the folder is ours and nobody else may write in it:
 * readers trust no ring in any other. */
bool dir_check_ours(const char *path, struct err *err);

/* False where what is written there comes to a disk, or where that is not known. */
bool dir_is_in_memory(const char *path);

/* Call `each` for each name in the folder but those that begin with a dot, in no order, as long as
 * it returns true. */
typedef bool dir_each_fn(void *arg, const char *name);
bool dir_list(const char *path, dir_each_fn *each, void *arg, struct err *err);

/* Remove an empty folder; one that is not there counts as removed. */
bool dir_remove(const char *path, struct err *err);

#endif
