/* see stekd.h: start, work, stop */
#include "daemon/stekd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/control_server.h"
#include "daemon/stekd_inner.h"
#include "io/file.h"
#include "io/listen.h"
#include "sys/sys.h"

#define IDLE_MAX_MS (2U * SERVICE_LOOK_MS) /* something is due each SERVICE_LOOK_MS */

static struct ring_time
now_of(void *arg)
{
    return stekd_now(arg);
}

static void
on_changed(void *arg, struct service *service)
{
    stekd_tick(arg, service);
}

struct service_env
stekd_env(struct stekd *stekd)
{
    return (struct service_env){
        .run_dir = stekd->run_dir,
        .source = source_kinds[0],
        .log = &stekd->log,
        .clock = &stekd->clock,
        .calls = {.loop = stekd->loop, .now = now_of, .changed = on_changed, .arg = stekd}};
}

void
stekd_arm(struct stekd *stekd)
{
    uint64_t boot_ms = sys_boot_ms(), next = boot_ms + SERVICE_LOOK_MS;

    for (size_t i = 0; i < stekd->count; i++) {
        if (stekd->due_boot_ms[i] < next)
            next = stekd->due_boot_ms[i];
    }
    if (!loop_timer_set(stekd->timer, next > boot_ms ? next - boot_ms : 0))
        log_warn(&stekd->log, "the timer cannot be set: no memory");
}

static void
tick(struct stekd *stekd, size_t index, struct ring_time now)
{
    service_tick(stekd->services[index], now);
    stekd->due_boot_ms[index] = now.boot_ms + service_next_ms(stekd->services[index], now);
}

void
stekd_tick(struct stekd *stekd, struct service *service)
{
    struct ring_time now = stekd_now(stekd);

    for (size_t i = 0; i < stekd->count; i++) {
        if (stekd->services[i] == service)
            tick(stekd, i, now);
    }
    stekd_tell(stekd, NOTIFY_STATUS);
    stekd_arm(stekd);
}

static void
on_timer(void *arg)
{
    struct stekd *stekd = arg;
    struct ring_time now;

    if (stekd->is_stopping)
        return;
    now = stekd_now(stekd);
    if (stekd_follow_clock(stekd, now))
        now = stekd_now(stekd);
    for (size_t i = 0; i < stekd->count; i++) {
        if (stekd->due_boot_ms[i] <= now.boot_ms)
            tick(stekd, i, now);
    }
    audit_tick(&stekd->log, &stekd->refused, now.boot_ms);
    manager_worked(&stekd->manager);
    stekd_tell(stekd, NOTIFY_STATUS);
    stekd_arm(stekd);
}

static void
on_stop(void *arg)
{
    struct stekd *stekd = arg;

    stekd->is_stopping = true;
    manager_tell(&stekd->manager, NOTIFY_STOPPING, "stopping; rings and keys stay");
    loop_stop(stekd->loop);
}

static void
on_reload(void *arg)
{
    struct stekd *stekd = arg;
    struct err err = {""};

    if (stekd->is_stopping)
        return;
    manager_tell(&stekd->manager, NOTIFY_RELOADING, NULL);
    stekd->is_refused = !stekd_reload(stekd, &err);
    if (!stekd->is_refused) {
        audit_reload(&stekd->log, stekd->config_path, stekd->count);
    } else {
        audit_reload_refused(&stekd->log, stekd->config_path, err.text);
        (void)err_add(&err, "reload: all stays as it was"); /* always false */
    }
    stekd->refusal = stekd->is_refused ? err : (struct err){""};
    stekd_tell(stekd, NOTIFY_READY);
}

