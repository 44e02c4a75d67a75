/* slots.h - how many connections a listening socket has, and which have to go where that is too
 * many: a few slow or greedy peers are not to keep all others out.
 *
 *   R-SLOTS-1: while all slots are taken, a connection older than SLOTS_AGE_S is hung up on,
 *              however busy it looks: who says one byte a second holds a slot for no longer.
 *   R-SLOTS-2: users but root and ours that hold more than their share together lose connections of
 *              whoever of them holds the most: none of them keeps another one out. */
#ifndef IO_SLOTS_H
#define IO_SLOTS_H

#include <stdint.h>

#define SLOTS_FDS 1024U /* descriptors that are looked at; usually the process may have no more */
#define SLOTS_AGE_S 10U

struct slots {
    unsigned max;        /* connections */
    unsigned others_max; /* of these, of users but root and ours; 0: no such limit */
    struct {
        uint64_t cookie; /* of the socket, as the kernel counts them */
        uint64_t seen_s; /* when it was seen first */
    } known[SLOTS_FDS];
};

/* Returns how many connections to what listens at `listening` there are, those included that are
 * hung up on now. Call it for each connection that comes, and now and then while all are taken. */
unsigned slots_look(struct slots *slots, int listening, uint64_t now_s);

#endif
