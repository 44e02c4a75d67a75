/* see sys.h: mappings, and the files that may be trusted */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/folder.h"
#include "sys/sys.h"

void
map_harden(const struct sys_map *map)
{
    int saved = errno;

    (void)madvise(map->base, map->len, MADV_DONTDUMP); /* best effort: an old kernel, ... */
    (void)mlock(map->base, map->len);                  /* ... or RLIMIT_MEMLOCK */
    errno = saved;
}

bool
map_file(struct sys_map *map, int fd, const struct stat *file, int protection)
{
    size_t len = (size_t)file->st_size;
    void *base = mmap(NULL, len, protection, MAP_SHARED | MAP_POPULATE, fd, 0);

    if (base == MAP_FAILED)
        return false;
    *map =
        (struct sys_map){.base = base, .len = len, .device = file->st_dev, .inode = file->st_ino};
    map_harden(map);
    return true;
}

/* NULL if `file` in `folder` may be trusted, else what is wrong with them. */
static const char *
distrust(const struct stat *folder, const struct stat *file)
{
    if (!S_ISREG(file->st_mode))
        return "is not a regular file";
    if ((folder->st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return "stands in a folder that others than its owner may write";
    if (file->st_uid != folder->st_uid)
        return "belongs to another user than its folder";
    if ((file->st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return "may be written by others than its owner";
    if ((file->st_mode & S_IRWXO) != 0)
        return "may be read by everybody";
    return NULL;
}

static enum sys_open
cannot_open(const char *path, struct err *err)
{
    switch (errno) {
    case ENOENT: err_set(err, "%s is not there", path); return SYS_ABSENT;
    case ELOOP: err_set(err, "%s is a symbolic link", path); return SYS_UNSAFE;
    case ENXIO: err_set(err, "%s is not a regular file", path); return SYS_UNSAFE;
    default: err_errno(err, "%s", path); return SYS_FAILED;
    }
}

static enum sys_open
map_checked(struct sys_map *map, int fd, const struct stat *folder, const char *path,
            struct err *err)
{
    struct stat file;
    const char *reason;

    if (fstat(fd, &file) != 0)
        return cannot_open(path, err);
    reason = distrust(folder, &file);
    if (reason != NULL) {
        err_set(err, "%s %s", path, reason);
        return SYS_UNSAFE;
    }
    if (file.st_size == 0)
        *map = (struct sys_map){.device = file.st_dev, .inode = file.st_ino};
    else if (!map_file(map, fd, &file, PROT_READ))
        return cannot_open(path, err);
    return SYS_OPENED;
}

enum sys_open
sys_map_trusted(struct sys_map *map, const char *path, struct err *err)
{
    int saved = errno, reason;
    struct folder folder;
    enum sys_open result;
    int fd;

    if (!folder_open(&folder, path))
        return cannot_open(path, err);
    /* O_NONBLOCK: a FIFO must not hold us up. */
    fd = openat(folder.fd, folder.base, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        result = cannot_open(path, err);
    } else {
        result = map_checked(map, fd, &folder.stat, path, err);
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
