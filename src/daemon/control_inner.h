/* control_inner.h - between control_server.c, control_pages.c and farm_control.c. */
#ifndef DAEMON_CONTROL_INNER_H
#define DAEMON_CONTROL_INNER_H

#include <jansson.h>

#include "daemon/audit.h"
#include "daemon/control_server.h"
#include "daemon/request.h"
#include "daemon/stekd.h"

#define ACTION_MAX 80

/* One request at work. */
struct call {
    struct stekd *stekd;
    const struct http_request *http;
    struct http_answer *answer;
    struct request request;
    struct service *service;
    struct ring_time now;
    struct err err;
    struct audit_order order; /* what is asked, as the audit trail tells it */
    char action[ACTION_MAX];  /* of a refused request */
};

/* Returns a status. The answer is *root; or what is no JSON, body and type in call->answer; or with
 * neither, and a status other than 200, the reason in call->err. */
typedef int call_fn(struct call *call, json_t **root);

/* Those that are no JSON. */
call_fn control_page, control_timeline, control_health, control_metrics;

/* The farm of a keyset; farm_control.c. */
call_fn control_farm, control_farm_init, control_farm_invite, control_farm_join, control_farm_rekey;

/* Sets call->service to the keyset that the request names, or the only one; else the status is not
 * 200. */
int control_find_service(struct call *call);

/* Told before the order is carried out: then what it did to keys follows. */
void control_begin_order(struct call *call);

int control_status_of(enum service_outcome outcome);

/* Read the statuses of all farms again, if that was long ago: what is shown of other hosts is as
 * old as the last reading, and this is for those who look again and again. In a large farm a
 * reading is much, so it is rarer. */
void control_refresh(const struct call *call);

/* Returns 500. */
int control_no_memory(struct call *call);

#endif
