/* see preload_say.h */
#include "module/preload_say.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Static, since an interposed function gets no context of ours. */
static struct {
    struct stat stderr_at_start;
    atomic_uint said; /* a bit each */
} saying;

void
preload_say_begin(void)
{
    if (fstat(STDERR_FILENO, &saying.stderr_at_start) != 0)
        saying.stderr_at_start = (struct stat){0};
}

/* False where the server put a socket in the place of the stderr that it was started with. */
static bool
is_stderr(void)
{
    const struct stat *then = &saying.stderr_at_start;
    struct stat now;

    if (fstat(STDERR_FILENO, &now) != 0)
        return false;
    return !S_ISSOCK(now.st_mode) || (now.st_dev == then->st_dev && now.st_ino == then->st_ino);
}

void
preload_say(unsigned once, const char *what, const char *why)
{
    if ((atomic_fetch_or(&saying.said, 1U << once) & 1U << once) == 0 && is_stderr())
        (void)dprintf(STDERR_FILENO, "stek-preload: %s: %s\n", what, why); /* if anybody reads it */
}
