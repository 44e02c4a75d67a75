/* see control_server.h */
#include "daemon/control_server.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/access.h"
#include "daemon/audit.h"
#include "daemon/control_inner.h"
#include "daemon/report.h"
#include "daemon/request.h"
#include "io/process.h"

#define FLEET_APART_MS 200U /* two readings, at least */

int
control_find_service(struct call *call)
{
    const struct stekd *stekd = call->stekd;
    const char *name = call->request.keyset;

    if (name[0] == '\0' && stekd->count == 1) {
        call->service = stekd->services[0];
        return 200;
    }
    for (size_t i = 0; i < stekd->count && name[0] != '\0'; i++) {
        if (strcmp(stekd->services[i]->config.name, name) == 0) {
            call->service = stekd->services[i];
            return 200;
        }
    }
    if (name[0] == '\0')
        (void)err_set(&call->err, "there are %zu keysets: say which one", stekd->count);
    else
        (void)err_set(&call->err, "no keyset %s: stekctl status lists them", name);
    return name[0] == '\0' ? 400 : 404;
}

int
control_no_memory(struct call *call)
{
    (void)err_set(&call->err, "no memory for the answer"); /* always false */
    return 500;
}

static int
answer_status(struct call *call, json_t **root)
{
    if (call->http->query[0] != '\0') {
        (void)err_set(&call->err, "status takes no query"); /* always false */
        return 400;
    }
    control_refresh(call);
    *root = report_status(call->stekd, call->now);
    return *root == NULL ? control_no_memory(call) : 200;
}

static int
answer_keys(struct call *call, json_t **root)
{
    int status;

    if (!request_keys(&call->request, call->http->query, &call->err))
        return 400;
    status = control_find_service(call);
    if (status != 200)
        return status;
    *root = report_keys(call->service, call->now);
    return *root == NULL ? control_no_memory(call) : 200;
}

/* What is known, and statuses are read again: who wants newer ones asks again. */
static int
answer_fleet(struct call *call, json_t **root)
{
    const uint8_t *key = NULL;
    int status;

    if (!request_fleet(&call->request, call->http->query, &call->err))
        return 400;
    status = control_find_service(call);
    if (status != 200)
        return status;
    member_refresh(call->service->member, FLEET_APART_MS, call->now);
    if (call->request.name_count > 0)
        key = call->request.names[0].bytes;
    *root = report_service_fleet(call->service, key, SIZE_MAX, call->now);
    return *root == NULL ? control_no_memory(call) : 200;
}

int
control_status_of(enum service_outcome outcome)
{
    switch (outcome) {
    case SERVICE_DONE: return 200;
    case SERVICE_UNKNOWN: return 404;
    case SERVICE_NOT_NOW: return 409;
    case SERVICE_FAILED: return 500;
    }
    return 500;
}

void
control_begin_order(struct call *call)
{
    call->order.keyset = call->service->config.name;
    audit_order(&call->stekd->log, &call->order);
}

static int
answer_rotate(struct call *call, json_t **root)
{
    int status;
    KEY(made);

    if (!request_rotate(&call->request, call->http->body, call->http->body_len, &call->err))
        return 400;
    status = control_find_service(call);
    if (status != 200)
        return status;
    control_begin_order(call);
    status = control_status_of(service_rotate(call->service, &made, call->now, &call->err));
    if (status != 200)
        return status;
    stekd_tick(call->stekd, call->service);
    *root = json_pack("{s:s, s:o, s:I}", "keyset", call->service->config.name, "name",
                      report_name(made.name), "seals_from", (json_int_t)made.seal_from);
    return *root == NULL ? control_no_memory(call) : 200;
}

static json_t *
report_revoked(const struct service *service, const struct revoke_result *result,
               struct ring_time now)
{
    const struct key *sealing =
        keyset_sealing(&service->set, &service->config.policy, service->maker, now.unix_ms / 1000);
    json_t *revoked = json_array();

    for (size_t i = 0; i < result->name_count; i++) {
        /* an array that lacks one would say that it is not revoked */
        if (json_array_append_new(revoked, report_name(result->names[i].bytes)) != 0) {
            json_decref(revoked);
            return NULL;
        }
    }
    return json_pack("{s:s, s:o, s:o, s:o, s:I}", "keyset", service->config.name, "revoked",
                     revoked, "fresh",
                     result->has_fresh ? report_name(result->fresh.bytes) : json_null(), "sealing",
                     sealing != NULL ? report_name(sealing->name) : json_null(), "generation",
                     (json_int_t)service_generation(service));
}

static int
answer_revoke(struct call *call, json_t **root)
{
    struct revoke_result result = {0};
    struct revoke_order order;
    int status;

    if (!request_revoke(&call->request, call->http->body, call->http->body_len, &call->err))
        return 400;
    status = control_find_service(call);
    if (status != 200)
        return status;
    order = (struct revoke_order){.all = call->request.all,
                                  .only = call->request.only,
                                  .names = call->request.names,
                                  .name_count = call->request.name_count};
    call->order.scope = order.all ? "all" : order.only ? "only" : "names";
    call->order.keys = order.all ? call->service->set.key_count : order.name_count;
    control_begin_order(call);
    status =
        control_status_of(service_revoke(call->service, &result, &order, call->now, &call->err));
    if (status != 200)
        return status;
    stekd_tick(call->stekd, call->service);
    *root = report_revoked(call->service, &result, stekd_now(call->stekd));
    revoke_result_free(&result);
    return *root == NULL ? control_no_memory(call) : 200;
}

