/* etcd_false_support.h - a small etcd behind grpc_false_support.h, which answers what is true, or
 * what a test has it say. Nothing here asserts. */
#ifndef TESTS_ETCD_FALSE_SUPPORT_H
#define TESTS_ETCD_FALSE_SUPPORT_H

#include <etcd.pb-c.h>

#include "grpc_false_support.h"
#include "share/etcd_inner.h"

#define FALSE_KEYS_MAX 8U
#define FALSE_TEXT_MAX 64U

enum false_method { FALSE_RANGE, FALSE_PUT, FALSE_WATCH, FALSE_PROGRESS, FALSE_OTHER };

struct false_request {
    enum false_method method;
    const Etcd__RangeRequest *range;
    const Etcd__PutRequest *put;
    int64_t since; /* of a watch */
};

struct false_key {
    char key[FALSE_TEXT_MAX], value[FALSE_TEXT_MAX];
    int64_t revision;
};

/* True if it answered, or will not; else what is true is answered. */
typedef bool false_lie_fn(struct grpc_call *call, const struct false_request *request);

struct false_etcd {
    false_lie_fn *lie;                     /* NULL: none */
    struct false_key keys[FALSE_KEYS_MAX]; /* sorted */
    size_t key_count;
    int64_t revision;
    const struct grpc_call *watch; /* the last one, which may be over */
};

static struct false_etcd false_etcd;

/* ---- answers ---- */

static inline void
false_pack(struct grpc_call *call, const ProtobufCMessage *message)
{
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = malloc(len + 1);

    if (bytes != NULL)
        false_say(call, bytes, protobuf_c_message_pack(message, bytes));
    free(bytes);
}

static inline Etcd__Header
false_header(void)
{
    Etcd__Header header = ETCD__HEADER__INIT;

    header.cluster_id = 7;
    header.raft_term = 3;
    header.revision = false_etcd.revision;
    return header;
}

static inline ProtobufCBinaryData
false_data(const char *text)
{
    union {
        const char *given;
        uint8_t *taken;
    } both = {text};

    return (ProtobufCBinaryData){strlen(text), both.taken};
}

static inline Etcd__Record
false_record(const struct false_key *key)
{
    Etcd__Record record = ETCD__RECORD__INIT;

    record.key = false_data(key->key);
    record.value = false_data(key->value);
    record.mod_revision = key->revision;
    return record;
}

static inline void
false_say_range(struct grpc_call *call, const struct false_key *keys, size_t count, bool has_more)
{
    Etcd__RangeReply reply = ETCD__RANGE_REPLY__INIT;
    Etcd__Header header = false_header();
    Etcd__Record *records = calloc(count + 1, sizeof *records);
    Etcd__Record **all = calloc(count + 1, sizeof(Etcd__Record *));

    for (size_t i = 0; records != NULL && all != NULL && i < count; i++) {
        records[i] = false_record(&keys[i]);
        all[reply.n_kvs++] = &records[i];
    }
    reply.header = &header;
    reply.kvs = all;
    reply.more = has_more;
    false_pack(call, &reply.base);
    false_end(call, GRPC_ANSWERED, 0);
    free(records);
    free(all);
}

/* On a watch; these keys have changed. Where the reply has no header, today's. */
static inline void
false_say_watch(struct grpc_call *call, const Etcd__WatchReply *reply, const struct false_key *keys,
                size_t count)
{
    Etcd__Header header = false_header();
    Etcd__WatchReply said = *reply;
    Etcd__WatchReply__Event *events = calloc(count + 1, sizeof *events);
    Etcd__WatchReply__Event **all = calloc(count + 1, sizeof(Etcd__WatchReply__Event *));
    Etcd__Record *records = calloc(count + 1, sizeof *records);

    for (size_t i = 0; events != NULL && all != NULL && records != NULL && i < count; i++) {
        etcd__watch_reply__event__init(&events[i]);
        records[i] = false_record(&keys[i]);
        events[i].kv = &records[i];
        all[said.n_events++] = &events[i];
    }
    said.events = all;
    if (said.header == NULL)
        said.header = &header;
    false_pack(call, &said.base);
    free(events);
    free(all);
    free(records);
}

static inline void
false_say_put(struct grpc_call *call)
{
    Etcd__PutReply reply = ETCD__PUT_REPLY__INIT;
    Etcd__Header header = false_header();

    reply.header = &header;
    false_pack(call, &reply.base);
    false_end(call, GRPC_ANSWERED, 0);
}

/* ---- what is true ---- */

/* NULL: nobody watches. */
static inline struct grpc_call *
false_watcher(void)
{
    struct grpc_call *call = false_grpc.open == NULL ? NULL : false_grpc.open->calls;

    while (call != NULL && call != false_etcd.watch)
        call = call->next;
    return call;
}

