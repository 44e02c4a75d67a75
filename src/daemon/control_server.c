/* see control_server.h */
#include "daemon/control_server.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/audit.h"
#include "daemon/page.h"
#include "daemon/report.h"
#include "daemon/request.h"
#include "io/process.h"

#define ACTION_MAX 80

/* One request at work. */
struct call {
    struct stekd *stekd;
    const struct http_request *http;
    struct request request;
    struct service *service;
    struct ring_time now;
    char *page; /* the answer, where that is no JSON */
    struct err err;
    struct audit_order order; /* what is asked, as the audit trail tells it */
    char action[ACTION_MAX];  /* of a refused request */
};

/* Returns a status; with 200, *root or call->page is the answer, else call->err the reason. */
typedef int call_fn(struct call *call, json_t **root);

/* The keyset that the request names, or the only one. */
static int
find_service(struct call *call)
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

static int
no_memory(struct call *call)
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
    *root = report_status(call->stekd, call->now);
    return *root == NULL ? no_memory(call) : 200;
}

static int
answer_keys(struct call *call, json_t **root)
{
    int status;

    if (!request_keys(&call->request, call->http->query, &call->err))
        return 400;
    status = find_service(call);
    if (status != 200)
        return status;
    *root = report_keys(call->service, call->now);
    return *root == NULL ? no_memory(call) : 200;
}

static int
status_of(enum service_outcome outcome)
{
    switch (outcome) {
    case SERVICE_DONE: return 200;
    case SERVICE_UNKNOWN: return 404;
    case SERVICE_NOT_NOW: return 409;
    case SERVICE_FAILED: return 500;
    }
    return 500;
}

/* Told before it is done: then what it did to keys follows. */
static void
begin_order(struct call *call)
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
    status = find_service(call);
    if (status != 200)
        return status;
    begin_order(call);
    status = status_of(service_rotate(call->service, &made, call->now, &call->err));
    if (status != 200)
        return status;
    stekd_tick(call->stekd, call->service);
    *root = json_pack("{s:s, s:o, s:I}", "keyset", call->service->config.name, "name",
                      report_name(made.name), "seals_from", (json_int_t)made.seal_from);
    return *root == NULL ? no_memory(call) : 200;
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
    status = find_service(call);
    if (status != 200)
        return status;
    order = (struct revoke_order){.all = call->request.all,
                                  .only = call->request.only,
                                  .names = call->request.names,
                                  .name_count = call->request.name_count};
    call->order.scope = order.all ? "all" : order.only ? "only" : "names";
    call->order.keys = order.all ? call->service->set.key_count : order.name_count;
    begin_order(call);
    status = status_of(service_revoke(call->service, &result, &order, call->now, &call->err));
    if (status != 200)
        return status;
    stekd_tick(call->stekd, call->service);
    *root = report_revoked(call->service, &result, stekd_now(call->stekd));
    revoke_result_free(&result);
    return *root == NULL ? no_memory(call) : 200;
}

static int
answer_page(struct call *call, json_t **root)
{
    (void)root; /* it is no JSON */
    if (call->http->query[0] != '\0') {
        (void)err_set(&call->err, "the page takes no query"); /* always false */
        return 400;
    }
    call->page = report_page(call->stekd, call->now);
    return call->page == NULL ? no_memory(call) : 200;
}

static const struct route {
    const char *method, *path;
    const char *order; /* what the audit trail calls it; NULL: it only looks */
    call_fn *answer;
} calls[] = {
    {"GET", CONTROL_PAGE, NULL, answer_page},
    {"GET", CONTROL_STATUS, NULL, answer_status},
    {"GET", CONTROL_KEYS, NULL, answer_keys},
    {"POST", CONTROL_ROTATE, "rotate", answer_rotate},
    {"POST", CONTROL_REVOKE, "revoke", answer_revoke},
};

static int
refuse(struct call *call, const char *why)
{
    /* cut to fit, on purpose */
    (void)snprintf(call->action, sizeof call->action, "%s %s", call->http->method,
                   call->http->path);
    call->order.action = call->action;
    audit_refused(&call->stekd->log, &call->stekd->refused, &call->order, why, call->now.boot_ms);
    (void)err_set(&call->err, "%s", why); /* always false */
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
route(struct call *call, json_t **root)
{
    const struct http_request *http = call->http;

    if (!http->peer->is_known || (http->peer->uid != 0 && http->peer->uid != process_uid()))
        return refuse(call, "only root and the user that stekd runs as may ask");
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (strcmp(http->path, calls[i].path) != 0)
            continue;
        if (strcmp(http->method, calls[i].method) == 0)
            return carry_out(call, root, &calls[i]);
        (void)err_set(&call->err, "%s takes %s only", calls[i].path, calls[i].method);
        return 405;
    }
    (void)err_set(&call->err, "no such path: see docs/control.md"); /* always false */
    return 404;
}

void
control_answer(void *arg, struct http_answer *answer, const struct http_request *request)
{
    struct call call = {.stekd = arg, .http = request};
    json_t *root = NULL;

    call.order.peer = request->peer;
    call.now = stekd_now(call.stekd);
    answer->status = route(&call, &root);
    if (call.page != NULL) {
        answer->body = call.page;
        answer->type = PAGE_TYPE;
        return;
    }
    if (answer->status != 200)
        root = json_pack("{s:o}", "error", report_text(call.err.text));
    answer->body = root == NULL ? NULL : json_dumps(root, JSON_COMPACT);
    json_decref(root);
    if (answer->body == NULL)
        answer->status = 500;
}
