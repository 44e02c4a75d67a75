/* see folder.h */
#include "sys/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* The folder's part of `path`, in `out`; false if it is too long. */
static bool
cut_base(char out[PATH_MAX], const char *path, const char **base)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path);

    *base = slash == NULL ? path : slash + 1;
    if (len >= PATH_MAX)
        return false;
    if (slash == NULL || len == 0) {
        out[0] = slash == NULL ? '.' : '/';
        out[1] = '\0';
        return true;
    }
    memcpy(out, path, len);
    out[len] = '\0';
    return true;
}

bool
folder_open(struct folder *folder, const char *path)
{
    char name[PATH_MAX];

    if (!cut_base(name, path, &folder->base)) {
        errno = ENAMETOOLONG;
        return false;
    }
    folder->fd = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder->fd < 0)
        return false;
    if (fstat(folder->fd, &folder->stat) != 0) {
        folder_close(folder);
        return false;
    }
    return true;
}

void
folder_close(struct folder *folder)
{
    int saved = errno;

    (void)close(folder->fd); /* O_PATH: nothing can be lost */
    folder->fd = -1;
    errno = saved;
}
