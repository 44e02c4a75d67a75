/* persist.h - a keyset on disk, so that its tickets outlive a boot; sealed under a key that the
 * administrator provides. Off unless asked for: see SECURITY.md for its price.
 *
 * The ring is the state; the file is only read where there is no ring, and written whenever a key
 * comes, ends or is revoked, in the same moment. What is over or revoked is never in it for longer
 * than stekd takes to write: where it cannot be written, it is destroyed.
 *
 *   R-PERSIST-1: keys that were saved open after a boot, until their Unix times are over.
 *   R-PERSIST-2: a file that is damaged, of another keyset or key, of a later time than the clock
 *                tells, or put there at another time than it was written, is refused, and says why.
 *   R-PERSIST-3: no key that is over or revoked is in the file, whatever failed. */
#ifndef DAEMON_PERSIST_H
#define DAEMON_PERSIST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"
#include "keys/keyset.h"

struct persist;

/* Get the key that the configuration names. NULL, with the reason in `err`. */
struct persist *persist_open(const struct config_keyset *config, struct err *err);

/* The file that a keyset has in the default place though it is not saved, as from a time when it
 * was; to be freed. NULL if there is none. */
char *persist_left_behind(const struct config_keyset *config);

/* Wipes the key; the file stays. Sets NULL, takes NULL. */
void persist_close(struct persist **persist);

/* Is there a file? */
bool persist_exists(const struct persist *persist);

const char *persist_path(const struct persist *persist);
const char *persist_folder(const struct persist *persist);

/* Can it be written there? */
bool persist_try(const struct persist *persist, struct err *err);

/* Take up what the file holds into an empty `set`; none there is fine. `wall_ms` is the wall clock,
 * in whose time the keys are. False, with the reason in `err`: then nothing is taken. */
bool persist_load(struct persist *persist, struct keyset *set, uint64_t wall_ms, struct err *err);

/* Save a keyset whose times are by a clock that the wall clock is ahead of by `ahead_ms`; nothing
 * is done where the file has it already. False, with the reason in `err`: then it is destroyed. */
bool persist_save(struct persist *persist, const struct keyset *set, uint64_t wall_ms,
                  int64_t ahead_ms, struct err *err);

/* Destroy the file: the keyset ends, or is not to be saved any more. */
bool persist_destroy(struct persist *persist, struct err *err);

#endif
