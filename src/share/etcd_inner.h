/* etcd_inner.h - what the files of the etcd engine share; see etcd.c. */
#ifndef SHARE_ETCD_INNER_H
#define SHARE_ETCD_INNER_H

#include "io/grpc.h"
#include "share/engine.h"
#include "share/etcd_wire.h"
#include "share/inbox.h"
#include "share/twin.h"

#define ETCD_PREFIX "stek/"
#define ETCD_PREFIX_MAX 200U
#define ETCD_KEY_MAX (ETCD_PREFIX_MAX + RECORD_KEYSET_MAX + 3 + 16 + 1)
#define ETCD_ENDPOINTS_MAX 32U
#define ETCD_HEARTBEAT_MS 2000U
#define ETCD_PAGE 500
#define ETCD_KEYS_MAX INBOX_SENDERS_MAX /* in a range; nobody takes records of more */
#define ETCD_REST_MS 60000U             /* after one that has more, so hosts still count as live */
#define ETCD_CHANGES_MAX (INBOX_SENDERS_MAX / 4) /* told in a second; more is read by pages */
#define ETCD_LIST_MS 4000U                       /* a list is answered by then, whole or not */
#define ETCD_SLOW_MS 5000U                       /* what an operator has to mend is tried again */
#define ETCD_CALM_MS 5000U /* a watch that stands so long ends rows of failures */
#define ETCD_OLD_MS (90 * (uint64_t)86400000) /* no key outlives its host's last word so long */
#define ETCD_OLD_MAX 8U                       /* removed at a time */
#define ETCD_KINDS (RECORD_STATUS + 1U)

/* What is wrong, the worst first. */
enum etcd_trouble {
    ETCD_TROUBLE_REACH,  /* no endpoint is of use */
    ETCD_TROUBLE_ACCESS, /* it does not let us read */
    ETCD_TROUBLE_WRITE,  /* our record does not get there */
    ETCD_TROUBLE_TWIN,   /* somebody else writes it, too */
    ETCD_TROUBLE_CROWD,  /* too many keys */
    ETCD_TROUBLE_FLOOD,  /* too many changes */
    ETCD_TROUBLES
};

/* What a call came to. */
enum etcd_verdict {
    ETCD_DONE,
    ETCD_ELSEWHERE, /* try it at another endpoint */
    ETCD_REFUSED,   /* permissions */
    ETCD_GONE,      /* that revision is not there any more, or not yet */
    ETCD_TOO_LONG,  /* the answer */
    ETCD_NO         /* whatever else the operator has to mend */
};

/* Our record of one kind. */
struct etcd_own {
    uint8_t *bytes; /* NULL: nothing was put yet */
    size_t len;
    struct grpc_call *call; /* by which it is put */
    bool is_due;            /* it is to be put ... */
    uint64_t due_ms;        /* ... from then on */
    bool has_failed;        /* the last try: refused */
    int64_t revision;       /* in which it was written; 0: it is not known */
    int64_t other;          /* in which somebody else wrote it, while ours was on its way */
    struct twin twin;
    bool is_seen, is_other_seen; /* in the range that is on: as it should be, or not */
};

/* A status so old that all of its host is to be removed. */
struct etcd_old {
    uint64_t sender, sequence;
    int64_t revision;
};

/* All records of one kind, in pages. */
struct etcd_range {
    bool is_wanted;       /* somebody asked for a list ... */
    uint64_t deadline_ms; /* ... and is answered by then */
    struct grpc_call *call;
    bool is_on, is_listed; /* the latter: it answers a list */
    bool is_sync;          /* what the watch goes on from */
    bool is_local;         /* of what one member has; so it is not whole */
    bool is_refused;       /* in this session */
    struct etcd_point point;
    char from[ETCD_KEY_MAX]; /* the next page */
    size_t from_len;
    int64_t limit;
    uint64_t again_ms;  /* the next page is not asked for before, ... */
    uint64_t rest_ms;   /* ... and the next range not begun */
    bool is_rewound;    /* its revision was gone once */
    unsigned shortened; /* how many pages were too long */
    bool is_names;      /* a value that is too long is passed over by this page */
    size_t names;
    struct etcd_old old[ETCD_OLD_MAX];
    size_t old_count;
    uint64_t newest; /* sequence of others */
};

struct etcd_watch {
    struct grpc_call *call;
    bool is_created, is_refused;
    uint64_t heard_ms; /* the last sign of life */
    uint64_t beat_ms;  /* when to ask for the next one */
    bool is_asked;     /* no answer yet */
    int64_t progress;  /* revision of the last answer; 0: none yet */
};

struct etcd {
    struct engine engine; /* the first */
    struct loop *loop;
    struct engine_events events;
    uint64_t host;
    char *ca, *cert, *key;
    char *endpoints[ETCD_ENDPOINTS_MAX];
    size_t endpoint_count, at;
    char *from[ETCD_KINDS], *until[ETCD_KINDS]; /* where records of a kind are */
    unsigned heartbeat_ms;
    struct loop_timer *turn;

