/* see files.h: finding and reading */
#include "io/files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/files_inner.h"
#include "io/whole.h"

#define FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

struct files *
files_open(const char *path, struct err *err)
{
    struct files *files = calloc(1, sizeof *files);
    int fd = -1;

    if (files != NULL)
        files->path = strdup(path);
    if (files == NULL || files->path == NULL) {
        (void)err_set(err, "%s: no memory", path); /* always false */
        files_close(&files);
        return NULL;
    }
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    files->dir = fd < 0 ? NULL : fdopendir(fd);
    files->fd = fd;
    if (files->dir == NULL) {
        (void)err_errno(err, "%s", path); /* always false */
        if (fd >= 0)
            (void)close(fd); /* only opened */
        files_close(&files);
    }
    return files;
}

void
files_close(struct files **files)
{
    if (*files == NULL)
        return;
    if ((*files)->dir != NULL)
        (void)closedir((*files)->dir); /* only read */
    free((*files)->path);
    free(*files);
    *files = NULL;
}

bool
files_is_there(const struct files *files)
{
    struct stat here, there;

    return fstat(files->fd, &here) == 0 && stat(files->path, &there) == 0 &&
           here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

enum files_found
files_next(struct files *files, const char **name, struct err *err)
{
    struct dirent *entry;

    do {
        errno = 0;
        entry = readdir(files->dir); /* NOLINT(concurrency-mt-unsafe): nobody else has this DIR */
    } while (entry != NULL && entry->d_name[0] == '.');
    if (entry == NULL && errno != 0 && errno != ENOENT) { /* ENOENT: removed meanwhile */
        (void)err_errno(err, "%s", files->path);
        return FILES_FAILED;
    }
    if (entry == NULL)
        return FILES_ABSENT;
    *name = entry->d_name;
    return FILES_FOUND;
}

void
files_rewind(struct files *files)
{
    rewinddir(files->dir);
}

bool
files_mark_equal(const struct files_mark *a, const struct files_mark *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->written_s == b->written_s && a->written_ns == b->written_ns;
}

struct files_mark
files_mark_of(const struct stat *stat)
{
    return (struct files_mark){.device = stat->st_dev,
                               .inode = stat->st_ino,
                               .size = (uint64_t)stat->st_size,
                               .written_s = stat->st_mtim.tv_sec,
                               .written_ns = stat->st_mtim.tv_nsec};
}

/* Where there is no openat2(2): what the name leads to is looked at before it is opened. Who can
 * change links in between may write in folders beneath this one, and gains that a regular file is
 * read whose bytes go no further if they are no record. */
static int
open_resolved(const struct files *files, const char *name, int flags)
{
    char *root = realpath(files->path, NULL), *path = NULL, *real = NULL;
    size_t len = root == NULL ? 0 : strlen(root);
    int fd = -1;

    if (root != NULL && asprintf(&path, "%s/%s", root, name) >= 0) {
        real = realpath(path, NULL);
        free(path);
    }
    if (real != NULL && strncmp(real, root, len) == 0 && real[len] == '/')
        fd = open(real, flags | O_NOFOLLOW);
    else if (real != NULL)
        errno = EXDEV;
    free(real);
    free(root);
    return fd;
}

static int
open_beneath(const struct files *files, const char *name, int flags)
{
    struct open_how how = {.flags = (unsigned)flags,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    long fd = syscall(SYS_openat2, files->fd, name, &how, sizeof how);

    if (fd < 0 && (errno == ENOSYS || errno == EPERM)) /* too old, or a filter that does not know */
        return open_resolved(files, name, flags);
    return (int)fd;
}

/* What the name, or the link of that name, stands for. */
static bool
stat_beneath(const struct files *files, struct stat *out, const char *name)
{
    int fd, reason;
    bool done;

    if (fstatat(files->fd, name, out, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    if (!S_ISLNK(out->st_mode))
        return true;
    fd = open_beneath(files, name, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return false;
    done = fstat(fd, out) == 0;
    reason = errno;
    (void)close(fd); /* only looked at */
    errno = reason;
    return done;
}

static enum files_found
found_none(const struct files *files, const char *name, struct err *err)
{
    if (errno == EXDEV)
        (void)err_set(err, "%s/%s: a link that leads out of the folder", files->path, name);
    else
        (void)err_errno(err, "%s/%s", files->path, name);
    return errno == ENOENT ? FILES_ABSENT : FILES_FAILED;
}

/* A regular file of up to `max` bytes. */
static bool
check(const struct files *files, const struct stat *stat, const char *name, size_t max,
      struct err *err)
{
    if (!S_ISREG(stat->st_mode))
        return err_set(err, "%s/%s: not a regular file", files->path, name);
    if ((uint64_t)stat->st_size > max)
        return err_set(err, "%s/%s: longer than %zu bytes", files->path, name, max);
    return true;
}

enum files_found
files_look(const struct files *files, struct files_mark *mark, const char *name, struct err *err)
{
    struct stat stat;

    if (!stat_beneath(files, &stat, name))
        return found_none(files, name, err);
    if (!check(files, &stat, name, SIZE_MAX, err))
        return FILES_FAILED;
    *mark = files_mark_of(&stat);
    return FILES_FOUND;
}

static bool
read_open(const struct files *files, uint8_t **bytes, size_t *len, struct files_mark *mark, int fd,
          const char *name, size_t max, struct err *err)
{
    struct stat stat;
    uint8_t *buf;
    ssize_t got;

    if (fstat(fd, &stat) != 0)
        return err_errno(err, "%s/%s", files->path, name);
    if (!check(files, &stat, name, max, err))
        return false;
    buf = malloc((size_t)stat.st_size + 1); /* one more than there is, to see it grow */
    if (buf == NULL)
        return err_errno(err, "%s/%s", files->path, name);
    got = whole_read(fd, buf, (size_t)stat.st_size + 1);
    if (got < 0 || (uint64_t)got != (uint64_t)stat.st_size) {
        (void)(got < 0 ? err_errno(err, "%s/%s", files->path, name)
                       : err_set(err, "%s/%s: is being written", files->path, name));
        free(buf);
        return false;
    }
    *bytes = buf;
    *len = (size_t)got;
    *mark = files_mark_of(&stat);
    return true;
}

enum files_found
files_read(const struct files *files, uint8_t **bytes, size_t *len, struct files_mark *mark,
           const char *name, size_t max, struct err *err)
{
    struct stat stat;
    bool done;
    int fd;

    if (!stat_beneath(files, &stat, name)) /* first, for to open a device may do something */
        return found_none(files, name, err);
    if (!check(files, &stat, name, max, err))
        return FILES_FAILED;
    fd = open_beneath(files, name, FLAGS);
    if (fd < 0)
        return found_none(files, name, err);
    done = read_open(files, bytes, len, mark, fd, name, max, err);
    (void)close(fd); /* only read */
    return done ? FILES_FOUND : FILES_FAILED;
}
