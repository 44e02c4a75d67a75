/* listen.h - sockets that listen: unix ones, and those of TCP. */
#ifndef IO_LISTEN_H
#define IO_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

#define LISTEN_ADDRESS_MAX 53U /* "[", 45 of IPv6, "]:65535" */

/* Where TCP is listened for; equal addresses have equal texts. */
struct listen_address {
    char text[LISTEN_ADDRESS_MAX + 1]; /* "127.0.0.1:9779", "[::1]:9779" */
};

/* ADDRESS:PORT, with an IPv4 address or an IPv6 address in brackets, and a port from 1 to 65535.
 * On failure `address` is left alone. */
bool listen_address_parse(struct listen_address *address, const char *text);

/* Listen on `path`, mode 0600. A socket that nobody listens on any more is replaced; one that is
 * in use, or a file of another kind, is left alone. Returns a descriptor that does not block, or
 * -1. */
int listen_unix(const char *path, struct err *err);

#define LISTEN_GROUPS_MAX 8U

/* Let the members of these different groups connect, too, and no others: by an access control list.
 * It needs to be the owner of the socket, and a file system that has such lists; where it fails
 * nobody but the owner may. */
bool listen_unix_admit(const char *path, const gid_t *groups, size_t count, struct err *err);

/* The same for TCP; an address that other programs have just left can be had at once. */
int listen_tcp(const struct listen_address *address, struct err *err);

/* True if `fd` is a connection to what listens at `listening`. */
bool listen_has_accepted(int listening, int fd);

enum listen_way {
    LISTEN_UNIX,
    LISTEN_LOOPBACK, /* TCP, by an address that only this host has */
    LISTEN_NETWORK   /* or not known */
};

/* By which way a connection came. */
enum listen_way listen_way(int fd);

#endif
