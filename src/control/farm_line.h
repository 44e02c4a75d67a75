/* farm_line.h - how a farm is, in a sentence: for stekctl and the status page of stekd. Pure.
 *
 *   R-LINE-1: it says that all is well only where no host differs or is silent, and else names
 *             hosts, and how many more there are. */
#ifndef CONTROL_FARM_LINE_H
#define CONTROL_FARM_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/control.h"

#define FARM_LINE_MAX 512U
#define FARM_LINE_NAMED 3U /* hosts that are named of each kind */
#define FARM_LINE_SPAN 24U
#define FARM_LINE_OLD_MS 120000U /* what was seen before is told with its age */

struct farm_line_host {
    const char *name;
    enum control_host state;
    bool is_self, agrees, is_clock_odd;
    bool is_pending;   /* does not agree, but a change may be on its way */
    bool is_unasked;   /* is pending, and has not been heard of since keys changed here */
    uint64_t heard_ms; /* since its status last moved */
    uint64_t missing, extra;
    int64_t clock_ms; /* ahead of ours */
};

struct farm_line {
    uint64_t hosts, silent;               /* in all */
    uint64_t differing, pending, unasked; /* that are not silent; each is in one of them */
    uint64_t keys;                        /* that we hold */
    int64_t clock_ms;                     /* how far ours is behind */
    bool has_looked;
    uint64_t looked_ms;                /* since the last look at all of them */
    const struct farm_line_host *list; /* those with whom something is the matter, at least */
    size_t count;
};

/* "5 hosts, all hold the same 14 keys", or what is the matter. True if no host differs or is
 * silent. */
bool farm_line_text(char out[FARM_LINE_MAX], const struct farm_line *farm);

/* "90 s", "4 min", "3 h", "5 d". Returns `out`. */
char *farm_line_span(char out[FARM_LINE_SPAN], uint64_t milliseconds);

#endif
