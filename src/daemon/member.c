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

/* ---- begin and end ---- */

/* We have heard the others, or nobody answers. */
static void
end_listing(struct member *member, struct ring_time now)
{
    member->is_listing = false;
    member->due.listing = MEMBER_NEVER;
    member->calls.changed(member->calls.arg, member->service);
    member_plan_keys(member, now);
    member_plan_look(member, now);
}

static void
on_timer(void *arg)
{
    struct member *member = arg;
    struct ring_time now = member->calls.now(member->calls.arg);

    member_take_letters(member, now);
    member_take_lists(member, now);
    member_begin_to_say(member, now);
    if (member->is_listing && member->due.listing <= now.boot_ms)
        end_listing(member, now);
    if (member->due.start <= now.boot_ms && member_start_engines(member, now))
        member->due.status = now.boot_ms; /* keys follow when it is heard */
    if (member->due.day <= now.boot_ms || member->farm.peer_day > member->peer_day)
        member_advance_farm(member, now);
    if (member->due.join <= now.boot_ms)
        member_look_at_join(member, now);
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

    next = earlier(next, earlier(due->again, earlier(due->day, earlier(due->start, due->join))));
    if (member->look.is_on)
        next = earlier(next, member->look.begun_ms + MEMBER_LISTING_MS);
    for (size_t i = 0; i < member->engine_count; i++)
        if (member->engines[i].is_all_told ||
            (member->engines[i].is_heard && !member->engines[i].is_read))
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
    member_forget_carriers(member);
    member->look = (struct member_look){.is_on = false};
    member->due = (struct member_due){.listing = MEMBER_NEVER,
                                      .keys = MEMBER_NEVER,
                                      .status = MEMBER_NEVER,
                                      .look = MEMBER_NEVER,
                                      .again = MEMBER_NEVER,
                                      .day = MEMBER_NEVER,
                                      .start = MEMBER_NEVER,
                                      .join = MEMBER_NEVER};
    member->said_ms = member->foreign_boot_ms = 0;
    member->is_unsaid = member->is_listing = member->is_farm_unsaved = false;
    member->host_trouble = member->left_out = (struct err){""};
    member->keys_trouble = member->status_trouble = (struct err){""};
}

/* There is no secret, and no bad file either. */
static void
miss(struct member *member)
{
    struct err before = member->farm_trouble;

    (void)err_set(&member->farm_trouble, /* always false */
                  "there is no farm secret in %s: stekctl farm init makes one on the first "
                  "host, stekctl farm join gets it on the others",
                  member->paths.farm);
    if (strcmp(before.text, member->farm_trouble.text) != 0)
        log_warn(member->log, "keyset %s: %s", member->keyset, member->farm_trouble.text);
}

static void
begin(struct member *member, struct ring_time now)
{
    forget(member);
    member_look_at_join(member, now);
    if (!member->has_farm) {
        if (member->farm_trouble.text[0] == '\0')
            miss(member);
        else
            log_warn(member->log, "keyset %s: %s", member->keyset, member->farm_trouble.text);
        member_arm(member, now);
        return;
    }
    member->farm_trouble.text[0] = '\0';
    member_advance_farm(member, now);
    member->is_listing = true;
    member->due.listing = now.boot_ms + MEMBER_LISTING_MS;
    (void)member_start_engines(member, now); /* without any it is alone, and tries again */
    member->due.status = now.boot_ms + 1;
    member->due.look = now.boot_ms + 1;
    member->look.is_asked = true;
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
        !farm_file_host(&member->host, &warning, &member->paths, err))
        return false;
    if (warning.text[0] != '\0')
        log_warn(member->log, "keyset %s: %s", member->keyset, warning.text);
    revoked_file_open(&member->revoked, &warning, &member->paths);
    if (warning.text[0] != '\0')
        log_warn(member->log, "keyset %s: %s", member->keyset, warning.text);
    (void)member_load_farm(member, &member->farm, &member->has_farm,
                           &member->farm_trouble); /* is told */
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
    member_stop_engines(old);
    forget(old);
    inbox_free(&old->inbox);
    fleet_free(&old->fleet);
    loop_timer_free(&old->timer);
    farm_wipe(&old->farm);
    revoked_file_close(&old->revoked);
    config_shares_free(&old->shares);
    free(old);
    *member = NULL;
}

bool
member_reload(struct member *member, struct ring_time now, struct err *err)
{
    bool is_there, is_other;
    FARM(farm);

    if (!member_load_farm(member, &farm, &is_there, err))
        return false;
    is_other = is_there != member->has_farm ||
               (is_there && memcmp(farm.id, member->farm.id, sizeof farm.id) != 0);
    if (!is_there && !is_other)
        miss(member); /* where there was a bad one */
    if (!is_other)
        return true;
    member_stop_engines(member);
    farm_wipe(&member->farm);
    member->farm = farm;
    member->has_farm = is_there;
    member->is_farm_unsaved = false;
    member->farm_trouble.text[0] = '\0';
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
member_clock_set(struct member *member, struct ring_time now)
{
    if (member == NULL || !member->has_farm)
        return;
    fleet_forget_clocks(&member->fleet);
    inbox_let_again(&member->inbox);
    member->due.again = member->due.day = now.boot_ms;
    member_arm(member, now);
}

void
member_refresh(struct member *member, uint64_t max_age_ms, struct ring_time now)
{
    if (member == NULL || !member->has_farm || member->look.is_on ||
        now.boot_ms - member->look.begun_ms < max_age_ms)
        return;
    member->due.look = now.boot_ms;
    member->look.is_asked = true;
    member_arm(member, now);
}
