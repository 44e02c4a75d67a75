/* see audit.h */
#include "daemon/audit.h"

#include <stdio.h>

#include "base/hex.h"
#include "io/moment.h"

#define HOST_LEN 17 /* 16 hex digits, and a NUL */
#define EVENT(var, text) struct log_event var = {.name = (text)}

/* ---- the daemon ---- */

static const char *
plural(size_t keysets)
{
    return keysets == 1 ? "keyset" : "keysets";
}

void
audit_start(const struct log *log, const char *run_dir, size_t keysets)
{
    EVENT(event, "start");

    log_field_text(&event, "version", STEK_VERSION);
    log_field_text(&event, "rundir", run_dir);
    log_field_number(&event, "keysets", keysets);
    log_event(log, false, &event, "version " STEK_VERSION " ready in %s: %zu %s", run_dir, keysets,
              plural(keysets));
}

void
audit_stop(const struct log *log, const char *run_dir)
{
    EVENT(event, "stop");

    log_field_text(&event, "rundir", run_dir);
    log_event(log, false, &event, "stopped; rings and keys stay in %s", run_dir);
}

void
audit_reload(const struct log *log, const char *config_path, size_t keysets)
{
    EVENT(event, "reload");

    log_field_text(&event, "config", config_path);
    log_field_number(&event, "keysets", keysets);
    log_event(log, false, &event, "reloaded %s: %zu %s", config_path, keysets, plural(keysets));
}

void
audit_reload_refused(const struct log *log, const char *config_path, const char *why)
{
    EVENT(event, "reload-refused");

    log_field_text(&event, "config", config_path);
    log_field_text(&event, "reason", why);
    log_event(log, true, &event, "reload: all stays as it was: %s", why);
}

/* ---- keysets ---- */

void
audit_adopted(const struct log *log, const char *keyset, const char *ring_path, size_t keys)
{
    EVENT(event, "keyset-adopted");

    log_field_text(&event, "keyset", keyset);
    log_field_text(&event, "ring", ring_path);
    log_field_number(&event, "keys", keys);
    log_event(log, false, &event, "keyset %s: %zu keys taken over from %s", keyset, keys,
              ring_path);
}

void
audit_changed(const struct log *log, const char *keyset, const struct policy *policy)
{
    EVENT(event, "keyset-changed");

    log_field_text(&event, "keyset", keyset);
    log_field_number(&event, "rotate", policy->rotate_s);
    log_field_number(&event, "lifetime", policy->lifetime_s);
    log_field_number(&event, "patience", policy->patience_s);
    log_field_number(&event, "max_session", policy->max_session_s);
    log_event(log, false, &event,
              "keyset %s: keys made from now on seal for %llu s and open for %llu s after it",
              keyset, (unsigned long long)policy->rotate_s, (unsigned long long)policy->lifetime_s);
}

void
audit_removed(const struct log *log, const char *keyset, const char *ring_path)
{
    EVENT(event, "keyset-removed");

    log_field_text(&event, "keyset", keyset);
    log_field_text(&event, "ring", ring_path);
    log_event(log, false, &event, "keyset %s: keys destroyed, ring removed", keyset);
}

/* ---- keys ---- */

/* Begin an event about a key; its name is in the field behind the keyset. */
static const char *
name_key(struct log_event *event, const char *keyset, const struct key *key)
{
    char name[HEX_LEN(KEY_NAME_LEN)];

    log_field_text(event, "keyset", keyset);
    log_field_text(event, "key", hex_encode(name, key->name, KEY_NAME_LEN));
    return event->fields[event->count - 1].value;
}

void
audit_made(const struct log *log, const char *keyset, const struct key *key)
{
    EVENT(event, "key-made");
    const char *name = name_key(&event, keyset, key);
    bool is_emergency = (key->flags & KEY_EMERGENCY) != 0;
    char from[MOMENT_LEN], until[MOMENT_LEN];

    log_field_number(&event, "seals_from", key->seal_from);
    log_field_number(&event, "seals_until", key->seal_until);
    log_field_number(&event, "opens_until", key->open_until);
    log_field_text(&event, "emergency", is_emergency ? "yes" : "no");
    log_event(log, false, &event, "keyset %s: key %s made%s, seals from %s, opens until %s", keyset,
              name, is_emergency ? " since none could seal" : "", moment_text(from, key->seal_from),
              moment_text(until, key->open_until));
}

void
audit_learnt(const struct log *log, const char *keyset, const struct key *key)
{
    EVENT(event, "key-learnt");
    const char *name = name_key(&event, keyset, key);
    char from[MOMENT_LEN], until[MOMENT_LEN], maker[20];

    (void)snprintf(maker, sizeof maker, "%016llx", (unsigned long long)key->maker); /* fits */
    log_field_text(&event, "maker", maker);
    log_field_number(&event, "seals_from", key->seal_from);
    log_field_number(&event, "seals_until", key->seal_until);
    log_field_number(&event, "opens_until", key->open_until);
    log_event(log, false, &event,
              "keyset %s: key %s learnt of host %s, seals from %s, opens until %s", keyset, name,
              maker, moment_text(from, key->seal_from), moment_text(until, key->open_until));
}

