/* stekd.h - the daemon of a host: the only writer of the rings in its runtime folder. */
#ifndef DAEMON_STEKD_H
#define DAEMON_STEKD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"
#include "daemon/audit.h"
#include "daemon/clock.h"
#include "daemon/manager.h"
#include "daemon/service.h"
#include "daemon/web.h"
#include "io/http_server.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/process.h"
#include "io/watch.h"

#define STEKD_LOCK "stekd.pid" /* in the runtime folder */

struct stekd_options {
    const char *config_path; /* to read again; `config` is what was read */
    const char *run_dir;
};

/* Read the fields freely. */
struct stekd {
    char *config_path;
    bool is_built_in; /* there was no such file, so there need not be one at a reload */
    char *run_dir;
    char *socket_path;
    struct log log;
    struct audit_limit refused;
    struct pid_lock lock;
    struct clock clock;
    bool is_refused;    /* the configuration at the last reload */
    struct err refusal; /* why the last reload was refused; "" */
    bool is_clock_held; /* and told so */
    bool is_stopping;
    uint64_t started_s;
    struct service *services[CONFIG_KEYSETS_MAX]; /* in the order of the configuration */
    uint64_t due_boot_ms[CONFIG_KEYSETS_MAX];     /* their next ticks */
    size_t count;
    struct loop *loop;
    struct loop_timer *timer;
    struct manager manager;
    struct watch *watch; /* of the runtime folder; NULL: the ticks look after the rings */
    struct http_server *server;
    struct config_control control; /* who may use it */
    struct web web;
};

/* Take the runtime folder, all rings, and the control socket. NULL, with the reason in `err` and
 * nothing left behind but rings. */
struct stekd *stekd_start(const struct stekd_options *options, const struct config *config,
                          const struct log *log, struct err *err);

/* Tell the service manager how it stands: keysets, a reload that was refused, what is wrong. */
void stekd_tell(struct stekd *stekd, enum notify_state state);

/* Work until a signal says to stop. */
bool stekd_run(struct stekd *stekd, struct err *err);

/* Let go of all; the rings and their keys stay. Sets NULL, takes NULL. */
void stekd_stop(struct stekd **stekd);

/* Read the configuration again. A fault in it, or a change that cannot be made while the rings are
 * in use, leaves all as it was. Keysets that are not in it any more are destroyed. */
bool stekd_reload(struct stekd *stekd, struct err *err);

/* For the control requests: what time it is; do what time asks of one keyset now, and set the
 * timer; what is wrong with the clock, "" if nothing. */
struct ring_time stekd_now(struct stekd *stekd);
void stekd_tick(struct stekd *stekd, struct service *service);
void stekd_clock_trouble(const struct stekd *stekd, struct err *err);

#endif
