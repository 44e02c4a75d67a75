/* Our own records in etcd; see etcd_inner.h */
#include <stdlib.h>
#include <string.h>

#include "share/etcd_inner.h"

bool
etcd_own_put(struct etcd *etcd, enum record_kind kind, const uint8_t *bytes, size_t len,
             struct err *err)
{
    struct etcd_own *own = &etcd->own[kind];
    uint8_t *copy;

    if (len == 0 || len > RECORD_MAX)
        return err_set(err, "a record of %zu bytes: it may have 1 to %zu", len, RECORD_MAX);
    copy = malloc(len);
    if (copy == NULL)
        return err_set(err, "etcd: no memory for a record");
    memcpy(copy, bytes, len);
    free(own->bytes);
    own->bytes = copy;
    own->len = len;
    own->is_due = true; /* also while the last one is on its way */
    own->due_ms = 0;
    return true;
}

bool
etcd_own_is_good(struct etcd_own *own, const struct etcd_item *item)
{
    bool is_ours = own->bytes != NULL && !item->is_gone && item->len == own->len &&
                   memcmp(item->bytes, own->bytes, own->len) == 0;

    if (own->bytes == NULL || is_ours || item->revision < own->revision)
        return true;
    if (own->call == NULL)
        return own->is_due;
    if (item->revision > own->other) /* before or after ours? The answer will say */
        own->other = item->revision;
    return true;
}

void
etcd_own_lost(struct etcd *etcd, enum record_kind kind, uint64_t now_ms)
{
    struct etcd_own *own = &etcd->own[kind];
    struct err what, text;

    if (own->bytes == NULL || own->is_due || own->call != NULL)
        return;
    own->is_due = true;
    own->due_ms = twin_replaced(&own->twin, now_ms);
    if (!twin_is_there(&own->twin, now_ms))
        return;
    (void)err_set(&what, "somebody else writes or removes the record of this host in %s",
                  etcd->from[kind]); /* always false */
    twin_say(&text, what.text, etcd->host);
    etcd_trouble(etcd, ETCD_TROUBLE_TWIN, text.text);
}

static void
tell_troubles(struct etcd *etcd, uint64_t now_ms)
{
    bool has_failed = false, is_twin = false;

    for (unsigned kind = RECORD_KEYS; kind <= RECORD_STATUS; kind++) {
        const struct etcd_own *own = &etcd->own[kind];

        has_failed = has_failed || own->has_failed;
        is_twin = is_twin || twin_is_there(&own->twin, now_ms);
    }
    if (!has_failed)
        etcd_trouble(etcd, ETCD_TROUBLE_WRITE, "");
    if (!is_twin)
        etcd_trouble(etcd, ETCD_TROUBLE_TWIN, "");
}

static void
begin(struct etcd *etcd, enum record_kind kind)
{
    const struct engine_name name = {kind, etcd->host};
    struct etcd_own *own = &etcd->own[kind];
    char key[ETCD_KEY_MAX];
    struct etcd_bytes message;

    etcd_name_write(key, etcd, &name);
    if (etcd_wire_put(&message, key, own->bytes, own->len))
        own->call = etcd_call(etcd, "/etcdserverpb.KV/Put", &message, true, etcd_patience_ms(etcd));
    if (own->call == NULL)
        etcd_session_fail(etcd, "no memory to put a record");
    else
        own->is_due = false;
    own->other = 0;
}

/* An operator has to do something. */
static void
refused(struct etcd *etcd, struct etcd_own *own, struct err *err, uint64_t now_ms)
{
    own->is_due = own->has_failed = true;
    own->due_ms = now_ms + etcd_jitter_ms(ETCD_SLOW_MS);
    (void)err_add(err, "the record of this host is not written, so others do not get its keys");
    etcd_trouble(etcd, ETCD_TROUBLE_WRITE, err->text);
}

static void
finish(struct etcd *etcd, enum record_kind kind, const struct grpc_result *result, uint64_t now_ms)
{
    struct etcd_own *own = &etcd->own[kind];
    struct err err = {""};
    enum etcd_verdict verdict = etcd_verdict_of(etcd, result, &err);
    struct etcd_reply reply;
    const uint8_t *bytes;
    size_t len;

    if (verdict == ETCD_DONE && grpc_call_next(own->call, &bytes, &len) &&
        etcd_wire_read_put(&reply, bytes, len)) {
        etcd_point_seen(etcd, &reply.point);
        own->revision = reply.point.revision;
        own->has_failed = false;
        grpc_call_free(&own->call);
        if (own->other > own->revision)
            etcd_own_lost(etcd, kind, now_ms);
        return;
    }
    if (verdict == ETCD_REFUSED || verdict == ETCD_NO) {
        grpc_call_free(&own->call);
        refused(etcd, own, &err, now_ms);
        if (verdict == ETCD_REFUSED)
            etcd_session_renew(etcd, now_ms);
        return;
    }
    if (verdict == ETCD_DONE)
        (void)err_set(&err, "%s: an answer that is not etcd's", etcd->endpoints[etcd->at]);
    etcd_session_fail(etcd, err.text);
}

void
etcd_own_turn(struct etcd *etcd, enum record_kind kind, uint64_t now_ms)
{
    struct etcd_own *own = &etcd->own[kind];
    struct grpc_result result;

    if (own->call != NULL && grpc_call_is_over(own->call, &result))
        finish(etcd, kind, &result, now_ms);
    if (etcd->grpc == NULL)
        return;
    if (own->call == NULL && own->is_due && now_ms >= own->due_ms)
        begin(etcd, kind);
    tell_troubles(etcd, now_ms);
}