static bool
open_services(struct stekd *stekd, const struct config *config, struct err *err)
{
    struct service_env env = stekd_env(stekd);
    struct ring_time now = stekd_now(stekd);

    stekd->started_s = now.unix_ms / 1000;
    for (size_t i = 0; i < config->count; i++) {
        struct service *service = service_open(&config->keysets[i], &env, now, err);

        if (service == NULL)
            return false;
        stekd_warn_group(stekd, &config->keysets[i]);
        stekd->services[stekd->count] = service;
        stekd->due_boot_ms[stekd->count++] = now.boot_ms + service_next_ms(service, now);
    }
    return stekd_check_folder(stekd, err);
}

static void
on_trouble(void *arg, const char *name, const char *why)
{
    const struct stekd *stekd = arg;

    log_warn(&stekd->log, "%s: connections wait: %s", name, why);
}

static bool
listen_for_control(struct stekd *stekd, struct err *err)
{
    const struct http_limits limits = {.body_max = CONTROL_REQUEST_MAX,
                                       .head_max = CONTROL_HEAD_MAX,
                                       .connections_max = CONTROL_CONNECTIONS_MAX,
                                       .others_max = CONTROL_OTHERS_MAX,
                                       .timeout_s = CONTROL_TIMEOUT_S};
    const struct http_calls calls = {
        .handler = control_answer, .trouble = on_trouble, .arg = stekd, .name = stekd->socket_path};
    int fd = listen_unix(stekd->socket_path, err);

    if (fd < 0)
        return false;
    stekd->server = http_server_new(stekd->loop, fd, &limits, &calls, err);
    return stekd->server != NULL;
}

static bool
start(struct stekd *stekd, const struct stekd_options *options, const struct config *config,
      struct err *err)
{
    stekd->is_built_in = config->is_built_in;
    stekd->config_path = strdup(options->config_path);
    if (stekd->config_path == NULL)
        return err_set(err, "no memory");
    if (!stekd_take_folder(stekd, options->run_dir, err))
        return false;
    stekd->loop = loop_new(err);
    if (stekd->loop == NULL || !open_services(stekd, config, err))
        return false;
    stekd_watch_folder(stekd);
    stekd->timer = loop_timer_new(stekd->loop, on_timer, stekd, err);
    if (stekd->timer == NULL || !listen_for_control(stekd, err))
        return false;
    stekd_admit(stekd, &config->control);
    if (!loop_on_signals(stekd->loop, on_stop, on_reload, stekd, err) ||
        !manager_start(&stekd->manager, stekd->loop, &stekd->log, IDLE_MAX_MS, err) ||
        !web_start(&stekd->web, stekd->loop, &stekd->log, control_answer_read_only, stekd, err))
        return false;
    web_change(&stekd->web, &config->metrics.listen);
    stekd_arm(stekd);
    return true;
}

struct stekd *
stekd_start(const struct stekd_options *options, const struct config *config, const struct log *log,
            struct err *err)
{
    struct stekd *stekd = calloc(1, sizeof *stekd);

    if (stekd == NULL) {
        (void)err_set(err, "no memory"); /* always false */
        return NULL;
    }
    stekd->log = *log;
    stekd->lock.fd = -1;
    stekd->clock = clock_start(sys_boot_ms(), sys_unix_ms());
    if (!start(stekd, options, config, err))
        stekd_stop(&stekd);
    return stekd;
}

bool
stekd_run(struct stekd *stekd, struct err *err)
{
    return loop_run(stekd->loop, err);
}

void
stekd_stop(struct stekd **stekd)
{
    struct stekd *old = *stekd;

    if (old == NULL)
        return;
    old->is_stopping = true;
    if (old->server != NULL) {
        http_server_free(&old->server);
        (void)file_remove(old->socket_path, NULL); /* a stale one does no harm */
    }
    watch_free(&old->watch);
    web_stop(&old->web);
    for (size_t i = 0; i < old->count; i++)
        service_close(&old->services[i]);
    loop_free(&old->loop);
    pid_lock_close(&old->lock);
    free(old->socket_path);
    free(old->run_dir);
    free(old->config_path);
    free(old);
    *stekd = NULL;
}
