/* stekd_inner.h - between stekd.c, stekd_clock.c, stekd_folder.c and stekd_reload.c. */
#ifndef DAEMON_STEKD_INNER_H
#define DAEMON_STEKD_INNER_H

#include "daemon/stekd.h"

struct service_env stekd_env(struct stekd *stekd);

/* Set the timer to the next tick that is due. */
void stekd_arm(struct stekd *stekd);

/* Where the wall clock was set and is held off, and most hosts of a farm have its time, take it:
 * true if so, and all services want a tick. */
bool stekd_follow_clock(struct stekd *stekd, struct ring_time now);

/* Let these groups use the control socket, and no others. Where that cannot be, none may, and it is
 * told. */
void stekd_admit(struct stekd *stekd, const struct config_control *control);

/* Warn of a group whose members are not servers alone. */
void stekd_warn_group(const struct stekd *stekd, const struct config_keyset *config);

/* Take the runtime folder: it must be ours, and no other stekd in it. */
bool stekd_take_folder(struct stekd *stekd, const char *path, struct err *err);

/* Warn of rings in it that belong to no keyset. */
bool stekd_check_folder(struct stekd *stekd, struct err *err);

/* From now on what others do to rings in it is mended at once. */
void stekd_watch_folder(struct stekd *stekd);

#endif
