/* see etc_file.h */
#include "io/etc_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/whole.h"

/* All folders above `path`. */
static bool
make_folders(const char *path, struct err *err)
{
    char folder[PATH_MAX];

    if (strlen(path) + sizeof ".new" > sizeof folder)
        return err_set(err, "%.80s...: too long a path", path);
    (void)snprintf(folder, sizeof folder, "%s", path); /* fits */
    for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0755) != 0 && errno != EEXIST)
            return err_errno(err, "%s: cannot be made", folder);
        *slash = '/';
    }
    return true;
}

static bool
fill(int fd, const char *text)
{
    return whole_write(fd, text, strlen(text)) && fchmod(fd, 0644) == 0 && /* whatever the umask */
           fsync(fd) == 0;
}

/* Give what was made under its name for now its own. */
static bool
put_in_place(const char *fresh, const char *path, struct err *err)
{
    if (rename(fresh, path) == 0)
        return true;
    (void)err_errno(err, "%s: cannot be replaced", path); /* always false */
    (void)unlink(fresh);                                  /* is told already */
    return false;
}

bool
etc_file_write(const char *path, const char *text, struct err *err)
{
    char fresh[PATH_MAX];
    bool ok;
    int fd;

    if (!make_folders(path, err))
        return false;
    (void)snprintf(fresh, sizeof fresh, "%s.new", path); /* fits */
    if (unlink(fresh) != 0 && errno != ENOENT)
        return err_errno(err, "%s: cannot be removed", fresh);
    fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(err, "%s: cannot be made", fresh);
    ok = fill(fd, text) || err_errno(err, "%s: cannot be written", fresh);
    (void)close(fd); /* synced */
    if (!ok)
        (void)unlink(fresh); /* is told already */
    return ok && put_in_place(fresh, path, err);
}

bool
etc_file_link(const char *path, const char *target, struct err *err)
{
    char fresh[PATH_MAX];

    if (!make_folders(path, err))
        return false;
    (void)snprintf(fresh, sizeof fresh, "%s.new", path); /* fits */
    if (unlink(fresh) != 0 && errno != ENOENT)
        return err_errno(err, "%s: cannot be removed", fresh);
    if (symlink(target, fresh) != 0)
        return err_errno(err, "%s: cannot be made", fresh);
    return put_in_place(fresh, path, err);
}

bool
etc_file_read_link(char **target, const char *path, struct err *err)
{
    char *text = malloc(PATH_MAX);
    ssize_t len = text == NULL ? -1 : readlink(path, text, PATH_MAX - 1);
    bool is_absent = text != NULL && len < 0 && errno == ENOENT;

    if (len < 0) {
        free(text);
        text = NULL;
    } else {
        text[len] = '\0';
    }
    if (len < 0 && !is_absent)
        return err_errno(err, "%s: not a link that can be read", path);
    *target = text;
    return true;
}
