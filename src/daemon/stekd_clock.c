/* see stekd.h: what time it is, and what becomes of a wall clock that was set */
#include "daemon/stekd_inner.h"
#include "sys/sys.h"

void
stekd_clock_trouble(const struct stekd *stekd, struct err *err)
{
    if (stekd->clock.held_ms != 0)
        (void)err_set(err,
                      "the wall clock was set by %lld s, which is held off: keys keep their times; "
                      "if the clock is right now, restart stekd to accept it",
                      (long long)clock_round_s(stekd->clock.held_ms)); /* always false */
}

struct ring_time
stekd_now(struct stekd *stekd)
{
    struct ring_time now = clock_look(&stekd->clock, sys_boot_ms(), sys_unix_ms());
    bool is_held = stekd->clock.held_ms != 0;
    struct err trouble = {""};

    stekd_clock_trouble(stekd, &trouble);
    if (is_held && !stekd->is_clock_held)
        log_warn(&stekd->log, "%s", trouble.text);
    else if (!is_held && stekd->is_clock_held)
        log_info(&stekd->log, "the wall clock is back");
    stekd->is_clock_held = is_held;
    return now;
}

/* Do most hosts of our farms have the time of the wall clock? */
static bool
is_agreed(const struct stekd *stekd)
{
    size_t agree = 0, asked = 0;

    for (size_t i = 0; i < stekd->count; i++) {
        const struct member *member = stekd->services[i]->member;

        if (member != NULL)
            fleet_ask_clock(&member->fleet, stekd->clock.held_ms, FLEET_CLOCK_MS, &agree, &asked);
    }
    return 2 * agree > asked;
}

bool
stekd_follow_clock(struct stekd *stekd, struct ring_time now)
{
    int64_t step_ms = stekd->clock.held_ms;

    if (step_ms == 0)
        return false;
    if (!is_agreed(stekd)) {
        for (size_t i = 0; i < stekd->count; i++)
            member_refresh(stekd->services[i]->member, FLEET_HEARTBEAT_MS, now);
        return false;
    }
    now.unix_ms += (uint64_t)clock_accept(&stekd->clock);
    stekd->is_clock_held = false;
    for (size_t i = 0; i < stekd->count; i++) {
        service_clock_set(stekd->services[i], clock_round_s(step_ms), now);
        stekd->due_boot_ms[i] = now.boot_ms;
    }
    log_warn(&stekd->log,
             "the wall clock was set by %lld s, and other hosts of the farm have that time, too: "
             "keys keep their remaining time",
             (long long)clock_round_s(step_ms));
    return true;
}
