/* see control_server.h: answers that are no JSON. They are shown over TCP, too: so they change
 * nothing, and tell no more than names, times and counts. */
#include <stdio.h>
#include <string.h>

#include "daemon/control_inner.h"
#include "daemon/metrics.h"
#include "daemon/page.h"
#include "daemon/report.h"

#define FLEET_HOST_MS 100U /* so long nobody asks, for each host that there is */
#define TEXT_TYPE "text/plain; charset=utf-8"

/* Takes over the text. */
static int
give(struct call *call, char *text, const char *type, int status)
{
    if (text == NULL)
        return control_no_memory(call);
    call->answer->body = text;
    call->answer->type = type;
    return status;
}

void
control_refresh(const struct call *call)
{
    for (size_t i = 0; i < call->stekd->count; i++) {
        struct member *member = call->stekd->services[i]->member;
        uint64_t max_age_ms = member == NULL ? 0 : member->fleet.count * FLEET_HOST_MS;

        member_refresh(member, max_age_ms > FLEET_HEARTBEAT_MS ? max_age_ms : FLEET_HEARTBEAT_MS,
                       call->now);
    }
}

int
control_page(struct call *call, json_t **root)
{
    (void)root;
    if (call->http->query[0] != '\0') {
        (void)err_set(&call->err, "the page takes no query"); /* always false */
        return 400;
    }
    control_refresh(call);
    return give(call, report_page(call->stekd, call->now), PAGE_TYPE, 200);
}

int
control_timeline(struct call *call, json_t **root)
{
    int status;

    (void)root;
    if (!request_keys(&call->request, call->http->query, &call->err))
        return 400;
    status = control_find_service(call);
    if (status != 200)
        return status;
    return give(call, report_svg(call->service, call->now), PAGE_SVG_TYPE, 200);
}

int
control_metrics(struct call *call, json_t **root)
{
    bool is_open = metrics_wants_open(call->http->accept);

    (void)root;
    control_refresh(call);
    return give(call, report_metrics(call->stekd, call->now, is_open),
                is_open ? METRICS_OPEN_TYPE : METRICS_TEXT_TYPE, 200);
}

/* Whether tickets are given out: for who watches the service as a whole. */
int
control_health(struct call *call, json_t **root)
{
    (void)root;
    for (size_t i = 0; i < call->stekd->count; i++) {
        const struct service *service = call->stekd->services[i];
        char *text = NULL;

        if (!service->is_dry)
            continue;
        if (asprintf(&text, "keyset %s: no key may seal: %s\n", service->config.name,
                     service->last_error.text) < 0)
            text = NULL;
        return give(call, text, TEXT_TYPE, 503);
    }
    return give(call, strdup("ok\n"), TEXT_TYPE, 200);
}
