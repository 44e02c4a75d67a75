/* fleet_support.h - statuses and fleets for the tests of share/fleet.h. Nothing here asserts. */
#ifndef TESTS_FLEET_SUPPORT_H
#define TESTS_FLEET_SUPPORT_H

#include "share/fleet.h"
#include "share_support.h"

#define US 5
#define BEAT FLEET_HEARTBEAT_MS

/* A status of a host whose clock is that far ahead, naming the first `named` keys. */
static inline struct status
status_of(uint64_t unix_ms, uint16_t named)
{
    struct status status = {.clock_ms = unix_ms, .beat = unix_ms, .generation = 9, .held = named};

    status_set_text(status.host_name, "web1");
    status_set_text(status.version, "0.2.0");
    for (uint16_t i = 0; i < named; i++) {
        struct key key = key_of((uint16_t)(named - i), 0);

        memcpy(i % 2 == 0 ? status.coming[status.coming_count++]
                          : status.others[status.others_count++],
               key.name, KEY_NAME_LEN);
    }
    return status;
}

/* The host's status of boot time `at` comes at that time, by engine 0; Unix time runs beside. */
static inline bool
saw(struct fleet *fleet, uint64_t id, uint64_t at, uint16_t named)
{
    struct status status = status_of(NOW_MS + at, named);

    return fleet_saw(fleet, id, NOW_MS + at, &status, at, NOW_MS + at, 0) == RECORD_OPENED;
}

static inline enum fleet_state
state_of(const struct fleet *fleet, uint64_t id)
{
    return fleet_state_of(fleet, fleet_find(fleet, id));
}

/* Hosts 1 to `count` are seen at 1, and looked at: each names that many keys. */
static inline bool
fleet_of(struct fleet *fleet, uint64_t count, uint16_t named)
{
    bool done = true;

    fleet_init(fleet, US);
    for (uint64_t id = count; id > 0; id--)
        done = saw(fleet, id, 1, named) && done;
    fleet_looked(fleet, 0);
    return done && fleet->count == count;
}

/* A look of each half minute, from `from` on, that shows all but `dead` moved. */
static inline bool
look_on(struct fleet *fleet, uint64_t from, uint64_t until, uint64_t dead)
{
    bool done = true;

    for (uint64_t at = from; at <= until; at += BEAT) {
        for (size_t i = 0; i < fleet->count; i++)
            if (fleet->hosts[i].id != dead)
                done = saw(fleet, fleet->hosts[i].id, at + 1, 1) && done;
        fleet_looked(fleet, at);
    }
    return done;
}

#endif
