/* see twin.h */
#include "share/twin.h"

#define ROW 4U           /* so often in a row is no restore any more */
#define QUIET_MS 120000U /* after that it is no row */
#define DELAY_MS 30000U

uint64_t
twin_replaced(struct twin *twin, uint64_t now_ms)
{
    twin->replaced = now_ms - twin->replaced_ms < QUIET_MS ? twin->replaced + 1 : 1;
    twin->replaced_ms = now_ms;
    return twin->replaced < ROW ? 0 : now_ms + DELAY_MS;
}

bool
twin_is_there(const struct twin *twin, uint64_t now_ms)
{
    return twin->replaced >= ROW && now_ms - twin->replaced_ms < QUIET_MS;
}

void
twin_say(struct err *out, const char *what, uint64_t host)
{
    (void)err_set(out, /* always false */
                  "%s, %016llx: was this machine copied from another one? Each host needs an id "
                  "of its own",
                  what, (unsigned long long)host);
}
