/* see farm_file.h */
#include "daemon/farm_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hex.h"
#include "io/disk.h"
#include "io/entropy.h"
#include "io/secret_file.h"
#include "share/line.h"

#define ID_LEN 8
#define HOST_FILE_MAX 18U /* 16 digits, and the end of a line */

/* ---- where they are ---- */

static bool
put_path(char out[FARM_PATH_MAX + 1], const char *folder, const char *name, const char *suffix,
         struct err *err)
{
    int len = snprintf(out, FARM_PATH_MAX + 1, "%s%s%s", folder, name, suffix);

    return (len >= 0 && (size_t)len <= FARM_PATH_MAX) ||
           err_set(err, "farm: too long a path: %s%s%s", folder, name, suffix);
}

bool
farm_paths_set(struct farm_paths *out, const char *keyset, const char *farm, struct err *err)
{
    struct farm_paths paths;
    const char *slash = strrchr(farm, '/');

    if (farm[0] == '\0' ? !put_path(paths.folder, disk_state_folder(), "/", "", err)
                        : !put_path(paths.folder, farm, "", "", err))
        return false;
    if (slash != NULL)
        paths.folder[slash - farm + 1] = '\0';
    if (!put_path(paths.host, paths.folder, keyset, ".host", err) ||
        !put_path(paths.join, paths.folder, keyset, ".join", err) ||
        !put_path(paths.revoked, paths.folder, keyset, ".revoked", err) ||
        !(farm[0] == '\0' ? put_path(paths.farm, paths.folder, keyset, ".farm", err)
                          : put_path(paths.farm, farm, "", "", err)))
        return false;
    *out = paths;
    return true;
}

bool
farm_file_put(const struct farm_paths *paths, const char *path, const void *bytes, size_t len,
              struct err *err)
{
    if (disk_replace(path, bytes, len, err))
        return true;
    if (errno == EACCES || errno == EROFS) /* of its sandbox, or of the folder */
        (void)err_set(err,
                      "%s: stekd may not write there: it must own %s, and be started anew where "
                      "the folder was in no configuration when it started",
                      path, paths->folder);
    return false;
}

/* ---- the farm ---- */

enum farm_file
farm_file_load(struct farm *out, struct err *warning, const struct farm_paths *paths,
               struct err *err)
{
    bool is_exposed = false;
    enum file_read found;
    struct err why;
    SECRET_BUF(text);
    FARM(farm);

    warning->text[0] = '\0';
    found = secret_file_read(&text, &is_exposed, paths->farm, LINE_TEXT_MAX, &why);
    if (found == FILE_ABSENT)
        return FARM_FILE_NONE;
    if (found == FILE_READ && !farm_decode(&farm, (const char *)text.bytes, text.len, &why)) {
        (void)err_set(err,
                      "%s: %s: put the file of another host there, or move it away and join anew",
                      paths->farm, why.text);
        return FARM_FILE_BAD;
    }
    if (found == FILE_FAILED) {
        (void)err_set(err, "%s%s", why.text,
                      errno == EACCES ? ": give it to stekd's user: chown" : "");
        return FARM_FILE_BAD;
    }
    if (is_exposed)
        (void)err_set(warning,
                      "%s: others than root and stekd may read the farm's secret, and so all keys: "
                      "chown and chmod 0600 it, and think of stekctl farm rekey",
                      paths->farm);
    *out = farm;
    return FARM_FILE_LOADED;
}

bool
farm_file_save(const struct farm_paths *paths, const struct farm *farm, struct err *err)
{
    SECRET_BUF(text);

    return (farm_encode(&text, farm, err) &&
            farm_file_put(paths, paths->farm, text.bytes, text.len, err)) ||
           err_add(err, "the farm's secret is not saved");
}

/* ---- this host's id ---- */

static bool
read_id(uint64_t *out, const char *text, size_t len)
{
    uint8_t bytes[ID_LEN];
    struct reader r = reader_of(bytes, sizeof bytes);
    uint64_t id;

    if (len < 2 * ID_LEN || strspn(text + 2 * ID_LEN, "\r\n") != len - 2 * ID_LEN ||
        !hex_decode(bytes, sizeof bytes, text, 2 * ID_LEN))
        return false;
    id = read_u64(&r);
    if (id == 0)
        return false;
    *out = id;
    return true;
}

static bool
make_id(uint64_t *out, struct err *err)
{
    uint64_t id = 0;

    if (!entropy_get(&id, sizeof id, err))
        return err_add(err, "no id for this host");
    if (id == 0)
        return err_set(err, "no id for this host: the kernel's random bytes are zero");
    *out = id;
    return true;
}

bool
farm_file_host(uint64_t *out, struct err *warning, const struct farm_paths *paths, struct err *err)
{
    char *text = NULL, line[2 * ID_LEN + 2];
    size_t len = 0;
    enum file_read found = file_read(&text, &len, paths->host, HOST_FILE_MAX, warning);
    bool is_read = found == FILE_READ && read_id(out, text, len);

    free(text);
    if (is_read) {
        warning->text[0] = '\0';
        return true;
    }
    if (!make_id(out, err))
        return false;
    if (found == FILE_READ)
        (void)err_set(warning, "%s: not an id of 16 hex digits: remove it", paths->host);
    (void)snprintf(line, sizeof line, "%016llx\n", (unsigned long long)*out); /* fits */
    if (found == FILE_ABSENT && farm_file_put(paths, paths->host, line, strlen(line), warning))
        warning->text[0] = '\0';
    else
        (void)err_add(warning, "this host's id lasts until stekd is started anew");
    return true;
}

/* ---- the request ---- */

enum farm_file
farm_file_load_join(struct join *out, const struct farm_paths *paths, uint64_t now_s,
                    struct err *err)
{
    bool is_exposed; /* it is ours, and nobody deploys one */
    struct err why;
    SECRET_BUF(text);
    JOIN(join);

    switch (secret_file_read(&text, &is_exposed, paths->join, LINE_TEXT_MAX, &why)) {
    case FILE_ABSENT: return FARM_FILE_NONE;
    case FILE_READ: break;
    case FILE_FAILED:
    default: (void)err_set(err, "%s", why.text); return FARM_FILE_BAD;
    }
    if (!join_decode(&join, (const char *)text.bytes, text.len, &why)) {
        (void)err_set(err, "%s: %s: remove it, and ask anew with stekctl farm join", paths->join,
                      why.text);
        return FARM_FILE_BAD;
    }
    if (join.request.expires_s > now_s) {
        *out = join;
        return FARM_FILE_LOADED;
    }
    return farm_file_drop_join(paths, err) ? FARM_FILE_NONE : FARM_FILE_BAD;
}

bool
farm_file_save_join(const struct farm_paths *paths, const struct join *join, struct err *err)
{
    SECRET_BUF(text);

    return (join_encode(&text, join, err) &&
            farm_file_put(paths, paths->join, text.bytes, text.len, err)) ||
           err_add(err, "the request is not saved");
}

bool
farm_file_drop_join(const struct farm_paths *paths, struct err *err)
{
    return disk_destroy(paths->join, err);
}
