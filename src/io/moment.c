/* see moment.h */
#include "io/moment.h"

#include <stdio.h>
#include <time.h>

#define LAST_S 253402300799U /* 9999-12-31T23:59:59Z */

char *
moment_text(char out[MOMENT_LEN], uint64_t unix_s)
{
    time_t seconds = (time_t)unix_s;
    struct tm parts;

    if (unix_s > LAST_S || gmtime_r(&seconds, &parts) == NULL ||
        strftime(out, MOMENT_LEN, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        (void)snprintf(out, MOMENT_LEN, "%llu", (unsigned long long)unix_s); /* always fits */
    return out;
}
