/* access.h - who may do what over the control socket. Pure.
 *
 * Root and stekd's own user may do everything. With a section control { } in the configuration,
 * members of its admin group may look, rotate and revoke, those of its observer group may look. Who
 * is in a farm is not for them: who can let a host in can let in one of his own, and has all keys.
 * All groups of the peer count, as they were when it connected: who was taken out of a group keeps
 * it for as long as his processes do.
 *
 * The socket has mode 0600, and an access control list for the two groups: one owning group could
 * not serve both, stekd need not be a member of either, and the kernel turns strangers away when
 * they connect, so that they neither take one of the few connections nor stekd's time. Each request
 * is checked again here: the list cannot tell who may order, and says nothing of connections that
 * a reload has left behind.
 *
 *   R-ACCESS-1: who is not known, or in none of the groups, may do nothing.
 *   R-ACCESS-2: who may look cannot order.
 *   R-ACCESS-3: however many connections members of the groups hold, root and stekd's user get
 *               in.
 *   R-ACCESS-4: nobody but root and stekd's user can say who is in a farm. */
#ifndef DAEMON_ACCESS_H
#define DAEMON_ACCESS_H

#include "base/err.h"
#include "config/config.h"
#include "io/peer.h"

enum access {
    ACCESS_NONE,
    ACCESS_LOOK,
    ACCESS_ORDER, /* rotate and revoke */
    ACCESS_OWN    /* say who is in a farm */
};

/* `own` is stekd's user. */
enum access access_of(const struct peer *peer, uid_t own, const struct config_control *control);

/* Say who may do what needs `wanted`, for somebody who may not. */
void access_explain(struct err *err, enum access wanted, const struct config_control *control);

#endif
