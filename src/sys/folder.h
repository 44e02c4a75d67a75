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

/* Open the folder of `path`, name by name: a name that some other user may have put there is
 * SYS_UNSAFE, be it a folder's or a link's. */
enum sys_open folder_open(struct folder *folder, const char *path, struct err *err);

/* Keeps errno. */
void folder_close(struct folder *folder);

/* True if what stands in `folder` under some name was put there by whom we trust: only its owner
 * may write the folder, or it belongs to root, to `self` (which is who we are), or to the folder's
 * owner. So nobody plants a name in /tmp for us, nor takes one over that was removed. `is_known`
 * is false for one of those users that a user namespace has no number for: they look all alike, and
 * are trusted in no such folder. */
bool folder_trusts(const struct stat *folder, const struct stat *named, uid_t self, bool is_known);

/* Why `path` could not be opened: what errno means, with words for it in `err`. */
enum sys_open folder_cannot(const char *path, struct err *err);

/* Map all of an open file, shared; false with errno. */
bool map_file(struct sys_map *map, int fd, const struct stat *file, int protection);

/* No core dumps, no swap, as far as the system lets us. Keeps errno. */
void map_harden(struct sys_map *map);

#endif
