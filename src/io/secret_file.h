/* secret_file.h - a file that holds a secret, read into memory that wipes itself. */
#ifndef IO_SECRET_FILE_H
#define IO_SECRET_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/secret.h"
#include "io/file.h"

/* Read a whole regular file of up to `max` bytes into an empty `out`, with a NUL behind them; links
 * are followed, for a mounted Secret is one. *is_exposed: others than root and we may read it, or
 * it is another's. On failure `out` stays empty, and errno is 0 where the system did not fail. */
enum file_read secret_file_read(struct secret_buf *out, bool *is_exposed, const char *path,
                                size_t max, struct err *err);

/* What an open file holds, up to `max` bytes, into an empty `out`, with a NUL behind. */
bool secret_file_take(struct secret_buf *out, int fd, size_t max, const char *path,
                      struct err *err);

#endif
