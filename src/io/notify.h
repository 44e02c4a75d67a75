/* notify.h - tell the service manager how we are, as sd_notify(3) describes it: a datagram to the
 * unix socket that NOTIFY_SOCKET names. Where nobody asked, nothing is sent and all is well. */
#ifndef IO_NOTIFY_H
#define IO_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Of the whole datagram; a longer status is cut. */
#define NOTIFY_MAX 1024U

enum notify_state {
    NOTIFY_STATUS,    /* nothing but the status */
    NOTIFY_READY,     /* also the end of a reload */
    NOTIFY_RELOADING, /* to be followed by NOTIFY_READY */
    NOTIFY_STOPPING,
    NOTIFY_ALIVE /* before notify_watchdog_ms() is over */
};

/* `status` is a line for the operator, or NULL; what is not printable in it becomes '?', so that
 * no input forges an assignment. Waits no longer than a second. */
bool notify_send(enum notify_state state, const char *status, struct err *err);

/* How long the service manager hears nothing from this process until it ends it; 0: no matter. */
uint64_t notify_watchdog_ms(void);

#endif
