/* twin.h - does somebody else write the records of this host, too? For engines: what they find in
 * place of what was put is perhaps a restore, or somebody who cleans up, and ours comes again at
 * once; found again and again it is another host of the same id. Such twins do not spend their
 * lives replacing each other's record. Pure. */
#ifndef SHARE_TWIN_H
#define SHARE_TWIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* One record's; begins as zero. */
struct twin {
    uint64_t replaced_ms; /* when somebody last replaced ours */
    unsigned replaced;    /* how often in a row */
};

/* Ours was replaced: when is it to be put again? 0: at once. */
uint64_t twin_replaced(struct twin *twin, uint64_t now_ms);

/* True while that happens in a row. */
bool twin_is_there(const struct twin *twin, uint64_t now_ms);

/* What to do about it. `what` is what somebody else does with what of this host. */
void twin_say(struct err *out, const char *what, uint64_t host);

#endif
