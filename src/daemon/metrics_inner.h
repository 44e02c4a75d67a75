/* metrics_inner.h - between metrics.c and metrics_table.c. What fails to be written, ferror()
 * tells. */
#ifndef DAEMON_METRICS_INNER_H
#define DAEMON_METRICS_INNER_H

#include <stdio.h>

#include "daemon/metrics.h"

enum metrics_type { METRICS_GAUGE, METRICS_COUNTER, METRICS_INFO };

struct metrics_pen;

/* A line of the table. */
struct metric {
    const char *name; /* without _total and _info */
    enum metrics_type type;
    const char *unit; /* the end of the name, or "" */
    const char *help;
    /* the number in the keyset's status; `object` NULL: in itself */
    const char *object, *member;
    /* or, instead, what prints all samples; of a keyset, or NULL of stekd as a whole */
    void (*print)(const struct metrics_pen *pen, const json_t *keyset, const json_t *keys);
    bool is_whole; /* of stekd as a whole */
};

/* Up to one without a name. */
extern const struct metric metrics_table[];

struct metrics_pen {
    FILE *out;
    bool is_open;
    const json_t *status;
    const struct metrics_host *host;
    const struct metric *metric;
};

/* A sample; with the labels that are not NULL. */
void metrics_sample(const struct metrics_pen *pen, const json_t *keyset, const char *label,
                    const char *text, int64_t value);

/* Those of a farm, in metrics_farm.c. */
typedef void metrics_print(const struct metrics_pen *pen, const json_t *keyset, const json_t *keys);
metrics_print metrics_hosts, metrics_clock, metrics_clock_max, metrics_lag, metrics_looked,
    metrics_said_age, metrics_said, metrics_records, metrics_engines;

/* 0 where there is none. */
int64_t metrics_number(const json_t *object, const char *member);

#endif
