/* report_fleet.h - what stekd tells of the hosts that share a keyset, as JSON (docs/control.md).
 * Pure. No secret is in it.
 *
 *   R-REPORT-1: a host that holds other keys than we do says so, with their names as far as its
 *               status tells them; one that holds the same never seems to differ.
 *   R-REPORT-2: what needs somebody comes first, so that a list that is cut shows it. */
#ifndef DAEMON_REPORT_FLEET_H
#define DAEMON_REPORT_FLEET_H

#include <jansson.h>

#include "keys/keyset.h"
#include "ring/writer.h"
#include "share/engine.h"
#include "share/fleet.h"

#define REPORT_SETTLE_MS 10000U /* a change that is on its way takes no longer */
#define REPORT_NAMES_MAX 8U     /* of keys that a host lacks, and of those that it has more */

struct report_engine {
    const char *name;
    struct engine_state state;
};

/* What is known of one keyset's farm. */
struct report_farm {
    const char *keyset;
    const uint8_t *id; /* the farm's */
    const struct fleet *fleet;
    const struct keyset *set;
    const struct policy *policy;
    uint64_t generation;   /* of our ring */
    bool has_said;         /* our status went out: */
    uint64_t said_boot_ms; /* last, then */
    uint64_t keys_said, statuses_said;
    const uint64_t *counts; /* of records, by verdict */
    const struct report_engine *engines;
    size_t engine_count;
};

/* In short: `farm` of a keyset in GET /v1/status. NULL where there is no memory. */
json_t *report_farm(const struct report_farm *farm, struct ring_time now);

/* The answer to GET /v1/fleet: the same, and up to `max` hosts. `key`, unless it is NULL: say of
 * each whether it holds this one. The same. */
json_t *report_fleet(const struct report_farm *farm, const uint8_t *key, size_t max,
                     struct ring_time now);

#endif
