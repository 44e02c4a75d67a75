/* see peer.h */
#include "io/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define GROUPS_MAX 65536U /* NGROUPS_MAX of Linux */

/* Room for one more, which is the peer's own. */
static gid_t *
read_groups(size_t *count, int fd)
{
    socklen_t len = 0;
    gid_t *groups;

    /* ERANGE says how many there are; they are of the time of the connection, and stay as many */
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &len) != 0 && errno != ERANGE)
        return NULL;
    if (len > GROUPS_MAX * sizeof(gid_t))
        return NULL;
    groups = malloc(len + sizeof *groups);
    if (groups != NULL && len > 0 &&
        getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups + 1, &len) != 0) {
        free(groups);
        return NULL;
    }
    *count = len / sizeof *groups + 1;
    return groups;
}

void
peer_find(struct peer *peer, int fd)
{
    struct ucred who;
    socklen_t len = sizeof who;

    *peer = (struct peer){0};
    if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0 || len != sizeof who)
        return;
    peer->is_known = true;
    peer->uid = who.uid;
    peer->pid = who.pid;
    peer->groups = read_groups(&peer->group_count, fd);
    if (peer->groups != NULL)
        peer->groups[0] = who.gid;
}

bool
peer_is_trusted(uid_t *uid, int fd)
{
    struct ucred who;
    socklen_t len = sizeof who;

    *uid = (uid_t)-1;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0 || len != sizeof who)
        return false;
    *uid = who.uid;
    return who.uid == 0 || who.uid == geteuid();
}

bool
peer_is_in(const struct peer *peer, gid_t group)
{
    for (size_t i = 0; i < peer->group_count; i++) {
        if (peer->groups[i] == group)
            return true;
    }
    return false;
}

void
peer_free(struct peer *peer)
{
    free(peer->groups);
    *peer = (struct peer){0};
}
