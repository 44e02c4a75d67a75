/* see persist.h */
#include "daemon/persist.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/persist_format.h"
#include "io/crypt.h"
#include "io/disk.h"
#include "io/entropy.h"
#include "io/file.h"
#include "io/key_file.h"
#include "io/moment.h"
#include "keys/encode.h"
#include "sys/sys.h"

#define PLACED_WITHIN_MS 30000U /* a busy disk may take long to put a file in its place */
#define CLOCKS_DIFFER_MS 2000U  /* the time of files is coarser than that of programs */

struct persist {
    char keyset[CONTROL_KEYSET_MAX + 1];
    char *path, *folder;
    struct secret key;
    struct secret saved; /* tells whether a keyset is the one in the file: its HMAC */
    bool is_saved;       /* the file is there, with that one */
};

static char *
default_place(const char *keyset)
{
    char *path;

    return asprintf(&path, "%s/%s.keys", disk_state_folder(), keyset) < 0 ? NULL : path;
}

char *
persist_left_behind(const struct config_keyset *config)
{
    char *path = config->persist[0] != '\0' ? NULL : default_place(config->name);

    if (path == NULL || disk_placed_ms(path) != 0)
        return path;
    free(path);
    return NULL;
}

static bool
set_place(struct persist *persist, const struct config_keyset *config)
{
    (void)snprintf(persist->keyset, sizeof persist->keyset, "%s", config->name); /* fits */
    persist->path = config->persist_file[0] != '\0' ? strdup(config->persist_file)
                                                    : default_place(config->name);
    persist->folder = persist->path == NULL ? NULL : strdup(persist->path);
    if (persist->folder == NULL)
        return false;
    strrchr(persist->folder, '/')[1] = '\0'; /* there is one: it is absolute */
    return true;
}

struct persist *
persist_open(const struct config_keyset *config, struct err *err)
{
    struct persist *persist = calloc(1, sizeof *persist);

    if (persist == NULL || !set_place(persist, config)) {
        (void)err_set(err, "persist: no memory"); /* always false */
        persist_close(&persist);
    } else if (!key_file_read(&persist->key, config->persist, err)) {
        (void)err_add(err, "persist"); /* always false */
        persist_close(&persist);
    }
    return persist;
}

void
persist_close(struct persist **persist)
{
    if (*persist == NULL)
        return;
    secret_wipe(&(*persist)->key);
    secret_wipe(&(*persist)->saved);
    free((*persist)->path);
    free((*persist)->folder);
    free(*persist);
    *persist = NULL;
}

bool
persist_exists(const struct persist *persist)
{
    return disk_placed_ms(persist->path) != 0;
}

const char *
persist_path(const struct persist *persist)
{
    return persist->path;
}

const char *
persist_folder(const struct persist *persist)
{
    return persist->folder;
}

bool
persist_try(const struct persist *persist, struct err *err)
{
    if (disk_try(persist->path, err))
        return true;
    if (errno == EACCES) /* of its sandbox, or of the folder */
        (void)err_set(err,
                      "%s: stekd may not write there: it must own the folder, and be started anew "
                      "where the folder was in no configuration when it started",
                      persist->path);
    return err_add(err, "persist");
}

/* An older copy that was put back would bring back what was revoked since. When a file was put in
 * its place is what nobody can set. */
static bool
check_place(const struct persist *persist, const struct persist_head *head, struct err *err)
{
    uint64_t placed_ms = disk_placed_ms(persist->path);
    char written[MOMENT_LEN], placed[MOMENT_LEN];

    if (placed_ms + CLOCKS_DIFFER_MS >= head->written_ms &&
        placed_ms <= head->written_ms + PLACED_WITHIN_MS)
        return true;
    return err_set(
        err, "was written at %s and put there at %s: an older copy may hold revoked keys",
        moment_text(written, head->written_ms / 1000), moment_text(placed, placed_ms / 1000));
}

bool
persist_load(struct persist *persist, struct keyset *set, uint64_t wall_ms, struct err *err)
{
    struct persist_head head = {.keyset = persist->keyset};
    enum file_read result;
    char *bytes = NULL;
    size_t len = 0;
    struct err why = {""};
    bool ok;
    KEYSET(fresh);

    result = file_read(&bytes, &len, persist->path, PERSIST_FILE_MAX, err);
    if (result != FILE_READ)
        return result == FILE_ABSENT;
    ok = persist_open_sealed(&head, &fresh, (const uint8_t *)bytes, len, &persist->key, wall_ms,
                             &why) &&
         check_place(persist, &head, &why);
    free(bytes);
    if (!ok)
        return err_set(err, "%s is not taken up: it %s", persist->path, why.text);
    *set = fresh;
    keyset_init(&fresh);
    return true;
}

/* What tells one keyset from another. */
static bool
digest(struct secret *out, const struct persist *persist, const struct keyset *set, struct err *err)
{
    SECRET_BUF(plain);

    if (!encode_keyset(&plain, set, err))
        return false;
    return crypt_hmac(out->bytes, plain.bytes, plain.len, persist->key.bytes,
                      sizeof persist->key.bytes) == 1 ||
           err_set(err, "libcrypto failed");
}

static bool
write_file(const struct persist *persist, const struct keyset *set, uint64_t wall_ms,
           struct err *err)
{
    struct persist_head head = {
        .keyset = persist->keyset, .saved_ms = wall_ms, .written_ms = sys_unix_ms()};
    uint8_t *bytes;
    size_t len;
    bool ok;

    if (!entropy_get(head.salt, sizeof head.salt, err) ||
        !persist_seal(&bytes, &len, &head, set, &persist->key, err))
        return false;
    ok = disk_replace(persist->path, bytes, len, err);
    free(bytes);
    return ok;
}

static bool
save(struct persist *persist, struct keyset *set, uint64_t wall_ms, int64_t ahead_ms,
     struct err *err)
{
    SECRET(now);

    if (ahead_ms <= -1000 || ahead_ms >= 1000)
        keyset_shift(set, ahead_ms / 1000);
    if (!digest(&now, persist, set, err))
        return false;
    if (persist->is_saved && secret_equal(&now, &persist->saved, sizeof now))
        return true;
    persist->is_saved = false;
    if (!write_file(persist, set, wall_ms, err))
        return false;
    persist->saved = now;
    persist->is_saved = true;
    return true;
}

bool
persist_save(struct persist *persist, const struct keyset *set, uint64_t wall_ms, int64_t ahead_ms,
             struct err *err)
{
    struct err gone = {""};
    KEYSET(copy);

    if (keyset_copy(&copy, set) ? save(persist, &copy, wall_ms, ahead_ms, err)
                                : err_set(err, "no memory"))
        return true;
    persist->is_saved = false;
    if (!disk_destroy(persist->path, &gone))
        (void)err_set(err, "%s; remove it: it may hold keys that are over", gone.text);
    return err_add(err, "keys are not saved for after a boot");
}

bool
persist_destroy(struct persist *persist, struct err *err)
{
    persist->is_saved = false;
    return disk_destroy(persist->path, err);
}
