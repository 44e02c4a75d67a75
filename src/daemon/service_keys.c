/* see service_inner.h: how keys are made, and how a changed keyset comes into force */
#include <string.h>

#include "daemon/audit.h"
#include "daemon/service_inner.h"

#define MAKE_TRIES 3
#define EPOCHS_AT_ONCE 4 /* schedule_missing() names two at most */

static void
wipe_material(struct key_material *fresh)
{
    secret_wipe_bytes(fresh, sizeof *fresh);
}

static void
fill_in(struct key *key, const struct service *service, const struct keyset *set,
        const struct key_material *fresh, enum make_kind kind, uint64_t at, uint64_t now_ms)
{
    const struct policy *policy = &service->config.policy;

    switch (kind) {
    case MAKE_EPOCH:
        schedule_make_epoch(key, set, policy, fresh, service->maker, at, now_ms);
        return;
    case MAKE_GAP: schedule_make_gap(key, set, policy, fresh, service->maker, at, now_ms); return;
    case MAKE_ROTATION:
        schedule_make_rotation(key, set, policy, fresh, service->maker, now_ms);
        return;
    case MAKE_EMERGENCY:
        schedule_make_emergency(key, set, policy, fresh, service->maker, now_ms);
        return;
    }
}

bool
service_make(struct service *service, struct keyset *set, struct key *made, enum make_kind kind,
             uint64_t at, struct ring_time now, struct err *err)
{
    __attribute__((cleanup(wipe_material))) struct key_material fresh = {0};
    enum keyset_change change = KEYSET_SAME;

    /* what a source gives is checked; one in 2^30 good ones looks weak */
    for (int tries = 0; tries < MAKE_TRIES && change != KEYSET_CHANGED; tries++) {
        if (!service->source->get(&fresh, err))
            return err_add(err, "no key made: source %s", service->source->name);
        fill_in(made, service, set, &fresh, kind, at, now.unix_ms);
        (void)err_set(err, "it is over before it begins"); /* where the change is KEYSET_SAME */
        change = keyset_add(set, made, now.unix_ms, err);
    }
    service->has_news |= change == KEYSET_CHANGED;
    if (change == KEYSET_CHANGED)
        return true;
    return err_add(err, "no key made: source %s", service->source->name);
}

/* With no other host, a key is everywhere as soon as it stands in our ring, and what is not there
 * is not committed. */
static bool
confirm_own(const struct service *service, struct keyset *set, uint64_t now_ms, struct err *err)
{
    const uint32_t settled = KEY_CONFIRMED | KEY_EMERGENCY | KEY_EACH | KEY_REVOKED;

    if (!member_is_alone(service->member))
        return true;
    for (size_t i = 0; i < set->key_count; i++) {
        const struct key *key = &set->keys[i];

        if ((key->flags & settled) == 0 && key->maker == service->maker &&
            keyset_confirm(set, key->name, key->open_until, now_ms, err) == KEYSET_REFUSED)
            return false;
    }
    return true;
}

/* In a farm: true once the while is over that this one waits for another host's key; never later
 * than `latest_s`, when it would be missed, and until then only once it is known what there is. */
static bool
is_our_turn(const struct service *service, struct service_turn *turn, uint64_t of,
            uint64_t latest_s, struct ring_time now)
{
    uint64_t left_ms = latest_s * 1000 > now.unix_ms ? latest_s * 1000 - now.unix_ms : 0;
    uint64_t most_ms = schedule_delay_max_ms(&service->config.policy);

    if (member_is_alone(service->member))
        return true;
    if (turn->of != of)
        *turn = (struct service_turn){
            .of = of,
            .boot_ms = now.boot_ms + member_random(most_ms < left_ms / 2 ? most_ms : left_ms / 2)};
    return turn->boot_ms <= now.boot_ms &&
           (!member_is_listing(service->member) || left_ms <= MEMBER_LISTING_MS);
}

/* In a farm it begins early, so that it seals in time also if nobody confirms it. */
static uint64_t
gap_begins_s(const struct service *service, uint64_t from_s, uint64_t now_s)
{
    uint64_t patience_s = service->config.policy.patience_s;

    if (member_is_alone(service->member) || service->config.policy.each)
        return from_s;
    return from_s > now_s + patience_s ? from_s - patience_s : now_s;
}

/* One key lasts to the end of any gap. */
static bool
make_for_gap(struct service *service, struct keyset *set, struct ring_time now, struct err *err)
{
    uint64_t from_s, now_s = now.unix_ms / 1000;
    KEY(made);

    /* keys that are not confirmed yet would leave gaps that will not be */
    if (!confirm_own(service, set, now.unix_ms, err))
        return false;
    return !schedule_gap(set, &service->config.policy, service->maker, now_s, &from_s) ||
           !is_our_turn(service, &service->gap_turn, from_s, from_s, now) ||
           service_make(service, set, &made, MAKE_GAP, gap_begins_s(service, from_s, now_s), now,
                        err);
}

