/* see sys.h: the file of a ring, in the hands of its only writer */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/allocate.h"
#include "sys/owned_inner.h"
#include "sys/reopen.h"
#include "sys/sys.h"

#define OWNED_TRIES 8 /* how often the name may change under us before we give up */
#define OWNED_MODE 0400
#define OWNED_GROUP_MODE 0440
#define NO_GROUP ((gid_t)-1)

static bool
take_lock(int fd, const char *path, struct err *err)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    if (errno == EWOULDBLOCK)
        return err_set(err,
                       "%s: another stekd writes this ring; stop it, or give this one another "
                       "runtime directory (-r)",
                       path);
    return err_errno(err, "%s: lock", path);
}

bool
place_has(const struct place *place, const char *name, int fd)
{
    struct stat mine, named;

    return fstat(fd, &mine) == 0 &&
           fstatat(place->folder.fd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           reopen_same(&mine, &named);
}

/* Drop what a writer left behind that died between making and naming a ring: it may be the ring
 * itself under a second name, so it is never written to. */
static bool
remove_leftover(const struct place *place, struct err *err)
{
    int fd = reopen_existing(&place->folder, place->fresh);
    bool removed = false;

    if (fd < 0 && errno == ENOENT)
        return true;
    if (fd < 0)
        return err_errno(err, "%s.new", place->path);
    if (take_lock(fd, place->path, err))
        removed = unlinkat(place->folder.fd, place->fresh, 0) == 0 || errno == ENOENT ||
                  err_errno(err, "%s.new: remove", place->path);
    (void)close(fd); /* nothing was written */
    return removed;
}

static bool
take_existing(struct sys_owned *file, const struct place *place, struct err *err)
{
    struct stat stat;
    const char *reason;

    if (fstat(file->fd, &stat) != 0)
        return err_errno(err, "%s", place->path);
    reason = reopen_refuse(&stat);
    if (reason != NULL)
        return err_set(err, "%s %s", place->path, reason);
    if (stat.st_size == 0)
        return err_set(err, "%s is empty: not a ring; remove it", place->path);
    if (!allocate_file(file->fd, (size_t)stat.st_size))
        return err_errno(err, "%s: allocate its %jd bytes", place->path, (intmax_t)stat.st_size);
    if (place_has(place, place->fresh, file->fd))
        (void)unlinkat(place->folder.fd, place->fresh, 0); /* its first name: does no harm */
    place_keep_spare(place, file->fd);
    return true;
}

static bool
take_created(struct sys_owned *file, const struct place *place, size_t len, struct err *err)
{
    return allocate_file(file->fd, len) ||
           err_errno(err, "%s: allocate %zu bytes", place->path, len);
}

bool
sys_owned_regroup(const struct sys_owned *file, gid_t group, const char *path, struct err *err)
{
    struct stat stat;

    if (fstat(file->fd, &stat) != 0)
        return err_errno(err, "%s", path);
    if (group == NO_GROUP || stat.st_gid != group)
        if (fchmod(file->fd, OWNED_MODE) != 0)
            return err_errno(err, "%s: mode", path);
    if (group == NO_GROUP)
        return true;
    if (stat.st_gid != group && fchown(file->fd, (uid_t)-1, group) != 0)
        return err_errno(err,
                         "%s: cannot be given to group %lu: is stekd's user in it? \"stekctl "
                         "setup\" sees to that",
                         path, (unsigned long)group);
    if (fchmod(file->fd, OWNED_GROUP_MODE) != 0)
        return err_errno(err, "%s: mode", path);
    return true;
}

/* Get a locked descriptor of the file or of a fresh one. */
static bool
open_locked(struct sys_owned *file, const struct place *place, struct err *err)
{
    for (int tries = 0; tries < OWNED_TRIES; tries++) {
        const char *name = place->folder.base;

        file->fd = reopen_existing(&place->folder, name);
        file->created = file->fd < 0 && errno == ENOENT;
        if (file->created) {
            name = place->fresh;
            if (!remove_leftover(place, err))
                return false;
            file->fd = openat(place->folder.fd, name,
                              O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        }
        if (file->fd < 0 && errno != EEXIST && errno != EAGAIN)
            return err_errno(err, "%s: open for writing", place->path);
        if (file->fd < 0)
            continue;
        if (!take_lock(file->fd, place->path, err))
            return false;
        if (place_has(place, name, file->fd))
            return true;
        (void)close(file->fd); /* was replaced meanwhile: nothing was written */
        file->fd = -1;
    }
    return err_set(err, "%s keeps being replaced by somebody", place->path);
}

bool
place_open(struct place *place, const char *path, struct err *err)
{
    enum sys_open opened = folder_open(&place->folder, path, err);
    int len;

    if (opened != SYS_OPENED)
        return opened != SYS_UNSAFE && err_errno(err, "folder of %s", path);
    place->path = path;
    len = snprintf(place->fresh, sizeof place->fresh, "%s.new", place->folder.base);
    (void)snprintf(place->spare, sizeof place->spare, ".%s", place->folder.base); /* is shorter */
    if (place->folder.base[0] == '\0' || len < 0 || (size_t)len >= sizeof place->fresh)
        err_set(err, "%s: not a file name", path);
    else if (place->folder.stat.st_uid != geteuid())
        err_set(err, "folder of %s: belongs to another user, so no server would trust a ring in it",
                path);
    else if ((place->folder.stat.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        err_set(err, "folder of %s: others may write it, so no server would trust a ring in it",
                path);
    else
        return true;
    place_close(place);
    return false;
}

void
place_close(struct place *place)
{
    folder_close(&place->folder);
}

bool
sys_owned_open(struct sys_owned *file, const char *path, size_t len, gid_t group, struct err *err)
{
    int saved = errno;
    struct sys_owned fresh = {.fd = -1};
    struct place place;
    struct stat stat;
    bool done;

    if (!place_open(&place, path, err))
        return false;
    done = open_locked(&fresh, &place, err) &&
           (fresh.created ? take_created(&fresh, &place, len, err)
                          : take_existing(&fresh, &place, err)) &&
           sys_owned_regroup(&fresh, group, path, err);
    if (done)
        done = (fstat(fresh.fd, &stat) == 0 &&
                map_file(&fresh.map, fresh.fd, &stat, PROT_READ | PROT_WRITE)) ||
               err_errno(err, "%s: map", path);
    if (!done && fresh.created && fresh.fd >= 0 && place_has(&place, place.fresh, fresh.fd))
        (void)unlinkat(place.folder.fd, place.fresh, 0); /* the failure is told */
    place_close(&place);
    if (!done) {
        sys_owned_close(&fresh);
        return false;
    }
    *file = fresh;
    errno = saved;
    return true;
}

bool
sys_owned_publish(struct sys_owned *file, const char *path, struct err *err)
{
    int saved = errno;
    struct place place;
    bool done;

    if (!file->created)
        return true;
    if (!place_open(&place, path, err))
        return false;
    done = (place_has(&place, place.fresh, file->fd) &&
            linkat(place.folder.fd, place.fresh, place.folder.fd, place.folder.base, 0) == 0) ||
           err_errno(err, "%s: make", path);
    if (done) {
        (void)unlinkat(place.folder.fd, place.fresh, 0); /* the next writer removes it, too */
        place_keep_spare(&place, file->fd);
    }
    place_close(&place);
    if (done)
        errno = saved;
    return done;
}

void
sys_owned_close(struct sys_owned *file)
{
    int saved = errno;

    sys_unmap(&file->map);
    if (file->fd >= 0)
        (void)close(file->fd); /* all that was written is in the map */
    *file = (struct sys_owned){.fd = -1};
    errno = saved;
}
