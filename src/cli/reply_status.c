/* The answer to GET /v1/status; see reply.h. */
#include <stdlib.h>

#include "cli/need.h"
#include "cli/reply.h"

void
reply_status_free(struct reply_status *reply)
{
    for (size_t i = 0; i < reply->count; i++)
        free(reply->keysets[i].servers);
    free(reply->keysets);
    *reply = (struct reply_status){0};
}

const char *
reply_trouble(const struct reply_keyset *set)
{
    if (set->last_error[0] == '\0' && set->has_farm && !set->is_farm_well)
        return set->farm;
    return set->last_error;
}

static void
read_counters(uint64_t counters[CONTROL_COUNTERS], struct need *outer)
{
    struct need need = *outer;

    need.at = need_object(outer, "counters");
    need.failed = outer->failed;
    for (size_t i = 0; i < CONTROL_COUNTERS; i++)
        counters[i] = need_count(&need, control_counters[i]);
    outer->failed = need.failed;
}

static bool
read_server(struct reply_server *server, const json_t *object, struct err *err)
{
    struct need need = need_of(object, err);

    need_text(&need, server->program, sizeof server->program, "program");
    server->pid = need_count(&need, "pid");
    server->started = need_time(&need, "started");
    read_counters(server->counters, &need);
    return !need.failed;
}

static bool
read_policy(struct reply_keyset *set, const json_t *object, struct err *err)
{
    struct need need = need_of(object, err);

    set->rotate = need_count(&need, "rotate");
    set->lifetime = need_count(&need, "lifetime");
    set->patience = need_count(&need, "patience");
    set->max_session = need_count(&need, "max_session");
    need_text(&need, set->mode, sizeof set->mode, "keys");
    return !need.failed;
}

/* `sealing` and `next`, each null where there is none. */
static bool
read_turns(struct reply_keyset *set, struct need *outer, struct err *err)
{
    const json_t *sealing = need_object_or_null(outer, "sealing");
    const json_t *next = need_object_or_null(outer, "next");
    struct need need;

    if (sealing != NULL) {
        need = need_of(sealing, err);
        need_name(&need, set->sealing.name, "name");
        set->sealing.since = need_time(&need, "since");
        set->sealing.until = need_time(&need, "until");
        outer->failed = outer->failed || need.failed;
    }
    if (next != NULL) {
        need = need_of(next, err);
        need_name(&need, set->next.name, "name");
        set->next.seals_from = need_time(&need, "seals_from");
        outer->failed = outer->failed || need.failed;
    }
    return !outer->failed;
}

static bool
read_states(struct reply_keyset *set, const json_t *object, struct err *err)
{
    struct need need = need_of(object, err);

    for (unsigned i = 0; i < CONTROL_STATES; i++)
        set->keys[i] = need_count(&need, control_state_text((enum control_state)i));
    return !need.failed;
}

static bool
read_servers(struct reply_keyset *set, const json_t *servers, struct err *err)
{
    size_t count = json_array_size(servers);

    set->servers = calloc(count + 1, sizeof *set->servers); /* calloc(0) may be NULL */
    if (set->servers == NULL)
        return err_set(err, "no memory for %zu servers", count);
    set->server_count = count;
    for (size_t i = 0; i < count; i++) {
        if (!read_server(&set->servers[i], json_array_get(servers, i), err))
            return false;
    }
    return true;
}

static bool
read_farm(struct reply_keyset *set, const json_t *farm, struct err *err)
{
    struct need need;

    set->has_farm = farm != NULL;
    if (farm == NULL)
        return true;
    need = need_of(farm, err);
    set->is_farm_well = need_bool(&need, "well");
    need_text(&need, set->farm, sizeof set->farm, "text");
    return !need.failed;
}

static bool
read_keyset(struct reply_keyset *set, const json_t *object, struct err *err)
{
    struct need need = need_of(object, err);
    const json_t *policy = need_object(&need, "policy");
    const json_t *keys = need_object(&need, "keys");
    const json_t *servers = need_array(&need, REPLY_SERVERS_MAX, "servers");
    const json_t *farm = need_object_or_null(&need, "farm");

    need_text(&need, set->name, sizeof set->name, "name");
    need_text(&need, set->ring, sizeof set->ring, "ring");
    set->generation = need_count(&need, "generation");
    set->capacity = need_count(&need, "capacity");
    set->rotations = need_count(&need, "rotations");
    set->revocations = need_count(&need, "revocations");
    need_text(&need, set->last_error, sizeof set->last_error, "last_error");
    read_counters(set->counters, &need);
    return !need.failed && read_turns(set, &need, err) && read_policy(set, policy, err) &&
           read_states(set, keys, err) && read_farm(set, farm, err) &&
           read_servers(set, servers, err);
}

bool
reply_status_read(struct reply_status *reply, const json_t *root, struct err *err)
{
    REPLY_STATUS(fresh);
    struct need need = need_of(root, err);
    const json_t *keysets = need_array(&need, REPLY_KEYSETS_MAX, "keysets");

    need_text(&need, fresh.version, sizeof fresh.version, "version");
    fresh.pid = need_count(&need, "pid");
    fresh.started = need_time(&need, "started");
    fresh.now = need_time(&need, "now");
    need_text_or_null(&need, fresh.config, sizeof fresh.config, "config");
    if (need.failed)
        return false;
    fresh.keysets = calloc(json_array_size(keysets) + 1, sizeof *fresh.keysets);
    if (fresh.keysets == NULL)
        return err_set(err, "no memory for %zu keysets", json_array_size(keysets));
    for (size_t i = 0; i < json_array_size(keysets); i++) {
        fresh.count = i + 1; /* before it is read: it is freed however far that comes */
        if (!read_keyset(&fresh.keysets[i], json_array_get(keysets, i), err))
            return false;
    }
    *reply = fresh;
    fresh = (struct reply_status){0};
    return true;
}