bool
service_make_due(struct service *service, struct keyset *set, struct ring_time now, struct err *err)
{
    uint64_t epoch;

    for (int i = 0; i < EPOCHS_AT_ONCE; i++) {
        KEY(made);

        if (!schedule_missing(set, &service->config.policy, service->maker, now.unix_ms / 1000,
                              &epoch))
            break;
        if (!is_our_turn(service, &service->epoch_turn, epoch,
                         schedule_start_s(&service->config.policy, epoch), now))
            break;
        if (!service_make(service, set, &made, MAKE_EPOCH, epoch, now, err))
            return false;
    }
    return make_for_gap(service, set, now, err);
}

/* What came, was revoked, and went, between the keyset that was and the one that is. */
static void
log_changes(const struct service *service, const struct keyset *was, bool is_learnt)
{
    const struct keyset *is = &service->set;
    const char *name = service->config.name;

    for (size_t i = 0; i < is->key_count; i++) {
        const struct key *key = &is->keys[i], *old = keyset_find(was, key->name);

        if (old == NULL && is_learnt)
            audit_learnt(service->log, name, key);
        else if (old == NULL)
            audit_made(service->log, name, key);
        else if ((key->flags & ~old->flags & KEY_REVOKED) != 0)
            audit_revoked(service->log, name, key);
    }
    for (size_t i = 0; i < was->key_count; i++) {
        const struct key *key = &was->keys[i];

        if (keyset_find(is, key->name) == NULL && (key->flags & KEY_REVOKED) == 0)
            audit_destroyed(service->log, name, key, true);
    }
}

static void
note_sealing(struct service *service, uint64_t now_s)
{
    const struct key *key =
        keyset_sealing(&service->set, &service->config.policy, service->maker, now_s);

    service->is_dry = key == NULL;
    if (key == NULL ||
        (service->has_sealed && memcmp(service->sealing, key->name, sizeof service->sealing) == 0))
        return;
    if (service->has_sealed)
        service->rotations++;
    audit_seals(service->log, service->config.name, key, !service->has_sealed);
    memcpy(service->sealing, key->name, sizeof service->sealing);
    service->has_sealed = true;
}

static bool
store(struct service *service, const struct keyset *set, struct ring_time now, struct err *err)
{
    return ring_writer_store(&service->writer, set, &service->config.policy, service->maker, now,
                             err);
}

/* A ring that lost its keys gets `set`. */
static bool
mend(struct service *service, const struct keyset *set, struct ring_time now, struct err *err)
{
    struct err what = {""};
    bool was_lost;
    bool ok = ring_writer_mend(&service->writer, &was_lost, service->ring_path, &what);

    if (was_lost && !store(service, set, now, err))
        return false;
    if (!ok)
        return err_set(err, "%s", what.text);
    if (what.text[0] != '\0')
        log_warn(service->log, "keyset %s: %s", service->config.name, what.text);
    return true;
}

bool
service_mend(struct service *service, struct ring_time now, struct err *err)
{
    return mend(service, &service->set, now, err);
}

uint64_t
service_wall_ms(const struct service *service, struct ring_time now)
{
    return now.unix_ms + (service->clock == NULL ? 0 : (uint64_t)service->clock->held_ms);
}

void
service_save(struct service *service, struct ring_time now)
{
    uint64_t wall_ms = service_wall_ms(service, now);

    service->save_error.text[0] = '\0';
    if (service->persist != NULL)
        (void)persist_save(service->persist, &service->set, wall_ms,
                           (int64_t)(wall_ms - now.unix_ms), &service->save_error);
}

void
service_hold_revoked(const struct service *service, struct keyset *set, struct ring_time now,
                     struct err *err)
{
    if (service->member != NULL)
        (void)revoked_file_hold(&service->member->revoked, set, now.unix_ms, err); /* `err` tells */
}

static void
keep_revoked(struct service *service, struct ring_time now)
{
    service->revoked_error.text[0] = '\0';
    if (service->member != NULL)
        (void)revoked_file_keep(&service->member->revoked, &service->set, now.unix_ms,
                                &service->revoked_error);
}

static bool
commit(struct service *service, struct keyset *set, bool is_learnt, struct ring_time now,
       struct err *err)
{
    struct keyset old;

    if (!confirm_own(service, set, now.unix_ms, err) || !store(service, set, now, err))
        return err_add(err, "%s was not changed", service->ring_path);
    (void)mend(service, set, now, NULL); /* cut short meanwhile? what it cannot, a tick tells */
    old = service->set;
    service->set = *set;
    *set = old;
    log_changes(service, set, is_learnt);
    service_save(service, now);
    note_sealing(service, now.unix_ms / 1000);
    member_tell(service->member, service->has_news, now);
    service->has_news = false;
    keep_revoked(service, now);
    return true;
}

bool
service_commit(struct service *service, struct keyset *set, struct ring_time now, struct err *err)
{
    return commit(service, set, false, now, err);
}

bool
service_learn(struct service *service, struct keyset *set, struct ring_time now, struct err *err)
{
    const struct policy *policy = &service->config.policy;

    keyset_hold(set, &service->set, policy, service->maker, now.unix_ms / 1000);
    keyset_release(set, policy, service->maker, now.unix_ms / 1000);
    return commit(service, set, true, now, err);
}

bool
service_confirm(struct service *service, struct keyset *set, struct ring_time now, struct err *err)
{
    service->has_news = true;
    return service_commit(service, set, now, err);
}
