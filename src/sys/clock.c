/* see sys.h */
#include <time.h>

#include "sys/sys.h"

static uint64_t
clock_ms(clockid_t clock)
{
    struct timespec t = {0};

    (void)clock_gettime(clock, &t); /* cannot fail for these clocks */
    return (uint64_t)t.tv_sec * 1000U + (uint64_t)t.tv_nsec / 1000000U;
}

uint64_t
sys_boot_s(void)
{
    return clock_ms(CLOCK_BOOTTIME) / 1000U;
}

uint64_t
sys_boot_ms(void)
{
    return clock_ms(CLOCK_BOOTTIME);
}

uint64_t
sys_unix_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}