/* One line a path. What wants ACCESS_NONE is shown over TCP, too, where it is not known who asks.
 */
static const struct route {
    const char *method, *path;
    const char *order; /* what the audit trail calls it; NULL: it only looks */
    call_fn *answer;
    enum access wanted;
} calls[] = {
    {"GET", CONTROL_PAGE, NULL, control_page, ACCESS_NONE},
    {"GET", CONTROL_TIMELINE, NULL, control_timeline, ACCESS_NONE},
    {"GET", CONTROL_HEALTH, NULL, control_health, ACCESS_NONE},
    {"GET", CONTROL_METRICS, NULL, control_metrics, ACCESS_NONE},
    {"GET", CONTROL_STATUS, NULL, answer_status, ACCESS_LOOK},
    {"GET", CONTROL_KEYS, NULL, answer_keys, ACCESS_LOOK},
    {"GET", CONTROL_FLEET, NULL, answer_fleet, ACCESS_LOOK},
    {"POST", CONTROL_ROTATE, "rotate", answer_rotate, ACCESS_ORDER},
    {"POST", CONTROL_REVOKE, "revoke", answer_revoke, ACCESS_ORDER},
    {"GET", CONTROL_FARM, NULL, control_farm, ACCESS_LOOK},
    {"POST", CONTROL_FARM_INIT, "farm-init", control_farm_init, ACCESS_OWN},
    {"POST", CONTROL_FARM_INVITE, "farm-invite", control_farm_invite, ACCESS_OWN},
    {"POST", CONTROL_FARM_JOIN, "farm-join", control_farm_join, ACCESS_OWN},
    {"POST", CONTROL_FARM_REKEY, "farm-rekey", control_farm_rekey, ACCESS_OWN},
};

static int
refuse(struct call *call, enum access wanted)
{
    /* cut to fit, on purpose */
    (void)snprintf(call->action, sizeof call->action, "%s %s", call->http->method,
                   call->http->path);
    call->order.action = call->action;
    access_explain(&call->err, wanted, &call->stekd->control);
    audit_refused(&call->stekd->log, &call->stekd->refused, &call->order, call->err.text,
                  call->now.boot_ms);
    return 403;
}

static int
carry_out(struct call *call, json_t **root, const struct route *route)
{
    int status;

    call->order.action = route->order;
    status = route->answer(call, root);
    if (route->order != NULL && status != 200)
        audit_order_failed(&call->stekd->log, &call->order, status, call->err.text);
    return status;
}

static int
route(struct call *call, json_t **root, enum access access, bool is_read_only)
{
    const struct http_request *http = call->http;

    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (strcmp(http->path, calls[i].path) != 0 ||
            (is_read_only && calls[i].wanted != ACCESS_NONE))
            continue;
        if (access < calls[i].wanted)
            return refuse(call, calls[i].wanted);
        if (strcmp(http->method, calls[i].method) == 0)
            return carry_out(call, root, &calls[i]);
        (void)err_set(&call->err, "%s takes %s only", calls[i].path, calls[i].method);
        call->answer->allow = calls[i].method;
        return 405;
    }
    (void)err_set(&call->err, is_read_only ? "no such path here: orders go to the control socket"
                                           : "no such path: see docs/control.md");
    return 404;
}

/* The body is there, or it is JSON. */
static void
finish(const struct call *call, json_t *root, int status)
{
    struct http_answer *answer = call->answer;

    answer->status = status;
    if (answer->body != NULL)
        return;
    answer->type = NULL;
    if (status != 200)
        root = json_pack("{s:o}", "error", report_text(call->err.text));
    answer->body = root == NULL ? NULL : json_dumps(root, JSON_COMPACT);
    json_decref(root);
    if (answer->body == NULL)
        answer->status = 500;
}

void
control_answer(void *arg, struct http_answer *answer, const struct http_request *request)
{
    struct call call = {.stekd = arg, .http = request, .answer = answer};
    enum access access = access_of(request->peer, process_uid(), &call.stekd->control);
    json_t *root = NULL;
    int status;

    call.order.peer = request->peer;
    call.now = stekd_now(call.stekd);
    if (access == ACCESS_NONE)
        status = refuse(&call, ACCESS_LOOK);
    else
        status = route(&call, &root, access, false);
    finish(&call, root, status);
}

void
control_answer_read_only(void *arg, struct http_answer *answer, const struct http_request *request)
{
    struct call call = {.stekd = arg, .http = request, .answer = answer};
    json_t *root = NULL;
    int status = 421;

    call.order.peer = request->peer;
    call.now = stekd_now(call.stekd);
    if (request->way != LISTEN_LOOPBACK || request_host_ok(request->host))
        status = route(&call, &root, ACCESS_LOOK, true);
    else
        (void)err_set(&call.err, "by this address the host is localhost, or the address");
    finish(&call, root, status);
}
