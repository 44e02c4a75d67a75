/* reopen.h - inside sys: open a file of our own for writing that not even we may write. */
#ifndef SYS_REOPEN_H
#define SYS_REOPEN_H

#include <stdbool.h>
#include <sys/stat.h>

#include "sys/folder.h"

/* Open `name` in `folder` for reading and writing; -1 with errno, ENOENT if it is not there. What
 * kind of file it is has not been looked at yet. */
int reopen_existing(const struct folder *folder, const char *name);

/* NULL if the file is ours alone to write and nobody's but our group's to read, else what is wrong
 * with it. */
const char *reopen_refuse(const struct stat *file);

bool reopen_same(const struct stat *a, const struct stat *b);

#endif
