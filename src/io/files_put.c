/* see files.h: writing */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "io/files_inner.h"
#include "io/whole.h"

/* In a setgid folder the file has its group already. */
static bool
let_group_read(const struct files *files, int fd)
{
    struct stat folder;

    return fstat(files->fd, &folder) == 0 &&
           ((folder.st_mode & S_ISGID) == 0 || fchmod(fd, 0640) == 0);
}

/* The new file, under its name for now. */
static bool
make_fresh(const struct files *files, struct files_mark *mark, const char *fresh, const void *bytes,
           size_t len)
{
    struct stat stat;
    bool done;
    int fd, reason;

    if (unlinkat(files->fd, fresh, 0) != 0 && errno != ENOENT) /* left by one that died */
        return false;
    fd = openat(files->fd, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    done = whole_write(fd, bytes, len) && let_group_read(files, fd) && fsync(fd) == 0 &&
           fstat(fd, &stat) == 0;
    reason = errno;
    if (close(fd) != 0 && done) { /* NFS may tell only now */
        reason = errno;
        done = false;
    }
    errno = reason;
    if (done)
        *mark = files_mark_of(&stat);
    return done;
}

bool
files_put(const struct files *files, struct files_mark *mark, const char *name, const void *bytes,
          size_t len, struct err *err)
{
    char fresh[NAME_MAX + 1];
    struct files_mark made;
    int got = snprintf(fresh, sizeof fresh, ".%s.tmp", name);

    if (got < 0 || (size_t)got >= sizeof fresh)
        return err_set(err, "%s/%s: too long a name", files->path, name);
    if (!make_fresh(files, &made, fresh, bytes, len) ||
        renameat(files->fd, fresh, files->fd, name) != 0) {
        (void)err_errno(err, "%s/%s", files->path, name); /* keeps errno */
        (void)unlinkat(files->fd, fresh, 0);              /* is told already */
        return false;
    }
    (void)fsync(
        files->fd); /* else the old file may be back after a loss of power: it is put again */
    *mark = made;
    return true;
}
