/* see file.h */
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/whole.h"

static bool
read_open(char **text, size_t *len, int fd, const char *path, size_t max, struct err *err)
{
    struct stat stat;
    char *bytes;
    ssize_t got;

    if (fstat(fd, &stat) != 0)
        return err_errno(err, "%s", path);
    if (!S_ISREG(stat.st_mode))
        return err_set(err, "%s: not a regular file", path);
    if ((uintmax_t)stat.st_size > max)
        return err_set(err, "%s: longer than %zu bytes", path, max);
    bytes = malloc(max + 2); /* one more than allowed, to see it grow, and the NUL */
    if (bytes == NULL)
        return err_errno(err, "%s", path);
    got = whole_read(fd, bytes, max + 1);
    if (got < 0 || (size_t)got > max) {
        free(bytes);
        return got < 0 ? err_errno(err, "%s", path)
                       : err_set(err, "%s: longer than %zu bytes", path, max);
    }
    bytes[got] = '\0';
    *text = bytes;
    *len = (size_t)got;
    return true;
}

enum file_read
file_read(char **text, size_t *len, const char *path, size_t max, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    bool ok;

    if (fd < 0) {
        enum file_read result = errno == ENOENT ? FILE_ABSENT : FILE_FAILED;

        (void)err_errno(err, "%s", path);
        return result;
    }
    ok = read_open(text, len, fd, path, max, err);
    (void)close(fd); /* only read */
    return ok ? FILE_READ : FILE_FAILED;
}

bool
file_remove(const char *path, struct err *err)
{
    if (unlink(path) != 0 && errno != ENOENT)
        return err_errno(err, "%s: cannot be removed", path);
    return true;
}

char *
file_absolute(const char *path, struct err *err)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash == NULL ? path : slash + 1;
    char folder[PATH_MAX];
    char *resolved = realpath(path, NULL);
    char *whole = NULL;
    int len = slash == NULL ? 1 : (int)(slash - path) + 1;

    if (resolved != NULL)
        return resolved;
    if (errno == ENOENT && (size_t)len < sizeof folder) {
        (void)snprintf(folder, sizeof folder, "%.*s", len, slash == NULL ? "." : path);
        resolved = realpath(folder, NULL);
    }
    if (resolved == NULL) {
        (void)err_errno(err, "%s", path);
        return NULL;
    }
    if (asprintf(&whole, "%s/%s", strcmp(resolved, "/") == 0 ? "" : resolved, base) < 0) {
        (void)err_set(err, "%s: no memory", path);
        whole = NULL;
    }
    free(resolved);
    return whole;
}
