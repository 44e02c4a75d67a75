/* see service.h: the life of a service; its ticks are in service_tick.c, orders in service_orders.c
 */
#include "daemon/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/audit.h"
#include "daemon/clock.h"
#include "daemon/service_inner.h"
#include "io/file.h"
#include "ring/words.h"

#define COUNT_MODE 02700       /* servers that are root when they open the ring */
#define COUNT_GROUP_MODE 03770 /* and the ring's group, each to its own files */

uint64_t
service_generation(const struct service *service)
{
    return word_load(&service->writer.image.header->flip);
}

uint32_t
service_capacity(const struct service *service)
{
    return image_current(&service->writer.image)->capacity;
}

bool
service_check_room(const struct service *service, const struct policy *policy, struct err *err)
{
    uint32_t capacity = service_capacity(service);

    if (policy_keys(policy) <= capacity)
        return true;
    return err_set(err,
                   "%s has room for %u keys, and this policy keeps up to %llu alive: stop its "
                   "servers and stekd, remove the file, and start stekd again",
                   service->ring_path, capacity, (unsigned long long)policy_keys(policy));
}

static bool
init(struct service *service, const struct config_keyset *config, const struct service_env *env,
     struct err *err)
{
    service->config = *config;
    service->config.shares = (struct config_shares){.all = NULL}; /* the member has a copy */
    service->writer.file.fd = -1;
    service->source = env->source;
    service->log = env->log;
    service->clock = env->clock;
    service->calls = env->calls;
    keyset_init(&service->set);
    if (asprintf(&service->ring_path, "%s/%s.r1", env->run_dir, config->name) < 0)
        service->ring_path = NULL;
    service->counts.ring_path = service->ring_path;
    if (asprintf(&service->count_path, "%s/count/%s", env->run_dir, config->name) < 0)
        service->count_path = NULL;
    return (service->ring_path != NULL && service->count_path != NULL) || err_set(err, "no memory");
}

static void
log_taken_over(const struct service *service)
{
    const char *name = service->config.name;

    audit_adopted(service->log, name, service->ring_path, service->set.key_count);
    if (service_capacity(service) != service->config.capacity)
        log_warn(service->log,
                 "keyset %s: %s stays at its capacity of %u keys, not %u: to change it, stop its "
                 "servers and stekd, remove the file, and start stekd again",
                 name, service->ring_path, service_capacity(service), service->config.capacity);
}

/* In a farm only our own keys are told by our clock. */
static void
shift(struct service *service, int64_t step_s, bool is_agreed, uint64_t now_ms)
{
    struct mark mark = service->set.mark;

    if (service->member == NULL) {
        keyset_shift(&service->set, step_s);
        return;
    }
    keyset_shift_own(&service->set, service->maker, step_s, is_agreed, now_ms);
    if (mark.made_ms != service->set.mark.made_ms)
        revoked_file_shift(&service->member->revoked, &mark, step_s, now_ms);
}

void
service_clock_set(struct service *service, int64_t step_s, struct ring_time now)
{
    shift(service, step_s, true, now.unix_ms);
    service->has_news = true;
    member_clock_set(service->member, now);
}

/* The keys of a ring. Where the wall clock was set since it was written, they are taken by the
 * clock that they were made by, and all their times move with it: in the ring nothing changes. */
static bool
load(struct service *service, struct ring_time now, struct err *err)
{
    const struct ring_writer *writer = &service->writer;
    int64_t step_s = ring_writer_step_s(writer, now);
    bool is_set = step_s < -CLOCK_FOLLOW_S || step_s > CLOCK_FOLLOW_S;
    uint64_t then_ms = is_set ? now.boot_ms + ring_writer_offset_ms(writer) : now.unix_ms;
    struct err lost = {""};

    if (!ring_writer_load(writer, &service->set, then_ms, &lost))
        return err_set(err, "%s: no memory for its keys", service->ring_path);
    if (lost.text[0] != '\0')
        log_warn(service->log, "keyset %s: %s", service->config.name, lost.text);
    log_taken_over(service);
    if (service->member != NULL)
        keyset_adopt(&service->set, 0, service->maker);
    if (!is_set)
        return true;
    shift(service, step_s, false, now.unix_ms);
    log_warn(service->log,
             "keyset %s: the wall clock was set by %lld s: keys keep their remaining time",
             service->config.name, (long long)step_s);
    return true;
}

static void
warn_of_swap(const struct service *service)
{
    const struct sys_map *map = &service->writer.file.map;

    if (!map->is_locked)
        log_warn(
            service->log,
            "keyset %s: %s cannot be locked in memory, so its keys may come to swap: raise the "
            "limit for its %zu bytes (LimitMEMLOCK= in the unit, ulimit -l), or have no swap",
            service->config.name, service->ring_path, map->len);
}

static void
warn_of_file(const struct service *service)
{
    char *path = persist_left_behind(&service->config);

    if (path != NULL)
        log_warn(service->log,
                 "keyset %s: %s is left of a time when its keys were saved, and may hold some that "
                 "are over: remove it, if no other stekd keeps it",
                 service->config.name, path);
    free(path);
}

