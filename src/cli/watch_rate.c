/* see watch.h: how often something happens, from counters of two answers */
#include <stek/stek.h>
#include <string.h>

#include "cli/watch.h"
#include "control/timeline.h"

uint64_t
watch_full(const uint64_t counters[CONTROL_COUNTERS])
{
    return counters[STEK_FULL_UNKNOWN] + counters[STEK_FULL_EXPIRED] + counters[STEK_FULL_REVOKED] +
           counters[STEK_FULL_CONTEXT];
}

/* Counters of a stekd that lives never go back; but what comes from elsewhere is not trusted. */
static uint64_t
growth(uint64_t now, uint64_t before)
{
    return now > before ? now - before : 0;
}

static struct watch_rates
compare(const struct watch_view *view, const uint64_t now[CONTROL_COUNTERS],
        const uint64_t before[CONTROL_COUNTERS])
{
    return (struct watch_rates){.is_known = view->elapsed_ms > 0,
                                .elapsed_ms = view->elapsed_ms,
                                .sealed = growth(now[STEK_SEALED], before[STEK_SEALED]),
                                .opened = growth(now[STEK_OPENED], before[STEK_OPENED]),
                                .full = growth(watch_full(now), watch_full(before)),
                                .no_key = growth(now[STEK_FULL_NO_KEY], before[STEK_FULL_NO_KEY])};
}

static const struct reply_keyset *
find_before(const struct watch_view *view, const char *name)
{
    for (size_t i = 0; view->before != NULL && i < view->before->count; i++) {
        if (strcmp(view->before->keysets[i].name, name) == 0)
            return &view->before->keysets[i];
    }
    return NULL;
}

struct watch_rates
watch_rates_of(const struct watch_view *view, const struct reply_keyset *set)
{
    const struct reply_keyset *before = find_before(view, set->name);

    if (before == NULL)
        return (struct watch_rates){.is_known = false};
    return compare(view, set->counters, before->counters);
}

struct watch_rates
watch_rates_server(const struct watch_view *view, const struct reply_keyset *set,
                   const struct reply_server *server)
{
    const struct reply_keyset *before = find_before(view, set->name);

    for (size_t i = 0; before != NULL && i < before->server_count; i++) {
        const struct reply_server *other = &before->servers[i];

        if (other->pid == server->pid && strcmp(other->program, server->program) == 0)
            return compare(view, server->counters, other->counters);
    }
    return (struct watch_rates){.is_known = false};
}

char *
watch_rate(char out[WATCH_RATE], const struct watch_rates *rates, uint64_t count)
{
    char text[TIMELINE_TEXT];
    uint64_t tenths;

    if (!rates->is_known) {
        (void)snprintf(out, WATCH_RATE, "-"); /* all fit */
        return out;
    }
    if (count > UINT64_MAX / 20000) /* nobody counts so fast: no overflow */
        count = UINT64_MAX / 20000;
    tenths = (count * 10000 + rates->elapsed_ms / 2) / rates->elapsed_ms;
    if (tenths == 0 || tenths >= 10000)
        (void)snprintf(out, WATCH_RATE, "%.10s/s", timeline_number(text, tenths / 10));
    else
        (void)snprintf(out, WATCH_RATE, "%u.%u/s", (unsigned)(tenths / 10),
                       (unsigned)(tenths % 10));
    return out;
}

char *
watch_share(char out[WATCH_RATE], uint64_t opened, uint64_t full)
{
    uint64_t whole, tenths;

    while (opened > UINT64_MAX / 4000 || full > UINT64_MAX / 4000) {
        opened /= 2;
        full /= 2;
    }
    whole = opened + full;
    if (whole == 0) {
        (void)snprintf(out, WATCH_RATE, "-"); /* both fit */
        return out;
    }
    tenths = opened * 1000 / whole; /* rounded down: no loss is rounded away */
    (void)snprintf(out, WATCH_RATE, "%u.%u%%", (unsigned)(tenths / 10), (unsigned)(tenths % 10));
    return out;
}
