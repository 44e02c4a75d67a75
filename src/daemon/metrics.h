/* metrics.h - what stekd counts, for monitoring: OpenMetrics 1.0, or Prometheus's text format
 * 0.0.4. docs/metrics.md says what each metric means. Pure.
 *
 * R-METRICS-1: text from elsewhere is escaped, and no series stands there twice: one bad name does
 *              not cost the whole answer.
 * R-METRICS-2: the number of series is bounded, whatever servers and keys there are. */
#ifndef DAEMON_METRICS_H
#define DAEMON_METRICS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "io/usage.h"

#define METRICS_KEYS_MAX 256U      /* of a keyset, on their own; the newest */
#define METRICS_KEYS_ALL_MAX 4096U /* of all keysets, each of which gets as many */
#define METRICS_PROGRAMS_MAX 32U   /* of a keyset, by name; further ones are "other" */

#define METRICS_OPEN_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define METRICS_TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* What the answers do not say. */
struct metrics_host {
    struct usage usage;
    int64_t clock_held_s; /* how far the wall clock is from what keys go by */
    bool is_refused;      /* the configuration as it was read last */
};

/* True for an Accept header that names OpenMetrics. */
bool metrics_wants_open(const char *accept);

/* From the answers to GET /v1/status and, one a keyset in the order of the status, GET /v1/keys
 * (NULL: without its keys). To be freed; NULL where there is no memory. */
char *metrics_text(const json_t *status, json_t *const keys[], const struct metrics_host *host,
                   bool is_open);

#endif
