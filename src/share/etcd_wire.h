/* etcd_wire.h - the messages of etcd.proto, as bytes: what the engine asks, and what is told. What
 * is told is checked here, and takes no more than ETCD_UNPACK_MAX of memory while it is read. */
#ifndef SHARE_ETCD_WIRE_H
#define SHARE_ETCD_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ETCD_ANSWER_MAX ((size_t)4 << 20)  /* the longest message that is taken */
#define ETCD_UNPACK_MAX ((size_t)16 << 20) /* with what it becomes when it is read */
#define ETCD_REASON_MAX 160U

/* A message to be sent; to be freed. */
struct etcd_bytes {
    uint8_t *bytes;
    size_t len;
};

struct etcd_ask {
    const char *from, *until; /* all keys from the first on, and before the second */
    size_t from_len;
    int64_t limit;    /* so many at most */
    int64_t revision; /* as it was then; 0: now */
    bool is_local;    /* what this member has, be it old */
    bool is_names;    /* no values */
};

/* Each false if there is no memory. */
bool etcd_wire_range(struct etcd_bytes *out, const struct etcd_ask *ask);
bool etcd_wire_put(struct etcd_bytes *out, const char *key, const uint8_t *bytes, size_t len);
bool etcd_wire_watch(struct etcd_bytes *out, const char *from, const char *until, int64_t revision);
bool etcd_wire_progress(struct etcd_bytes *out);

/* Remove that key and another one, if the first is still as it was written in that revision. */
bool etcd_wire_remove(struct etcd_bytes *out, const char *key, int64_t revision, const char *other);

/* Which history of which cluster this is, and how far it has got. */
struct etcd_point {
    uint64_t cluster, term;
    int64_t revision; /* of a watch that is canceled perhaps 0 */
};

struct etcd_item {
    const char *key; /* not ended by a NUL */
    size_t key_len;
    const uint8_t *bytes;
    size_t len;
    int64_t revision; /* in which it was written */
    bool is_gone;     /* removed: there are no bytes */
};

typedef void etcd_item_fn(void *arg, const struct etcd_item *item);

struct etcd_reply {
    struct etcd_point point;
    bool has_more;                /* of a range */
    bool is_created, is_canceled; /* of a watch; look at the latter first */
    bool is_part;                 /* of a watch: there is more of the same revisions */
    int64_t compacted;            /* it was canceled for its history is gone up to there */
    char reason[ETCD_REASON_MAX]; /* why it was canceled, printable */
};

/* Each false for what is no such message, or says nothing of its point; else the items, if any,
 * have been told, whose bytes end with the call. */
bool etcd_wire_read_range(struct etcd_reply *out, const uint8_t *bytes, size_t len,
                          etcd_item_fn *tell, void *arg);
bool etcd_wire_read_put(struct etcd_reply *out, const uint8_t *bytes, size_t len);
bool etcd_wire_read_watch(struct etcd_reply *out, const uint8_t *bytes, size_t len,
                          etcd_item_fn *tell, void *arg);

#endif
