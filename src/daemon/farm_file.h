/* farm_file.h - what a host of a farm keeps on disk, in the folder of the option `farm`:
 *
 *   the farm      NAME.farm unless the option says otherwise: the farm's secret (share/farm.h),
 *                 written by stekd, or deployed
 *   NAME.host     the id of this host: 16 hex digits
 *   NAME.join     while a request to join waits for its answer: its private key (share/join.h)
 *   NAME.revoked  while anything is: what is revoked (daemon/revoked_file.h)
 *
 * They are mode 0600 and replaced whole; what they held is overwritten.
 *
 *   R-FARMFILE-1: a farm that was saved is loaded as it was. None there is no failure: there is no
 *                 farm yet.
 *   R-FARMFILE-2: what is no whole file of a farm is refused, in words that say what to do, and
 *                 stays as it is.
 *   R-FARMFILE-3: a secret that others than root and stekd may read is warned of.
 *   R-FARMFILE-4: a host has the same id in each run; where that cannot be kept, it has one for
 *                 this run, and a warning.
 *   R-FARMFILE-5: a request outlives stekd, within its hour; what is left of it after that is
 *                 destroyed. */
#ifndef DAEMON_FARM_FILE_H
#define DAEMON_FARM_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"
#include "share/farm.h"
#include "share/join.h"

#define FARM_PATH_MAX 511U

struct farm_paths {
    char farm[FARM_PATH_MAX + 1];
    char host[FARM_PATH_MAX + 1];
    char join[FARM_PATH_MAX + 1];
    char revoked[FARM_PATH_MAX + 1];
    char folder[FARM_PATH_MAX + 1]; /* of all; ends with a slash */
};

/* `farm` is what the configuration says: an absolute path, or "" for the default one. */
bool farm_paths_set(struct farm_paths *out, const char *keyset, const char *farm, struct err *err);

/* Put a file of these in the place of the old one. False, with what to do in `err`; the old one is
 * as it was then. */
bool farm_file_put(const struct farm_paths *paths, const char *path, const void *bytes, size_t len,
                   struct err *err);

enum farm_file {
    FARM_FILE_LOADED,
    FARM_FILE_NONE, /* `err` is left alone */
    FARM_FILE_BAD   /* `err` says why, and what to do */
};

/* `warning` is empty, or says who may read it. */
enum farm_file farm_file_load(struct farm *out, struct err *warning, const struct farm_paths *paths,
                              struct err *err);

/* On failure the old file is as it was. */
bool farm_file_save(const struct farm_paths *paths, const struct farm *farm, struct err *err);

/* The id of this host, made where there is none; never 0. `warning` is empty, or says that it lasts
 * for this run only, and why. False where the kernel has no randomness. */
bool farm_file_host(uint64_t *out, struct err *warning, const struct farm_paths *paths,
                    struct err *err);

/* The request that waits for its answer. */
enum farm_file farm_file_load_join(struct join *out, const struct farm_paths *paths, uint64_t now_s,
                                   struct err *err);
bool farm_file_save_join(const struct farm_paths *paths, const struct join *join, struct err *err);

/* It is answered, or over. None is fine. */
bool farm_file_drop_join(const struct farm_paths *paths, struct err *err);

#endif
