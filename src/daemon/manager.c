/* see manager.h */
#include "daemon/manager.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define A_THIRD 3U /* of the watchdog's time: half of it holds also where a timer is late */

void
manager_tell(struct manager *manager, enum notify_state state, const char *status)
{
    struct err err = {""};
    bool ok;

    if (state == NOTIFY_STATUS && strncmp(status, manager->status, NOTIFY_MAX - 1) == 0)
        return;
    if (status != NULL) /* cut to fit */
        (void)snprintf(manager->status, sizeof manager->status, "%s", status);
    ok = notify_send(state, status, &err);
    if (!ok && !manager->has_failed)
        log_warn(manager->log, "the service manager: %s", err.text);
    manager->has_failed = !ok;
}

static void
on_timer(void *arg)
{
    struct manager *manager = arg;

    manager->idle_ms += manager->every_ms;
    if (manager->idle_ms > manager->idle_max_ms)
        log_warn(manager->log,
                 "what is due is not done: the watchdog is not told that all is well");
    else
        manager_tell(manager, NOTIFY_ALIVE, NULL);
    if (!loop_timer_set(manager->timer, manager->every_ms))
        log_warn(manager->log, "the timer of the watchdog cannot be set: no memory");
}

bool
manager_start(struct manager *manager, struct loop *loop, const struct log *log,
              uint64_t idle_max_ms, struct err *err)
{
    uint64_t watchdog_ms = notify_watchdog_ms();

    *manager = (struct manager){.log = log, .idle_max_ms = idle_max_ms};
    if (watchdog_ms == 0)
        return true;
    manager->every_ms = watchdog_ms < A_THIRD ? 1 : watchdog_ms / A_THIRD;
    manager->timer = loop_timer_new(loop, on_timer, manager, err);
    return manager->timer != NULL &&
           (loop_timer_set(manager->timer, 0) || err_set(err, "watchdog: no memory"));
}

void
manager_worked(struct manager *manager)
{
    manager->idle_ms = 0;
}
