/* Keys of the kernel's random generator: the source where nothing else is asked for. */
#include "io/entropy.h"
#include "source/source.h"

static bool
get(struct key_material *fresh, struct err *err)
{
    return entropy_get(fresh->name, sizeof fresh->name, err) &&
           entropy_get(fresh->secret.bytes, sizeof fresh->secret.bytes, err);
}

const struct source_kind source_random = {
    .name = "random",
    .summary = "the kernel's random generator",
    .get = get,
};
