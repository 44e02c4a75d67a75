/* A page of a range that came from etcd; see etcd_inner.h
 *
 * It brings the range further, or the range fails: whatever etcd answers, all comes to an end, and
 * what is tried again waits. */
#include <string.h>

#include "share/etcd_inner.h"

#define SHORTENED_MAX 16U /* pages that were too long, of one list, before each waits, ... */
#define SHORTENED_MORE 8U /* ... and after each such number for longer */

struct page {
    struct etcd *etcd;
    enum record_kind kind;
    const char *last; /* the key before, which the next one is behind */
    size_t last_len, names;
    bool is_odd; /* etcd does not answer so */
};

static int
compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

    return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

/* Each key is behind the one before, or one could be told of the same for ever. */
static bool
is_in_order(const struct page *page, const struct etcd_item *item)
{
    const struct etcd_range *range = &page->etcd->ranges[page->kind];
    const char *until = page->etcd->until[page->kind];

    if (compare(item->key, item->key_len, until, strlen(until)) >= 0)
        return false;
    if (page->last == NULL)
        return compare(item->key, item->key_len, range->from, range->from_len) >= 0;
    return compare(item->key, item->key_len, page->last, page->last_len) > 0;
}

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
    struct page *page = arg;
    struct etcd *etcd = page->etcd;
    struct etcd_range *range = &etcd->ranges[page->kind];
    struct etcd_own *own = &etcd->own[page->kind];
    struct engine_name name = {.kind = page->kind};

    page->is_odd = page->is_odd || !is_in_order(page, item);
    if (page->is_odd)
        return;
    page->names++;
    range->names++;
    page->last = item->key;
    page->last_len = item->key_len;
    go_on_behind(range, item);
    if (range->is_names || range->names > ETCD_KEYS_MAX ||
        !etcd_name_read(&name.sender, etcd, page->kind, item->key, item->key_len))
        return;
    if (name.sender == etcd->host) {
        own->is_seen = true;
        own->is_other_seen = !etcd_own_is_good(own, item);
    } else if (page->kind == RECORD_STATUS) {
        etcd_old_look(range, name.sender, item);
    }
    if (item->len > 0 && item->len <= RECORD_MAX)
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
            "more than %u keys begin with %s: the rest is not read; remove those of hosts that "
            "are gone",
            ETCD_KEYS_MAX, etcd->from[kind]); /* always false */
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
    else
        range->rest_ms = now_ms + etcd_jitter_ms(ETCD_REST_MS);
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

/* False: no answer of etcd's. Where there is more, as much came as was asked for. */
static bool
take_page(struct etcd *etcd, enum record_kind kind, uint64_t now_ms)
{
    struct etcd_range *range = &etcd->ranges[kind];
    struct page page = {.etcd = etcd, .kind = kind};
    struct etcd_reply reply;
    const uint8_t *bytes;
    size_t len;

    if (!grpc_call_next(range->call, &bytes, &len) ||
        !etcd_wire_read_range(&reply, bytes, len, take_item, &page) || page.is_odd ||
        page.names > (size_t)range->limit || (reply.has_more && page.names < (size_t)range->limit))
        return false;
    grpc_call_free(&range->call);
    if (range->point.revision == 0 && !range->is_local)
        note_point(etcd, &reply.point);
    if (range->point.revision == 0)
        range->point = reply.point;
    range->is_names = false;
    range->limit = 2 * range->limit < ETCD_PAGE ? 2 * range->limit : ETCD_PAGE;
    if (!reply.has_more || range->names >= ETCD_KEYS_MAX)
        finish(etcd, kind, !reply.has_more && range->names <= ETCD_KEYS_MAX, now_ms);
    return true;
}

/* Fewer at a time; of one that is too long by itself the name, to pass it over. */
static void
shorten(struct etcd_range *range, uint64_t now_ms)
{
    range->is_names = range->limit == 1;
    range->limit = range->limit > 8 ? range->limit / 8 : 1;
    if (++range->shortened > SHORTENED_MAX)
        range->again_ms = now_ms + etcd_pause_ms(range->shortened / SHORTENED_MORE);
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

void
etcd_page_take(struct etcd *etcd, enum record_kind kind, const struct grpc_result *result,
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
    if (verdict == ETCD_GONE && !range->is_rewound) {
        etcd_range_rewind(etcd, kind);
        range->is_rewound = true;
        range->again_ms = now_ms + etcd_pause_ms(1);
    } else if (verdict == ETCD_TOO_LONG && !range->is_names) {
        shorten(range, now_ms);
    } else if (verdict == ETCD_REFUSED || verdict == ETCD_NO) {
        refused(etcd, kind, &err, now_ms);
    } else {
        etcd->is_majority_missing = etcd->is_majority_missing || result->broken == GRPC_LATE ||
                                    result->broken == GRPC_ANSWERED;
        etcd_session_fail(etcd, err.text);
    }
}
