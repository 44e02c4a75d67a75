/* see fleet.h: what is known */
#include <stdlib.h>
#include <string.h>

#include "share/fleet.h"

static int
compare_names(const void *a, const void *b)
{
    return memcmp(a, b, KEY_NAME_LEN);
}

/* How long it may stand still over looks. */
static uint64_t
patience_ms(const struct fleet_host *host)
{
    uint64_t last = host->stood_ms[0], before = host->stood_ms[1];
    uint64_t pace = last < before ? last : before;

    pace = pace < FLEET_PACE_MAX_MS ? pace : FLEET_PACE_MAX_MS;
    return 2 * pace < FLEET_SILENT_MS ? FLEET_SILENT_MS : 2 * pace;
}

enum fleet_state
fleet_state_of(const struct fleet *fleet, const struct fleet_host *host)
{
    if (host->id == fleet->self || !host->is_still ||
        fleet->looked_ms - host->moved_ms < FLEET_SILENT_MS)
        return FLEET_LIVE;
    return fleet->looked_ms - host->still_ms < patience_ms(host) ? FLEET_LATE : FLEET_SILENT;
}

size_t
fleet_count(const struct fleet *fleet, enum fleet_state state)
{
    size_t count = 0;

    for (size_t i = 0; i < fleet->count; i++)
        count += fleet_state_of(fleet, &fleet->hosts[i]) == state;
    return count;
}

bool
fleet_lists(const struct fleet_host *host, const uint8_t name[KEY_NAME_LEN])
{
    return bsearch(name, host->keys, host->key_count, KEY_NAME_LEN, compare_names) != NULL;
}

static bool
is_waited_for(const struct fleet *fleet, const struct fleet_host *host)
{
    return host->id != fleet->self && fleet_state_of(fleet, host) != FLEET_SILENT;
}

const struct fleet_host *
fleet_lacking(const struct fleet *fleet, const uint8_t name[KEY_NAME_LEN], size_t *at)
{
    while (*at < fleet->count) {
        const struct fleet_host *host = &fleet->hosts[(*at)++];

        if (is_waited_for(fleet, host) && !fleet_lists(host, name))
            return host;
    }
    return NULL;
}

bool
fleet_all_hold(const struct fleet *fleet, const uint8_t name[KEY_NAME_LEN])
{
    size_t at = 0;

    return fleet->has_looked && fleet_lacking(fleet, name, &at) == NULL;
}

bool
fleet_confirms(const struct fleet *fleet, uint64_t maker)
{
    const struct fleet_host *host = fleet_find(fleet, maker);

    if (maker == fleet->self)
        return true;
    if (!fleet->has_looked || (host != NULL && is_waited_for(fleet, host)))
        return false;
    for (size_t i = 0; i < fleet->count; i++)
        if (fleet->hosts[i].id < fleet->self && is_waited_for(fleet, &fleet->hosts[i]))
            return false;
    return true;
}

bool
fleet_agrees(const struct fleet_host *host, const uint8_t digest[STATUS_DIGEST_LEN])
{
    return memcmp(host->digest, digest, STATUS_DIGEST_LEN) == 0;
}

static int
compare_clocks(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

bool
fleet_clock(const struct fleet *fleet, int64_t *out_ms)
{
    int64_t *clocks = calloc(fleet->count + 1, sizeof *clocks), low, high;
    size_t count = 1; /* the first is ours */

    if (clocks == NULL)
        return false;
    for (size_t i = 0; i < fleet->count; i++)
        if (fleet->hosts[i].has_clock && is_waited_for(fleet, &fleet->hosts[i]))
            clocks[count++] = fleet->hosts[i].clock_ms;
    qsort(clocks, count, sizeof *clocks, compare_clocks);
    low = clocks[(count - 1) / 2];
    high = clocks[count / 2];
    free(clocks);
    *out_ms = low > 0 ? low : high < 0 ? high : 0; /* of two in the middle, what is nearer to us */
    return true;
}

void
fleet_ask_clock(const struct fleet *fleet, int64_t ahead_ms, int64_t slack_ms, size_t *agree,
                size_t *asked)
{
    for (size_t i = 0; i < fleet->count; i++) {
        const struct fleet_host *host = &fleet->hosts[i];

        if (!host->has_clock || !is_waited_for(fleet, host))
            continue;
        (*asked)++;
        *agree += host->clock_ms >= ahead_ms - slack_ms && host->clock_ms <= ahead_ms + slack_ms;
    }
}
