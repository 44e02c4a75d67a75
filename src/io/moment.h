/* moment.h - a Unix time as people read it. */
#ifndef IO_MOMENT_H
#define IO_MOMENT_H

#include <stdint.h>

#define MOMENT_LEN 32

/* "2026-08-22T10:00:00Z"; for what no calendar holds, the plain number. Returns `out`. */
char *moment_text(char out[MOMENT_LEN], uint64_t unix_s);

#endif
