/* owned_inner.h - between owned.c and owned_mend.c: the place of an owned file, its names there. */
#ifndef SYS_OWNED_INNER_H
#define SYS_OWNED_INNER_H

#include <limits.h>
#include <stdbool.h>

#include "sys/folder.h"
#include "sys/sys.h"

/* Where a file is looked for or made. */
struct place {
    struct folder folder;
    const char *path;         /* for messages */
    char fresh[NAME_MAX + 1]; /* its name until it is published: NAME.new */
    char spare[NAME_MAX + 1]; /* its second name: .NAME */
};

bool place_open(struct place *place, const char *path, struct err *err);
void place_close(struct place *place);

/* True if `name` there is the open file. */
bool place_has(const struct place *place, const char *name, int fd);

/* See to it that the spare name is this file's, too. Where it cannot be had (a file system without
 * links) the file does without. */
void place_keep_spare(const struct place *place, int fd);

#endif
