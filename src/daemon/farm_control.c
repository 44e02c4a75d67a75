/* see control_inner.h: requests about the farm of a keyset. No secret is in an answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/control_inner.h"
#include "daemon/farm_orders.h"
#include "daemon/report.h"
#include "share/line.h"

_Static_assert(CONTROL_LINE_MAX == LINE_TEXT_MAX, "stekctl can say what share/line.h takes");

#define HOST_LEN 17 /* 16 hex digits, and a NUL */

static json_t *
json_of_line(const struct secret_buf *line)
{
    return json_stringn((const char *)line->bytes, line->len);
}

static json_t *
json_of_host(uint64_t id)
{
    char text[HOST_LEN];

    (void)snprintf(text, sizeof text, "%016llx", (unsigned long long)id); /* fits */
    return json_string(text);
}

static json_t *
json_of_fingerprint(const struct join_request *request)
{
    char fingerprint[JOIN_FINGERPRINT_LEN];

    return join_fingerprint(fingerprint, request) ? json_string(fingerprint) : NULL;
}

static bool
open_desk(struct call *call, struct farm_desk *desk)
{
    struct service *service = call->service;

    desk->keyset = service->config.name;
    desk->answered = &service->answered;
    desk->farm = NULL;
    if (service->member == NULL) /* not shared: it would be in the default place */
        return farm_paths_set(&desk->paths, desk->keyset, "", &call->err);
    desk->paths = service->member->paths;
    if (service->member->has_farm)
        desk->farm = &service->member->farm;
    return true;
}

/* ---- GET ---- */

/* Sets *out to null where there is none. */
static bool
put_farm(json_t **out, const struct farm_desk *desk, const struct policy *policy, struct err *err)
{
    struct err warning;
    char name[FARM_NAME_LEN];
    FARM(farm);

    *out = json_null();
    switch (farm_file_load(&farm, &warning, &desk->paths, err)) {
    case FARM_FILE_LOADED: break;
    case FARM_FILE_NONE: return true;
    case FARM_FILE_BAD:
    default: return false;
    }
    *out = json_pack("{s:s, s:I, s:I, s:o}", "id", farm_name(name, farm.id), "since",
                     (json_int_t)(farm.first.number * FARM_DAY_MS / 1000), "keep_days",
                     (json_int_t)farm_keep_days(policy), "warning", report_text(warning.text));
    return true;
}

static json_t *
report_request(const struct join_request *request)
{
    SECRET_BUF(line);

    if (!join_line(&line, request, NULL))
        return NULL;
    return json_pack("{s:o, s:o, s:I}", "line", json_of_line(&line), "fingerprint",
                     json_of_fingerprint(request), "expires", (json_int_t)request->expires_s);
}

static bool
put_request(json_t **out, const struct farm_desk *desk, uint64_t now_s, struct err *err)
{
    JOIN(join);

    *out = json_null();
    switch (farm_file_load_join(&join, &desk->paths, now_s, err)) {
    case FARM_FILE_LOADED: *out = report_request(&join.request); return true;
    case FARM_FILE_NONE: return true;
    case FARM_FILE_BAD:
    default: return false;
    }
}

int
control_farm(struct call *call, json_t **root)
{
    struct farm_desk desk;
    json_t *farm, *request;
    int status;

    if (!request_keys(&call->request, call->http->query, &call->err))
        return 400;
    status = control_find_service(call);
    if (status != 200)
        return status;
    if (!open_desk(call, &desk) ||
        !put_farm(&farm, &desk, &call->service->config.policy, &call->err))
        return 500;
    if (!put_request(&request, &desk, call->now.unix_ms / 1000, &call->err)) {
        json_decref(farm);
        return 500;
    }
    *root =
        json_pack("{s:s, s:I, s:b, s:o, s:o, s:o}", "keyset", desk.keyset, "now",
                  (json_int_t)(call->now.unix_ms / 1000), "shared", call->service->member != NULL,
                  "file", report_text(desk.paths.farm), "farm", farm, "request", request);
    return *root == NULL ? control_no_memory(call) : 200;
}

/* ---- orders ---- */

/* Read the body; `line` is as request_farm() has it. */
static int
begin(struct call *call, struct farm_desk *desk, const char *line)
{
    int status;

    if (!request_farm(&call->request, line, call->http->body, call->http->body_len, &call->err))
        return 400;
    status = control_find_service(call);
    if (status != 200)
        return status;
    if (call->service->member == NULL) {
        (void)err_set(&call->err,
                      "keyset %s is not shared: add a section share to it in stekd.conf, and "
                      "reload stekd",
                      call->service->config.name);
        return 409;
    }
    if (!open_desk(call, desk))
        return 500;
    control_begin_order(call);
    return 200;
}

