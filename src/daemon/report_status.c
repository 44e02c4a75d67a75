/* see report.h: the answer to GET /v1/status */
#include "daemon/report_inner.h"
#include "io/process.h"

static json_t *
report_policy(const struct policy *policy)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:s}", "rotate", (json_int_t)policy->rotate_s,
                     "lifetime", (json_int_t)policy->lifetime_s, "patience",
                     (json_int_t)policy->patience_s, "max_session",
                     (json_int_t)policy->max_session_s, "keys", policy->each ? "each" : "one");
}

/* The key whose turn to seal comes first; NULL if none is there yet. */
static const struct key *
find_next(const struct service *service, uint64_t now_s)
{
    const struct policy *policy = &service->config.policy;
    const struct key *next = NULL;

    for (size_t i = 0; i < service->set.key_count; i++) {
        const struct key *key = &service->set.keys[i];

        if (keyset_counts(key, policy, service->maker) && keyset_seals_from(key, policy) > now_s &&
            (next == NULL || keyset_seals_from(key, policy) < keyset_seals_from(next, policy)))
            next = key;
    }
    return next;
}

static json_t *
report_sealing(const struct service *service, const struct key *sealing, const struct key *next)
{
    const struct policy *policy = &service->config.policy;
    uint64_t until;

    if (sealing == NULL)
        return json_null();
    until = sealing->seal_until;
    if (next != NULL && keyset_seals_from(next, policy) < until)
        until = keyset_seals_from(next, policy);
    return json_pack("{s:o, s:I, s:I}", "name", report_name(sealing->name), "since",
                     (json_int_t)keyset_seals_from(sealing, policy), "until", (json_int_t)until);
}

static json_t *
report_next(const struct service *service, const struct key *next)
{
    if (next == NULL)
        return json_null();
    return json_pack("{s:o, s:I}", "name", report_name(next->name), "seals_from",
                     (json_int_t)keyset_seals_from(next, &service->config.policy));
}

static json_t *
report_states(const struct service *service, const struct key *sealing, uint64_t now_s)
{
    json_int_t counts[CONTROL_STATES] = {0};
    json_t *states = json_object();

    for (size_t i = 0; i < service->set.key_count; i++)
        counts[report_state(service, &service->set.keys[i], sealing, now_s)]++;
    for (unsigned i = 0; i < CONTROL_STATES; i++) {
        if (json_object_set_new(states, control_state_text((enum control_state)i),
                                json_integer(counts[i])) != 0) {
            json_decref(states);
            return NULL;
        }
    }
    return states;
}

static json_t *
report_counters(const uint64_t events[CONTROL_COUNTERS])
{
    json_t *counters = json_object();

    for (size_t i = 0; i < CONTROL_COUNTERS; i++) {
        if (json_object_set_new(counters, control_counters[i], report_count(events[i])) != 0) {
            json_decref(counters);
            return NULL;
        }
    }
    return counters;
}

static json_t *
report_server(const struct counts_server *server, struct ring_time now)
{
    uint64_t boot_s = now.boot_ms / 1000;
    uint64_t age_s = server->started_at < boot_s ? boot_s - server->started_at : 0;

    return json_pack("{s:o, s:o, s:I, s:o}", "program", report_text(server->program), "pid",
                     report_count(server->pid), "started", (json_int_t)(now.unix_ms / 1000 - age_s),
                     "counters", report_counters(server->events));
}

static json_t *
report_servers(const struct counts_view *view, struct ring_time now)
{
    json_t *servers = json_array();

    for (size_t i = 0; i < view->server_count; i++) {
        if (json_array_append_new(servers, report_server(&view->servers[i], now)) != 0) {
            json_decref(servers);
            return NULL;
        }
    }
    return servers;
}

static json_t *
report_keyset(const struct stekd *stekd, struct service *service, const struct counts_view *view,
              struct ring_time now)
{
    uint64_t now_s = now.unix_ms / 1000;
    const struct key *sealing =
        keyset_sealing(&service->set, &service->config.policy, service->maker, now_s);
    const struct key *next = find_next(service, now_s);
    struct err trouble = service->last_error;

    if (trouble.text[0] == '\0')
        stekd_clock_trouble(stekd, &trouble);
    return json_pack(
        "{s:s, s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:I, s:o, s:o}", "name",
        service->config.name, "ring", report_text(service->ring_path), "generation",
        (json_int_t)service_generation(service), "capacity", (json_int_t)service_capacity(service),
        "policy", report_policy(&service->config.policy), "sealing",
        report_sealing(service, sealing, next), "next", report_next(service, next), "keys",
        report_states(service, sealing, now_s), "rotations", (json_int_t)service->rotations,
        "revocations", (json_int_t)service->revocations, "counters",
        report_counters(view->sum.events), "servers", report_servers(view, now), "errors",
        (json_int_t)service->errors, "last_error", report_text(trouble.text), "farm",
        report_service_farm(service, now));
}

json_t *
report_status(struct stekd *stekd, struct ring_time now)
{
    json_t *keysets = json_array();

    for (size_t i = 0; i < stekd->count; i++) {
        struct service *service = stekd->services[i];
        struct counts_view view = {0};
        json_t *keyset;

        (void)counts_gather(&service->counts, &view, service->count_path, &service->set,
                            now.boot_ms / 1000, NULL); /* the last sums then; a tick tells why */
        keyset = report_keyset(stekd, service, &view, now);
        counts_view_free(&view);
        if (json_array_append_new(keysets, keyset) != 0) {
            json_decref(keysets);
            return NULL;
        }
    }
    return json_pack(
        "{s:s, s:I, s:I, s:I, s:o, s:o}", "version", STEK_VERSION, "pid", (json_int_t)process_pid(),
        "started", (json_int_t)stekd->started_s, "now", (json_int_t)(now.unix_ms / 1000), "config",
        stekd->is_built_in ? json_null() : report_text(stekd->config_path), "keysets", keysets);
}
