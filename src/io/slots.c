/* see slots.h */
#include "io/slots.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "io/listen.h"
#include "io/peer.h"

/* Connections of others, as one look finds them. */
struct crowd {
    struct {
        int fd;
        uid_t uid;
    } members[SLOTS_FDS];
    size_t count;
};

/* Its other end is told, and so is who reads from it here. */
static void
hang_up(int fd)
{
    (void)shutdown(fd, SHUT_RDWR); /* where it fails its other end is gone */
}

static bool
is_known(const struct slots *slots, int fd, uint64_t *cookie)
{
    socklen_t len = sizeof *cookie;

    *cookie = 0; /* where there are none, no connection is older than now */
    return getsockopt(fd, SOL_SOCKET, SO_COOKIE, cookie, &len) == 0 && *cookie != 0 &&
           slots->known[fd].cookie == *cookie;
}

static void
note(struct slots *slots, struct crowd *others, int fd, uint64_t now_s)
{
    uint64_t cookie;
    uid_t uid;

    if (!is_known(slots, fd, &cookie)) {
        slots->known[fd].cookie = cookie;
        slots->known[fd].seen_s = now_s;
    }
    if (slots->others_max == 0 || peer_is_trusted(&uid, fd))
        return;
    others->members[others->count].fd = fd;
    others->members[others->count++].uid = uid;
}

static size_t
count_of(const struct crowd *crowd, uid_t uid)
{
    size_t count = 0;

    for (size_t i = 0; i < crowd->count; i++)
        count += crowd->members[i].uid == uid;
    return count;
}

/* Of whoever holds the most, the one with the highest number. */
static void
drop_one(struct crowd *crowd)
{
    size_t victim = 0, most = 0;

    for (size_t i = 0; i < crowd->count; i++) {
        size_t count = count_of(crowd, crowd->members[i].uid);

        if (count >= most) {
            most = count;
            victim = i;
        }
    }
    hang_up(crowd->members[victim].fd);
    crowd->members[victim] = crowd->members[--crowd->count];
}

static void
drop_old(const struct slots *slots, uint64_t now_s)
{
    for (int fd = 0; fd < (int)SLOTS_FDS; fd++) {
        if (slots->known[fd].cookie != 0 && now_s - slots->known[fd].seen_s > SLOTS_AGE_S)
            hang_up(fd);
    }
}

unsigned
slots_look(struct slots *slots, int listening, uint64_t now_s)
{
    struct crowd others;
    unsigned count = 0;

    others.count = 0;
    for (int fd = 0; fd < (int)SLOTS_FDS; fd++) {
        if (listen_has_accepted(listening, fd)) {
            note(slots, &others, fd, now_s);
            count++;
        } else {
            slots->known[fd].cookie = 0;
        }
    }
    while (slots->others_max > 0 && others.count > slots->others_max)
        drop_one(&others);
    if (count >= slots->max)
        drop_old(slots, now_s);
    return count;
}
