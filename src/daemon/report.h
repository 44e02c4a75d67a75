/* report.h - what stekd tells of itself, as JSON (docs/control.md). No secret is in it. */
#ifndef DAEMON_REPORT_H
#define DAEMON_REPORT_H

#include <jansson.h>

#include "daemon/service.h"
#include "daemon/stekd.h"

/* Text that is not UTF-8 gets a '?' for each byte beyond ASCII. */
json_t *report_text(const char *text);
json_t *report_name(const uint8_t name[KEY_NAME_LEN]);

/* The answers to GET /v1/status and GET /v1/keys. NULL where there is no memory. */
json_t *report_status(struct stekd *stekd, struct ring_time now);
json_t *report_keys(struct service *service, struct ring_time now);

/* The farm of a keyset in short, null without one; and the answer to GET /v1/fleet: see
 * report_fleet.h. The same. */
json_t *report_service_farm(const struct service *service, struct ring_time now);
json_t *report_service_fleet(const struct service *service, const uint8_t *key, size_t max,
                             struct ring_time now);

/* The status page (see page.h) of both, to be freed. NULL where there is no memory. */
char *report_page(struct stekd *stekd, struct ring_time now);

/* The newest keys over time as a picture, the same. */
char *report_svg(struct service *service, struct ring_time now);

/* The same as metrics (see metrics.h). */
char *report_metrics(struct stekd *stekd, struct ring_time now, bool is_open);

#endif
