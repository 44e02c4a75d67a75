/* see etcd_wire.h; on protobuf-c, and what it makes of etcd.proto */
#include <etcd.pb-c.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "share/etcd_wire.h"

#define TARGET_MOD 2
#define EVENT_REMOVED 1

/* ---- what is asked ---- */

static bool
pack(struct etcd_bytes *out, const ProtobufCMessage *message)
{
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = malloc(len + 1);

    if (bytes == NULL)
        return false;
    out->bytes = bytes;
    out->len = protobuf_c_message_pack(message, bytes);
    return true;
}

/* protobuf-c does not change what it packs, though its type does not say so. */
static ProtobufCBinaryData
data_of(const void *bytes, size_t len)
{
    union {
        const void *given;
        uint8_t *taken;
    } both = {.given = bytes};

    return (ProtobufCBinaryData){.data = both.taken, .len = len};
}

static ProtobufCBinaryData
text_of(const char *text)
{
    return data_of(text, strlen(text));
}

bool
etcd_wire_range(struct etcd_bytes *out, const struct etcd_ask *ask)
{
    Etcd__RangeRequest request = ETCD__RANGE_REQUEST__INIT;

    request.key = data_of(ask->from, ask->from_len);
    request.range_end = text_of(ask->until);
    request.limit = ask->limit;
    request.revision = ask->revision;
    request.serializable = ask->is_local;
    request.keys_only = ask->is_names;
    return pack(out, &request.base);
}

bool
etcd_wire_put(struct etcd_bytes *out, const char *key, const uint8_t *bytes, size_t len)
{
    Etcd__PutRequest request = ETCD__PUT_REQUEST__INIT;

    request.key = text_of(key);
    request.value = data_of(bytes, len);
    return pack(out, &request.base);
}

bool
etcd_wire_watch(struct etcd_bytes *out, const char *from, const char *until, int64_t revision)
{
    Etcd__WatchRequest request = ETCD__WATCH_REQUEST__INIT;
    Etcd__WatchRequest__Create create = ETCD__WATCH_REQUEST__CREATE__INIT;

    create.key = text_of(from);
    create.range_end = text_of(until);
    create.start_revision = revision;
    create.fragment = true;
    request.request_case = ETCD__WATCH_REQUEST__REQUEST_CREATE;
    request.create = &create;
    return pack(out, &request.base);
}

bool
etcd_wire_progress(struct etcd_bytes *out)
{
    Etcd__WatchRequest request = ETCD__WATCH_REQUEST__INIT;
    Etcd__WatchRequest__Progress progress = ETCD__WATCH_REQUEST__PROGRESS__INIT;

    request.request_case = ETCD__WATCH_REQUEST__REQUEST_PROGRESS;
    request.progress = &progress;
    return pack(out, &request.base);
}

bool
etcd_wire_remove(struct etcd_bytes *out, const char *key, int64_t revision, const char *other)
{
    Etcd__RemoveRequest request = ETCD__REMOVE_REQUEST__INIT;
    Etcd__RemoveRequest__Compare compare = ETCD__REMOVE_REQUEST__COMPARE__INIT;
    Etcd__RemoveRequest__Operation first = ETCD__REMOVE_REQUEST__OPERATION__INIT, second = first;
    Etcd__RemoveRequest__Operation__DeleteRange
        remove_first = ETCD__REMOVE_REQUEST__OPERATION__DELETE_RANGE__INIT,
        remove_second = remove_first;
    Etcd__RemoveRequest__Compare *compares[] = {&compare};
    Etcd__RemoveRequest__Operation *operations[] = {&first, &second};

    compare.target = TARGET_MOD;
    compare.key = text_of(key);
    compare.mod_revision = revision;
    remove_first.key = text_of(key);
    remove_second.key = text_of(other);
    first.delete_range = &remove_first;
    second.delete_range = &remove_second;
    request.n_compare = sizeof compares / sizeof compares[0];
    request.n_success = sizeof operations / sizeof operations[0];
    request.compare = compares;
    request.success = operations;
    return pack(out, &request.base);
}

/* ---- what is told ---- */

/* Of two bytes a peer can make a whole structure: so what is unpacked has a bound of its own. */
struct purse {
    size_t left;
};

/* In front of each allocation: how much it took. */
union mark {
    size_t len;
    alignas(max_align_t) char aligned;
};

