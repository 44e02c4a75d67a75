/* see sys.h: mappings, and the files that may be trusted */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/folder.h"
#include "sys/sys.h"

void
map_harden(struct sys_map *map)
{
    int saved = errno;

    (void)madvise(map->base, map->len, MADV_DONTDUMP); /* best effort: an old kernel, ... */
    map->is_locked = mlock(map->base, map->len) == 0;  /* ... or RLIMIT_MEMLOCK */
    errno = saved;
}

bool
map_file(struct sys_map *map, int fd, const struct stat *file, int protection)
{
    size_t len = (size_t)file->st_size;
    void *base = mmap(NULL, len, protection, MAP_SHARED | MAP_POPULATE, fd, 0);

    if (base == MAP_FAILED)
        return false;
    *map = (struct sys_map){.base = base,
                            .len = len,
                            .device = file->st_dev,
                            .inode = file->st_ino,
                            .owner = file->st_uid};
    map_harden(map);
    return true;
}

/* NULL if `file` in `folder` may be trusted, else what is wrong with them. */
static const char *
distrust(const struct stat *folder, const struct stat *file, uid_t owner)
{
    if (!S_ISREG(file->st_mode))
        return "is not a regular file";
    if ((folder->st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return "stands in a folder that others than its owner may write";
    if (file->st_uid != folder->st_uid)
        return "belongs to another user than its folder";
    if (owner != SYS_ANY_OWNER && file->st_uid != owner)
        return "belongs to another user than the one that was mapped before";
    if ((file->st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return "may be written by others than its owner";
    if ((file->st_mode & S_IRWXO) != 0)
        return "may be read by everybody";
    return NULL;
}

static enum sys_open
map_checked(struct sys_map *map, int fd, const struct stat *folder, const char *path, uid_t owner,
            struct err *err)
{
    struct stat file;
    const char *reason;

    if (fstat(fd, &file) != 0)
        return folder_cannot(path, err);
    reason = distrust(folder, &file, owner);
    if (reason != NULL) {
        err_set(err, "%s %s", path, reason);
        return SYS_UNSAFE;
    }
    if (file.st_size == 0)
        *map = (struct sys_map){.device = file.st_dev, .inode = file.st_ino, .owner = file.st_uid};
    else if (!map_file(map, fd, &file, PROT_READ))
        return folder_cannot(path, err);
    return SYS_OPENED;
}

enum sys_open
sys_map_trusted(struct sys_map *map, const char *path, uid_t owner, struct err *err)
{
    int saved = errno, reason;
    struct folder folder;
    enum sys_open result;
    int fd;

    result = folder_open(&folder, path, err);
    if (result != SYS_OPENED)
        return result;
    /* O_NONBLOCK: a FIFO must not hold us up. */
    fd = openat(folder.fd, folder.base, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        result = folder_cannot(path, err);
    } else {
        result = map_checked(map, fd, &folder.stat, path, owner, err);
        reason = errno;
        (void)close(fd); /* was only read; the mapping stays */
        errno = reason;
    }
    folder_close(&folder);
    if (result == SYS_OPENED)
        errno = saved;
    return result;
}

bool
sys_map_is(const struct sys_map *map, const char *path)
{
    int saved = errno;
    struct stat file;
    bool is = map->inode != 0 && stat(path, &file) == 0 && file.st_dev == map->device &&
              file.st_ino == map->inode;

    errno = saved;
    return is;
}

bool
sys_map_anonymous(struct sys_map *map, size_t len)
{
    void *base = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (base == MAP_FAILED)
        return false;
    *map = (struct sys_map){.base = base, .len = len};
    map_harden(map);
    return true;
}

void
sys_unmap(struct sys_map *map)
{
    if (map->base != NULL)
        (void)munmap(map->base, map->len); /* fails for a range that was never mapped only */
    *map = (struct sys_map){0};
}
