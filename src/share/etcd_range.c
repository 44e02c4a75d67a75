/* Reading all records of a kind from etcd, page by page, as they were at one moment; see
 * etcd_inner.h */
#include <string.h>

#include "share/etcd_inner.h"

void
etcd_range_drop(struct etcd_range *range)
{
    grpc_call_free(&range->call);
    range->is_wanted = range->is_wanted || range->is_listed;
    range->is_on = range->is_listed = range->is_refused = false;
}

void
etcd_range_deadline(struct etcd *etcd, enum record_kind kind, uint64_t now_ms)
{
    struct etcd_range *range = &etcd->ranges[kind];

    if ((!range->is_wanted && !range->is_listed) || now_ms < range->deadline_ms)
        return;
    range->is_wanted = range->is_listed = false; /* what is on goes on */
    etcd->events.complete(etcd->events.arg, kind, false);
}

void
etcd_range_rewind(struct etcd *etcd, enum record_kind kind)
{
    struct etcd_range *range = &etcd->ranges[kind];

    range->point = (struct etcd_point){.revision = 0};
    range->from_len = strlen(etcd->from[kind]);
    memcpy(range->from, etcd->from[kind], range->from_len);
    range->names = range->old_count = 0;
    range->newest = 0;
    range->is_names = false;
    etcd->own[kind].is_seen = etcd->own[kind].is_other_seen = false;
}

static void
begin(struct etcd *etcd, enum record_kind kind)
{
    struct etcd_range *range = &etcd->ranges[kind];

    etcd_range_rewind(etcd, kind);
    range->limit = ETCD_PAGE;
    range->again_ms = 0;
    range->shortened = 0;
    range->is_rewound = false;
    range->is_on = true;
    range->is_listed = range->is_wanted;
    range->is_wanted = false;
    range->is_sync = kind == RECORD_KEYS && etcd->point.revision == 0;
    range->is_local = range->is_sync && etcd->is_majority_missing && !etcd->was_synced &&
                      !etcd->was_local; /* a last resort: better old records than none */
}

static void
ask(struct etcd *etcd, enum record_kind kind)
{
    struct etcd_range *range = &etcd->ranges[kind];
    const struct etcd_ask page = {.from = range->from,
                                  .from_len = range->from_len,
                                  .until = etcd->until[kind],
                                  .limit = range->limit,
                                  .revision = range->point.revision,
                                  .is_local = range->is_local,
                                  .is_names = range->is_names};
    struct etcd_bytes message;

    if (etcd_wire_range(&message, &page))
        range->call = etcd_call(etcd, "/etcdserverpb.KV/Range", &message, !range->is_local,
                                etcd_patience_ms(etcd));
    if (range->call == NULL)
        etcd_session_fail(etcd, "no memory to read records");
}

static bool
is_to_begin(const struct etcd *etcd, enum record_kind kind, uint64_t now_ms)
{
    const struct etcd_range *range = &etcd->ranges[kind];
    bool is_sync_needed =
        kind == RECORD_KEYS && etcd->point.revision == 0 && now_ms >= etcd->sync_ms;

    return !range->is_on && now_ms >= range->rest_ms && (range->is_wanted || is_sync_needed);
}

void
etcd_range_turn(struct etcd *etcd, enum record_kind kind, uint64_t now_ms)
{
    struct etcd_range *range = &etcd->ranges[kind];
    struct grpc_result result;

    if (range->call != NULL && grpc_call_is_over(range->call, &result))
        etcd_page_take(etcd, kind, &result, now_ms);
    if (etcd->grpc == NULL || range->is_refused)
        return;
    if (is_to_begin(etcd, kind, now_ms))
        begin(etcd, kind);
    if (range->is_on && range->call == NULL && now_ms >= range->again_ms)
        ask(etcd, kind);
}

uint64_t
etcd_range_next_ms(const struct etcd *etcd, enum record_kind kind)
{
    const struct etcd_range *range = &etcd->ranges[kind];
    uint64_t next_ms = UINT64_MAX;

    if (range->call != NULL || range->is_refused)
        return UINT64_MAX;
    if (range->is_on)
        return range->again_ms;
    if (range->is_wanted)
        next_ms = 0;
    else if (kind == RECORD_KEYS && etcd->point.revision == 0)
        next_ms = etcd->sync_ms;
    return next_ms > range->rest_ms ? next_ms : range->rest_ms;
}