/* The farm is another one now. */
static int
changed(struct call *call, json_t **root, const struct farm_desk *desk, enum audit_farm what,
        const char *name)
{
    audit_farm(&call->stekd->log, what, desk->keyset, name);
    if (!member_reload(call->service->member, call->now, &call->err))
        return 500;
    stekd_tick(call->stekd, call->service);
    *root = json_pack("{s:s, s:s, s:o}", "keyset", desk->keyset, "farm", name, "file",
                      report_text(desk->paths.farm));
    return *root == NULL ? control_no_memory(call) : 200;
}

int
control_farm_init(struct call *call, json_t **root)
{
    char name[FARM_NAME_LEN];
    struct farm_desk desk;
    int status = begin(call, &desk, NULL);

    if (status == 200)
        status = control_status_of(farm_init(&desk, name, call->now.unix_ms, &call->err));
    return status == 200 ? changed(call, root, &desk, AUDIT_BEGUN, name) : status;
}

int
control_farm_rekey(struct call *call, json_t **root)
{
    char name[FARM_NAME_LEN];
    struct farm_desk desk;
    int status = begin(call, &desk, NULL);

    if (status == 200)
        status = control_status_of(farm_rekey(&desk, name, call->now.unix_ms, &call->err));
    return status == 200 ? changed(call, root, &desk, AUDIT_REKEYED, name) : status;
}

typedef void audit_fn(const struct log *log, const char *keyset, const struct audit_join *join);

static void
tell_request(const struct call *call, audit_fn *tell, const struct join_request *request)
{
    char fingerprint[JOIN_FINGERPRINT_LEN] = "unknown"; /* where libcrypto failed */
    const struct audit_join join = {fingerprint, request->host, request->host_name};

    (void)join_fingerprint(fingerprint, request);
    tell(&call->stekd->log, call->service->config.name, &join);
}

int
control_farm_invite(struct call *call, json_t **root)
{
    struct join_request request;
    struct farm_desk desk;
    int status = begin(call, &desk, "request");
    SECRET_BUF(line);

    if (status == 200 && call->request.line[0] == '\0') {
        (void)err_set(&call->err, "request: the line that stekctl farm join prints is missing");
        status = 400;
    }
    if (status == 200)
        status = control_status_of(farm_invite(&desk, &line, &request, call->request.line,
                                               strlen(call->request.line), call->now.unix_ms,
                                               &call->err));
    if (status != 200)
        return status;
    tell_request(call, audit_answered, &request);
    *root = json_pack("{s:s, s:o, s:o, s:o, s:s, s:I}", "keyset", desk.keyset, "answer",
                      json_of_line(&line), "fingerprint", json_of_fingerprint(&request), "host",
                      json_of_host(request.host), "host_name", request.host_name, "expires",
                      (json_int_t)request.expires_s);
    return *root == NULL ? control_no_memory(call) : 200;
}

static int
ask(struct call *call, json_t **root, const struct farm_desk *desk)
{
    struct member *member = call->service->member;
    struct join_request request;
    char name[FARM_NAME_LEN];
    int status;
    SECRET_BUF(line);

    status = control_status_of(
        farm_ask(desk, &line, &request, call->service->maker, call->now.unix_ms, &call->err));
    if (status != 200)
        return status;
    member_asked(member, call->now);
    tell_request(call, audit_asked, &request);
    *root = json_pack(
        "{s:s, s:o, s:o, s:I, s:o}", "keyset", desk->keyset, "request", json_of_line(&line),
        "fingerprint", json_of_fingerprint(&request), "expires", (json_int_t)request.expires_s,
        "leaves", member->has_farm ? json_string(farm_name(name, member->farm.id)) : json_null());
    return *root == NULL ? control_no_memory(call) : 200;
}

int
control_farm_join(struct call *call, json_t **root)
{
    char name[FARM_NAME_LEN];
    struct farm_desk desk;
    struct err warning;
    int status = begin(call, &desk, "answer");

    if (status == 200 && call->request.line[0] == '\0')
        return ask(call, root, &desk);
    if (status == 200)
        status =
            control_status_of(farm_take(&desk, name, &warning, call->request.line,
                                        strlen(call->request.line), call->now.unix_ms, &call->err));
    if (status != 200)
        return status;
    if (warning.text[0] != '\0')
        log_warn(&call->stekd->log, "keyset %s: %s", desk.keyset, warning.text);
    return changed(call, root, &desk, AUDIT_JOINED, name);
}
