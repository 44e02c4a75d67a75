/* report_fleet_inner.h - between report_farm.c and report_fleet.c: how hosts stand to us. */
#ifndef DAEMON_REPORT_FLEET_INNER_H
#define DAEMON_REPORT_FLEET_INNER_H

#include "control/control.h"
#include "daemon/report_fleet.h"
#include "daemon/report_inner.h"

/* What is the matter; the first is what needs somebody most. */
enum report_matter {
    REPORT_DIFFERS,
    REPORT_SILENT,
    REPORT_PENDING, /* it differs, but a change may be on its way */
    REPORT_LATE,
    REPORT_CLOCK,
    REPORT_NONE
};

struct report_row {
    const struct fleet_host *host;
    enum control_host state;
    enum report_matter matter;
    bool is_self, agrees;
};

/* All rows, by what is the matter, with what concerns the farm as a whole. */
struct report_rows {
    struct report_row *rows;
    size_t count;
    size_t in_state[CONTROL_HOSTS];
    size_t in_matter[REPORT_NONE + 1];
    size_t unasked;      /* of those that are pending: not heard of since keys changed here */
    uint64_t looked_ms;  /* when the last look began */
    uint64_t changed_ms; /* when our own keys last changed */
    uint64_t lag_ms;     /* the longest that one of those had not been heard of, when last asked */
    uint32_t held;       /* by us */
    int64_t clock_ms;    /* how far ours is behind */
    int64_t clock_max_ms;
};

/* To be freed: rows->rows. False where there is no memory. */
bool report_take_rows(struct report_rows *rows, const struct report_farm *farm,
                      struct ring_time now);

bool report_clock_odd(const struct report_rows *rows, const struct report_row *row);

json_t *report_host_id(uint64_t id);

/* How many keys open here, and not there as the host says; where it names not all, nobody knows.
 * And the other way round. The first REPORT_NAMES_MAX go into `names`, unless it is NULL; false if
 * there is no memory for them. */
bool report_missing(size_t *count, json_t *names, const struct report_farm *farm,
                    const struct report_row *row, uint64_t now_s);
bool report_extra(size_t *count, json_t *names, const struct report_farm *farm,
                  const struct report_row *row, uint64_t now_s);

/* The farm in short. */
json_t *report_rows(const struct report_farm *farm, const struct report_rows *rows,
                    struct ring_time now);

#endif
