/* see stekd_inner.h: the runtime folder, and what others do in it */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/stekd_inner.h"
#include "io/file.h"

#define RUN_DIR_MODE 0755
#define COUNT_DIR_MODE 0711 /* the keysets' own folders in it say who may enter */

/* The path of what is named in the folder; NULL, with the reason. */
static char *
place(const struct stekd *stekd, const char *name, struct err *err)
{
    char *path;

    if (asprintf(&path, "%s/%s", stekd->run_dir, name) >= 0)
        return path;
    (void)err_set(err, "no memory"); /* always false */
    return NULL;
}

static bool
take_lock(struct stekd *stekd, struct err *err)
{
    char *path = place(stekd, STEKD_LOCK, err);
    pid_t other;
    bool ok;

    if (path == NULL)
        return false;
    ok = pid_lock_open(&stekd->lock, &other, path, err);
    if (!ok && other > 0)
        (void)err_set(err, "stekd already runs in %s (pid %ld)", stekd->run_dir, (long)other);
    else if (!ok && other == 0)
        (void)err_set(err, "stekd already runs in %s", stekd->run_dir); /* always false */
    free(path);
    return ok;
}

static bool
make_counters(const struct stekd *stekd, struct err *err)
{
    char *path = place(stekd, "count", err);
    bool ok = path != NULL && dir_make(path, COUNT_DIR_MODE, (gid_t)-1, err);

    free(path);
    return ok;
}

bool
stekd_take_folder(struct stekd *stekd, const char *path, struct err *err)
{
    if (!dir_ensure(path, RUN_DIR_MODE, err))
        return false;
    stekd->run_dir = file_absolute(path, err);
    if (stekd->run_dir == NULL || !dir_check_ours(stekd->run_dir, err))
        return false;
    stekd->socket_path = place(stekd, CONTROL_SOCKET, err);
    if (stekd->socket_path == NULL || !take_lock(stekd, err))
        return false;
    if (!dir_is_in_memory(stekd->run_dir))
        log_warn(&stekd->log, "%s is not on tmpfs: keys may come to a disk", stekd->run_dir);
    return make_counters(stekd, err);
}

static bool
check_ring(void *arg, const char *name)
{
    struct stekd *stekd = arg;
    size_t len = strlen(name);

    if (len <= 3 || strcmp(name + len - 3, ".r1") != 0)
        return true;
    for (size_t i = 0; i < stekd->count; i++) {
        const char *known = stekd->services[i]->config.name;

        if (strlen(known) == len - 3 && strncmp(known, name, len - 3) == 0)
            return true;
    }
    log_warn(&stekd->log, "%s/%s belongs to no keyset: remove it if no server uses it",
             stekd->run_dir, name);
    return true;
}

bool
stekd_check_folder(struct stekd *stekd, struct err *err)
{
    return dir_list(stekd->run_dir, check_ring, stekd, err);
}

/* Something happened to a ring: its tick looks what. */
static void
on_folder(void *arg, const char *name)
{
    struct stekd *stekd = arg;

    for (size_t i = 0; i < stekd->count; i++) {
        const char *known = stekd->services[i]->config.name;
        size_t len = strlen(known);

        if (name == NULL || (strncmp(name, known, len) == 0 && strcmp(name + len, ".r1") == 0))
            stekd->due_boot_ms[i] = 0;
    }
    stekd_arm(stekd);
}

void
stekd_watch_folder(struct stekd *stekd)
{
    struct err err = {""};

    stekd->watch = watch_new(stekd->loop, stekd->run_dir, on_folder, stekd, &err);
    if (stekd->watch == NULL)
        log_warn(&stekd->log, "%s: a ring that is removed is mended within a minute only",
                 err.text);
}
