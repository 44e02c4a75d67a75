/* setup_plan.h - files that are to be there, or to be there no more; looked at all before any is
 * touched. Only what "stekctl setup" wrote is replaced or removed. */
#ifndef CLI_SETUP_PLAN_H
#define CLI_SETUP_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum setup_action { SETUP_KEEP, SETUP_WRITE, SETUP_REMOVE };

struct setup_file {
    char *path;
    char *text; /* NULL: not to be there */
    bool is_link;
    enum setup_action action;
};

struct setup_plan {
    struct setup_file *files;
    size_t count;
    const char *root; /* in front of all paths; "" */
};

/* Takes `text`, to be freed, also on failure. `path` begins with a slash, behind the root. Where
 * there is nothing to be done for a file that is not to be there, it is left out. */
bool setup_plan_add(struct setup_plan *plan, const char *path, char *text, struct err *err);

/* The same for a symbolic link to `target`, NULL: none. Any link of that name counts as ours. */
bool setup_plan_link(struct setup_plan *plan, const char *path, const char *target,
                     struct err *err);

bool setup_plan_carry_out(const struct setup_plan *plan, struct err *err);

/* True if something is to be done. */
bool setup_plan_changes(const struct setup_plan *plan);

void setup_plan_free(struct setup_plan *plan);

#endif
