/* pace.h - where much happens in a row it is cheaper to sleep a little, and to do it together, than
 * to be woken for each bit of it. A few times in a row are free: what happens alone is done at
 * once. */
#ifndef IO_PACE_H
#define IO_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_IN_A_ROW 10U

/* Begins as zero. */
struct pace {
    uint64_t spent_ms; /* each time counts for `apart_ms`; how far that has come */
};

/* It happens now. True if it should not again before `apart_ms`. */
static inline bool
pace_is_over(struct pace *pace, uint64_t apart_ms, uint64_t now_ms)
{
    pace->spent_ms = (pace->spent_ms > now_ms ? pace->spent_ms : now_ms) + apart_ms;
    return pace->spent_ms > now_ms + PACE_IN_A_ROW * apart_ms;
}

#endif
