/* see reopen.h */
#include "sys/reopen.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

const char *
reopen_refuse(const struct stat *file)
{
    if (!S_ISREG(file->st_mode))
        return "is not a regular file";
    if (file->st_uid != geteuid())
        return "belongs to another user";
    if ((file->st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return "may be written by others than its owner";
    if ((file->st_mode & S_IRWXO) != 0)
        return "may be read by everybody: its keys are to be revoked, then remove it";
    return NULL;
}

bool
reopen_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* A ring's mode is 0400, which keeps its owner out too unless that is root: lend ourselves the
 * right to write for as long as an open() takes, and make sure that both opens met one file. */
static int
reopen_for_writing(const struct folder *folder, const char *name, int reading)
{
    struct stat before, after;
    int fd, reason;

    if (fstat(reading, &before) != 0 || reopen_refuse(&before) != NULL)
        return -1;
    if (fchmod(reading, (before.st_mode & 07777) | S_IWUSR) != 0)
        return -1;
    fd = openat(folder->fd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    reason = errno;
    if (fd >= 0 && (fstat(fd, &after) != 0 || !reopen_same(&before, &after))) {
        reason = EAGAIN;
        (void)close(fd); /* nothing was written */
        fd = -1;
    }
    if (fchmod(reading, before.st_mode & 07777) != 0 && fd >= 0) {
        reason = errno;
        (void)close(fd);
        fd = -1;
    }
    errno = reason;
    return fd;
}

int
reopen_existing(const struct folder *folder, const char *name)
{
    int flags = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    int fd = openat(folder->fd, name, O_RDWR | flags), reading, reason;

    if (fd >= 0 || errno != EACCES)
        return fd;
    reading = openat(folder->fd, name, O_RDONLY | flags);
    if (reading < 0)
        return -1;
    errno = EACCES;
    fd = reopen_for_writing(folder, name, reading);
    reason = errno;
    (void)close(reading); /* was only read */
    errno = reason;
    return fd;
}
