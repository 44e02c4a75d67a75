/* revoked_file.h - what is revoked in a farm, on disk beside the farm's secret: NAME.revoked. So a
 * host whose ring is gone, as after a boot, still knows it where the engines were put back to an
 * older state and nobody else is heard. It is text (daemon/revoked_text.h), without secrets.
 *
 *   R-REVOKED-1: what is revoked is in the file before a revocation counts as done, and holds at
 *                the next start before the ring has any key and before any record is taken in.
 *   R-REVOKED-2: what cannot be written is told, and written later; the revocation holds meanwhile
 *                in the ring and in the farm.
 *   R-REVOKED-3: of a damaged file all lines hold that can be read; it is kept as NAME.revoked.bad,
 *                and said once. One that cannot be read is not written over. */
#ifndef DAEMON_REVOKED_FILE_H
#define DAEMON_REVOKED_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "daemon/farm_file.h"
#include "keys/keyset.h"

struct revoked_file {
    const struct farm_paths *paths; /* outlives this */
    struct keyset kept;             /* what the file has, or is to have: no keys */
    bool is_unread;                 /* there is one that could not be read */
    bool is_unsaved;
};

/* Read what is there. `warning` is empty, or says what was wrong with it. */
void revoked_file_open(struct revoked_file *file, struct err *warning,
                       const struct farm_paths *paths);
void revoked_file_close(struct revoked_file *file);

/* What the file says holds in `set`. False, with the reason in `err`, where not all of it does: it
 * could not be read, which is tried again each time; or our clock is behind it. */
bool revoked_file_hold(struct revoked_file *file, struct keyset *set, uint64_t now_ms,
                       struct err *err);

/* What `set` revokes is in the file from now on, and what is over is not. False, with the reason in
 * `err`, if that failed: to be called again. */
bool revoked_file_keep(struct revoked_file *file, const struct keyset *set, uint64_t now_ms,
                       struct err *err);

/* The clock was set by so much, to `now_ms`, and the mark of a keyset, which was `mark`, moved with
 * it: keyset_shift_own(). */
void revoked_file_shift(struct revoked_file *file, const struct mark *mark, int64_t by_s,
                        uint64_t now_ms);

#endif
