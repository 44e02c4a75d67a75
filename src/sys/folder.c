/* see folder.h */
#include "sys/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

/* In a user namespace: whoever has no number there, be it root outside or anybody. */
#define NO_USER 65534U
#define LINKS_MAX 40U /* as in the kernel */
#define LOOK (O_PATH | O_NOFOLLOW | O_CLOEXEC)

/* A walk along a path, of which `rest` is still to be gone. */
struct walk {
    int fd; /* where it is, O_PATH */
    struct stat stat;
    unsigned links;
    char rest[PATH_MAX];
    const char *path; /* for messages */
};

enum sys_open
folder_cannot(const char *path, struct err *err)
{
    switch (errno) {
    case ENOENT: err_set(err, "%s is not there", path); return SYS_ABSENT;
    case ELOOP: err_set(err, "%s is a symbolic link", path); return SYS_UNSAFE;
    case ENXIO: err_set(err, "%s is not a regular file", path); return SYS_UNSAFE;
    default: err_errno(err, "%s", path); return SYS_FAILED;
    }
}

bool
folder_trusts(const struct stat *folder, const struct stat *named, uid_t self, bool is_known)
{
    if ((folder->st_mode & (S_IWGRP | S_IWOTH)) == 0 || named->st_uid == 0)
        return true;
    return is_known && (named->st_uid == self || named->st_uid == folder->st_uid);
}

/* Do all users have a number here? Outside of user namespaces they do, and nobody is one. */
static bool
knows_all_users(void)
{
    static const char all[] = "0 0 4294967295\n"; /* with more space between */
    char text[64] = "";
    int fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    const char *at = all;

    if (fd >= 0)
        (void)close(fd); /* was only read */
    for (ssize_t i = 0; i < len; i++) {
        if (text[i] == ' ' && (i == 0 || text[i - 1] == ' '))
            continue;
        if (text[i] != *at++)
            return false;
    }
    return len > 0 && *at == '\0';
}

static bool
is_known(uid_t user)
{
    return user != NO_USER || knows_all_users();
}

/* Be at `fd`, which is closed when the walk goes on. */
static bool
arrive(struct walk *walk, int fd)
{
    if (walk->fd >= 0)
        (void)close(walk->fd); /* O_PATH: nothing can be lost */
    walk->fd = fd;
    return fd >= 0 && fstat(fd, &walk->stat) == 0;
}

/* Cut the next name off the rest, in place; false, with errno 0, if there is none. */
static bool
next_name(struct walk *walk, char name[NAME_MAX + 1])
{
    const char *from = walk->rest + strspn(walk->rest, "/");
    size_t len = strcspn(from, "/");

    if (len == 0 || len > NAME_MAX) {
        errno = len == 0 ? 0 : ENAMETOOLONG;
        return false;
    }
    memcpy(name, from, len);
    name[len] = '\0';
    memmove(walk->rest, from + len, strlen(from + len) + 1);
    return true;
}

/* Put a link's target in front of the rest. */
static bool
follow(struct walk *walk, int link)
{
    char target[PATH_MAX];
    ssize_t len = readlinkat(link, "", target, sizeof target);
    size_t rest = strlen(walk->rest);

    if (len < 0)
        return false;
    if (++walk->links > LINKS_MAX || (size_t)len + rest >= sizeof walk->rest) {
        errno = walk->links > LINKS_MAX ? ELOOP : ENAMETOOLONG;
        return false;
    }
    memmove(walk->rest + len, walk->rest, rest + 1); /* it begins with a slash, or is empty */
    memcpy(walk->rest, target, (size_t)len);
    return target[0] != '/' || arrive(walk, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

/* Links of /proc are no texts, and nobody makes any there. */
static bool
is_in_proc(int fd)
{
    struct statfs system;

    return fstatfs(fd, &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
}

/* Go to `fd`, which is what `name` names here; takes it. */
static bool
enter(struct walk *walk, int fd, const char *name, const struct stat *named)
{
    bool done;
    int reason;

    if (!S_ISLNK(named->st_mode))
        return arrive(walk, fd);
    done = is_in_proc(fd) ? arrive(walk, openat(walk->fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC))
                          : follow(walk, fd);
    reason = errno;
    (void)close(fd); /* O_PATH */
    errno = reason;
    return done;
}

static enum sys_open
step(struct walk *walk, const char *name, struct err *err)
{
    int fd = openat(walk->fd, name, LOOK);
    struct stat named;

    if (fd < 0 || fstat(fd, &named) != 0) {
        if (fd >= 0)
            (void)close(fd); /* O_PATH */
        return folder_cannot(walk->path, err);
    }
    /* what is above a folder is no name in it */
    if (strcmp(name, "..") != 0 &&
        !folder_trusts(&walk->stat, &named, geteuid(), is_known(named.st_uid))) {
        (void)close(fd); /* O_PATH */
        err_set(err,
                "%s: user %lu may have put \"%s\" there: it stands in a folder that others than "
                "its owner may write",
                walk->path, (unsigned long)named.st_uid, name);
        return SYS_UNSAFE;
    }
    return enter(walk, fd, name, &named) ? SYS_OPENED : folder_cannot(walk->path, err);
}

/* To the end of the path, which must be a folder. */
static enum sys_open
go(struct walk *walk, struct err *err)
{
    char name[NAME_MAX + 1];

    if (!arrive(walk, open(walk->rest[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC)))
        return folder_cannot(walk->path, err);
    while (next_name(walk, name)) {
        enum sys_open result = step(walk, name, err);

        if (result != SYS_OPENED)
            return result;
    }
    if (errno == 0 && !S_ISDIR(walk->stat.st_mode))
        errno = ENOTDIR;
    return errno == 0 ? SYS_OPENED : folder_cannot(walk->path, err);
}

enum sys_open
folder_open(struct folder *folder, const char *path, struct err *err)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    struct walk walk = {.fd = -1, .path = path};
    enum sys_open result;
    int reason;

    if (len >= sizeof walk.rest) {
        errno = ENAMETOOLONG;
        return folder_cannot(path, err);
    }
    memcpy(walk.rest, path, len);
    result = go(&walk, err);
    if (result == SYS_OPENED) {
        *folder = (struct folder){.fd = walk.fd, .stat = walk.stat, .base = path + len};
    } else if (walk.fd >= 0) {
        reason = errno;
        (void)close(walk.fd); /* O_PATH */
        errno = reason;
    }
    return result;
}

void
folder_close(struct folder *folder)
{
    int saved = errno;

    (void)close(folder->fd); /* O_PATH: nothing can be lost */
    folder->fd = -1;
    errno = saved;
}
