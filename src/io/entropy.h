/* entropy.h - the kernel's random bytes. */
#ifndef IO_ENTROPY_H
#define IO_ENTROPY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* False, at once, where the kernel's pool is not yet seeded. */
bool entropy_get(void *out, size_t len, struct err *err);

#endif
