/* report_fleet_inner.h - between report_farm.c and report_fleet.c: how hosts stand to us. */
#ifndef DAEMON_REPORT_FLEET_INNER_H
#define DAEMON_REPORT_FLEET_INNER_H

#include "control/control.h"
#include "daemon/report_fleet.h"
#include "daemon/report_inner.h"

/* What is the matter; the first is what needs somebody most. */
enum report_matter { REPORT_DIFFERS, REPORT_SILENT, REPORT_LATE, REPORT_CLOCK, REPORT_NONE };

struct report_row {
    const struct fleet_host *host;
    enum control_host state;
    enum report_matter matter;
    bool is_self, agrees;
};

/* All rows, with what concerns the farm as a whole. */
struct report_rows {
    struct report_row *rows;
    size_t count;
    size_t in_state[CONTROL_HOSTS];
    size_t differing; /* of those that are not silent */
    uint32_t held;    /* by us */
    int64_t clock_ms; /* how far ours is behind */
    int64_t clock_max_ms;
};

/* To be freed: rows->rows. False where there is no memory. */
bool report_take_rows(struct report_rows *rows, const struct report_farm *farm,
                      struct ring_time now);

bool report_clock_odd(const struct report_rows *rows, const struct report_row *row);

json_t *report_host_id(uint64_t id);

/* The farm in short. */
json_t *report_rows(const struct report_farm *farm, const struct report_rows *rows,
                    struct ring_time now);

#endif
