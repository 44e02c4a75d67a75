/* clock.h - the daemon's time: Unix time that a step of the wall clock does not reach. Pure.
 *
 * Keys end by CLOCK_BOOTTIME in the ring; Unix time only says when epochs begin, and what is shown.
 * So the daemon's Unix time is the boot clock plus an offset. The offset follows the wall clock
 * where that drifts or is slewed, up to CLOCK_FOLLOW_MS between two looks; a larger step is held
 * off until most of the farm's hosts have that time, too, or the daemon is started anew. Then the
 * Unix times of this host's keys move with it. */
#ifndef DAEMON_CLOCK_H
#define DAEMON_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "ring/writer.h"

#define CLOCK_FOLLOW_S 60
#define CLOCK_FOLLOW_MS (CLOCK_FOLLOW_S * 1000)

struct clock {
    int64_t offset_ms; /* Unix time minus boot time */
    int64_t held_ms;   /* how far the wall clock is ahead of us where it is held off; else 0 */
};

/* Accept the wall clock as it is. */
struct clock clock_start(uint64_t boot_ms, uint64_t wall_ms);

/* Look at both clocks; what time it is now. */
struct ring_time clock_look(struct clock *clock, uint64_t boot_ms, uint64_t wall_ms);

/* Take the step that is held off, after all; how far the time moves. */
int64_t clock_accept(struct clock *clock);

/* Milliseconds to the nearest second. */
int64_t clock_round_s(int64_t ms);

#endif
