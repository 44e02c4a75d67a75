/* control.h - what stekctl and stekd both must know of their conversation: HTTP/1.1 with JSON over
 * the unix socket RUNDIR/control. docs/control.md describes it; this is what can be written once.
 * Pure. */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#define CONTROL_RUNDIR "/run/stek" /* where -r does not say otherwise */
#define CONTROL_SOCKET "control"   /* in it */

#define CONTROL_PAGE "/"                 /* GET, for people */
#define CONTROL_STATUS "/v1/status"      /* GET */
#define CONTROL_KEYS "/v1/keys"          /* GET, ?keyset=NAME */
#define CONTROL_FLEET "/v1/fleet"        /* GET, ?keyset=NAME&key=NAME */
#define CONTROL_ROTATE "/v1/rotate"      /* POST */
#define CONTROL_REVOKE "/v1/revoke"      /* POST */
#define CONTROL_TIMELINE "/timeline.svg" /* GET, ?keyset=NAME */
#define CONTROL_HEALTH "/healthz"        /* GET, text */
#define CONTROL_METRICS "/metrics"       /* GET, OpenMetrics */

#define CONTROL_FARM "/v1/farm" /* GET, ?keyset=NAME; the next ones are POST */
#define CONTROL_FARM_INIT "/v1/farm/init"
#define CONTROL_FARM_INVITE "/v1/farm/invite"
#define CONTROL_FARM_JOIN "/v1/farm/join"
#define CONTROL_FARM_REKEY "/v1/farm/rekey"

#define CONTROL_REQUEST_MAX 16384U /* bytes of a request's body */
#define CONTROL_NAMES_MAX 256U     /* keys that one request revokes by name */
#define CONTROL_LINE_MAX 4096U     /* of a request to join a farm, or the answer */
#define CONTROL_KEYSET_MAX 64U     /* bytes of a keyset's name */
#define CONTROL_NAME_DIGITS 32U    /* a key's name in hex */

/* What a key is for now. */
enum control_state {
    CONTROL_COMING, /* opens, does not seal yet */
    CONTROL_SEALING,
    CONTROL_OPENING, /* sealed before */
    CONTROL_REVOKED
};
#define CONTROL_STATES 4U

/* As in JSON: "coming", "sealing", "opening", "revoked". */
const char *control_state_text(enum control_state state);

/* False, with `state` left alone, for any other text. */
bool control_state_parse(enum control_state *state, const char *text);

/* Whether a host of a farm is there. */
enum control_host {
    CONTROL_LIVE,
    CONTROL_LATE,  /* not heard of lately, and waited for */
    CONTROL_SILENT /* not waited for any more */
};
#define CONTROL_HOSTS 3U

/* As in JSON: "live", "late", "silent". */
const char *control_host_text(enum control_host state);

/* False, with `state` left alone, for any other text. */
bool control_host_parse(enum control_host *state, const char *text);

/* Names of the counters in JSON, in the order of enum stek_event: "sealed", "opened", "renewed",
 * "full_unknown", "full_expired", "full_revoked", "full_context", "full_no_key". */
#define CONTROL_COUNTERS 8U
extern const char *const control_counters[CONTROL_COUNTERS];

/* True for what can name a keyset: [a-z0-9_.-]{1,64}, and neither "." nor "..". So it needs no
 * escaping in a path or a query. */
bool control_keyset_ok(const char *name);

#endif
