/* prefix.h - key names that people type: any unique beginning of four digits or more. Pure. */
#ifndef CLI_PREFIX_H
#define CLI_PREFIX_H

#include <stdbool.h>

#include "base/err.h"
#include "cli/reply.h"

#define PREFIX_MIN 4U

/* The one key that is not yet revoked whose name begins with `typed`, of either case. NULL, with a
 * sentence that names the candidates, where there is none or several, or that is no prefix. The
 * pointer leads into `keys`. */
const struct reply_key *prefix_find(const struct reply_keys *keys, const char *typed,
                                    struct err *err);

#endif
