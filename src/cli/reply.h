/* reply.h - stekd's answers (docs/control.md), taken apart and checked. Pure.
 *
 * Every member that we use must be there, of its type and within bounds; others are passed over, so
 * that a newer stekd can say more. Texts are copied, and clean (see need_text()). */
#ifndef CLI_REPLY_H
#define CLI_REPLY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "control/control.h"

#define REPLY_KEYSETS_MAX 4096U
#define REPLY_SERVERS_MAX 65536U
#define REPLY_KEYS_MAX 131072U
#define REPLY_HOSTS_MAX 65536U
#define REPLY_ENGINES_MAX 64U
#define REPLY_NAME (CONTROL_NAME_DIGITS + 1)
#define REPLY_TEXT 256U

/* The JSON object of an answer, to be given back by json_decref(). NULL, with the sentence that
 * stekd wrote, where `http_status` is an error; NULL too where the body is no JSON object. */
json_t *reply_load(const char *body, size_t len, int http_status, struct err *err);

/* ---- GET /v1/keys ---- */

struct reply_key {
    char name[REPLY_NAME];
    enum control_state state;
    uint64_t made_ms, seals_from, seals_until, opens_until;
    bool is_confirmed, is_emergency;
    uint64_t sealed, opened;
};

struct reply_keys {
    char keyset[CONTROL_KEYSET_MAX + 1];
    uint64_t now;
    struct reply_key *keys;
    size_t count;
};

#define REPLY_KEYS(var) __attribute__((cleanup(reply_keys_free))) struct reply_keys var = {0}

void reply_keys_free(struct reply_keys *reply);

/* Into an empty one, which stays empty on failure. */
bool reply_keys_read(struct reply_keys *reply, const json_t *root, struct err *err);

/* ---- GET /v1/status ---- */

struct reply_server {
    char program[REPLY_TEXT];
    uint64_t pid, started;
    uint64_t counters[CONTROL_COUNTERS];
};

struct reply_keyset {
    char name[CONTROL_KEYSET_MAX + 1];
    char ring[REPLY_TEXT];
    uint64_t generation, capacity;
    uint64_t rotate, lifetime, patience, max_session;
    char mode[16]; /* "one", "each" */
    struct {
        char name[REPLY_NAME]; /* "": none */
        uint64_t since, until;
    } sealing;
    struct {
        char name[REPLY_NAME]; /* "": none */
        uint64_t seals_from;
    } next;
    uint64_t keys[CONTROL_STATES];
    uint64_t rotations, revocations;
    uint64_t counters[CONTROL_COUNTERS];
    struct reply_server *servers;
    size_t server_count;
    char last_error[ERR_MAX]; /* "": none */
    bool has_farm, is_farm_well;
    char farm[512]; /* how it is, in a sentence */
};

struct reply_status {
    char version[64];
    uint64_t pid, started, now;
    char config[REPLY_TEXT]; /* "": built-in */
    struct reply_keyset *keysets;
    size_t count;
};

#define REPLY_STATUS(var) __attribute__((cleanup(reply_status_free))) struct reply_status var = {0}

void reply_status_free(struct reply_status *reply);

/* What is wrong with a keyset, or with its farm; "": nothing. */
const char *reply_trouble(const struct reply_keyset *set);

/* Into an empty one, which stays empty on failure. */
bool reply_status_read(struct reply_status *reply, const json_t *root, struct err *err);

/* ---- GET /v1/fleet ---- */

struct reply_engine {
    char name[32];
    bool is_well;
    uint64_t for_s;
    char text[REPLY_TEXT];
};

struct reply_host {
    char id[17], name[80], version[80];
    bool is_self, agrees, is_pending, is_clock_odd, has_clock;
    bool holds; /* the key that was asked for */
    enum control_host state;
    uint64_t heard_ms, keys, missing, extra;
    int64_t clock_ms;
    char missing_name[REPLY_NAME], extra_name[REPLY_NAME]; /* the first; "": none is told */
    char engines[80];                                      /* "etcd, peers" */
};

struct reply_fleet {
    char keyset[CONTROL_KEYSET_MAX + 1];
    uint64_t now;
    bool has_farm; /* else there is no more */
    bool has_looked;
    uint64_t boot_ms, looked_ms; /* now, and when the last look began that is over */
    bool is_well;                /* no host differs or is silent */
    char text[512];              /* how it is, in a sentence */
    uint64_t known;
    uint64_t differing, pending; /* hosts; of the latter, a change may be on its way */
    char refusals[REPLY_TEXT];   /* of records: "2 forged, 1 ahead"; "": none */
    struct reply_engine *engines;
    size_t engine_count;
    struct reply_host *hosts;
    size_t count;
};

#define REPLY_FLEET(var) __attribute__((cleanup(reply_fleet_free))) struct reply_fleet var = {0}

void reply_fleet_free(struct reply_fleet *reply);

/* Into an empty one, which stays empty on failure. */
bool reply_fleet_read(struct reply_fleet *reply, const json_t *root, struct err *err);

/* ---- POST /v1/rotate, /v1/revoke ---- */

struct reply_rotate {
    char keyset[CONTROL_KEYSET_MAX + 1];
    char name[REPLY_NAME];
    uint64_t seals_from;
};

bool reply_rotate_read(struct reply_rotate *reply, const json_t *root, struct err *err);

struct reply_revoke {
    char keyset[CONTROL_KEYSET_MAX + 1];
    char (*revoked)[REPLY_NAME];
    size_t count;
    char fresh[REPLY_NAME];   /* "": none was made */
    char sealing[REPLY_NAME]; /* "": none */
    uint64_t generation;
};

#define REPLY_REVOKE(var) __attribute__((cleanup(reply_revoke_free))) struct reply_revoke var = {0}

void reply_revoke_free(struct reply_revoke *reply);

/* Into an empty one, which stays empty on failure. */
bool reply_revoke_read(struct reply_revoke *reply, const json_t *root, struct err *err);

#endif
