/* see fault.h */
#include "fault.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fault_wrap.h"

#define CALLS_MAX 5000 /* a piece of work that takes more does not end */

/* Wrappers have no argument for it. */
static struct {
    size_t good;
    bool armed, onward, hit;
    const char *name;
} fault;

bool
fault_fails(const char *name)
{
    if (!fault.armed || (fault.hit && !fault.onward))
        return false;
    if (!fault.hit && fault.good > 0) {
        fault.good--;
        return false;
    }
    fault.hit = true;
    fault.name = name;
    return true;
}

WRAP(void *, malloc, (size_t len), (len), NULL, ENOMEM)
WRAP(void *, calloc, (size_t n, size_t len), (n, len), NULL, ENOMEM)
WRAP(void *, realloc, (void *old, size_t len), (old, len), NULL, ENOMEM)
WRAP(char *, strdup, (const char *text), (text), NULL, ENOMEM)
WRAP(void *, mmap64, (void *at, size_t len, int prot, int flags, int fd, off_t offset),
     (at, len, prot, flags, fd, offset), MAP_FAILED, ENOMEM)
WRAP(int, ftruncate64, (int fd, off_t len), (fd, len), -1, EIO)
WRAP(int, posix_fallocate64, (int fd, off_t from, off_t len), (fd, from, len), ENOSPC, 0)
WRAP(int, fstat64, (int fd, struct stat *out), (fd, out), -1, EIO)
WRAP(int, stat64, (const char *path, struct stat *out), (path, out), -1, EACCES)
WRAP(int, lstat64, (const char *path, struct stat *out), (path, out), -1, EACCES)
WRAP(int, fstatat64, (int at, const char *path, struct stat *out, int flags),
     (at, path, out, flags), -1, EACCES)
WRAP(int, flock, (int fd, int how), (fd, how), -1, ENOLCK)
WRAP(ssize_t, getrandom, (void *out, size_t len, unsigned flags), (out, len, flags), -1, EAGAIN)
WRAP(int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to), -1, EIO)
WRAP(int, linkat, (int a, const char *from, int b, const char *to, int flags),
     (a, from, b, to, flags), -1, EIO)
WRAP(int, unlink, (const char *path), (path), -1, EIO)
WRAP(int, unlinkat, (int at, const char *path, int flags), (at, path, flags), -1, EIO)
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode), -1, EPERM)
WRAP(int, fchown, (int fd, uid_t user, gid_t group), (fd, user, group), -1, EPERM)
WRAP(ssize_t, read, (int fd, void *out, size_t len), (fd, out, len), -1, EIO)
WRAP(ssize_t, pread64, (int fd, void *out, size_t len, off_t from), (fd, out, len, from), -1, EIO)
WRAP(ssize_t, pwrite64, (int fd, const void *in, size_t len, off_t at), (fd, in, len, at), -1, EIO)
WRAP(int, mlock, (const void *at, size_t len), (at, len), -1, EPERM)
WRAP(int, madvise, (void *at, size_t len, int advice), (at, len, advice), -1, EINVAL)
WRAP(ssize_t, readlinkat, (int at, const char *path, char *out, size_t len), (at, path, out, len),
     -1, EIO)
WRAP(int, fstatfs64, (int fd, struct statfs *out), (fd, out), -1, EIO)
WRAP(int, getrlimit64, (int what, struct rlimit *out), (what, out), -1, EPERM)
WRAP(int, pthread_mutexattr_init, (pthread_mutexattr_t * attr), (attr), ENOMEM, 0)
WRAP(int, pthread_mutexattr_setpshared, (pthread_mutexattr_t * attr, int how), (attr, how), ENOTSUP,
     0)
WRAP(int, pthread_mutexattr_setrobust, (pthread_mutexattr_t * attr, int how), (attr, how), ENOTSUP,
     0)
WRAP(int, pthread_mutex_init, (pthread_mutex_t * mutex, const pthread_mutexattr_t *attr),
     (mutex, attr), ENOMEM, 0)

WRAP(int, socket, (int family, int kind, int protocol), (family, kind, protocol), -1, EMFILE)
WRAP(int, bind, (int fd, const struct sockaddr *to, socklen_t len), (fd, to, len), -1, EADDRINUSE)
WRAP(int, listen, (int fd, int most), (fd, most), -1, ENOBUFS)
WRAP(int, connect, (int fd, const struct sockaddr *to, socklen_t len), (fd, to, len), -1, EAGAIN)
WRAP(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t len),
     (fd, level, name, value, len), -1, ENOBUFS)
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode), -1, ENOSPC)
WRAP(int, rmdir, (const char *path), (path), -1, EIO)
WRAP(int, chmod, (const char *path, mode_t mode), (path, mode), -1, EPERM)
WRAP(int, rename, (const char *from, const char *to), (from, to), -1, ENOSPC)
WRAP(DIR *, opendir, (const char *path), (path), NULL, EMFILE)
WRAP(char *, realpath, (const char *path, char *out), (path, out), NULL, EACCES)
WRAP(FILE *, open_memstream, (char **out, size_t *len), (out, len), NULL, ENOMEM)

