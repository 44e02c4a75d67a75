/* Folders; see file.h */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "io/file.h"

/* Mode and group, where they are not so already: the folder's owner alone may set them. */
static bool
dir_adjust(int fd, const char *path, mode_t mode, gid_t group, struct err *err)
{
    struct stat stat;

    if (fstat(fd, &stat) != 0)
        return err_errno(err, "%s", path);
    if (group != (gid_t)-1 && stat.st_gid != group && fchown(fd, (uid_t)-1, group) != 0)
        return err_errno(err,
                         "%s: cannot be given to group %lu: is stekd's user in it? \"stekctl "
                         "setup\" sees to that",
                         path, (unsigned long)group);
    if ((stat.st_mode & 07777) != mode && fchmod(fd, mode) != 0)
        return err_errno(err, "%s: its mode cannot be set to %o", path, (unsigned)mode);
    return true;
}

bool
dir_ensure(const char *path, mode_t mode, struct err *err)
{
    if (mkdir(path, 0700) == 0)
        return chmod(path, mode) == 0 || err_errno(err, "%s: its mode cannot be set", path);
    return errno == EEXIST || err_errno(err, "%s: cannot be made: make it first", path);
}

bool
dir_make(const char *path, mode_t mode, gid_t group, struct err *err)
{
    bool ok;
    int fd;

    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return err_errno(err, "%s: cannot be made", path);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, "%s: not a folder that can be used", path);
    ok = dir_adjust(fd, path, mode, group, err);
    (void)close(fd); /* nothing was written through it */
    return ok;
}

bool
dir_check_ours(const char *path, struct err *err)
{
    struct stat stat;

    if (lstat(path, &stat) != 0)
        return err_errno(err, "%s", path);
    if (!S_ISDIR(stat.st_mode))
        return err_set(err, "%s: not a folder", path);
    if (stat.st_uid != geteuid())
        return err_set(err,
                       "%s: belongs to user %lu, and stekd runs as user %lu: servers trust only "
                       "rings of the folder's owner; run stekd as that user, or chown the folder",
                       path, (unsigned long)stat.st_uid, (unsigned long)geteuid());
    if ((stat.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return err_set(err,
                       "%s: others may write in it, so servers would not trust a ring there: "
                       "chmod go-w %s",
                       path, path);
    return true;
}

bool
dir_is_in_memory(const char *path)
{
    struct statfs system;

    return statfs(path, &system) == 0 &&
           (system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC);
}

bool
dir_list(const char *path, dir_each_fn *each, void *arg, struct err *err)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    bool ok, more = true;

    if (dir == NULL)
        return err_errno(err, "%s", path);
    errno = 0;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else has this DIR */
    while (more && (entry = readdir(dir)) != NULL) {
        more = entry->d_name[0] == '.' || each(arg, entry->d_name);
        errno = 0;
    }
    ok = errno == 0 || err_errno(err, "%s", path);
    (void)closedir(dir); /* only read */
    return ok;
}

bool
dir_remove(const char *path, struct err *err)
{
    if (rmdir(path) != 0 && errno != ENOENT)
        return err_errno(err, "%s: cannot be removed", path);
    return true;
}