static void *
spend(void *arg, size_t len)
{
    struct purse *purse = arg;
    union mark *mark;

    if (len > purse->left || purse->left - len < sizeof *mark)
        return NULL;
    mark = malloc(sizeof *mark + len);
    if (mark == NULL)
        return NULL;
    mark->len = sizeof *mark + len;
    purse->left -= mark->len;
    return mark + 1;
}

static void
refund(void *arg, void *bytes)
{
    struct purse *purse = arg;
    union mark *mark = bytes;

    if (mark == NULL)
        return;
    mark--;
    purse->left += mark->len;
    free(mark);
}

static bool
read_point(struct etcd_reply *out, const Etcd__Header *header)
{
    if (header == NULL || header->revision < 0)
        return false;
    *out = (struct etcd_reply){.point = {.cluster = header->cluster_id,
                                         .term = header->raft_term,
                                         .revision = header->revision}};
    return true;
}

/* Nothing is newer than the answer that tells of it: who took that for how far etcd has got would
 * wait for what never comes. */
static bool
is_of_then(const struct etcd_reply *reply, const Etcd__Record *record)
{
    return record->mod_revision <= reply->point.revision;
}

static void
tell_item(etcd_item_fn *tell, void *arg, const Etcd__Record *record, bool is_gone)
{
    const struct etcd_item item = {.key = (const char *)record->key.data,
                                   .key_len = record->key.len,
                                   .bytes = is_gone ? NULL : record->value.data,
                                   .len = is_gone ? 0 : record->value.len,
                                   .revision = record->mod_revision,
                                   .is_gone = is_gone};

    if (item.key_len > 0)
        tell(arg, &item);
}

bool
etcd_wire_read_range(struct etcd_reply *out, const uint8_t *bytes, size_t len, etcd_item_fn *tell,
                     void *arg)
{
    struct purse purse = {ETCD_UNPACK_MAX};
    ProtobufCAllocator allocator = {spend, refund, &purse};
    Etcd__RangeReply *reply = etcd__range_reply__unpack(&allocator, len, bytes);
    bool is_good = reply != NULL && read_point(out, reply->header) && out->point.revision > 0;

    if (is_good) {
        out->has_more = reply->more;
        for (size_t i = 0; i < reply->n_kvs; i++)
            is_good = is_good && is_of_then(out, reply->kvs[i]);
        for (size_t i = 0; is_good && i < reply->n_kvs; i++)
            tell_item(tell, arg, reply->kvs[i], false);
    }
    etcd__range_reply__free_unpacked(reply, &allocator);
    return is_good;
}

bool
etcd_wire_read_put(struct etcd_reply *out, const uint8_t *bytes, size_t len)
{
    struct purse purse = {ETCD_UNPACK_MAX};
    ProtobufCAllocator allocator = {spend, refund, &purse};
    Etcd__PutReply *reply = etcd__put_reply__unpack(&allocator, len, bytes);
    bool is_good = reply != NULL && read_point(out, reply->header) && out->point.revision > 0;

    etcd__put_reply__free_unpacked(reply, &allocator);
    return is_good;
}

static void
read_reason(char out[ETCD_REASON_MAX], const char *reason)
{
    size_t at = 0;

    for (; reason[at] != '\0' && at < ETCD_REASON_MAX - 1; at++)
        out[at] = (char)(reason[at] >= ' ' && reason[at] < 0x7f ? reason[at] : '?');
    out[at] = '\0';
}

bool
etcd_wire_read_watch(struct etcd_reply *out, const uint8_t *bytes, size_t len, etcd_item_fn *tell,
                     void *arg)
{
    struct purse purse = {ETCD_UNPACK_MAX};
    ProtobufCAllocator allocator = {spend, refund, &purse};
    Etcd__WatchReply *reply = etcd__watch_reply__unpack(&allocator, len, bytes);
    bool is_good = reply != NULL && read_point(out, reply->header);

    if (is_good) {
        out->is_created = reply->created;
        out->is_canceled = reply->canceled;
        out->is_part = reply->fragment;
        out->compacted = reply->compact_revision;
        read_reason(out->reason, reply->cancel_reason);
        for (size_t i = 0; i < reply->n_events; i++)
            is_good =
                is_good && reply->events[i]->kv != NULL && is_of_then(out, reply->events[i]->kv);
        for (size_t i = 0; is_good && i < reply->n_events; i++)
            tell_item(tell, arg, reply->events[i]->kv, reply->events[i]->type == EVENT_REMOVED);
    }
    etcd__watch_reply__free_unpacked(reply, &allocator);
    return is_good;
}
