/* files_inner.h - what files.c and files_put.c share. */
#ifndef IO_FILES_INNER_H
#define IO_FILES_INNER_H

#include <dirent.h>
#include <sys/stat.h>

#include "io/files.h"

struct files {
    DIR *dir;
    int fd; /* of `dir` */
    char *path;
};

struct files_mark files_mark_of(const struct stat *stat);

#endif
