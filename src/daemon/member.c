/* see member.h: the life of a member, its engines, its timer */
#include "daemon/member.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "daemon/member_inner.h"
#include "daemon/service.h"
#include "io/entropy.h"
#include "keys/items.h"

#define RETRY_MS 5000U
#define HOUR_MS ((uint64_t)3600 * 1000)

uint64_t
member_random(uint64_t limit)
{
    uint64_t number = 0;

    if (limit == 0 || !entropy_get(&number, sizeof number, NULL))
        return 0;
    return number % limit; /* evenly enough to spread what many hosts do */
}

bool
member_is_listing(const struct member *member)
{
    return member != NULL && member->is_listing;
}

bool
member_is_alone(const struct member *member)
{
    return member == NULL || !member->has_farm;
}

/* ---- the farm's secret ---- */

static void
note_farm(struct member *member, const struct err *trouble)
{
    if (trouble->text[0] != '\0' && strcmp(trouble->text, member->farm_trouble.text) != 0)
        log_warn(member->log, "keyset %s: %s", member->keyset, trouble->text);
    member->farm_trouble = *trouble;
}

/* Each day, and at the start: move it forward, and save what moved. */
static void
advance_farm(struct member *member, struct ring_time now)
{
    uint64_t keep_days = farm_keep_days(&member->service->config.policy);
    struct err trouble = {""};
    bool changed = false;

    member->due.day = now.boot_ms + HOUR_MS;
    if (!member->has_farm)
        return;
    if (!farm_advance(&member->farm, &changed, keep_days, now.unix_ms, &trouble) ||
        (changed && !farm_file_save(&member->paths, &member->farm, &trouble)))
        member->due.day = now.boot_ms + RETRY_MS;
    note_farm(member, &trouble);
}

static bool
load_farm(struct member *member, struct farm *farm, bool *is_there, struct err *err)
{
    struct err warning = {""};
    enum farm_file found = farm_file_load(farm, &warning, &member->paths, err);

    if (warning.text[0] != '\0')
        log_warn(member->log, "keyset %s: %s", member->keyset, warning.text);
    *is_there = found == FARM_FILE_LOADED;
    return found != FARM_FILE_BAD;
}

/* ---- engines ---- */

static void
start_engine(struct member *member, struct member_engine *at)
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
    at->is_well = false;
    at->is_told = false;
    at->has_listed = false;
    at->is_heard = false;
    at->is_read = false;
    at->is_asked = false;
    at->engine = share->kind->start(&setup, &err);
    if (at->engine == NULL)
        log_warn(member->log, "keyset %s: engine %s: %s", member->keyset, share->kind->name,
                 err.text);
    else
        share->kind->list(at->engine, RECORD_KEYS);
}

static void
stop_engines(struct member *member)
{
    for (size_t i = 0; i < member->engine_count; i++) {
        struct engine *engine = member->engines[i].engine;

        if (engine != NULL)
            engine->kind->stop(&member->engines[i].engine);
    }
}

/* ---- begin and end ---- */

static void
on_timer(void *arg)
{
    struct member *member = arg;
    struct ring_time now = member->calls.now(member->calls.arg);

    member_take_letters(member, now);
    member_begin_to_say(member, now);
    if (member->is_listing && member->due.listing <= now.boot_ms) {
        member->is_listing = false;
        member->due.listing = MEMBER_NEVER;
        member->calls.changed(member->calls.arg, member->service);
        member_plan_keys(member, now);
        member_plan_look(member, now);
    }
    if (member->due.day <= now.boot_ms)
        advance_farm(member, now);
    if (member->due.keys <= now.boot_ms)
        member_say_keys_if_needed(member, now);
    if (member->due.status <= now.boot_ms)
        member_say_status(member, now);
    if (member->look.is_on && now.boot_ms - member->look.begun_ms >= MEMBER_LISTING_MS)
        member_end_look(member, now);
    if (member->due.look <= now.boot_ms)
        member_begin_look(member, now);
    if (member->due.again <= now.boot_ms)
        member_list_again(member);
    member_arm(member, now);
}

static uint64_t
earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void
member_arm(struct member *member, struct ring_time now)
{
    const struct member_due *due = &member->due;
    uint64_t next = earlier(earlier(due->listing, due->keys), earlier(due->status, due->look));

    next = earlier(next, earlier(due->again, due->day));
    if (member->look.is_on)
        next = earlier(next, member->look.begun_ms + MEMBER_LISTING_MS);
    for (size_t i = 0; i < member->engine_count; i++)
        if (member->engines[i].is_heard && !member->engines[i].is_read)
            next = now.boot_ms;
    if (member->letter_count > 0)
        next = now.boot_ms;
    if (next != MEMBER_NEVER &&
        !loop_timer_set(member->timer, next > now.boot_ms ? next - now.boot_ms : 0))
        log_warn(member->log, "keyset %s: the farm's timer cannot be set: no memory",
                 member->keyset);
}

