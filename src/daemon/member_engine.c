/* see member_inner.h: the engines of a member */
#include <string.h>

#include "daemon/member_inner.h"

static bool
start(struct member *member, struct member_engine *at)
{
    const struct config_share *share = &member->shares.all[at->index];
    struct engine_setup setup = {.loop = member->calls.loop,
                                 .keyset = member->keyset,
                                 .host = member->host,
                                 .options = share->options,
                                 .option_count = share->option_count,
                                 .events = member_hears,
                                 .seal = member_seals};
    struct err err = {""};

    setup.events.arg = at;
    setup.seal.arg = member;
    at->is_well = at->is_told = at->has_listed = at->is_asked = at->is_heard = at->is_read = false;
    at->is_keys_asked = at->is_all_told = false;
    at->told_count = 0;
    at->engine = share->kind->start(&setup, &err);
    if (at->engine != NULL)
        member_list_keys(at);
    else if (strcmp(err.text, at->trouble.text) != 0)
        log_warn(member->log, "keyset %s: engine %s: %s", member->keyset, share->kind->name,
                 err.text);
    at->trouble = err;
    return at->engine != NULL;
}

bool
member_start_engines(struct member *member, struct ring_time now)
{
    bool has_new = false;

    member->due.start = MEMBER_NEVER;
    for (size_t i = 0; i < member->engine_count; i++) {
        struct member_engine *at = &member->engines[i];

        if (at->engine != NULL)
            continue;
        if (start(member, at))
            has_new = true;
        else
            member->due.start = now.boot_ms + MEMBER_RETRY_MS;
    }
    return has_new;
}

void
member_stop_engines(struct member *member)
{
    for (size_t i = 0; i < member->engine_count; i++) {
        struct engine *engine = member->engines[i].engine;

        if (engine != NULL)
            engine->kind->stop(&member->engines[i].engine);
    }
}

/* ---- how they are ---- */

/* FNV-1a */
static uint64_t
hash_of(const char *text)
{
    uint64_t sum = 0xcbf29ce484222325ULL;

    while (*text != '\0')
        sum = (sum ^ (unsigned char)*text++) * 0x100000001b3ULL;
    return sum;
}

/* What does not go may fail in turn in two ways, each few seconds, for days: each is told once, and
 * not many until it is well again. */
static bool
is_news(struct member_engine *at, const char *text)
{
    uint64_t hash = hash_of(text);

    for (size_t i = 0; i < at->told_count; i++)
        if (at->told[i] == hash)
            return false;
    if (at->told_count == MEMBER_TOLD_MAX)
        return false;
    at->told[at->told_count++] = hash;
    return true;
}

void
member_hear_state(void *arg)
{
    struct member_engine *at = arg;
    struct member *member = at->member;
    const char *name = member->shares.all[at->index].kind->name;
    struct engine_state state;

    if (at->engine == NULL)
        return;
    at->engine->kind->state(at->engine, &state);
    if (state.is_well)
        at->told_count = 0;
    else if (is_news(at, state.text))
        log_warn(member->log, "keyset %s: engine %s: %s", member->keyset, name, state.text);
    if (state.is_well && at->is_told && !at->is_well)
        log_info(member->log, "keyset %s: engine %s: %s again", member->keyset, name, state.text);
    if (state.is_well && !at->has_listed)
        member_list_keys(at);
    at->is_well = state.is_well;
    at->is_told = true;
}

size_t
member_folders(const struct member *member, const char *out[MEMBER_FOLDERS_MAX])
{
    size_t count = 0;

    if (member == NULL)
        return 0;
    out[count++] = member->paths.folder;
    for (size_t i = 0; i < member->shares.count; i++) {
        const struct config_share *share = &member->shares.all[i];
        const char *option = share->kind->folder_option;

        if (option != NULL)
            out[count++] = engine_option_get(share->options, share->option_count, option);
    }
    return count;
}

/* False if all is well with it. */
static bool
is_unwell(const struct member *member, const struct member_engine *at, struct err *err)
{
    const char *name = member->shares.all[at->index].kind->name;
    struct engine_state state = {.is_well = false};

    if (at->engine == NULL)
        return !err_set(err, "engine %s: %s", name, at->trouble.text);
    at->engine->kind->state(at->engine, &state);
    return !state.is_well && !err_set(err, "engine %s: %s", name, state.text);
}

void
member_trouble(const struct member *member, struct err *err)
{
    if (member == NULL)
        return;
    const struct err *own[] = {&member->farm_trouble, &member->host_trouble, &member->keys_trouble,
                               &member->status_trouble};

    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (own[i]->text[0] == '\0')
            continue;
        *err = *own[i];
        return;
    }
    if (!member->has_farm || member->is_listing)
        return;
    for (size_t i = 0; i < member->engine_count; i++)
        if (is_unwell(member, &member->engines[i], err))
            return;
}
