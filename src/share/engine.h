/* engine.h - what carries records between the hosts of a farm. An engine is one const struct in one
 * file, and one line in table.c.
 *
 * One engine at work (struct engine) serves one keyset at one host. To it a record is bytes, with a
 * kind and a sender: it can neither read nor forge what is in them. Of a kind a host has one
 * record, which the next one replaces. Key records are watched by all and seldom written; status
 * records are watched by nobody, written often, and read on demand.
 *
 * It may lose records, repeat, reorder, delay, cut short, and invent them: whoever gets them opens
 * their seal and merges, so that only promptness depends on engines.
 *
 * What an engine may assume: one thread, that of the loop; options that its check() let by; that
 * nobody stops it from within a callback; that the bytes of put() are sealed, no secret.
 *
 * What it promises:
 *   R-ENGINE-1: no callback is called from within a call of the engine, and no call waits for
 *               another host or for a server.
 *   R-ENGINE-2: what was put last reaches, as long as the transport works, every engine of the same
 *               farm and keyset, whether it began before or after: keys untold, statuses when they
 *               are asked for.
 *   R-ENGINE-3: where the transport loses our record or somebody replaces it, it is put again.
 *   R-ENGINE-4: a list tells every record of that kind which the transport holds, ours too, then
 *               completes: each list is answered by one completion after it, which says whether it
 *               was whole. One completion may answer several.
 *   R-ENGINE-5: what is told is no longer than RECORD_MAX, and memory and time for what comes from
 *               outside are bounded: what is too much, or no record's, is passed over.
 *   R-ENGINE-6: a transport that is not there, goes away, or fails is no failure of start() or
 *               put(): it is tried again until stop(), and what was put then arrives.
 *   R-ENGINE-7: the state says what is wrong, where, since when and what to do, and each change of
 *               it is told.
 *   R-ENGINE-8: after stop() nothing is called any more, and nothing is left but what others read.
 *   R-ENGINE-9: whichever allocation or system call fails: as R-ENGINE-6, and start() and put() may
 *               say no, with everything as it was. */
#ifndef SHARE_ENGINE_H
#define SHARE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "io/loop.h"
#include "share/datagram.h"
#include "share/record.h"

struct engine_kind;

/* The head of what start() returns. */
struct engine {
    const struct engine_kind *kind;
};

/* Whose a record says it is; nobody has vouched for that. */
struct engine_name {
    enum record_kind kind;
    uint64_t sender;
};

struct engine_events {
    /* A record came: a new one of keys, or any in a list. The bytes end with the call. */
    void (*record)(void *arg, const struct engine_name *name, const uint8_t *bytes, size_t len);
    void (*complete)(void *arg, enum record_kind kind, bool is_whole);
    void (*state)(void *arg); /* state() says something else now */
    void *arg;
};

/* What engines say to each other, beside records, is sealed by the caller, who has the farm's
 * secret: so outsiders have no say where everybody can send. Both copy nothing and keep nothing. */
struct engine_seal {
    /* datagram_seal(), by our clock. False, with the reason, also where there is no farm yet. */
    bool (*seal)(void *arg, uint8_t out[DATAGRAM_MAX], size_t *out_len, const uint8_t *body,
                 size_t len, struct err *err);

    /* datagram_open(), by our clock. */
    enum record_verdict (*open)(void *arg, struct datagram *out, const uint8_t *bytes, size_t len);
    void *arg;
};

/* What the configuration says. An option of type ENGINE_TEXTS may be there several times. */
enum engine_type { ENGINE_TEXT, ENGINE_TEXTS, ENGINE_BOOL };

struct engine_option_kind {
    const char *name, *summary;
    enum engine_type type;
    bool is_needed;
};

struct engine_option {
    const char *name, *value; /* of a bool: "true" or "false" */
};

struct engine_setup {
    struct loop *loop;
    const char *keyset; /* its name, 1 to RECORD_KEYSET_MAX of [a-z0-9_.-] */
    uint64_t host;      /* our own id */
    const struct engine_option *options;
    size_t option_count;
    struct engine_events events;
    struct engine_seal seal;
};

struct engine_state {
    bool is_well;
    uint64_t since_ms;  /* by loop_now_ms() */
    char text[ERR_MAX]; /* a sentence; where it is well, "well" or what else is to know */
};

struct engine_kind {
    const char *name;                         /* as in stekd.conf */
    const char *summary;                      /* one line */
    const struct engine_option_kind *options; /* ended by one without a name */
    const char *folder_option; /* that names a folder in which it writes; NULL: none */
    bool has_sockets;          /* it reaches other hosts over the network */

    /* False, with what to do in `err`, for values that this engine cannot work with: names, types
     * and what is needed are the caller's to look at. Touches nothing. */
    bool (*check)(const struct engine_option *options, size_t count, struct err *err);

    /* NULL, with the reason in `err`, if there is no memory. `setup` is copied. */
    struct engine *(*start)(const struct engine_setup *setup, struct err *err);

    /* Our record of that kind from now on, of 1 to RECORD_MAX bytes, which are copied. */
    bool (*put)(struct engine *engine, enum record_kind kind, const uint8_t *bytes, size_t len,
                struct err *err);

    void (*list)(struct engine *engine, enum record_kind kind);
    void (*state)(const struct engine *engine, struct engine_state *out);

    /* Sets NULL, takes NULL. */
    void (*stop)(struct engine **engine);
};

extern const struct engine_kind engine_directory;
extern const struct engine_kind engine_etcd; /* if it was built: etcd in meson_options.txt */
extern const struct engine_kind engine_peers;

/* All kinds, ended by NULL. */
extern const struct engine_kind *const engine_kinds[];

/* NULL if there is none of that name. */
const struct engine_kind *engine_kind_find(const char *name);

/* The value of an option; NULL if it is not there. */
const char *engine_option_get(const struct engine_option *options, size_t count, const char *name);

#endif
