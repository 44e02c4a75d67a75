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

/* From the first key, and the revision of then, on. */
static void
rewind_range(struct etcd *etcd, enum record_kind kind)
{
    struct etcd_range *range = &etcd->ranges[kind];

    range->point = (struct etcd_point){.revision = 0};
    range->from_len = strlen(etcd->from[kind]);
    memcpy(range->from, etcd->from[kind], range->from_len);
    range->names = range->records = range->old_count = 0;
    range->newest = 0;
    range->is_names = false;
    etcd->own[kind].is_seen = etcd->own[kind].is_other_seen = false;
}

static void
begin(struct etcd *etcd, enum record_kind kind)
{
    struct etcd_range *range = &etcd->ranges[kind];

    rewind_range(etcd, kind);
    range->limit = ETCD_PAGE;
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

/* ---- a page that came ---- */

struct page {
    struct etcd *etcd;
    enum record_kind kind;
};

/* Behind that key. What is longer than any record's key is passed over, with all that begin as it
 * does. */
static void
go_on_behind(struct etcd_range *range, const struct etcd_item *item)
{
    size_t len = item->key_len < ETCD_KEY_MAX ? item->key_len : ETCD_KEY_MAX;

    memcpy(range->from, item->key, len);
    if (len < ETCD_KEY_MAX) {
        range->from[len++] = '\0';
    } else {
        while (len > 1 && (unsigned char)range->from[len - 1] == UINT8_MAX)
            len--;
        range->from[len - 1] = (char)(range->from[len - 1] + 1);
    }
    range->from_len = len;
}

static void
take_item(void *arg, const struct etcd_item *item)
{
    const struct page *page = arg;
    struct etcd *etcd = page->etcd;
    struct etcd_range *range = &etcd->ranges[page->kind];
    struct etcd_own *own = &etcd->own[page->kind];
    struct engine_name name = {.kind = page->kind};

    range->names++;
    go_on_behind(range, item);
    if (range->is_names ||
        !etcd_name_read(&name.sender, etcd, page->kind, item->key, item->key_len))
        return;
    if (name.sender == etcd->host) {
        own->is_seen = true;
        own->is_other_seen = !etcd_own_is_good(own, item);
    } else if (page->kind == RECORD_STATUS) {
        etcd_old_look(range, name.sender, item);
    }
    if (item->len == 0 || item->len > RECORD_MAX || range->records == ETCD_RECORDS_MAX)
        return;
    range->records++;
    etcd->events.record(etcd->events.arg, &name, item->bytes, item->len);
}

/* Another history of etcd: what we have written may be gone. */
static void
note_point(struct etcd *etcd, const struct etcd_point *point)
{
    if (etcd_point_is_other(etcd, point)) {
        for (unsigned kind = RECORD_KEYS; kind <= RECORD_STATUS; kind++) {
            struct etcd_own *own = &etcd->own[kind];

            own->revision = 0;
            own->is_due = own->is_due || own->bytes != NULL;
        }
    }
    etcd->last = *point;
}

static void
check_own(struct etcd *etcd, enum record_kind kind, uint64_t now_ms)
{
    const struct etcd_own *own = &etcd->own[kind];
    bool is_missing = !own->is_seen && own->revision <= etcd->ranges[kind].point.revision;

    if (is_missing || own->is_other_seen)
        etcd_own_lost(etcd, kind, now_ms);
}

static void
tell_crowd(struct etcd *etcd, enum record_kind kind, bool is_whole)
{
    struct err err = {""};

    if (!is_whole)
        (void)err_set(
            &err,
            "more than %u records, or %u keys, begin with %s: the rest is not read; remove "
            "those of hosts that are gone",
            ETCD_RECORDS_MAX, ETCD_NAMES_MAX, etcd->from[kind]); /* always false */
    etcd_trouble(etcd, ETCD_TROUBLE_CROWD, err.text);
}

static void
finish(struct etcd *etcd, enum record_kind kind, bool is_whole, uint64_t now_ms)
{
    struct etcd_range *range = &etcd->ranges[kind];
    bool is_listed = range->is_listed;

    range->is_on = range->is_listed = false;
    if (range->is_local) {
        etcd->was_local = true;
        range->is_wanted = range->is_wanted || is_listed; /* that was no answer */
        return;
    }
    tell_crowd(etcd, kind, is_whole);
    if (is_whole)
        check_own(etcd, kind, now_ms);
    if (is_whole && kind == RECORD_STATUS)
        etcd_old_remove(etcd, range);
    if (range->is_sync) {
        etcd->point = range->point;
        etcd->was_synced = true;
    }
    if (range->is_wanted)
        range->deadline_ms = now_ms + ETCD_LIST_MS;
    if (is_listed)
        etcd->events.complete(etcd->events.arg, kind, is_whole);
}

static bool
take_page(struct etcd *etcd, enum record_kind kind, uint64_t now_ms)
{
    struct etcd_range *range = &etcd->ranges[kind];
    struct page page = {etcd, kind};
    size_t before = range->names;
    struct etcd_reply reply;
    const uint8_t *bytes;
    bool is_full, goes_on;
    size_t len;

    if (!grpc_call_next(range->call, &bytes, &len) ||
        !etcd_wire_read_range(&reply, bytes, len, take_item, &page))
        return false;
    grpc_call_free(&range->call);
    if (range->point.revision == 0 && !range->is_local)
        note_point(etcd, &reply.point);
    if (range->point.revision == 0)
        range->point = reply.point;
    range->is_names = false;
    range->limit = 2 * range->limit < ETCD_PAGE ? 2 * range->limit : ETCD_PAGE;
    is_full = range->names >= ETCD_NAMES_MAX || range->records >= ETCD_RECORDS_MAX;
    goes_on = reply.has_more && range->names > before;
    if (!goes_on || is_full)
        finish(etcd, kind, !goes_on, now_ms);
    return true;
}

static void
refused(struct etcd *etcd, enum record_kind kind, struct err *err, uint64_t now_ms)
{
    struct etcd_range *range = &etcd->ranges[kind];

    range->is_on = false;
    range->is_refused = true;
    range->is_wanted = range->is_wanted || range->is_listed;
    range->is_listed = false;
    (void)err_add(err, "records of other hosts do not come in"); /* always false */
    etcd_session_refused(etcd, err->text, now_ms);
}

static void
page_over(struct etcd *etcd, enum record_kind kind, const struct grpc_result *result,
          uint64_t now_ms)
{
    struct etcd_range *range = &etcd->ranges[kind];
    struct err err = {""};
    enum etcd_verdict verdict = etcd_verdict_of(etcd, result, &err);

    if (verdict == ETCD_DONE) {
        if (!take_page(etcd, kind, now_ms)) {
            (void)err_set(&err, "%s: an answer that is not etcd's", etcd->endpoints[etcd->at]);
            etcd_session_fail(etcd, err.text);
        }
        return;
    }
    grpc_call_free(&range->call);
    if (verdict == ETCD_GONE) {
        rewind_range(etcd, kind);
    } else if (verdict == ETCD_TOO_LONG && !range->is_names) {
        range->is_names = range->limit == 1; /* its name, to pass it over */
        range->limit = range->limit > 8 ? range->limit / 8 : 1;
    } else if (verdict == ETCD_REFUSED || verdict == ETCD_NO) {
        refused(etcd, kind, &err, now_ms);
    } else {
        etcd->is_majority_missing = etcd->is_majority_missing || result->broken == GRPC_LATE ||
                                    result->broken == GRPC_ANSWERED;
        etcd_session_fail(etcd, err.text);
    }
}

void
etcd_range_turn(struct etcd *etcd, enum record_kind kind, uint64_t now_ms)
{
    struct etcd_range *range = &etcd->ranges[kind];
    bool is_sync_needed;
    struct grpc_result result;

    if (range->call != NULL && grpc_call_is_over(range->call, &result))
        page_over(etcd, kind, &result, now_ms);
    if (etcd->grpc == NULL || range->is_refused)
        return;
    is_sync_needed = kind == RECORD_KEYS && etcd->point.revision == 0;
    if (!range->is_on && (range->is_wanted || is_sync_needed))
        begin(etcd, kind);
    if (range->is_on && range->call == NULL)
        ask(etcd, kind);
}
