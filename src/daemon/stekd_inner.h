/* stekd_inner.h - between stekd.c and stekd_reload.c. */
#ifndef DAEMON_STEKD_INNER_H
#define DAEMON_STEKD_INNER_H

#include "daemon/stekd.h"

struct service_env stekd_env(const struct stekd *stekd);

/* Set the timer to the next tick that is due. */
void stekd_arm(struct stekd *stekd);

/* Warn of a group whose members are not servers alone. */
void stekd_warn_group(const struct stekd *stekd, const struct config_keyset *config);

#endif
