/* peer.h - who is at the other end of a unix socket, as the kernel knows it of the moment when it
 * connected. */
#ifndef IO_PEER_H
#define IO_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct peer {
    bool is_known; /* else nothing of the rest is */
    uid_t uid;
    pid_t pid;     /* may be another process's by now */
    gid_t *groups; /* all that it is in, its own first; NULL where they cannot be told */
    size_t group_count;
};

/* What cannot be told is left out: so nobody is taken for more than he is. */
void peer_find(struct peer *peer, int fd);

/* True if it is root, or the user that this process runs as. `uid` gets who it is; who cannot be
 * told is nobody. */
bool peer_is_trusted(uid_t *uid, int fd);

bool peer_is_in(const struct peer *peer, gid_t group);

/* Takes one that is all zero. */
void peer_free(struct peer *peer);

#endif
