/* see sys.h: what others did to the file of a ring while its writer lives */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/allocate.h"
#include "sys/owned_inner.h"

void
place_keep_spare(const struct place *place, int fd)
{
    int at = place->folder.fd, saved = errno;

    if (!place_has(place, place->spare, fd)) {
        (void)unlinkat(at, place->spare, 0); /* of a ring that was removed */
        (void)!linkat(at, place->folder.base, at, place->spare, 0);
    }
    errno = saved;
}

/* What is mapped beyond a file's end is no file any more: map all of it anew, in its old place. */
static bool
lengthen(struct sys_owned *file, const char *path, struct err *err)
{
    if (!allocate_file(file->fd, file->map.len))
        return err_errno(err, "%s was cut short, and has no room to grow again", path);
    if (mmap(file->map.base, file->map.len, PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_FIXED | MAP_POPULATE, file->fd, 0) == MAP_FAILED)
        return err_errno(err, "%s was cut short: map it again", path);
    map_harden(&file->map);
    return true;
}

static enum sys_mended
give_name_back(const struct sys_owned *file, const struct place *place, struct err *err)
{
    int at = place->folder.fd;
    struct stat named;

    if (fstatat(at, place->folder.base, &named, AT_SYMLINK_NOFOLLOW) == 0) {
        err_set(
            err,
            "%s was replaced by another file, so servers that start now have no keys: move that "
            "away, and the ring is put back in its place",
            place->path);
        return SYS_MEND_FAILED;
    }
    if (place_has(place, place->spare, file->fd) &&
        linkat(at, place->spare, at, place->folder.base, 0) == 0)
        return SYS_MEND_NAMED;
    err_set(err,
            "%s was removed, so servers that start now have no keys: start stekd anew, then the "
            "servers",
            place->path);
    return SYS_MEND_FAILED;
}

enum sys_mended
sys_owned_mend(struct sys_owned *file, const char *path, struct err *err)
{
    int saved = errno;
    enum sys_mended mended;
    struct place place;
    struct stat stat;

    if (fstat(file->fd, &stat) != 0) {
        err_errno(err, "%s", path);
        return SYS_MEND_FAILED;
    }
    if ((size_t)stat.st_size < file->map.len)
        return lengthen(file, path, err) ? SYS_MEND_ZEROED : SYS_MEND_FAILED;
    if (sys_map_is(&file->map, path)) {
        errno = saved;
        return SYS_MEND_NONE;
    }
    if (!place_open(&place, path, err))
        return SYS_MEND_FAILED;
    mended = give_name_back(file, &place, err);
    place_close(&place);
    errno = saved;
    return mended;
}

bool
sys_owned_remove(const struct sys_owned *file, const char *path, struct err *err)
{
    struct place place;
    bool done = true;

    if (!place_open(&place, path, err))
        return false;
    if (place_has(&place, place.spare, file->fd))
        done = unlinkat(place.folder.fd, place.spare, 0) == 0;
    if (place_has(&place, place.folder.base, file->fd))
        done = unlinkat(place.folder.fd, place.folder.base, 0) == 0 && done;
    if (!done)
        err_errno(err, "%s: cannot be removed", path);
    place_close(&place);
    return done;
}
