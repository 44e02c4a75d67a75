/* manager.h - what stekd tells the service manager: ready, reloading, stopping, and, where it keeps
 * a watchdog, that it is alive. That is told by a timer of the loop, and only while the work is
 * done: a daemon whose loop turns but whose ticks stay away is not alive, and is to be restarted.
 *
 *   R-MANAGER-1: while stekd works, the watchdog hears of it within half of its time.
 *   R-MANAGER-2: where work stays away for longer than it may, the watchdog hears nothing more. */
#ifndef DAEMON_MANAGER_H
#define DAEMON_MANAGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/notify.h"

struct manager {
    const struct log *log;
    struct loop_timer *timer; /* NULL: nobody watches */
    uint64_t every_ms;
    uint64_t idle_ms,
        idle_max_ms;         /* since work was done, as the timer counts; how long it may be */
    bool has_failed;         /* to tell it anything, and said so */
    char status[NOTIFY_MAX]; /* that it knows */
};

/* From now on the watchdog hears of us while `loop` runs; the first time at once. */
bool manager_start(struct manager *manager, struct loop *loop, const struct log *log,
                   uint64_t idle_max_ms, struct err *err);

/* Call this whenever what is due has been done. */
void manager_worked(struct manager *manager);

/* A failure is logged, the first of a row only. A status alone is told where it has changed. */
void manager_tell(struct manager *manager, enum notify_state state, const char *status);

#endif
