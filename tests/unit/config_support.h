/* config_support.h - stekd.conf from a string. */
#ifndef UNIT_CONFIG_SUPPORT_H
#define UNIT_CONFIG_SUPPORT_H

#include <stdlib.h>
#include <string.h>

#include "config/config.h"

/* Parse a copy of `text` as the file "f". */
static inline bool
parse(struct config *config, const char *text, struct err *err)
{
    char *copy = strdup(text);
    bool ok;

    err->text[0] = '\0';
    ok = copy != NULL && config_parse(config, "f", copy, strlen(copy), err);
    free(copy);
    return ok;
}

static inline bool
begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

#endif
