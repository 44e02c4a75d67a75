/* see metrics_inner.h: metrics of the hosts that share a keyset; none where it is not shared */
#include "control/control.h"
#include "daemon/metrics_inner.h"

#define MS 1000

static const json_t *
farm_of(const json_t *keyset)
{
    return json_object_get(keyset, "farm");
}

/* A member of milliseconds, in seconds; none where it is null. */
static void
sample_seconds(const struct metrics_pen *pen, const json_t *keyset, const json_t *object,
               const char *member)
{
    if (json_is_integer(json_object_get(object, member)))
        metrics_sample(pen, keyset, NULL, NULL, metrics_number(object, member) / MS);
}

void
metrics_hosts(const struct metrics_pen *pen, const json_t *keyset, const json_t *keys)
{
    const json_t *farm = farm_of(keyset);

    (void)keys;
    for (unsigned i = 0; json_is_object(farm) && i < CONTROL_HOSTS; i++) {
        const char *state = control_host_text((enum control_host)i);

        metrics_sample(pen, keyset, "state", state, metrics_number(farm, state));
    }
}

void
metrics_clock(const struct metrics_pen *pen, const json_t *keyset, const json_t *keys)
{
    (void)keys;
    sample_seconds(pen, keyset, farm_of(keyset), "clock_ms");
}

/* Either way. */
void
metrics_clock_max(const struct metrics_pen *pen, const json_t *keyset, const json_t *keys)
{
    int64_t most = metrics_number(farm_of(keyset), "clock_max_ms");

    (void)keys;
    if (json_is_object(farm_of(keyset)))
        metrics_sample(pen, keyset, NULL, NULL, (most < 0 ? -most : most) / MS);
}

void
metrics_lag(const struct metrics_pen *pen, const json_t *keyset, const json_t *keys)
{
    (void)keys;
    sample_seconds(pen, keyset, farm_of(keyset), "lag_ms");
}

void
metrics_looked(const struct metrics_pen *pen, const json_t *keyset, const json_t *keys)
{
    const json_t *farm = farm_of(keyset);
    int64_t age_ms = metrics_number(farm, "boot_ms") - metrics_number(farm, "looked_boot_ms");

    (void)keys;
    if (json_is_integer(json_object_get(farm, "looked_boot_ms")))
        metrics_sample(pen, keyset, NULL, NULL, age_ms / MS);
}

void
metrics_said_age(const struct metrics_pen *pen, const json_t *keyset, const json_t *keys)
{
    (void)keys;
    sample_seconds(pen, keyset, json_object_get(farm_of(keyset), "said"), "age_ms");
}

void
metrics_said(const struct metrics_pen *pen, const json_t *keyset, const json_t *keys)
{
    static const char *const kinds[] = {"keys", "statuses"};
    const json_t *said = json_object_get(farm_of(keyset), "said");

    (void)keys;
    for (size_t i = 0; json_is_object(said) && i < sizeof kinds / sizeof *kinds; i++)
        metrics_sample(pen, keyset, "kind", kinds[i], metrics_number(said, kinds[i]));
}

void
metrics_records(const struct metrics_pen *pen, const json_t *keyset, const json_t *keys)
{
    json_t *records = json_object_get(farm_of(keyset), "records"), *count;
    const char *verdict;

    (void)keys;
    json_object_foreach(records, verdict, count)
    {
        metrics_sample(pen, keyset, "verdict", verdict, metrics_number(records, verdict));
    }
}

void
metrics_engines(const struct metrics_pen *pen, const json_t *keyset, const json_t *keys)
{
    const json_t *engine;
    size_t i;

    (void)keys;
    json_array_foreach(json_object_get(farm_of(keyset), "engines"), i, engine)
    {
        const char *name = json_string_value(json_object_get(engine, "name"));

        if (name != NULL)
            metrics_sample(pen, keyset, "engine", name,
                           json_is_true(json_object_get(engine, "well")));
    }
}
