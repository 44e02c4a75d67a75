/* revoked_text.h - what is revoked, as text:
 *
 *   # comments
 *   stek-revoked1
 *   all MADE UNTIL     every key made at or before MADE (Unix milliseconds); one line at most
 *   NAME UNTIL         the key of this name, 32 hex digits; up to 512
 *   end
 *
 * UNTIL is the Unix second at which the line may go. Each line ends with a line feed.
 *
 *   R-REVOKED-4: what was written is read as it was, whatever the clock says meanwhile. */
#ifndef DAEMON_REVOKED_TEXT_H
#define DAEMON_REVOKED_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "keys/keyset.h"

#define REVOKED_TEXT_MAX 65536U

/* All that `set` revokes, into a keyset without keys, whatever the clock says. *changed becomes
 * true if it does. False, with the first reason in `err`, where not all could be added: there are
 * too many, or no memory. */
bool revoked_add(struct keyset *out, bool *changed, const struct keyset *set, struct err *err);

enum revoked_text {
    REVOKED_WHOLE,
    REVOKED_DAMAGED, /* `err` says where; what else there is was taken */
    REVOKED_FAILED   /* no memory: nothing was taken */
};

/* Into an initialised, empty `out`. */
enum revoked_text revoked_decode(struct keyset *out, const char *text, size_t len, struct err *err);

/* To be freed; NULL where there is no memory. */
char *revoked_encode(size_t *len, const struct keyset *set);

#endif
