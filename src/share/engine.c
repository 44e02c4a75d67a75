/* see engine.h */
#include "share/engine.h"

#include <string.h>

const struct engine_kind *
engine_kind_find(const char *name)
{
    const struct engine_kind *const *at = engine_kinds;

    while (*at != NULL && strcmp((*at)->name, name) != 0)
        at++;
    return *at;
}

const char *
engine_option_get(const struct engine_option *options, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(options[i].name, name) == 0)
            return options[i].value;
    }
    return NULL;
}