    struct grpc *grpc;  /* at endpoints[at]; NULL: none before again_ms */
    uint64_t again_ms;  /* when to try the next one */
    uint64_t renew_ms;  /* if not 0: when to connect anew, with certificates as they are then */
    unsigned failures;  /* in a row */
    unsigned restarts;  /* in a row: all was to be read anew, ... */
    uint64_t sync_ms;   /* ... and not before then */
    uint64_t stands_ms; /* since when the watch does; 0: it does not */
    struct etcd_point point;    /* up to there all is told; of revision 0: not so */
    struct etcd_point last;     /* that was seen */
    bool was_synced, was_local; /* ever; the latter: with what one member had */
    bool is_majority_missing;   /* perhaps: a member answered that it can not, or did not */
    struct etcd_watch watch;
    uint64_t second_ms; /* when this one began, ... */
    unsigned changes;   /* ... and what was told in it, by whichever watch */
    struct etcd_own own[ETCD_KINDS];
    struct etcd_range ranges[ETCD_KINDS];
    struct grpc_call *removal;

    struct {
        uint64_t since_ms;
        char text[ERR_MAX]; /* "": it is not so */
    } troubles[ETCD_TROUBLES];
    uint64_t well_ms; /* since when nothing is wrong, or else was before */
    bool is_state_new;
};

/* ---- etcd_name.c: PREFIX KEYSET/k/HOST, PREFIX KEYSET/s/HOST ---- */

/* `out` takes ETCD_KEY_MAX. */
void etcd_name_write(char *out, const struct etcd *etcd, const struct engine_name *name);

/* False for what is no record's. */
bool etcd_name_read(uint64_t *sender, const struct etcd *etcd, enum record_kind kind,
                    const char *key, size_t len);

/* ---- etcd_options.c ---- */

bool etcd_options_check(const struct engine_option *options, size_t count, struct err *err);

/* False if there is no memory; etcd_options_free() in any case. */
bool etcd_options_take(struct etcd *etcd, const struct engine_setup *setup);
void etcd_options_free(struct etcd *etcd);

/* ---- etcd.c ---- */

/* "" ends it. */
void etcd_trouble(struct etcd *etcd, enum etcd_trouble which, const char *text);

/* A loop_fn: look at all in the next turn. */
void etcd_soon(void *etcd);

/* ---- etcd_session.c: one connection to one member ---- */

/* What the call came to; `err` says it, with the endpoint. */
enum etcd_verdict etcd_verdict_of(const struct etcd *etcd, const struct grpc_result *result,
                                  struct err *err);

/* Half of it to all, by chance: so hosts that lost the same member do not all come at once. */
uint64_t etcd_jitter_ms(uint64_t pause_ms);

/* How long to wait after so many failures in a row, with jitter. */
uint64_t etcd_pause_ms(size_t failures);

/* How long an answer may take, which is longer after failures. */
unsigned etcd_patience_ms(const struct etcd *etcd);

/* A call, of which `message` is freed; NULL if there is no memory. `complete_ms` 0: a stream. */
struct grpc_call *etcd_call(struct etcd *etcd, const char *method, struct etcd_bytes *message,
                            bool needs_leader, unsigned complete_ms);

void etcd_session_turn(struct etcd *etcd, uint64_t now_ms);
void etcd_session_close(struct etcd *etcd);

/* It is of no use, for this reason: another endpoint, soon. */
void etcd_session_fail(struct etcd *etcd, const char *text);

/* It is well, but does not let us read. */
void etcd_session_refused(struct etcd *etcd, const char *text, uint64_t now_ms);

/* Connect anew when the operator may have mended something. */
void etcd_session_renew(struct etcd *etcd, uint64_t now_ms);

/* ---- etcd_watch.c ---- */

void etcd_watch_turn(struct etcd *etcd, uint64_t now_ms);

/* True where `next` cannot be what follows the last one: another cluster, or one from a backup. */
bool etcd_point_is_other(const struct etcd *etcd, const struct etcd_point *next);

/* So far has etcd got, at least. */
void etcd_point_seen(struct etcd *etcd, const struct etcd_point *point);

/* When it is to be looked at next; UINT64_MAX: not before something comes. */
uint64_t etcd_watch_next_ms(const struct etcd *etcd);

/* ---- etcd_range.c ---- */

void etcd_range_turn(struct etcd *etcd, enum record_kind kind, uint64_t now_ms);

/* When it is to be looked at next; UINT64_MAX: not before something comes. */
uint64_t etcd_range_next_ms(const struct etcd *etcd, enum record_kind kind);

/* Lists that have waited for long enough are answered. */
void etcd_range_deadline(struct etcd *etcd, enum record_kind kind, uint64_t now_ms);

/* From the first key, and the revision of then, on. */
void etcd_range_rewind(struct etcd *etcd, enum record_kind kind);

/* The connection is gone: it begins again with the next one. */
void etcd_range_drop(struct etcd_range *range);

/* ---- etcd_page.c ---- */

/* The call of the range is over. */
void etcd_page_take(struct etcd *etcd, enum record_kind kind, const struct grpc_result *result,
                    uint64_t now_ms);

/* ---- etcd_old.c: hosts that are gone for good ---- */

/* A status was told. */
void etcd_old_look(struct etcd_range *range, uint64_t sender, const struct etcd_item *item);

/* All statuses were: remove what is too old. */
void etcd_old_remove(struct etcd *etcd, const struct etcd_range *range);

/* ---- etcd_own.c ---- */

bool etcd_own_put(struct etcd *etcd, enum record_kind kind, const uint8_t *bytes, size_t len,
                  struct err *err);
void etcd_own_turn(struct etcd *etcd, enum record_kind kind, uint64_t now_ms);

/* Something was told of our record. True if it is as it should be, or that is not known yet. */
bool etcd_own_is_good(struct etcd_own *own, const struct etcd_item *item);

/* It is not there as it should be: put it again. */
void etcd_own_lost(struct etcd *etcd, enum record_kind kind, uint64_t now_ms);

#endif
