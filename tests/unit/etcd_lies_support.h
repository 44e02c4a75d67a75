/* etcd_lies_support.h - what an etcd of etcd_false_support.h may say that is not so. Nothing here
 * asserts. */
#ifndef TESTS_ETCD_LIES_SUPPORT_H
#define TESTS_ETCD_LIES_SUPPORT_H

#include "etcd_false_support.h"

#define FIRST_LEN 11U /* "stek/www/k/" */

/* clang-format off */
#define LIE_LIST(lie) \
    lie(range_is_gone) lie(next_page_is_gone) lie(same_page) lie(no_keys_and_more) \
    lie(short_pages) lie(backwards) lie(too_many) lie(endless_records) lie(endless_keys) \
    lie(keys_of_elsewhere) lie(all_too_long) lie(next_too_long) lie(range_of_future) \
    lie(range_garbage) lie(range_is_refused) lie(no_range) lie(watch_is_compacted) \
    lie(watch_of_another) lie(watch_of_before) lie(watch_ends) lie(watch_garbage) \
    lie(watch_too_long) lie(watch_is_canceled) lie(event_of_future) lie(created_again) \
    lie(compacted_later) lie(no_watch) lie(no_progress) \
    lie(revision_of_future) lie(put_garbage) lie(put_is_refused) lie(no_space) lie(put_fails) \
    lie(replaced) lie(all_fails) lie(nothing_listens) lie(nothing_is_answered)
/* clang-format on */

#define LIE_VALUE(name) name,
#define LIE_NAME(name) #name,

enum lie { LIE_LIST(LIE_VALUE) LIES };

static const char *const lie_names[] = {LIE_LIST(LIE_NAME)};

static enum lie lie_now;

enum { NOT_PERMITTED = 7, EXHAUSTED = 8, OUT_OF_RANGE = 11, UNAVAILABLE = 14 };

static inline bool
ends(struct grpc_call *call, enum grpc_broken broken, int status)
{
    false_end(call, broken, status);
    return true;
}

static inline bool
garbage(struct grpc_call *call)
{
    false_say(call, "\xff\xff\xff", 3);
    return ends(call, GRPC_ANSWERED, 0);
}

/* So many keys of the range that is asked for, each by `step` behind the one before. */
static inline bool
made_up(struct grpc_call *call, const Etcd__RangeRequest *request, uint64_t number, int step,
        size_t count, bool has_more)
{
    struct false_key *keys = calloc(count + 1, sizeof *keys);
    bool is_elsewhere = lie_now == keys_of_elsewhere;
    int digits = lie_now == endless_keys ? 15 : 16; /* those of a record are 16 */

    for (size_t i = 0; keys != NULL && i < count; i++) {
        keys[i].revision = false_etcd.revision + (lie_now == range_of_future ? 1 : 0);
        (void)snprintf(keys[i].key, sizeof keys[i].key, "stek/www/%c/%0*llx", /* fits */
                       is_elsewhere ? 'z' : request->key.data[9], digits,
                       (unsigned long long)number);
        keys[i].value[0] = 'x';
        number = step < 0 ? number - 1 : number + (unsigned)step;
    }
    if (keys != NULL)
        false_say_range(call, keys, count, has_more);
    free(keys);
    return true;
}

/* The number behind the one that the page is to begin with. */
static inline uint64_t
next_of(const Etcd__RangeRequest *request)
{
    char text[FALSE_TEXT_MAX];

    false_text(text, &request->key);
    return strlen(text) > FIRST_LEN ? strtoull(text + FIRST_LEN, NULL, 16) + 1 : 0x1000;
}

