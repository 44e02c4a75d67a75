/* Being told of changes by etcd; see etcd_inner.h
 *
 * The watch begins at the revision up to which all was told, not behind it: else newer etcd answers
 * no heartbeat before the next write. Heartbeats are requests for progress: a member that hangs
 * does not answer, one that has lost the majority ends the watch by itself ("hasleader"). */
#include <stdlib.h>

#include "share/etcd_inner.h"

#define FIRST_BEAT_MS 500U /* before that a watch may not be ready to answer */

bool
etcd_point_is_other(const struct etcd *etcd, const struct etcd_point *next)
{
    const struct etcd_point *last = &etcd->last;

    return last->revision > 0 && (last->cluster != next->cluster || last->term > next->term ||
                                  last->revision > next->revision);
}

void
etcd_point_seen(struct etcd *etcd, const struct etcd_point *point)
{
    if (point->revision > etcd->last.revision)
        etcd->last = *point;
}

/* No watch; all is to be read again, later each time that this comes to nothing. */
static void
begin_again(struct etcd *etcd, uint64_t now_ms)
{
    grpc_call_free(&etcd->watch.call);
    etcd->watch = (struct etcd_watch){.is_refused = etcd->watch.is_refused};
    etcd->point.revision = 0;
    etcd->stands_ms = 0;
    etcd->sync_ms = now_ms + etcd_pause_ms(++etcd->restarts);
}

static void
refused(struct etcd *etcd, struct err *err, uint64_t now_ms)
{
    etcd->watch.is_refused = true;
    grpc_call_free(&etcd->watch.call);
    (void)err_add(err, "changes by other hosts do not come in"); /* always false */
    etcd_session_refused(etcd, err->text, now_ms);
}

/* Somebody writes without end, or all hosts at once. A list brings what is not looked at now. */
static void
flooded(struct etcd *etcd, uint64_t now_ms)
{
    struct err err;

    (void)err_set(&err,
                  "%s: more than %u changes a second of keys that begin with %s: what other hosts "
                  "say comes seconds late; see who writes so often",
                  etcd->endpoints[etcd->at], ETCD_CHANGES_MAX,
                  etcd->from[RECORD_KEYS]); /* always false */
    etcd_trouble(etcd, ETCD_TROUBLE_FLOOD, err.text);
    begin_again(etcd, now_ms);
}

static void
begin(struct etcd *etcd, uint64_t now_ms)
{
    struct etcd_bytes message;

    etcd->watch = (struct etcd_watch){.heard_ms = now_ms};
    if (etcd_wire_watch(&message, etcd->from[RECORD_KEYS], etcd->until[RECORD_KEYS],
                        etcd->point.revision))
        etcd->watch.call = etcd_call(etcd, "/etcdserverpb.Watch/Watch", &message, true, 0);
    if (etcd->watch.call == NULL)
        etcd_session_fail(etcd, "no memory to watch records");
}

static void
take_item(void *arg, const struct etcd_item *item)
{
    struct etcd *etcd = arg;
    struct engine_name name = {.kind = RECORD_KEYS};

    if (++etcd->changes > ETCD_CHANGES_MAX)
        return;
    if (item->revision > etcd->point.revision)
        etcd->point.revision = item->revision;
    if (!etcd_name_read(&name.sender, etcd, RECORD_KEYS, item->key, item->key_len))
        return;
    if (name.sender == etcd->host && !etcd_own_is_good(&etcd->own[RECORD_KEYS], item)) {
        etcd_own_lost(etcd, RECORD_KEYS, loop_now_ms(etcd->loop));
        etcd_soon(etcd);
    }
    if (item->len > 0 && item->len <= RECORD_MAX)
        etcd->events.record(etcd->events.arg, &name, item->bytes, item->len);
}

static void
created(struct etcd *etcd, const struct etcd_reply *reply, uint64_t now_ms)
{
    unsigned first_ms = etcd->heartbeat_ms < FIRST_BEAT_MS ? etcd->heartbeat_ms : FIRST_BEAT_MS;

    if (etcd_point_is_other(etcd, &reply->point)) { /* or a member that lags: reading tells */
        begin_again(etcd, now_ms);
        return;
    }
    etcd->watch.is_created = true;
    etcd->watch.beat_ms = now_ms + first_ms;
    etcd->stands_ms = etcd->stands_ms == 0 ? now_ms : etcd->stands_ms;
    etcd->is_majority_missing = false;
    etcd_trouble(etcd, ETCD_TROUBLE_REACH, "");
    if (!etcd->ranges[RECORD_KEYS].is_refused && !etcd->ranges[RECORD_STATUS].is_refused)
        etcd_trouble(etcd, ETCD_TROUBLE_ACCESS, "");
}

/* What a member answers to a heartbeat may be ahead of what it has told, but what it said one
 * heartbeat before is not. */