/* Who was heard, and what is due, in another farm is nothing to this one. */
static void
forget(struct member *member)
{
    member_drop_letters(member);
    inbox_free(&member->inbox);
    inbox_init(&member->inbox, &member->farm, member->keyset, member->host);
    member->end = (struct datagram_end){.farm = &member->farm, .host = member->host};
    memcpy(member->end.keyset, member->keyset, sizeof member->end.keyset);
    fleet_free(&member->fleet);
    fleet_init(&member->fleet, member->host);
    items_free(member->carriers, member->carrier_cap, sizeof *member->carriers);
    member->carriers = NULL;
    member->carrier_count = member->carrier_cap = 0;
    member->look = (struct member_look){.is_on = false};
    member->due = (struct member_due){.listing = MEMBER_NEVER,
                                      .keys = MEMBER_NEVER,
                                      .status = MEMBER_NEVER,
                                      .look = MEMBER_NEVER,
                                      .again = MEMBER_NEVER,
                                      .day = MEMBER_NEVER};
    member->said_ms = 0;
    member->is_listing = false;
}

static void
begin(struct member *member, struct ring_time now)
{
    struct err none = {""};

    forget(member);
    if (!member->has_farm) {
        (void)err_set(&none,
                      "there is no farm secret in %s: stekctl farm init makes one on the first "
                      "host, stekctl farm join gets it on the others",
                      member->paths.farm); /* always false */
        note_farm(member, &none);
        return;
    }
    note_farm(member, &none);
    advance_farm(member, now);
    member->is_listing = true;
    member->due.listing = now.boot_ms + MEMBER_LISTING_MS;
    for (size_t i = 0; i < member->engine_count; i++)
        start_engine(member, &member->engines[i]);
    member->due.status = now.boot_ms + 1;
    member->due.look = now.boot_ms + 1;
    member_arm(member, now);
}

static bool
open_files(struct member *member, const struct config_keyset *config, struct err *err)
{
    struct err warning = {""};

    if (!config_shares_copy(&member->shares, &config->shares))
        return err_set(err, "no memory");
    (void)snprintf(member->keyset, sizeof member->keyset, "%s", config->name);           /* fits */
    (void)snprintf(member->farm_option, sizeof member->farm_option, "%s", config->farm); /* fits */
    if (!farm_paths_set(&member->paths, config->name, config->farm, err) ||
        !farm_file_host(&member->host, &warning, &member->paths, err) ||
        !load_farm(member, &member->farm, &member->has_farm, err))
        return false;
    if (warning.text[0] != '\0')
        log_warn(member->log, "keyset %s: %s", config->name, warning.text);
    member->timer = loop_timer_new(member->calls.loop, on_timer, member, err);
    return member->timer != NULL;
}

struct member *
member_open(const struct config_keyset *config, const struct member_calls *calls,
            const struct log *log, struct err *err)
{
    struct member *member = calloc(1, sizeof *member);

    if (member == NULL) {
        (void)err_set(err, "no memory"); /* always false */
        return NULL;
    }
    member->calls = *calls;
    member->log = log;
    member->engine_count = config->shares.count;
    for (size_t i = 0; i < member->engine_count; i++)
        member->engines[i] = (struct member_engine){.member = member, .index = i};
    if (!open_files(member, config, err))
        member_close(&member);
    return member;
}

void
member_start(struct member *member, struct service *service, struct ring_time now)
{
    member->service = service;
    begin(member, now);
}

void
member_close(struct member **member)
{
    struct member *old = *member;

    if (old == NULL)
        return;
    stop_engines(old);
    forget(old);
    inbox_free(&old->inbox);
    fleet_free(&old->fleet);
    loop_timer_free(&old->timer);
    farm_wipe(&old->farm);
    config_shares_free(&old->shares);
    free(old);
    *member = NULL;
}

bool
member_reload(struct member *member, struct ring_time now, struct err *err)
{
    bool is_there, is_other;
    FARM(farm);

    if (!load_farm(member, &farm, &is_there, err))
        return false;
    is_other = is_there != member->has_farm ||
               (is_there && memcmp(farm.id, member->farm.id, sizeof farm.id) != 0);
    if (!is_other)
        return true;
    stop_engines(member);
    farm_wipe(&member->farm);
    member->farm = farm;
    member->has_farm = is_there;
    begin(member, now);
    member->calls.changed(member->calls.arg, member->service);
    return true;
}

/* ---- for the service ---- */

void
member_tell(struct member *member, bool has_news, struct ring_time now)
{
    if (member == NULL || !member->has_farm)
        return;
    if (has_news) {
        member->look.wait_ms = 0;
        member_say_keys(member, now);
    } else {
        member_plan_keys(member, now);
    }
    member_plan_status(member, now);
    member_plan_look(member, now);
    member_arm(member, now);
}

void
member_refresh(struct member *member, uint64_t max_age_ms, struct ring_time now)
{
    if (member == NULL || !member->has_farm || member->look.is_on ||
        now.boot_ms - member->look.begun_ms < max_age_ms)
        return;
    member->due.look = now.boot_ms;
    member_arm(member, now);
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

void
member_trouble(const struct member *member, struct err *err)
{
    if (member == NULL)
        return;
    const struct err *own[] = {&member->farm_trouble, &member->host_trouble, &member->say_trouble};

    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (own[i]->text[0] == '\0')
            continue;
        *err = *own[i];
        return;
    }
    for (size_t i = 0; i < member->engine_count; i++) {
        const struct engine *engine = member->engines[i].engine;
        const char *name = member->shares.all[i].kind->name;
        struct engine_state state = {.is_well = false, .text = "no memory to start it"};

        if (engine != NULL)
            engine->kind->state(engine, &state);
        if (state.is_well || member->is_listing)
            continue;
        (void)err_set(err, "engine %s: %s", name, state.text); /* always false */
        return;
    }
}