/* Where there is no ring, what was saved before the host was started anew. */
static bool
load_saved(struct service *service, struct ring_time now, struct err *err)
{
    struct err why = {""};

    warn_of_file(service);
    if (service->config.persist[0] == '\0')
        return true;
    service->persist = persist_open(&service->config, err);
    if (service->persist == NULL)
        return false;
    service->had_file = persist_exists(service->persist);
    if (!service->is_ring_new || !service->had_file)
        return true;
    if (persist_load(service->persist, &service->set, service_wall_ms(service, now), &why))
        audit_adopted(service->log, service->config.name, persist_path(service->persist),
                      service->set.key_count);
    else
        log_warn(service->log, "keyset %s: it begins with fresh keys: %s", service->config.name,
                 why.text);
    return true;
}

bool
service_make_counters(const struct service *service, gid_t group, struct err *err)
{
    return dir_make(service->count_path, group == (gid_t)-1 ? COUNT_MODE : COUNT_GROUP_MODE, group,
                    err);
}

/* Where keys are shared, who we are comes before they are loaded. */
static bool
join(struct service *service, const struct config_keyset *config, const struct service_env *env,
     struct err *err)
{
    if (config->shares.count == 0)
        return true;
    service->member = member_open(config, &env->calls, env->log, err);
    if (service->member == NULL)
        return false;
    service->maker = service->member->host;
    return true;
}

static bool
take_up(struct service *service, struct ring_time now, struct err *err)
{
    gid_t group = service->config.group.gid;

    if (!ring_writer_open(&service->writer, service->ring_path, service->config.capacity, group,
                          err) ||
        !service_check_room(service, &service->config.policy, err) ||
        !service_make_counters(service, group, err))
        return false;
    warn_of_swap(service);
    service->is_ring_new = service->writer.is_new;
    if ((!service->is_ring_new && !load(service, now, err)) || !load_saved(service, now, err))
        return false;
    service_hold_revoked(service, &service->set, now, NULL); /* a tick tells */
    return true;
}

/* A ring that was made for what then failed goes again; one that was there stays. */
static void
give_up(struct service **service)
{
    struct service *failed = *service;

    if (failed->writer.file.created) {
        (void)ring_writer_remove(&failed->writer, failed->ring_path, NULL); /* why is told ... */
        (void)dir_remove(failed->count_path, NULL); /* ... already, by who gives up */
    }
    service_close(service);
}

struct service *
service_open(const struct config_keyset *config, const struct service_env *env,
             struct ring_time now, struct err *err)
{
    struct service *service = calloc(1, sizeof *service);

    if (service == NULL) {
        (void)err_set(err, "keyset %s: no memory", config->name); /* always false */
        return NULL;
    }
    if (!init(service, config, env, err) || !join(service, config, env, err) ||
        !take_up(service, now, err)) {
        (void)err_add(err, "keyset %s", config->name); /* always false */
        give_up(&service);
        return NULL;
    }
    if (service->member != NULL)
        member_start(service->member, service, now);
    service_tick(service, now);
    return service;
}

void
service_close(struct service **service)
{
    if (*service == NULL)
        return;
    member_close(&(*service)->member);
    member_close(&(*service)->change.member);
    ring_writer_close(&(*service)->writer);
    keyset_free(&(*service)->set);
    counts_past_free(&(*service)->counts);
    persist_close(&(*service)->persist);
    persist_close(&(*service)->change.persist);
    free((*service)->ring_path);
    free((*service)->count_path);
    free(*service);
    *service = NULL;
}

static bool
remove_counters(void *arg, const char *name)
{
    const struct service *service = arg;
    char *path;

    if (asprintf(&path, "%s/%s", service->count_path, name) < 0)
        return false;
    (void)file_remove(path, NULL); /* what stays is found when the folder is removed */
    free(path);
    return true;
}

static bool
destroy_file(struct service *service, struct err *err)
{
    return service->persist == NULL || persist_destroy(service->persist, err);
}

static bool
destroy_keys(struct service *service, struct ring_time now, struct err *err)
{
    const struct policy *policy = &service->config.policy;
    KEYSET(none);

    if (!ring_writer_store(&service->writer, &none, policy, service->maker, now, err))
        return false;
    for (size_t i = 0; i < service->set.key_count; i++) {
        const struct key *key = &service->set.keys[i];

        if ((key->flags & KEY_REVOKED) == 0)
            audit_destroyed(service->log, service->config.name, key, false);
    }
    return true;
}

void
service_retire(struct service **service, struct ring_time now)
{
    struct service *old = *service;
    struct err err = {""};

    if (old == NULL)
        return;
    if (destroy_keys(old, now, &err) && ring_writer_remove(&old->writer, old->ring_path, &err) &&
        dir_list(old->count_path, remove_counters, old, &err) &&
        dir_remove(old->count_path, &err) && destroy_file(old, &err))
        audit_removed(old->log, old->config.name, old->ring_path);
    else
        log_warn(old->log, "keyset %s: not all of it could be removed: %s", old->config.name,
                 err.text);
    service_close(service);
}

void
service_undo(struct service **service, struct ring_time now)
{
    struct service *fresh = *service;

    if (fresh->had_file) /* it was there before */
        persist_close(&fresh->persist);
    if (fresh->is_ring_new)
        service_retire(service, now);
    else
        service_close(service);
}
