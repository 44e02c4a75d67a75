/* see service.h: another configuration for a keyset at work */
#include <string.h>

#include "daemon/audit.h"
#include "daemon/service_inner.h"

static bool
is_same_policy(const struct policy *a, const struct policy *b)
{
    return a->rotate_s == b->rotate_s && a->lifetime_s == b->lifetime_s &&
           a->patience_s == b->patience_s && a->max_session_s == b->max_session_s &&
           a->each == b->each;
}

static bool
is_same_persist(const struct config_keyset *a, const struct config_keyset *b)
{
    return strcmp(a->persist, b->persist) == 0 && strcmp(a->persist_file, b->persist_file) == 0;
}

static bool
check_capacity(const struct service *service, const struct config_keyset *config, struct err *err)
{
    if (config->capacity == service->config.capacity)
        return service_check_room(service, &config->policy, err);
    return err_set(
        err,
        "capacity cannot change from %u to %u while the ring is in use: stop its servers "
        "and stekd, remove %s, and start stekd again",
        service->config.capacity, config->capacity, service->ring_path);
}

/* Ring and counters to a group: both or none. */
static bool
give_to(struct service *service, gid_t group, gid_t before, struct err *err)
{
    if (ring_writer_regroup(&service->writer, group, service->ring_path, err) &&
        service_make_counters(service, group, err))
        return true;
    (void)ring_writer_regroup(&service->writer, before, service->ring_path, NULL); /* is told */
    return false;
}

static bool
is_same_share(const struct member *member, const struct config_keyset *config)
{
    if (member == NULL)
        return config->shares.count == 0;
    return strcmp(member->farm_option, config->farm) == 0 &&
           config_shares_equal(&member->shares, &config->shares);
}

/* Another farm, or another way to it. */
static bool
prepare_share(struct service *service, const struct config_keyset *config, struct err *err)
{
    struct service_change *change = &service->change;

    change->is_share_new = !is_same_share(service->member, config);
    if (!change->is_share_new || config->shares.count == 0)
        return true;
    change->member = member_open(config, &service->calls, service->log, err);
    if (change->member == NULL || change->member->farm_trouble.text[0] == '\0')
        return change->member != NULL;
    return err_set(err, "%s", change->member->farm_trouble.text);
}

static bool
prepare(struct service *service, const struct config_keyset *config, struct err *err)
{
    struct service_change *change = &service->change;

    if (!check_capacity(service, config, err) || !prepare_share(service, config, err))
        return false;
    change->is_persist_new = !is_same_persist(config, &service->config);
    if (change->is_persist_new && config->persist[0] != '\0') {
        change->persist = persist_open(config, err);
        if (change->persist == NULL || !persist_try(change->persist, err))
            return false;
    }
    if (config->group.gid == service->config.group.gid)
        return true;
    change->is_regrouped = give_to(service, config->group.gid, service->config.group.gid, err);
    return change->is_regrouped;
}

bool
service_prepare(struct service *service, const struct config_keyset *config, struct err *err)
{
    service->change = (struct service_change){.persist = NULL};
    if (prepare(service, config, err))
        return true;
    service_cancel(service);
    return err_add(err, "keyset %s", config->name);
}

void
service_cancel(struct service *service)
{
    gid_t group = service->config.group.gid;

    persist_close(&service->change.persist);
    member_close(&service->change.member);
    if (service->change.is_regrouped &&
        !give_to(service, group, group, NULL)) /* what could be done could be undone a while ago */
        log_warn(service->log, "keyset %s: %s stays with its new group: restart stekd",
                 service->config.name, service->ring_path);
    service->change = (struct service_change){.persist = NULL};
}

/* Keys are saved in the new file before the old one goes. */
static void
change_persist(struct service *service, const struct config_keyset *config, struct ring_time now)
{
    struct persist *old = service->persist;
    struct err err = {""};

    service->persist = service->change.persist;
    service->change.persist = NULL;
    memcpy(service->config.persist, config->persist, sizeof config->persist);
    memcpy(service->config.persist_file, config->persist_file, sizeof config->persist_file);
    service_save(service, now);
    if (old != NULL &&
        !(service->persist != NULL &&
          strcmp(persist_path(old), persist_path(service->persist)) == 0) &&
        !persist_destroy(old, &err))
        log_warn(service->log, "keyset %s: %s", config->name, err.text);
    persist_close(&old);
    log_info(service->log, "keyset %s: %s%s", config->name,
             service->persist == NULL ? "keys are not saved any more" : "keys are saved in ",
             service->persist == NULL ? "" : persist_path(service->persist));
}

/* Keys that are there stay; our own become those of who we are now. */
static void
change_share(struct service *service, struct ring_time now)
{
    struct member *fresh = service->change.member;
    uint64_t maker = fresh == NULL ? 0 : fresh->host;

    service->change.member = NULL;
    member_close(&service->member);
    keyset_adopt(&service->set, service->maker, maker);
    service->member = fresh;
    service->maker = maker;
    if (fresh != NULL)
        member_start(fresh, service, now);
    log_info(service->log, "keyset %s: %s", service->config.name,
             fresh == NULL ? "keys are not shared any more" : "keys are shared another way now");
    service_tick(service, now);
}

/* The farm's file may have been replaced. */
static void
look_at_farm(struct service *service, struct ring_time now)
{
    struct err err = {""};

    if (service->member != NULL && !member_reload(service->member, now, &err))
        log_warn(service->log, "keyset %s: the farm goes on as it was: %s", service->config.name,
                 err.text);
}

void
service_change(struct service *service, const struct config_keyset *config, struct ring_time now)
{
    bool is_new_policy = !is_same_policy(&service->config.policy, &config->policy);

    if (service->change.is_persist_new)
        change_persist(service, config, now);
    if (service->change.is_regrouped)
        log_info(service->log, "keyset %s: %s is readable %s%s", config->name, service->ring_path,
                 config->group.name[0] == '\0' ? "by its owner alone" : "by group ",
                 config->group.name);
    if (service->change.is_share_new)
        change_share(service, now);
    else
        look_at_farm(service, now);
    service->change = (struct service_change){.persist = NULL};
    service->config.group = config->group;
    if (!is_new_policy)
        return;
    if (service->config.policy.each != config->policy.each)
        service->emergency = (struct ring_time){0}; /* an order that leaves no key that counts */
    service->config.policy = config->policy;
    audit_changed(service->log, config->name, &config->policy);
    service_tick(service, now);
}
