/* The answer to GET /v1/fleet; see reply.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/need.h"
#include "cli/reply.h"
#include "cli/text.h"

void
reply_fleet_free(struct reply_fleet *reply)
{
    free(reply->hosts);
    free(reply->engines);
    *reply = (struct reply_fleet){0};
}

/* Puts ", " between; cut to fit. */
__attribute__((format(printf, 3, 4))) static void
append(char *out, size_t size, const char *format, ...)
{
    size_t len = strlen(out);
    va_list args;

    if (len > 0 && len + 2 < size)
        len += (size_t)snprintf(out + len, size - len, ", "); /* fits */
    va_start(args, format);
    (void)vsnprintf(out + len, size - len, format, args); /* cut, on purpose */
    va_end(args);
}

/* What was refused, by its cause; what is known already is everyday. */
static void
read_records(struct reply_fleet *fleet, struct need *outer, json_t *records)
{
    struct need need = *outer;
    const char *verdict;
    json_t *value;
    char word[32];

    need.at = records;
    json_object_foreach(records, verdict, value)
    {
        uint64_t count = need_count(&need, verdict);

        if (count == 0 || strcmp(verdict, "opened") == 0 || strcmp(verdict, "known") == 0)
            continue;
        append(fleet->refusals, sizeof fleet->refusals, "%llu %s", (unsigned long long)count,
               text_clean(word, sizeof word, verdict));
    }
    outer->failed = need.failed;
}

static bool
read_engine(struct reply_engine *engine, const json_t *object, struct err *err)
{
    struct need need = need_of(object, err);

    need_text(&need, engine->name, sizeof engine->name, "name");
    engine->is_well = need_bool(&need, "well");
    engine->for_s = need_count(&need, "for");
    need_text(&need, engine->text, sizeof engine->text, "text");
    return !need.failed;
}

static bool
read_farm(struct reply_fleet *fleet, const json_t *object, struct err *err)
{
    struct need need = need_of(object, err);
    const json_t *engines = need_array(&need, REPLY_ENGINES_MAX, "engines");
    size_t count;

    fleet->known = need_count(&need, "hosts");
    fleet->is_well = need_bool(&need, "well");
    need_text(&need, fleet->text, sizeof fleet->text, "text");
    fleet->differing = need_count(&need, "differing");
    fleet->pending = need_count(&need, "pending");
    fleet->boot_ms = need_count(&need, "boot_ms");
    fleet->looked_ms = need_count_or_null(&need, &fleet->has_looked, "looked_boot_ms");
    (void)need_object(&need, "records"); /* `need` remembers */
    if (!need.failed)
        read_records(fleet, &need, json_object_get(object, "records"));
    if (need.failed)
        return false;
    count = json_array_size(engines);
    fleet->engines = calloc(count + 1, sizeof *fleet->engines); /* calloc(0) may be NULL */
    if (fleet->engines == NULL)
        return err_set(err, "no memory for %zu engines", count);
    for (; fleet->engine_count < count; fleet->engine_count++) {
        if (!read_engine(&fleet->engines[fleet->engine_count],
                         json_array_get(engines, fleet->engine_count), err))
            return false;
    }
    return true;
}

/* The first name of an array, if there is one. */
static void
read_first(struct need *need, char out[REPLY_NAME], const char *member)
{
    const json_t *names = need_array(need, REPLY_KEYS_MAX, member);

    if (json_array_size(names) > 0 && !need_is_name(out, json_array_get(names, 0)))
        need_fail(need, member, "names of keys");
}

static void
read_engines(struct need *need, struct reply_host *host)
{
    const json_t *engines = need_array(need, REPLY_ENGINES_MAX, "engines");
    char name[32];

    for (size_t i = 0; i < json_array_size(engines); i++) {
        const char *text = json_string_value(json_array_get(engines, i));

        if (text == NULL)
            need_fail(need, "engines", "names");
        else
            append(host->engines, sizeof host->engines, "%s", text_clean(name, sizeof name, text));
    }
}

static bool
read_host(struct reply_host *host, const json_t *object, struct err *err)
{
    struct need need = need_of(object, err);
    char state[16];

    need_text(&need, host->id, sizeof host->id, "id");
    need_text(&need, host->name, sizeof host->name, "name");
    need_text(&need, host->version, sizeof host->version, "version");
    need_text(&need, state, sizeof state, "state");
    if (!need.failed && !control_host_parse(&host->state, state))
        need_fail(&need, "state", "live, late or silent");
    host->is_self = need_bool(&need, "self");
    host->agrees = need_bool(&need, "agrees");
    host->is_pending = need_bool(&need, "pending");
    host->is_clock_odd = need_bool(&need, "clock_odd");
    host->heard_ms = need_count(&need, "heard_ms");
    host->keys = need_count(&need, "keys");
    host->missing = need_count(&need, "missing");
    host->extra = need_count(&need, "extra");
    host->clock_ms = need_difference(&need, "clock_ms");
    host->has_clock = !json_is_null(json_object_get(object, "clock_ms"));
    host->holds = need_bool_or_null(&need, "holds"); /* null: nobody asked */
    read_first(&need, host->missing_name, "missing_names");
    read_first(&need, host->extra_name, "extra_names");
    read_engines(&need, host);
    return !need.failed;
}

static bool
read_hosts(struct reply_fleet *fleet, const json_t *hosts, struct err *err)
{
    size_t count = json_array_size(hosts);

    fleet->hosts = calloc(count + 1, sizeof *fleet->hosts);
    if (fleet->hosts == NULL)
        return err_set(err, "no memory for %zu hosts", count);
    for (; fleet->count < count; fleet->count++) {
        if (!read_host(&fleet->hosts[fleet->count], json_array_get(hosts, fleet->count), err))
            return false;
    }
    return true;
}

bool
reply_fleet_read(struct reply_fleet *reply, const json_t *root, struct err *err)
{
    REPLY_FLEET(fresh);
    struct need need = need_of(root, err);
    const json_t *farm = need_object_or_null(&need, "farm");
    const json_t *hosts = need_array(&need, REPLY_HOSTS_MAX, "hosts");

    need_text(&need, fresh.keyset, sizeof fresh.keyset, "keyset");
    fresh.now = need_time(&need, "now");
    fresh.has_farm = farm != NULL;
    if (need.failed || (farm != NULL && !read_farm(&fresh, farm, err)) ||
        !read_hosts(&fresh, hosts, err))
        return false;
    *reply = fresh;
    fresh = (struct reply_fleet){0};
    return true;
}
