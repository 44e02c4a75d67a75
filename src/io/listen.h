/* listen.h - a unix socket that listens. */
#ifndef IO_LISTEN_H
#define IO_LISTEN_H

#include "base/err.h"

/* Listen on `path`, mode 0600. A socket that nobody listens on any more is replaced; one that is
 * in use, or a file of another kind, is left alone. Returns a descriptor that does not block, or
 * -1. */
int listen_unix(const char *path, struct err *err);

#endif