static inline bool
lie_of_range(struct grpc_call *call, const Etcd__RangeRequest *asked)
{
    size_t limit = (size_t)asked->limit;

    switch ((int)lie_now) {
    case range_is_gone: return ends(call, GRPC_ANSWERED, OUT_OF_RANGE);
    case next_page_is_gone:
        return asked->key.len > FIRST_LEN ? ends(call, GRPC_ANSWERED, OUT_OF_RANGE)
                                          : made_up(call, asked, 0x1000, 1, limit, true);
    case same_page:
    case keys_of_elsewhere: return made_up(call, asked, 0x1000, 1, limit, true);
    case no_keys_and_more: return made_up(call, asked, 0, 0, 0, true);
    case short_pages: return made_up(call, asked, next_of(asked), 1, 1, true);
    case backwards: return made_up(call, asked, UINT32_MAX - next_of(asked), -1, limit, true);
    case too_many: return made_up(call, asked, next_of(asked), 1, limit + 1, true);
    case endless_records:
    case endless_keys: return made_up(call, asked, next_of(asked), 1, limit, true);
    case all_too_long: return ends(call, GRPC_TOO_LONG, -1);
    case next_too_long:
        return limit > 1 ? ends(call, GRPC_TOO_LONG, -1)
                         : made_up(call, asked, next_of(asked), 1, 1, true);
    case range_of_future: return made_up(call, asked, 0x1000, 1, 1, false);
    case range_garbage: return garbage(call);
    case range_is_refused: return ends(call, GRPC_ANSWERED, NOT_PERMITTED);
    case no_range: return true;
    default: return false;
    }
}

static inline bool
says_watch(struct grpc_call *call, bool is_created, bool is_canceled, int64_t compacted)
{
    Etcd__WatchReply reply;
    Etcd__Header header = false_header();

    etcd__watch_reply__init(&reply);
    header.cluster_id += lie_now == watch_of_another ? 1 : 0;
    header.revision -= lie_now == watch_of_before ? 1 : 0;
    reply.header = &header;
    reply.created = is_created;
    reply.canceled = is_canceled;
    reply.compact_revision = compacted;
    false_say_watch(call, &reply, NULL, 0);
    return true;
}

static inline bool
lie_of_watch(struct grpc_call *call)
{
    static const struct false_key future = {"stek/www/k/0000000000000009", "x", INT64_MAX - 1};
    Etcd__WatchReply reply;

    etcd__watch_reply__init(&reply);
    switch ((int)lie_now) {
    case watch_is_compacted: return says_watch(call, true, true, 5);
    case watch_is_canceled: return says_watch(call, false, true, 0);
    case watch_of_another:
    case watch_of_before: return says_watch(call, true, false, 0);
    case watch_ends: return says_watch(call, true, false, 0) && ends(call, GRPC_ANSWERED, 0);
    case watch_garbage: return says_watch(call, true, false, 0) && garbage(call);
    case watch_too_long: return says_watch(call, true, false, 0) && ends(call, GRPC_TOO_LONG, -1);
    case event_of_future:
        false_say_watch(call, &reply, &future, 1);
        return says_watch(call, true, false, 0);
    case no_watch: return true;
    default: return false;
    }
}

static inline bool
lie_of_put(struct grpc_call *call, const Etcd__PutRequest *asked)
{
    char key[FALSE_TEXT_MAX];

    switch ((int)lie_now) {
    case put_garbage: return garbage(call);
    case put_is_refused: return ends(call, GRPC_ANSWERED, NOT_PERMITTED);
    case no_space: return ends(call, GRPC_ANSWERED, EXHAUSTED);
    case put_fails: return ends(call, GRPC_ANSWERED, UNAVAILABLE);
    case replaced:
        false_text(key, &asked->key);
        false_write(key, "another's");
        false_say_put(call);
        false_write(key, "another's");
        return true;
    default: return false;
    }
}

/* A false_lie_fn. */
static inline bool
tell_lie(struct grpc_call *call, const struct false_request *request)
{
    if (lie_now == revision_of_future)
        false_etcd.revision = INT64_MAX - 1000000;
    if (lie_now == all_fails)
        return ends(call, GRPC_ANSWERED, UNAVAILABLE);
    if (lie_now == nothing_listens)
        return ends(call, GRPC_FAILED, -1);
    if (lie_now == nothing_is_answered)
        return true;
    switch (request->method) {
    case FALSE_RANGE: return lie_of_range(call, request->range);
    case FALSE_PUT: return lie_of_put(call, request->put);
    case FALSE_WATCH: return lie_of_watch(call);
    case FALSE_PROGRESS:
        return lie_now == no_progress ||
               (lie_now == created_again && says_watch(call, true, false, 0)) ||
               (lie_now == compacted_later && says_watch(call, false, true, 5));
    case FALSE_OTHER:
    default: return false;
    }
}

#endif
