/* certificate.h - a look at a certificate of ours, to say what is wrong where a server only refuses
 * it. */
#ifndef IO_CERTIFICATE_H
#define IO_CERTIFICATE_H

#include <stdbool.h>

#include "base/err.h"

/* False, with what is wrong, for a file that cannot be read or holds none, or one whose time is
 * over or has not begun. */
bool certificate_is_of_now(const char *path, struct err *err);

#endif
