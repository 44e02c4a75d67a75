/* see service.h: what time asks for */
#include <string.h>

#include "daemon/service_inner.h"

#define RETRY_MS 5000U
#define SOON_S 2U

/* Keep the first of several. */
static void
note(struct err *trouble, const struct err *why)
{
    if (trouble->text[0] == '\0')
        *trouble = *why;
}

/* One a minute; but where the clock went back since, the last one does not seal yet. */
static bool
may_make_emergency(const struct service *service, struct ring_time now)
{
    return service->emergency.boot_ms == 0 || now.unix_ms < service->emergency.unix_ms ||
           now.boot_ms - service->emergency.boot_ms >= SCHEDULE_EMERGENCY_MS;
}

/* The fresh key that another host made for all, by a clock that is a little ahead: if each host
 * whose clock is behind made one, too, a revocation would be answered by many. */
static bool
comes_soon(const struct service *service, const struct keyset *set, struct ring_time now)
{
    return !member_is_alone(service->member) &&
           keyset_sealing(set, &service->config.policy, service->maker,
                          now.unix_ms / 1000 + SOON_S) != NULL;
}

/* Bring a copy of the keyset up to the present. What cannot be made is no reason to keep what is
 * over. */
static void
advance(struct service *service, struct keyset *set, bool *is_emergency, struct ring_time now,
        struct err *trouble)
{
    struct err why = {""};
    KEY(made);

    (void)keyset_expire(set, now.unix_ms); /* the commit sees what changed */
    service_hold_revoked(service, set, now, &why);
    note(trouble, &why);
    why.text[0] = '\0';
    keyset_release(set, &service->config.policy, service->maker, now.unix_ms / 1000);
    if (!service_make_due(service, set, now, &why))
        note(trouble, &why);
    if (keyset_sealing(set, &service->config.policy, service->maker, now.unix_ms / 1000) != NULL ||
        comes_soon(service, set, now))
        return;
    if (!may_make_emergency(service, now) || member_is_listing(service->member))
        return;
    *is_emergency = service_make(service, set, &made, MAKE_EMERGENCY, 0, now, &why);
    if (!*is_emergency)
        note(trouble, &why);
}

/* What the member says is told in the log by itself. */
static void
report(struct service *service, const struct err *trouble, const struct err *told)
{
    bool was_well = service->last_error.text[0] == '\0', is_well = trouble->text[0] == '\0';

    if (!is_well && strcmp(trouble->text, service->last_error.text) != 0) {
        if (strcmp(trouble->text, told->text) != 0)
            log_warn(service->log, "keyset %s: %s", service->config.name, trouble->text);
        service->errors++;
    }
    if (is_well && !was_well)
        log_info(service->log, "keyset %s: all is well again", service->config.name);
    service->last_error = *trouble;
}

void
service_tick(struct service *service, struct ring_time now)
{
    struct err trouble = {""}, why = {""}, told = {""};
    bool is_emergency = false;
    KEYSET(set);

    if (!service_mend(service, now, &why))
        note(&trouble, &why);
    why.text[0] = '\0';
    if (keyset_copy(&set, &service->set)) {
        advance(service, &set, &is_emergency, now, &trouble);
        if (service_commit(service, &set, now, &why) && is_emergency)
            service->emergency = now;
    } else {
        (void)err_set(&why, "no memory for the keyset"); /* always false */
    }
    note(&trouble, &why);
    note(&trouble, &service->save_error);
    note(&trouble, &service->revoked_error);
    why.text[0] = '\0';
    (void)counts_gather(&service->counts, NULL, service->count_path, &service->set,
                        now.boot_ms / 1000, &why); /* `why` tells of what was not read, too */
    note(&trouble, &why);
    member_trouble(service->member, &told);
    note(&trouble, &told);
    if (service->is_dry && !member_is_listing(service->member)) {
        (void)err_set(&why, "no key may seal: servers give no tickets"); /* always false */
        note(&trouble, &why);
    }
    report(service, &trouble, &told);
}

static uint64_t
until_turn(const struct service_turn *turn, uint64_t most, struct ring_time now)
{
    bool is_sooner = turn->boot_ms > now.boot_ms && turn->boot_ms - now.boot_ms < most;

    return is_sooner ? turn->boot_ms - now.boot_ms : most;
}

uint64_t
service_next_ms(const struct service *service, struct ring_time now)
{
    uint64_t most = service->last_error.text[0] == '\0' ? SERVICE_LOOK_MS : RETRY_MS;
    uint64_t next_s = schedule_next_s(&service->set, &service->config.policy, now.unix_ms / 1000);

    most = until_turn(&service->epoch_turn, most, now);
    most = until_turn(&service->gap_turn, most, now);
    if (next_s > (now.unix_ms + most) / 1000)
        return most;
    return next_s * 1000 - now.unix_ms;
}
