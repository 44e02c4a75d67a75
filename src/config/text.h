/* text.h - the text of stekd.conf, made fit for libConfuse.
 *
 * libConfuse 3.3 counts lines wrongly after comments, takes strings, comments and sections that
 * never end, drops characters that it does not know, reads NAME|OPTION as another section's
 * option, and puts environment variables in. So comments are blanked out here, and the rest is
 * refused with its line. */
#ifndef CONFIG_TEXT_H
#define CONFIG_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define CONFIG_SECTIONS_MAX 2048U
#define CONFIG_DEPTH_MAX 4U /* of sections and lists in one another */

/* The lines on which sections begin, in the order in which they end. */
struct config_sections {
    unsigned lines[CONFIG_SECTIONS_MAX];
    size_t count;
};

/* Blank out the comments of `text`. Errors are "FILE:LINE: ...". */
bool config_text_clean(struct config_sections *sections, const char *file, char *text, size_t len,
                       struct err *err);

#endif
