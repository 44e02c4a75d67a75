/* udp.h - datagrams on the loop, to and from addresses and groups of multicast.
 *
 * Who opens an address that is open on this loop already shares that socket: each datagram is told
 * to all its users, who know their own. So several keysets of one stekd live on one port. A group
 * is open to any number of programs; what is sent to it comes back to this machine, too, and leaves
 * its network through no router (TTL 1). */
#ifndef IO_UDP_H
#define IO_UDP_H

#include <stddef.h>

#include "base/err.h"
#include "io/address.h"
#include "io/loop.h"

#define UDP_LEN_MAX 1500U /* longer ones are not told */

struct udp;

/* Ends with the call, as `from` does; nobody closes one from within it. */
typedef void udp_fn(void *arg, const uint8_t *bytes, size_t len, const struct address *from);

/* An address of this machine, all of them, or a group; of the latter on that interface, or the one
 * that routes say (NULL), which an IPv6 group needs. NULL, with what to do in `err`. */
struct udp *udp_open(struct loop *loop, const struct address *at, const char *interface,
                     udp_fn *call, void *arg, struct err *err);

/* Sets NULL, takes NULL. */
void udp_close(struct udp **udp);

/* Of a group: belong to it still, if the interface went and came. False: it is not there. */
bool udp_rejoin(struct udp *group, struct err *err);

enum udp_sent { UDP_SENT, UDP_FULL, UDP_FAILED };

/* UDP_FULL: try again in some milliseconds. UDP_FAILED: the reason is in `err`. */
enum udp_sent udp_send(const struct udp *udp, const struct address *to, const uint8_t *bytes,
                       size_t len, struct err *err);

/* The same, to a group that is open, on its interface. */
enum udp_sent udp_send_group(const struct udp *udp, const struct udp *group, const uint8_t *bytes,
                             size_t len, struct err *err);

#endif