static void
progressed(struct etcd *etcd, const struct etcd_reply *reply)
{
    if (etcd->watch.progress > etcd->point.revision)
        etcd->point.revision = etcd->watch.progress;
    etcd->watch.progress = reply->point.revision;
}

/* One without changes is work, too. */
static void
count_message(struct etcd *etcd, uint64_t now_ms)
{
    if (now_ms - etcd->second_ms >= 1000) {
        etcd->second_ms = now_ms;
        etcd->changes = 0;
    }
    etcd->changes++;
}

static void
take_message(struct etcd *etcd, const uint8_t *bytes, size_t len, uint64_t now_ms)
{
    int64_t before = etcd->point.revision;
    struct etcd_reply reply;
    struct err err = {""};

    etcd->watch.heard_ms = now_ms;
    etcd->watch.is_asked = false;
    count_message(etcd, now_ms);
    if (!etcd_wire_read_watch(&reply, bytes, len, take_item, etcd)) {
        (void)err_set(&err, "%s: an answer that is not etcd's", etcd->endpoints[etcd->at]);
        etcd_session_fail(etcd, err.text);
    } else if (reply.is_canceled && reply.compacted > 0) { /* comes with `created`, too */
        begin_again(etcd, now_ms);
    } else if (reply.is_canceled) {
        (void)err_set(&err,
                      "%s: etcd says \"%s\": give the user that %s names (its CN) a role "
                      "that reads what begins with %s",
                      etcd->endpoints[etcd->at], reply.reason, etcd->cert,
                      etcd->from[RECORD_KEYS]); /* always false, as the others */
        refused(etcd, &err, now_ms);
    } else if (etcd->changes > ETCD_CHANGES_MAX) {
        flooded(etcd, now_ms);
    } else if (reply.is_created) {
        created(etcd, &reply, now_ms);
    } else {
        etcd_point_seen(etcd, &reply.point);
        if (before == etcd->point.revision)
            progressed(etcd, &reply);
    }
}

static void
over(struct etcd *etcd, const struct grpc_result *result, uint64_t now_ms)
{
    struct err err = {""};
    enum etcd_verdict verdict = etcd_verdict_of(etcd, result, &err);

    if (verdict == ETCD_REFUSED) {
        refused(etcd, &err, now_ms);
        return;
    }
    if (verdict == ETCD_TOO_LONG)
        etcd->point.revision = 0; /* by pages it can be read */
    else if (verdict == ETCD_DONE)
        (void)err_set(&err, "%s: etcd ended the watch", etcd->endpoints[etcd->at]);
    etcd_session_fail(etcd, err.text);
}

/* Nothing came for so long: the member hangs, or what is between. */
static uint64_t
patience_ms(const struct etcd *etcd)
{
    return etcd->watch.is_created ? (uint64_t)etcd->heartbeat_ms * 5 / 2 : etcd_patience_ms(etcd);
}

static void
beat(struct etcd *etcd, uint64_t now_ms)
{
    struct etcd_watch *watch = &etcd->watch;
    bool is_waiting = !watch->is_created || watch->is_asked;
    struct etcd_bytes message = {.len = 0};
    struct err err;

    if (is_waiting && now_ms >= watch->heard_ms + patience_ms(etcd)) {
        (void)err_set(&err, "%s: no sign of life for %llu ms", etcd->endpoints[etcd->at],
                      (unsigned long long)(now_ms - watch->heard_ms)); /* always false */
        etcd_session_fail(etcd, err.text);
    } else if (watch->is_created && now_ms >= watch->beat_ms) {
        watch->beat_ms = now_ms + etcd->heartbeat_ms;
        watch->is_asked = true; /* if it finds no memory there is no answer, too */
        if (etcd_wire_progress(&message))
            (void)grpc_call_send(watch->call, message.bytes, message.len);
        free(message.bytes);
    }
}

void
etcd_watch_turn(struct etcd *etcd, uint64_t now_ms)
{
    struct etcd_watch *watch = &etcd->watch;
    struct grpc_result result;
    const uint8_t *bytes;
    size_t len;

    if (watch->call == NULL && !watch->is_refused && etcd->point.revision > 0)
        begin(etcd, now_ms);
    while (watch->call != NULL && grpc_call_next(watch->call, &bytes, &len))
        take_message(etcd, bytes, len, now_ms);
    if (watch->call != NULL && grpc_call_is_over(watch->call, &result))
        over(etcd, &result, now_ms);
    if (watch->call != NULL)
        beat(etcd, now_ms);
}

uint64_t
etcd_watch_next_ms(const struct etcd *etcd)
{
    const struct etcd_watch *watch = &etcd->watch;
    uint64_t end_ms = watch->heard_ms + patience_ms(etcd);

    if (watch->call == NULL)
        return UINT64_MAX;
    if (!watch->is_created)
        return end_ms;
    return watch->is_asked && end_ms < watch->beat_ms ? end_ms : watch->beat_ms;
}
