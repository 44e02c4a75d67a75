/* see sys.h: counters files, of the daemon that reads them */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/sys.h"

static bool
read_whole(int fd, uint8_t *out, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t got = pread(fd, out + done, len - done, (off_t)done);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    return true;
}

bool
sys_counters_read(void *out, size_t len, bool *alive, const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    struct stat stat;
    bool done;

    if (fd < 0)
        return err_errno(err, "%s", path);
    if (fstat(fd, &stat) != 0)
        done = err_errno(err, "%s", path);
    else if (!S_ISREG(stat.st_mode) || (uintmax_t)stat.st_size != len)
        done = err_set(err, "%s is not a file of counters", path);
    else if (!read_whole(fd, out, len))
        done = err_set(err, "%s cannot be read whole", path);
    else
        done = true;
    if (done) /* whoever holds it keeps a shared lock; ours ends with the close */
        *alive = flock(fd, LOCK_EX | LOCK_NB) != 0;
    (void)close(fd); /* was only read */
    return done;
}
