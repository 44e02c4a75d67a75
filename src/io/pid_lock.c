/* The lock that makes a daemon the only one; see process.h */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/process.h"

#define TRIES 100U

/* 0 where the file does not say. */
static pid_t
read_pid(int fd)
{
    char text[24] = {0};
    long pid;

    if (pread(fd, text, sizeof text - 1, 0) <= 0)
        return 0;
    pid = strtol(text, NULL, 10);
    return pid > 0 && pid <= 4194304 ? (pid_t)pid : 0;
}

/* Where it does not fit, as on a full disk, the lock does without. */
static void
write_pid(int fd)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());

    (void)!ftruncate(fd, 0);
    (void)!pwrite(fd, text, (size_t)len, 0);
}

/* True if the path still names the open file: its last holder may have removed it meanwhile. */
static bool
is_current(int fd, const char *path)
{
    struct stat open_one, named;

    return fstat(fd, &open_one) == 0 && lstat(path, &named) == 0 &&
           open_one.st_dev == named.st_dev && open_one.st_ino == named.st_ino;
}

/* A locked descriptor of the file that `path` names; -1 with errno, or with *other set. */
static int
open_locked(pid_t *other, const char *path)
{
    for (unsigned tries = 0; tries < TRIES; tries++) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
        bool is_locked;

        if (fd < 0)
            return -1;
        is_locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
        if (is_current(fd, path)) {
            if (is_locked)
                return fd;
            *other = read_pid(fd);
            (void)close(fd);
            return -1;
        }
        (void)close(fd);
    }
    errno = EAGAIN;
    return -1;
}

bool
pid_lock_open(struct pid_lock *lock, pid_t *other, const char *path, struct err *err)
{
    int fd;

    *other = -1;
    fd = open_locked(other, path);
    if (fd < 0)
        return err_errno(err, "%s", path);
    lock->path = strdup(path);
    if (lock->path == NULL) {
        (void)close(fd);
        return err_set(err, "%s: no memory", path);
    }
    write_pid(fd);
    lock->fd = fd;
    return true;
}

void
pid_lock_close(struct pid_lock *lock)
{
    if (lock->fd >= 0) {
        (void)unlink(lock->path); /* a stale one does no harm */
        (void)close(lock->fd);
    }
    free(lock->path);
    *lock = (struct pid_lock){.path = NULL, .fd = -1};
}
