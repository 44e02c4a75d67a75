/* see member_inner.h: who holds what, and what is confirmed for it */
#include "daemon/member_inner.h"
#include "daemon/service.h"

#define FIRST_MS 50U      /* the hosts have hardly had time before */
#define PER_HOST_MS 2U    /* and many need longer */
#define OVERDUE_MS 60000U /* a key's maker that has not confirmed it by then may be gone */
#define FORGET_MS ((uint64_t)86400 * 1000) /* who was taken away is told of for a day */

/* True if it waits for a confirmation. */
static bool
is_waiting(const struct key *key, uint64_t now_s)
{
    const uint32_t settled = KEY_CONFIRMED | KEY_EMERGENCY | KEY_EACH | KEY_REVOKED;

    return (key->flags & settled) == 0 && key->seal_until > now_s;
}

static bool
is_overdue(const struct key *key, struct ring_time now)
{
    return key->made_ms + OVERDUE_MS <= now.unix_ms;
}

/* In how long to look, for the sake of keys that wait; MEMBER_NEVER: there are none. */
static uint64_t
wanted_within_ms(const struct member *member, struct ring_time now)
{
    const struct keyset *set = &member->service->set;
    uint64_t wait = member->look.wait_ms, within = MEMBER_NEVER;

    if (keyset_is_misdated(set, member->host)) /* until it is known what time others have */
        within = FLEET_HEARTBEAT_MS;

    for (size_t i = 0; i < set->key_count; i++) {
        const struct key *key = &set->keys[i];

        if (!is_waiting(key, now.unix_ms / 1000))
            continue;
        if (key->maker == member->host)
            return wait == 0 ? FIRST_MS + PER_HOST_MS * member->fleet.count : wait;
        within = is_overdue(key, now) ? FLEET_HEARTBEAT_MS : within;
        if (within == MEMBER_NEVER) /* look whether it has become one */
            within = OVERDUE_MS + FLEET_HEARTBEAT_MS;
    }
    return within;
}

void
member_plan_look(struct member *member, struct ring_time now)
{
    uint64_t within = wanted_within_ms(member, now), due;

    if (member->look.is_on || within == MEMBER_NEVER)
        return;
    due = now.boot_ms + within;
    if (within >= FLEET_HEARTBEAT_MS)
        due += member_random(FLEET_HEARTBEAT_MS);
    if (due < member->due.look)
        member->due.look = due;
}

/* A key that this look was planned for may have been confirmed meanwhile: of many hosts each would
 * read what all have said, for nothing. */
static bool
is_needed(const struct member *member, struct ring_time now)
{
    return member->look.is_asked || wanted_within_ms(member, now) <= FLEET_HEARTBEAT_MS;
}

void
member_begin_look(struct member *member, struct ring_time now)
{
    member->due.look = MEMBER_NEVER;
    if (!is_needed(member, now)) {
        member_plan_look(member, now);
        return;
    }
    member->look.is_asked = false;
    member->look.is_on = true;
    member->look.is_whole = false;
    member->look.begun_ms = now.boot_ms;
    for (size_t i = 0; i < member->engine_count; i++) {
        struct member_engine *at = &member->engines[i];

        at->is_asked = at->engine != NULL;
        if (at->is_asked)
            at->engine->kind->list(at->engine, RECORD_STATUS);
    }
}

/* What all hold that are not silent, and is ours to confirm. */
static void
confirm(struct member *member, struct ring_time now)
{
    struct service *service = member->service;
    struct err err = {""};
    bool has_any = false;
    KEYSET(set);

    if (!keyset_copy(&set, &service->set))
        return; /* another look follows */
    for (size_t i = 0; i < set.key_count; i++) {
        const struct key *key = &set.keys[i];

        if (is_waiting(key, now.unix_ms / 1000) && fleet_confirms(&member->fleet, key->maker) &&
            fleet_all_hold(&member->fleet, key->name))
            has_any |= keyset_confirm(&set, key->name, key->open_until, now.unix_ms, &err) ==
                       KEYSET_CHANGED;
    }
    if (has_any && service_confirm(service, &set, now, &err))
        member->calls.changed(member->calls.arg, service);
    if (err.text[0] != '\0')
        log_warn(member->log, "keyset %s: no key was confirmed: %s", member->keyset, err.text);
}

/* Our clock is right, as most hosts say: then what we made while it was ahead was made when it
 * seals. */
static void
redate(struct member *member, struct ring_time now)
{
    const struct keyset *own = &member->service->set;
    size_t agree = 0, asked = 0;
    struct err err = {""};
    KEYSET(set);

    if (!keyset_is_misdated(own, member->host))
        return;
    fleet_ask_clock(&member->fleet, 0, (int64_t)KEY_SKEW_MS, &agree, &asked);
    if (2 * agree <= asked || !keyset_copy(&set, own) || !keyset_redate(&set, member->host))
        return; /* another look follows */
    if (!service_confirm(member->service, &set, now, &err))
        log_warn(member->log, "keyset %s: times of keys stay wrong: %s", member->keyset, err.text);
}

/* True if a host that is there opens a key that we do not know: a record may be lost. */
static bool
lacks_some(const struct member *member)
{
    const struct fleet *fleet = &member->fleet;

    for (size_t i = 0; i < fleet->count; i++) {
        const struct fleet_host *host = &fleet->hosts[i];

        if (host->id == member->host || fleet_state_of(fleet, host) == FLEET_SILENT)
            continue;
        for (size_t n = 0; n < host->key_count; n++)
            if (keyset_find(&member->service->set, host->keys[n]) == NULL)
                return true;
    }
    return false;
}

void
member_end_look(struct member *member, struct ring_time now)
{
    struct member_look *look = &member->look;
    uint64_t first = FIRST_MS + PER_HOST_MS * member->fleet.count;

    look->is_on = false;
    look->wait_ms = look->wait_ms == 0 ? first : 2 * look->wait_ms;
    if (look->wait_ms > FLEET_HEARTBEAT_MS)
        look->wait_ms = FLEET_HEARTBEAT_MS;
    if (look->is_whole) {
        fleet_looked(&member->fleet, look->begun_ms);
        fleet_prune(&member->fleet, FORGET_MS, now.boot_ms);
        confirm(member, now);
        redate(member, now);
        if (member->due.again == MEMBER_NEVER && lacks_some(member))
            member->due.again = now.boot_ms + member_random(MEMBER_AGAIN_MS);
    }
    member_plan_look(member, now);
}
