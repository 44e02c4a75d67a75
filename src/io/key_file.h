/* key_file.h - a key that the administrator provides: 32 random bytes, or 64 hex digits. */
#ifndef IO_KEY_FILE_H
#define IO_KEY_FILE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/secret.h"

#define KEY_FILE_CREDENTIAL "credential:" /* and the name of one that systemd provides */

/* From "credential:NAME", or from a file that belongs to root or to us and that nobody else may
 * read. False, with what to do in `err`. */
bool key_file_read(struct secret *key, const char *from, struct err *err);

#endif
