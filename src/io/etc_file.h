/* etc_file.h - files of the system's configuration, which are replaced whole or not at all. */
#ifndef IO_ETC_FILE_H
#define IO_ETC_FILE_H

#include <stdbool.h>

#include "base/err.h"

/* Put this text there, to be read by all, and make the folders on the way. A link of that name is
 * replaced, not followed. */
bool etc_file_write(const char *path, const char *text, struct err *err);

/* The same for a symbolic link. */
bool etc_file_link(const char *path, const char *target, struct err *err);

/* Where a symbolic link points, to be freed; NULL where there is none. False where there is
 * something else, or memory ended. */
bool etc_file_read_link(char **target, const char *path, struct err *err);

#endif