void
audit_seals(const struct log *log, const char *keyset, const struct key *key, bool is_first)
{
    EVENT(event, "key-seals");
    const char *name = name_key(&event, keyset, key);

    log_event(log, false, &event, "keyset %s: key %s %s", keyset, name,
              is_first ? "seals" : "takes over sealing");
}

void
audit_revoked(const struct log *log, const char *keyset, const struct key *key)
{
    EVENT(event, "key-revoked");
    const char *name = name_key(&event, keyset, key);

    log_event(log, false, &event, "keyset %s: key %s revoked, its secret destroyed", keyset, name);
}

void
audit_destroyed(const struct log *log, const char *keyset, const struct key *key, bool is_over)
{
    EVENT(event, "key-destroyed");
    const char *name = name_key(&event, keyset, key);

    log_field_text(&event, "reason", is_over ? "over" : "keyset-removed");
    log_event(log, false, &event, "keyset %s: key %s destroyed: %s", keyset, name,
              is_over ? "its time is over" : "its keyset is removed");
}

/* ---- farms ---- */

void
audit_farm(const struct log *log, enum audit_farm what, const char *keyset, const char *farm)
{
    static const struct {
        const char *event, *text;
    } texts[] = {
        [AUDIT_BEGUN] = {"farm-begun", "this host begins farm"},
        [AUDIT_JOINED] = {"farm-joined", "this host joins farm"},
        [AUDIT_REKEYED] = {"farm-rekeyed", "the farm has a fresh secret, and is now farm"},
    };
    EVENT(event, texts[what].event);

    log_field_text(&event, "keyset", keyset);
    log_field_text(&event, "farm", farm);
    log_event(log, false, &event, "keyset %s: %s %s", keyset, texts[what].text, farm);
}

static void
tell_join(const struct log *log, const char *name, const char *text, const char *keyset,
          const struct audit_join *join)
{
    EVENT(event, name);
    char host[HOST_LEN];

    (void)snprintf(host, sizeof host, "%016llx", (unsigned long long)join->host); /* fits */
    log_field_text(&event, "keyset", keyset);
    log_field_text(&event, "fingerprint", join->fingerprint);
    log_field_text(&event, "host", host);
    log_field_text(&event, "host_name", join->host_name);
    log_event(log, false, &event, "keyset %s: %s, fingerprint %s, of host %s, %s", keyset, text,
              join->fingerprint, host, join->host_name);
}

void
audit_asked(const struct log *log, const char *keyset, const struct audit_join *join)
{
    tell_join(log, "farm-asked", "request to join a farm made", keyset, join);
}

void
audit_answered(const struct log *log, const char *keyset, const struct audit_join *join)
{
    tell_join(log, "farm-answered", "request to join the farm answered", keyset, join);
}

/* ---- orders and requests ---- */

static unsigned long
describe(struct log_event *event, const struct audit_order *order)
{
    log_field_text(event, "action", order->action);
    if (order->keyset != NULL)
        log_field_text(event, "keyset", order->keyset);
    if (order->scope != NULL) {
        log_field_text(event, "scope", order->scope);
        log_field_number(event, "keys", order->keys);
    }
    if (!order->peer->is_known)
        return (unsigned long)-1;
    log_field_number(event, "peer_uid", order->peer->uid);
    log_field_number(event, "peer_pid", (unsigned long long)order->peer->pid);
    return order->peer->uid;
}

void
audit_order(const struct log *log, const struct audit_order *order)
{
    EVENT(event, "order");
    unsigned long uid = describe(&event, order);

    if (order->scope == NULL)
        log_event(log, false, &event, "keyset %s: uid %lu orders: %s", order->keyset, uid,
                  order->action);
    else
        log_event(log, false, &event, "keyset %s: uid %lu orders: %s %s, %zu keys", order->keyset,
                  uid, order->action, order->scope, order->keys);
}

void
audit_order_failed(const struct log *log, const struct audit_order *order, int status,
                   const char *why)
{
    EVENT(event, "order-failed");
    unsigned long uid = describe(&event, order);

    log_field_number(&event, "status", (unsigned long long)status);
    log_field_text(&event, "reason", why);
    log_event(log, true, &event, "uid %lu ordered: %s: not done: %s", uid, order->action, why);
}

void
audit_refused(const struct log *log, struct audit_limit *limit, const struct audit_order *order,
              const char *why, uint64_t now_ms)
{
    EVENT(event, "refused");
    unsigned long uid;

    audit_tick(log, limit, now_ms);
    if (limit->told == 0)
        limit->began_ms = now_ms;
    if (limit->told == AUDIT_REFUSED_MAX) {
        limit->untold++;
        return;
    }
    limit->told++;
    uid = describe(&event, order);
    log_field_text(&event, "reason", why);
    if (order->peer->is_known)
        log_event(log, true, &event, "refused %s of uid %lu: %s", order->action, uid, why);
    else
        log_event(log, true, &event, "refused %s of nobody knows whom: %s", order->action, why);
}

void
audit_tick(const struct log *log, struct audit_limit *limit, uint64_t now_ms)
{
    EVENT(event, "refused-more");

    if (limit->told == 0 || now_ms - limit->began_ms < AUDIT_REFUSED_MS)
        return;
    if (limit->untold > 0) {
        log_field_number(&event, "count", limit->untold);
        log_event(log, true, &event, "%zu more requests were refused in the minute before",
                  limit->untold);
    }
    *limit = (struct audit_limit){0};
}
