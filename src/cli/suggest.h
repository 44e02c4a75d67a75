/* suggest.h - what somebody who mistyped a word probably meant. Pure. */
#ifndef CLI_SUGGEST_H
#define CLI_SUGGEST_H

#include <stddef.h>

/* The word nearest to what was typed, if it is near: at most one letter of three wrong, missing,
 * too many or swapped with the next, or the one word that begins so. NULL if none is. */
const char *suggest(const char *typed, const char *const words[], size_t count);

#endif
