/* audit.h - what happened to keys, and who ordered it, as events of the log. docs/audit.md lists
 * them with their fields. No secret is in one. */
#ifndef DAEMON_AUDIT_H
#define DAEMON_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/log.h"
#include "io/peer.h"
#include "keys/key.h"
#include "keys/policy.h"

/* ---- the daemon ---- */

void audit_start(const struct log *log, const char *run_dir, size_t keysets);
void audit_stop(const struct log *log, const char *run_dir);
void audit_reload(const struct log *log, const char *config_path, size_t keysets);
void audit_reload_refused(const struct log *log, const char *config_path, const char *why);

/* ---- keysets ---- */

void audit_adopted(const struct log *log, const char *keyset, const char *ring_path, size_t keys);
void audit_changed(const struct log *log, const char *keyset, const struct policy *policy);
void audit_removed(const struct log *log, const char *keyset, const char *ring_path);

/* ---- keys ---- */

void audit_made(const struct log *log, const char *keyset, const struct key *key);
/* Another host made it. */
void audit_learnt(const struct log *log, const char *keyset, const struct key *key);
/* It takes over sealing, `is_first` from none. */
void audit_seals(const struct log *log, const char *keyset, const struct key *key, bool is_first);
void audit_revoked(const struct log *log, const char *keyset, const struct key *key);
/* Its secret is gone with its time, or else with its keyset. */
void audit_destroyed(const struct log *log, const char *keyset, const struct key *key,
                     bool is_over);

/* ---- farms ---- */

enum audit_farm { AUDIT_BEGUN, AUDIT_JOINED, AUDIT_REKEYED };

/* This host's farm is now the one of this id. */
void audit_farm(const struct log *log, enum audit_farm what, const char *keyset, const char *farm);

/* A request to join, by its fingerprint and the host that asks. */
struct audit_join {
    const char *fingerprint;
    uint64_t host;
    const char *host_name;
};

/* This host asks; another's request was answered. */
void audit_asked(const struct log *log, const char *keyset, const struct audit_join *join);
void audit_answered(const struct log *log, const char *keyset, const struct audit_join *join);

/* ---- orders and requests ---- */

/* What somebody asks for. */
struct audit_order {
    const struct peer *peer;
    const char *action; /* "rotate", "revoke"; of a refused request, method and path */
    const char *keyset; /* NULL: not known */
    const char *scope;  /* of a revocation: "all", "names", "only"; else NULL */
    size_t keys;        /* with `scope`: how many are named, or there */
};

/* It is about to be carried out. */
void audit_order(const struct log *log, const struct audit_order *order);
void audit_order_failed(const struct log *log, const struct audit_order *order, int status,
                        const char *why);

/* Anybody may have as many requests refused as he likes: AUDIT_REFUSED_MAX a minute are told, and
 * of the others their number. */
#define AUDIT_REFUSED_MAX 8U
#define AUDIT_REFUSED_MS 60000U

struct audit_limit {
    uint64_t began_ms; /* of the minute that is counted */
    size_t told, untold;
};

void audit_refused(const struct log *log, struct audit_limit *limit,
                   const struct audit_order *order, const char *why, uint64_t now_ms);

/* To be called now and then: when the minute is over, tell how many others there were. */
void audit_tick(const struct log *log, struct audit_limit *limit, uint64_t now_ms);

#endif
