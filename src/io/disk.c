/* see disk.h */
#include "io/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/whole.h"

#define FRESH_LEN (PATH_MAX + sizeof ".new")
#define FLAGS (O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

/* Zeros over a whole file; -1 is fine. */
static bool
overwrite(int fd)
{
    static const uint8_t zeros[4096];
    struct stat stat;

    if (fd < 0)
        return true;
    if (fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode))
        return false;
    for (off_t at = 0; at < stat.st_size;) {
        size_t len =
            stat.st_size - at < (off_t)sizeof zeros ? (size_t)(stat.st_size - at) : sizeof zeros;
        ssize_t put = pwrite(fd, zeros, len, at);

        if (put < 0 && errno != EINTR)
            return false;
        at += put > 0 ? put : 0;
    }
    return fsync(fd) == 0;
}

static bool
sync_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    bool done;
    int fd;

    (void)snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1,
                   slash == NULL ? "." : path);
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    done = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        (void)close(fd); /* only synced */
    return done;
}

static bool
destroy_one(const char *path, struct err *err)
{
    int fd = open(path, O_WRONLY | FLAGS), reason;
    bool done;

    if (fd < 0 && errno == ENOENT)
        return true;
    done = overwrite(fd);
    reason = errno;
    if (fd >= 0)
        (void)close(fd); /* synced */
    if (unlink(path) != 0 && errno != ENOENT)
        return err_errno(err, "%s: cannot be removed", path);
    errno = reason;
    return done || err_errno(err, "%s: removed, but its old bytes could not be overwritten", path);
}

/* The new file under its name for now. */
static bool
make_fresh(const char *fresh, const void *bytes, size_t len, struct err *err)
{
    int fd, reason;
    bool done;

    if (!destroy_one(fresh, err))
        return false;
    fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | FLAGS, 0600);
    if (fd < 0)
        return err_errno(err, "%s", fresh);
    done = whole_write(fd, bytes, len) && fsync(fd) == 0;
    reason = errno;
    (void)close(fd); /* synced */
    errno = reason;
    if (done)
        return true;
    (void)err_errno(err, "%s", fresh);
    (void)destroy_one(fresh, NULL); /* is told already */
    return false;
}

bool
disk_replace(const char *path, const void *bytes, size_t len, struct err *err)
{
    char fresh[FRESH_LEN];
    bool done;
    int old;

    (void)snprintf(fresh, sizeof fresh, "%s.new", path); /* fits: PATH_MAX */
    if (!make_fresh(fresh, bytes, len, err))
        return false;
    old = open(path, O_WRONLY | FLAGS); /* none, or one that cannot be: then it is only replaced */
    done = rename(fresh, path) == 0 || err_errno(err, "%s", path);
    if (done) {
        (void)sync_folder(path); /* else the old name may come back after a loss of power ... */
        (void)overwrite(old);    /* ... of a file that is no more than zeros */
    } else {
        (void)destroy_one(fresh, NULL); /* is told already */
    }
    if (old >= 0)
        (void)close(old); /* synced */
    return done;
}

bool
disk_try(const char *path, struct err *err)
{
    char fresh[FRESH_LEN];

    (void)snprintf(fresh, sizeof fresh, "%s.new", path); /* fits: PATH_MAX */
    return make_fresh(fresh, "", 0, err) && destroy_one(fresh, err);
}

bool
disk_destroy(const char *path, struct err *err)
{
    char fresh[FRESH_LEN];
    bool done;

    (void)snprintf(fresh, sizeof fresh, "%s.new", path); /* fits: PATH_MAX */
    done = destroy_one(path, err);
    done = destroy_one(fresh, err) && done;
    (void)sync_folder(path); /* what comes back after a loss of power is zeros */
    return done;
}

bool
disk_set_aside(const char *path, struct err *err)
{
    char aside[FRESH_LEN];

    (void)snprintf(aside, sizeof aside, "%s.bad", path); /* fits: PATH_MAX */
    if (rename(path, aside) != 0)
        return err_errno(err, "%s: cannot become %s", path, aside);
    (void)sync_folder(path); /* else it may be found once more after a loss of power */
    return true;
}

bool
disk_is_fixed(const char *path)
{
    struct stat file;

    return stat(path, &file) == 0 &&
           ((file.st_mode & S_IWUSR) == 0 || (access(path, W_OK) != 0 && errno == EROFS));
}

uint64_t
disk_placed_ms(const char *path)
{
    struct stat stat;

    if (lstat(path, &stat) != 0)
        return 0;
    return (uint64_t)stat.st_ctim.tv_sec * 1000U + (uint64_t)stat.st_ctim.tv_nsec / 1000000U;
}

const char *
disk_state_folder(void)
{
    const char *folder = secure_getenv("STATE_DIRECTORY");

    return folder == NULL || folder[0] != '/' ? "/var/lib/stek" : folder;
}
