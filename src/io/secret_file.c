/* see secret_file.h */
#include "io/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/whole.h"

bool
secret_file_take(struct secret_buf *out, int fd, size_t max, const char *path, struct err *err)
{
    SECRET_BUF(buf);
    ssize_t got;

    if (!secret_buf_init(&buf, max + 1)) /* all zero */
        return err_set(err, "%s: no memory", path);
    got = whole_read(fd, buf.bytes, max);
    if (got < 0)
        return err_errno(err, "%s", path);
    buf.len = (size_t)got;
    *out = buf;
    buf = (struct secret_buf){0};
    return true;
}

static bool
read_open(struct secret_buf *out, bool *is_exposed, int fd, const char *path, size_t max,
          struct err *err)
{
    struct stat stat;

    if (fstat(fd, &stat) != 0)
        return err_errno(err, "%s", path);
    if (!S_ISREG(stat.st_mode))
        return err_set(err, "%s: not a regular file", path);
    if (!secret_file_take(out, fd, max + 1, path, err)) /* one more, to see it grow */
        return false;
    if (out->len > max) {
        secret_buf_free(out);
        return err_set(err, "%s: longer than %zu bytes", path, max);
    }
    *is_exposed =
        (stat.st_mode & (S_IRWXG | S_IRWXO)) != 0 || (stat.st_uid != 0 && stat.st_uid != geteuid());
    return true;
}

enum file_read
secret_file_read(struct secret_buf *out, bool *is_exposed, const char *path, size_t max,
                 struct err *err)
{
    bool done;
    int fd;

    errno = 0;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        (void)err_errno(err, "%s", path); /* keeps errno */
        return errno == ENOENT ? FILE_ABSENT : FILE_FAILED;
    }
    done = read_open(out, is_exposed, fd, path, max, err);
    (void)close(fd); /* only read */
    return done ? FILE_READ : FILE_FAILED;
}
