/* section.h - what may stand in stekd.conf: a tree of kinds of sections, each with its options.
 *
 * A new option is a line in its section's table, and a new section a struct that stands in the
 * list of the one around it; both are in sections.c. What may stand in a section `share` is said by
 * the engines' own tables. Values are taken after the whole file has
 * been read: those of a section first, then the sections in it, then its end. */
#ifndef CONFIG_SECTION_H
#define CONFIG_SECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* An option puts its value into a member of the section's target. The message of `set` says what
 * would be right; "NAME = TEXT: " is put in front of it. */
struct config_option {
    const char *name;
    bool (*set)(void *member, const char *text, struct err *err);
    size_t at;    /* of the member in the target */
    bool is_list; /* { "a", "b" }: `set` is called with each */
};

/* Options that are known by name alone: each may be given several times, as a list. */
struct config_named {
    const char *(*name)(size_t index); /* NULL behind the last; none twice */
    bool (*set)(void *target, const char *name, const char *text, struct err *err);
};

struct config_section {
    const char *name;
    bool is_titled;                             /* there may be several; else there is one */
    const struct config_option *options;        /* up to one without a name */
    const struct config_named *named;           /* NULL: none */
    const struct config_section *const *nested; /* that may stand in it, up to NULL */
    void *(*begin)(void *outer, const char *title, struct err *err); /* its target; NULL: fault */
    bool (*end)(void *target, struct err *err); /* NULL: nothing to check; a message that begins
                                                 * with an option's name gets that one's line */
};

/* The file as a whole; its outer target is a struct config. */
extern const struct config_section config_root;

/* share "ENGINE" { }, in a keyset; see share.c. */
extern const struct config_section config_section_share;

#endif
