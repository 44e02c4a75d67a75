/* see stekd_inner.h: the runtime folder, and what others do in it */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/stekd_inner.h"
#include "io/file.h"

#define RUN_DIR_MODE 0755
#define COUNT_DIR_MODE 0711 /* the keysets' own folders in it say who may enter */

bool
stekd_take_folder(struct stekd *stekd, const char *path, struct err *err)
{
    char *lock_path = NULL, *count_path = NULL;
    pid_t other;
    bool ok;

    if (!dir_ensure(path, RUN_DIR_MODE, err))
        return false;
    stekd->run_dir = file_absolute(path, err);
    if (stekd->run_dir == NULL || !dir_check_ours(stekd->run_dir, err))
        return false;
    if (asprintf(&stekd->socket_path, "%s/" CONTROL_SOCKET, stekd->run_dir) < 0 ||
        asprintf(&lock_path, "%s/" STEKD_LOCK, stekd->run_dir) < 0 ||
        asprintf(&count_path, "%s/count", stekd->run_dir) < 0)
        return err_set(err, "no memory"); /* and little use in freeing */
    ok = pid_lock_open(&stekd->lock, &other, lock_path, err);
    if (!ok && other > 0)
        (void)err_set(err, "stekd already runs in %s (pid %ld)", stekd->run_dir, (long)other);
    else if (!ok && other == 0)
        (void)err_set(err, "stekd already runs in %s", stekd->run_dir); /* always false */
    if (ok && !dir_is_in_memory(stekd->run_dir))
        log_warn(&stekd->log, "%s is not on tmpfs: keys may come to a disk", stekd->run_dir);
    ok = ok && dir_make(count_path, COUNT_DIR_MODE, (gid_t)-1, err);
    free(lock_path);
    free(count_path);
    return ok;
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
