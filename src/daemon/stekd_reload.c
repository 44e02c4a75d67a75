/* see stekd.h: another configuration while all is running */
#include <stdio.h>
#include <string.h>

#include "daemon/stekd_inner.h"
#include "io/listen.h"

void
stekd_warn_group(const struct stekd *stekd, const struct config_keyset *config)
{
    static const char *const shared[] = {"www-data", "users", "nogroup", "nobody", "daemon"};

    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++) {
        if (strcmp(config->group.name, shared[i]) == 0)
            log_warn(&stekd->log,
                     "keyset %s: group %s is shared by applications, and each of them can read "
                     "the keys: use a group of its servers alone",
                     config->name, config->group.name);
    }
}

void
stekd_admit(struct stekd *stekd, const struct config_control *control)
{
    const struct config_group *wanted[] = {&control->admin, &control->observer};
    gid_t groups[2];
    size_t count = 0;
    struct err err;

    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        if (wanted[i]->name[0] != '\0')
            groups[count++] = wanted[i]->gid;
    }
    stekd->control = *control;
    if (!listen_unix_admit(stekd->socket_path, groups, count, &err))
        log_warn(&stekd->log, "control: %s", err.text);
}

void
stekd_tell(struct stekd *stekd, enum notify_state state)
{
    char status[2 * ERR_MAX + 128]; /* what is longer is cut to fit */
    int len = snprintf(status, sizeof status, "%zu %s in %s%s%s", stekd->count,
                       stekd->count == 1 ? "keyset" : "keysets", stekd->run_dir,
                       stekd->refusal.text[0] == '\0' ? "" : "; ", stekd->refusal.text);

    for (size_t i = 0; i < stekd->count && len > 0 && (size_t)len < sizeof status; i++) {
        const struct service *service = stekd->services[i];

        if (service->last_error.text[0] != '\0')
            len += snprintf(status + len, sizeof status - (size_t)len, "; keyset %s: %s",
                            service->config.name, service->last_error.text);
    }
    manager_tell(&stekd->manager, state, status);
}

static struct service *
find_service(const struct stekd *stekd, const char *name)
{
    for (size_t i = 0; i < stekd->count; i++) {
        if (strcmp(stekd->services[i]->config.name, name) == 0)
            return stekd->services[i];
    }
    return NULL;
}

/* The services that the configuration asks for, in its order: those that are there and can go on
 * under it, and new ones. */
struct plan {
    struct service *services[CONFIG_KEYSETS_MAX];
    bool is_new[CONFIG_KEYSETS_MAX];
    size_t count; /* of those that are ready for it */
};

static bool
make_plan(struct stekd *stekd, struct plan *plan, const struct config *config, struct ring_time now,
          struct err *err)
{
    struct service_env env = stekd_env(stekd);

    for (; plan->count < config->count; plan->count++) {
        const struct config_keyset *keyset = &config->keysets[plan->count];
        struct service *service = find_service(stekd, keyset->name);

        plan->is_new[plan->count] = service == NULL;
        if (service == NULL)
            service = service_open(keyset, &env, now, err);
        else if (!service_prepare(service, keyset, err))
            return false;
        if (service == NULL)
            return false;
        plan->services[plan->count] = service;
    }
    return true;
}

static void
drop_plan(struct plan *plan, struct ring_time now)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->is_new[i])
            service_undo(&plan->services[i], now);
        else
            service_cancel(plan->services[i]);
    }
}

/* From here on nothing fails. */
static void
carry_out(struct stekd *stekd, const struct plan *plan, const struct config *config,
          struct ring_time now)
{
    for (size_t i = 0; i < stekd->count; i++) {
        if (config_find(config, stekd->services[i]->config.name) == NULL)
            service_retire(&stekd->services[i], now);
    }
    stekd->count = plan->count;
    for (size_t i = 0; i < plan->count; i++) {
        stekd->services[i] = plan->services[i];
        if (plan->is_new[i])
            stekd_warn_group(stekd, &config->keysets[i]);
        else
            service_change(stekd->services[i], &config->keysets[i], now);
        stekd->due_boot_ms[i] = now.boot_ms + service_next_ms(stekd->services[i], now);
    }
    web_change(&stekd->web, &config->metrics.listen);
    stekd_arm(stekd);
}

bool
stekd_reload(struct stekd *stekd, struct err *err)
{
    struct config config = {0};
    struct plan plan = {.count = 0};
    struct ring_time now = stekd_now(stekd);
    bool ok;

    /* a file that is gone must not destroy the keysets that were in it */
    if (!config_load(&config, stekd->config_path, stekd->is_built_in, err))
        return false;
    ok = make_plan(stekd, &plan, &config, now, err);
    if (ok) {
        carry_out(stekd, &plan, &config, now);
        stekd_admit(stekd, &config.control);
        stekd->is_built_in = config.is_built_in;
    } else {
        drop_plan(&plan, now);
    }
    config_free(&config);
    return ok;
}
