/* directory_inner.h - what the files of the directory engine share; see directory.c. */
#ifndef SHARE_DIRECTORY_INNER_H
#define SHARE_DIRECTORY_INNER_H

#include "io/files.h"
#include "io/watch.h"
#include "share/engine.h"
#include "share/inbox.h"
#include "share/twin.h"

#define DIRECTORY_NAME_LEN (16 + 8 + RECORD_KEYSET_MAX + 6 + 1)
#define DIRECTORY_AGAIN_MS 2000U /* by then no clock of a file system shows the same tick */
#define DIRECTORY_POLL_MS 1000U
#define DIRECTORY_RECORDS_MAX INBOX_SENDERS_MAX      /* of a kind; nobody takes more */
#define DIRECTORY_NAMES_MAX (16 * INBOX_SENDERS_MAX) /* looked at in one scan, others' included */
#define DIRECTORY_KINDS (RECORD_STATUS + 1U)

/* What is wrong, the worst first. */
enum directory_trouble {
    TROUBLE_FOLDER, /* it cannot be read */
    TROUBLE_WRITE,  /* our record does not get there */
    TROUBLE_TWIN,   /* somebody else writes it, too */
    TROUBLE_CROWD,  /* too many files */
    TROUBLE_FILE,   /* some that are not read */
    TROUBLES
};

/* A key record as it was last read. */
struct directory_known {
    uint64_t sender;
    struct files_mark mark;
    uint64_t sum;    /* of its bytes */
    uint64_t due_ms; /* if not 0: then it is read once more, for a clock's tick may hide a write */
};

struct directory_list {
    struct directory_known *items;
    size_t count, cap;
};

/* Our record of one kind. */
struct directory_own {
    uint8_t *bytes; /* NULL: nothing was put yet */
    size_t len;
    struct files_mark mark; /* as it was written */
    uint64_t again_ms;      /* when to read it though its mark is the same; 0: no more */
    bool has_failed;        /* the last try */
    bool is_due;            /* it is to be written ... */
    uint64_t due_ms;        /* ... from then on */
    struct twin twin;
};

struct directory_scan {
    bool is_wanted, is_on, is_whole;
    bool is_listed[DIRECTORY_KINDS]; /* whose records are told, all of them */
    struct directory_list found;     /* key records, in no order */
    size_t names, statuses;
    size_t bad; /* files that could not be read ... */
    char bad_text[ERR_MAX];
    unsigned bad_scans; /* ... and for how many scans that has been so */
    uint64_t took_ms;
};

struct directory {
    struct engine engine; /* the first */
    struct loop *loop;
    struct engine_events events;
    uint64_t host;
    char keyset[RECORD_KEYSET_MAX + 1];
    char *path;
    bool is_read_only, is_put; /* the latter: somebody wanted to write all the same */
    struct files *files;       /* NULL: not there */
    struct watch *watch;       /* NULL: only polled, ... */
    char watch_text[ERR_MAX];  /* ... for this reason */
    struct loop_timer *turn;
    uint64_t poll_ms; /* when it is polled next */
    bool is_list_wanted[DIRECTORY_KINDS];
    struct directory_own own[DIRECTORY_KINDS];
    struct directory_list known; /* sorted by sender */
    struct directory_scan scan;
    struct {
        uint64_t since_ms;
        char text[ERR_MAX]; /* "": it is not so */
    } troubles[TROUBLES];
    uint64_t well_ms; /* since when nothing is wrong, or else was before */
    bool is_state_new;
};

/* ---- directory_name.c: SENDER.KIND.KEYSET.stkr, the sender in 16 digits of hex ---- */

void directory_name_write(char out[DIRECTORY_NAME_LEN], const struct engine_name *name,
                          const char *keyset);

/* False for what is no record's name, or another keyset's. */
bool directory_name_read(struct engine_name *out, const char *text, const char *keyset);

/* ---- directory.c ---- */

/* "" ends it. */
void directory_trouble(struct directory *directory, enum directory_trouble which, const char *text);

/* ---- directory_scan.c ---- */

void directory_scan_begin(struct directory *directory);

/* Some milliseconds of the scan that is on. */
void directory_scan_step(struct directory *directory);

/* It can not go on. */
void directory_scan_abort(struct directory *directory);

/* Something happened to this key record. */
void directory_look(struct directory *directory, const char *file, uint64_t sender);

/* ---- directory_own.c ---- */

bool directory_own_put(struct directory *directory, enum record_kind kind, const uint8_t *bytes,
                       size_t len, struct err *err);

/* Is our record still there as it was written? */
void directory_own_check(struct directory *directory, enum record_kind kind);

/* Write what is due. */
void directory_own_write(struct directory *directory);

#endif
