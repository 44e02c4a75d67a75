/* The source of keys of each host, in the place of source/table.c: good, until something happens to
 * it. */
#include <stddef.h>

#include "source/source.h"
#include "world.h"

#define LEFT_S 600U

/* A key is made of it here, and elsewhere, and will be for a while. */
static bool
is_known(const struct host *host)
{
    const struct service *service = host_service(host);
    const struct key *key = service == NULL ? NULL : keyset_find(&service->set, host->given.name);

    return key != NULL && key->open_until > virtual_system.wall_ms / 1000 + LEFT_S;
}

static bool
get(struct key_material *fresh, struct err *err)
{
    struct host *host = world_inside();

    switch (host->source) {
    case SOURCE_FAILS: return err_set(err, "it has failed");
    case SOURCE_WEAK: *fresh = (struct key_material){.name = {0}}; return true;
    case SOURCE_REPEATS:
        if (!is_known(host)) /* to others it may be */
            return err_set(err, "it has failed");
        *fresh = host->given;
        return true;
    case SOURCE_GOOD:
    default: break;
    }
    if (!source_random.get(fresh, err))
        return false;
    host->given = *fresh;
    return true;
}

static const struct source_kind source = {
    .name = "random", .summary = "that of a simulated host", .get = get};

const struct source_kind *const source_kinds[] = {&source, NULL};
