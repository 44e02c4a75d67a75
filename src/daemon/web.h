/* web.h - what stekd shows over TCP: listeners that come and go with the configuration.
 *
 * R-WEB-1: nothing that comes over TCP is an order.
 * R-WEB-2: by a loopback address, only who names this host is answered: no page of another site.
 * R-WEB-3: an address that cannot be had does not keep stekd from its keys; it is tried again. */
#ifndef DAEMON_WEB_H
#define DAEMON_WEB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "config/config.h"
#include "io/http_server.h"
#include "io/log.h"
#include "io/loop.h"

#define WEB_RETRY_MS 5000U
#define WEB_HEAD_MAX 8192U
#define WEB_CONNECTIONS_MAX 32U /* of each listener */
#define WEB_TIMEOUT_S 5

struct web_listener {
    struct listen_address address; /* "": unused */
    struct http_server *server;    /* NULL: not had yet */
    bool is_told;                  /* that it is not had */
};

struct web {
    struct loop *loop;
    struct loop_timer *retry;
    const struct log *log;
    http_handler *handler;
    void *arg;
    struct web_listener listeners[CONFIG_LISTEN_MAX];
};

/* Begin with no listener; fails for want of memory only. What is pointed to stays. */
bool web_start(struct web *web, struct loop *loop, const struct log *log, http_handler *handler,
               void *arg, struct err *err);

/* Listen there, and nowhere else. Listeners that stay keep their connections. */
void web_change(struct web *web, const struct config_listen *listen);

/* Takes one that is all zero, and before loop_free(). */
void web_stop(struct web *web);

#endif
