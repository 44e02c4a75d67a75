/* see check_inner.h: keys that a host learns when they should have sealed already */
#include <string.h>

#include "check_inner.h"

bool
check_had_nothing(struct check *check, const struct host *host, const struct seen_key *key)
{
    const struct seen_key *before = check_find(check, check->sealing[host->index]);
    uint64_t now_ms = check->world->now_ms, bit = (uint64_t)1 << host->index;

    if (before != key && (before == NULL || before->is_emergency || (before->knows & bit) != 0 ||
                          before->seal_until * 1000 < now_ms + CHECK_SETTLE_MS + key->spread_ms))
        check->had_nothing_ms[host->index] = now_ms;
    memcpy(check->sealing[host->index], key->name, sizeof key->name);
    return now_ms < check->had_nothing_ms[host->index] + CHECK_SETTLE_MS;
}

/* True if the other one knows the key, or would not use it. */
static bool
has_key(const struct host *other, const struct seen_key *key)
{
    const struct service *service = host_service(other);

    return service == NULL || (key->knows >> other->index & 1) != 0 ||
           keyset_find(&service->set, key->name) != NULL;
}

bool
check_late(struct check *check, const struct host *host)
{
    const struct world *world = check->world;
    const struct service *service = host_service(host);
    uint64_t now_s = (world->now_ms + (uint64_t)host_error_ms(host)) / 1000;
    const struct key *sealing =
        keyset_sealing(&service->set, &service->config.policy, service->maker, now_s);
    const struct seen_key *key = sealing == NULL ? NULL : check_find(check, sealing->name);

    if (key == NULL || key->had_ms[host->index] != world->now_ms || key->is_emergency ||
        key->is_odd || world->wish.is_each || sealing->maker == service->maker ||
        check_had_nothing(check, host, key))
        return true;
    for (unsigned i = 0; i < world->count; i++) {
        const struct host *other = &world->hosts[i];

        if (i != host->index && check_is_in_reach(check, key, host, other) && !has_key(other, key))
            return check_fail(check, host, key, "it came late, seals at once, and others lack it");
    }
    return true;
}
