/* report_inner.h - between report.c and report_status.c. */
#ifndef DAEMON_REPORT_INNER_H
#define DAEMON_REPORT_INNER_H

#include "daemon/report.h"

/* Numbers of other programs: cut to what JSON's readers hold exactly. */
json_t *report_count(uint64_t count);

enum control_state report_state(const struct service *service, const struct key *key,
                                const struct key *sealing, uint64_t now_s);

#endif