/* No test of faults waits for what inotify(7) tells, and to end one takes the kernel long. */
int __wrap_inotify_init1(int flags);
int __wrap_inotify_add_watch(int fd, const char *path, uint32_t mask);

int
__wrap_inotify_init1(int flags)
{
    (void)flags;
    errno = EMFILE;
    return fault_fails("inotify_init1") ? -1 : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

int
__wrap_inotify_add_watch(int fd, const char *path, uint32_t mask)
{
    (void)fd, (void)path, (void)mask;
    errno = ENOSPC;
    return fault_fails("inotify_add_watch") ? -1 : 0;
}

/* Nothing that is tested outlives a loss of power. */
int __real_fsync(int fd);
int __wrap_fsync(int fd);

int
__wrap_fsync(int fd)
{
    (void)fd;
    errno = EIO;
    return fault_fails("fsync") ? -1 : 0;
}

/* Those with `...` have their own. */
int __wrap_open64(const char *path, int flags, ...);
int __wrap_openat64(int at, const char *path, int flags, ...);
int __wrap_asprintf(char **out, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap___asprintf_chk(char **out, int flag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int __real_openat64(int at, const char *path, int flags, ...);

static mode_t
mode_in(int flags, va_list rest)
{
    return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(rest, mode_t) : 0;
}

int
__wrap_open64(const char *path, int flags, ...)
{
    va_list rest;
    mode_t mode;

    va_start(rest, flags);
    mode = mode_in(flags, rest);
    va_end(rest);
    errno = EMFILE;
    return fault_fails("open") ? -1 : __real_openat64(AT_FDCWD, path, flags, mode);
}

int
__wrap_openat64(int at, const char *path, int flags, ...)
{
    va_list rest;
    mode_t mode;

    va_start(rest, flags);
    mode = mode_in(flags, rest);
    va_end(rest);
    errno = EMFILE;
    return fault_fails("openat") ? -1 : __real_openat64(at, path, flags, mode);
}

int
__wrap_asprintf(char **out, const char *format, ...)
{
    va_list rest;
    int len = -1;

    va_start(rest, format);
    if (!fault_fails("asprintf"))
        len = vasprintf(out, format, rest);
    va_end(rest);
    return len;
}

int
__wrap___asprintf_chk(char **out, int flag, const char *format, ...)
{
    va_list rest;
    int len = -1;

    (void)flag; /* how strictly to look at the format */
    va_start(rest, format);
    if (!fault_fails("asprintf"))
        len = vasprintf(out, format, rest);
    va_end(rest);
    return len;
}

void
fault_arm(size_t good, bool onward)
{
    fault.good = good;
    fault.onward = onward;
    fault.hit = false;
    fault.armed = true;
}

bool
fault_disarm(void)
{
    fault.armed = false;
    return fault.hit;
}

bool
fault_is_lasting(void)
{
    return fault.onward;
}

static size_t
count_open(void)
{
    size_t count = 0;

    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* One round; NULL or what is wrong. */
static const char *
one_round(const struct fault_case *one, void *arg, size_t n, bool onward, bool *hit)
{
    const char *wrong = one->begin != NULL ? one->begin(arg) : NULL, *after;
    size_t open_before = count_open();

    fault_arm(n, onward);
    if (wrong == NULL)
        wrong = one->work(arg);
    *hit = fault_disarm();
    if (wrong == NULL && count_open() != open_before &&
        (one->keeps == NULL || strcmp(one->keeps, fault.name) != 0))
        wrong = "a descriptor is left open";
    after = one->end(arg);
    return wrong != NULL ? wrong : after;
}

size_t
fault_each(const struct fault_case *one, void *arg, size_t *calls)
{
    return fault_each_of(one, arg, calls, 0, 1);
}

size_t
fault_each_of(const struct fault_case *one, void *arg, size_t *calls, size_t part, size_t parts)
{
    size_t failures = 0;

    for (int onward = 0; onward <= 1; onward++) {
        bool hit = true;
        size_t n = part;

        for (; hit && n < CALLS_MAX; n += parts) {
            const char *wrong = one_round(one, arg, n, onward == 1, &hit);

            if (wrong == NULL)
                continue;
            failures++;
            printf("# call %zu (%s)%s: %s\n", n + 1, hit ? fault.name : "none",
                   onward ? " and all after it" : "", wrong);
        }
        failures += hit;
        *calls = n - parts;
    }
    return failures;
}
