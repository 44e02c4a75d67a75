/* see sys.h: counters files, of the process that counts */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/allocate.h"
#include "sys/folder.h"
#include "sys/sys.h"

#define NAME_ROOM 64 /* two numbers, a few letters */
#define COUNTERS_MODE 0640

/* Fill in an open, still hidden file. All its bytes are allocated now, since a full file system
 * would kill the server at its first count later. */
static bool
prepare(struct sys_counters *file, size_t len)
{
    struct stat stat;

    return flock(file->fd, LOCK_SH | LOCK_NB) == 0 && fchmod(file->fd, COUNTERS_MODE) == 0 &&
           allocate_file(file->fd, len) && fstat(file->fd, &stat) == 0 &&
           map_file(&file->map, file->fd, &stat, PROT_READ | PROT_WRITE);
}

/* It gets its name once it is locked, so that the daemon never meets one that looks abandoned. */
static bool
create_in(struct sys_counters *file, int folder, size_t len)
{
    char hidden[NAME_ROOM], name[NAME_ROOM + 3];
    uint64_t random;

    if (!sys_random(&random, sizeof random))
        return false;
    (void)snprintf(hidden, sizeof hidden, ".%jd-%016" PRIx64, (intmax_t)getpid(), random);
    (void)snprintf(name, sizeof name, "%s.c1", hidden + 1); /* both fit */
    file->fd = openat(folder, hidden, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file->fd < 0)
        return false;
    if (prepare(file, len) && renameat(folder, hidden, folder, name) == 0)
        return true;
    (void)unlinkat(folder, hidden, 0); /* no counting then */
    sys_unmap(&file->map);
    (void)close(file->fd);
    return false;
}

bool
sys_counters_create(struct sys_counters *file, const char *folder, size_t len)
{
    int saved = errno, fd;
    struct sys_counters fresh = {.fd = -1};
    struct folder above;
    bool created;

    if (folder_open(&above, folder, NULL) != SYS_OPENED)
        return false;
    fd = openat(above.fd, above.base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    folder_close(&above);
    if (fd < 0)
        return false;
    created = create_in(&fresh, fd, len);
    (void)close(fd); /* a folder */
    if (!created)
        return false;
    *file = fresh;
    errno = saved;
    return true;
}

void
sys_counters_close(struct sys_counters *file)
{
    int saved = errno;
    struct stat stat;

    /* Servers close all descriptors when they become daemons; the number may be another's now. */
    if (file->fd >= 0 && fstat(file->fd, &stat) == 0 && stat.st_dev == file->map.device &&
        stat.st_ino == file->map.inode)
        (void)close(file->fd); /* all that was written is in the map */
    sys_unmap(&file->map);
    *file = (struct sys_counters){.fd = -1};
    errno = saved;
}