/* Somebody writes: it is kept, and told to who watches. */
static inline void
false_write(const char *key, const char *value)
{
    Etcd__WatchReply reply;
    struct false_etcd *etcd = &false_etcd;
    size_t at = 0;

    etcd__watch_reply__init(&reply);
    while (at < etcd->key_count && strcmp(etcd->keys[at].key, key) < 0)
        at++;
    if (at == etcd->key_count || strcmp(etcd->keys[at].key, key) != 0) {
        if (etcd->key_count == FALSE_KEYS_MAX)
            return;
        memmove(&etcd->keys[at + 1], &etcd->keys[at],
                (etcd->key_count - at) * sizeof etcd->keys[0]);
        etcd->key_count++;
    }
    etcd->keys[at].revision = ++etcd->revision;
    (void)snprintf(etcd->keys[at].key, FALSE_TEXT_MAX, "%s", key); /* fit, as all here */
    (void)snprintf(etcd->keys[at].value, FALSE_TEXT_MAX, "%s", value);
    if (strstr(key, "/k/") != NULL && false_watcher() != NULL)
        false_say_watch(false_watcher(), &reply, &etcd->keys[at], 1);
}

static inline void
false_text(char out[FALSE_TEXT_MAX], const ProtobufCBinaryData *data)
{
    (void)snprintf(out, FALSE_TEXT_MAX, "%.*s", (int)data->len, (const char *)data->data);
}

static inline void
false_range(struct grpc_call *call, const Etcd__RangeRequest *request)
{
    struct false_key found[FALSE_KEYS_MAX];
    char from[FALSE_TEXT_MAX], until[FALSE_TEXT_MAX];
    size_t count = 0, limit = (size_t)request->limit;

    false_text(from, &request->key);
    false_text(until, &request->range_end);
    for (size_t i = 0; i < false_etcd.key_count; i++) {
        const struct false_key *key = &false_etcd.keys[i];
        int order = strcmp(key->key, from);

        if (order < 0 || (order == 0 && request->key.len > strlen(from)) || /* a NUL behind it */
            strcmp(key->key, until) >= 0)
            continue;
        found[count++] = *key;
    }
    false_say_range(call, found, count < limit ? count : limit, count > limit);
}

static inline void
false_put(struct grpc_call *call, const Etcd__PutRequest *request)
{
    char key[FALSE_TEXT_MAX], value[FALSE_TEXT_MAX];

    false_text(key, &request->key);
    false_text(value, &request->value);
    false_write(key, value);
    false_say_put(call);
}

/* All that was written since then. */
static inline void
false_watch(struct grpc_call *call, int64_t since)
{
    Etcd__WatchReply reply;

    etcd__watch_reply__init(&reply);
    reply.created = true;
    false_say_watch(call, &reply, NULL, 0);
    for (size_t i = 0; i < false_etcd.key_count; i++) {
        etcd__watch_reply__init(&reply);
        if (false_etcd.keys[i].revision >= since && strstr(false_etcd.keys[i].key, "/k/") != NULL)
            false_say_watch(call, &reply, &false_etcd.keys[i], 1);
    }
}

static inline void
false_tell(struct grpc_call *call, const struct false_request *request)
{
    Etcd__WatchReply reply;

    etcd__watch_reply__init(&reply);
    switch (request->method) {
    case FALSE_RANGE: false_range(call, request->range); break;
    case FALSE_PUT: false_put(call, request->put); break;
    case FALSE_WATCH: false_watch(call, request->since); break;
    case FALSE_PROGRESS: false_say_watch(call, &reply, NULL, 0); break;
    case FALSE_OTHER:
    default: false_end(call, GRPC_ANSWERED, 0);
    }
}

/* A false_serve_fn. */
static inline void
false_serve(struct grpc_call *call, const char *method, const uint8_t *message, size_t len)
{
    Etcd__RangeRequest *range = NULL;
    Etcd__PutRequest *put = NULL;
    Etcd__WatchRequest *watch = NULL;
    struct false_request request = {.method = method == NULL ? FALSE_PROGRESS : FALSE_OTHER};

    if (method != NULL && strstr(method, "/Range") != NULL) {
        request.method = FALSE_RANGE;
        request.range = range = etcd__range_request__unpack(NULL, len, message);
    } else if (method != NULL && strstr(method, "/Put") != NULL) {
        request.method = FALSE_PUT;
        request.put = put = etcd__put_request__unpack(NULL, len, message);
    } else if (method != NULL && strstr(method, "Watch/Watch") != NULL) {
        watch = etcd__watch_request__unpack(NULL, len, message);
        request.method = FALSE_WATCH;
        request.since = watch == NULL || watch->create == NULL ? 0 : watch->create->start_revision;
        false_etcd.watch = call;
    }
    if (false_etcd.lie == NULL || !false_etcd.lie(call, &request))
        false_tell(call, &request);
    etcd__range_request__free_unpacked(range, NULL);
    etcd__put_request__free_unpacked(put, NULL);
    etcd__watch_request__free_unpacked(watch, NULL);
}

#endif
