/* see clock.h */
#include "daemon/clock.h"

struct clock
clock_start(uint64_t boot_ms, uint64_t wall_ms)
{
    return (struct clock){.offset_ms = (int64_t)(wall_ms - boot_ms)};
}

struct ring_time
clock_look(struct clock *clock, uint64_t boot_ms, uint64_t wall_ms)
{
    int64_t ahead_ms = (int64_t)(wall_ms - boot_ms) - clock->offset_ms;

    if (ahead_ms >= -CLOCK_FOLLOW_MS && ahead_ms <= CLOCK_FOLLOW_MS) {
        clock->offset_ms += ahead_ms;
        ahead_ms = 0;
    }
    clock->held_ms = ahead_ms;
    return (struct ring_time){.boot_ms = boot_ms, .unix_ms = boot_ms + (uint64_t)clock->offset_ms};
}

int64_t
clock_accept(struct clock *clock)
{
    int64_t step_ms = clock->held_ms;

    clock->offset_ms += step_ms;
    clock->held_ms = 0;
    return step_ms;
}

int64_t
clock_round_s(int64_t ms)
{
    return (ms + (ms < 0 ? -500 : 500)) / 1000;
}
