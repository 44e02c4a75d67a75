/* folder.h - inside sys: a file's folder, held open, so that a path is walked once; and mapping. */
#ifndef SYS_FOLDER_H
#define SYS_FOLDER_H

#include <stdbool.h>
#include <sys/stat.h>

#include "sys/sys.h"

struct folder {
    int fd;           /* O_PATH */
    struct stat stat; /* of the folder */
    const char *base; /* the file's name in it: the end of the given path */
};

/* Open the folder of `path`; false with errno. */
bool folder_open(struct folder *folder, const char *path);

/* Keeps errno. */
void folder_close(struct folder *folder);

/* Map all of an open file, shared; false with errno. */
bool map_file(struct sys_map *map, int fd, const struct stat *file, int protection);

/* No core dumps, no swap, as far as the system lets us. Keeps errno. */
void map_harden(const struct sys_map *map);

#endif
