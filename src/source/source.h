/* source.h - where new key material comes from. A source is one const struct in one file and one
 * line in table.c. */
#ifndef SOURCE_SOURCE_H
#define SOURCE_SOURCE_H

#include <stdbool.h>

#include "base/err.h"
#include "keys/schedule.h"

struct source_kind {
    const char *name;    /* as in stekd.conf */
    const char *summary; /* one line */
    /* Fresh name and secret. What comes is still checked: a weak or known one is refused. */
    bool (*get)(struct key_material *fresh, struct err *err);
};

extern const struct source_kind source_random;

/* All kinds, the default first, ended by NULL. */
extern const struct source_kind *const source_kinds[];

#endif
