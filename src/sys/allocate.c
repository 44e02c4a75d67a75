/* see allocate.h */
#include "sys/allocate.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>

bool
allocate_file(int fd, size_t len)
{
    struct rlimit limit;
    int failed;

    if (getrlimit(RLIMIT_FSIZE, &limit) != 0)
        return false;
    failed = limit.rlim_cur != RLIM_INFINITY && len > limit.rlim_cur
                 ? EFBIG
                 : posix_fallocate(fd, 0, (off_t)len);
    if (failed == 0)
        return true;
    errno = failed;
    return false;
}
