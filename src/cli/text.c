/* see text.h */
#include "cli/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h> /* allowed: calendars, no clock */

#define MINUTE UINT64_C(60)
#define HOUR UINT64_C(3600)
#define DAY UINT64_C(86400)

static bool
is_continuation(char byte)
{
    return ((unsigned char)byte & 0xc0U) == 0x80U;
}

char *
text_clean(char *out, size_t size, const char *text)
{
    size_t len = strlen(text);
    size_t n = 0;

    if (len > size - 1) {
        len = size - 1;
        while (len > 0 && is_continuation(text[len]))
            len--;
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];
        bool is_c1 = byte == 0xc2 && (unsigned char)text[i + 1] < 0xa0;

        out[n++] = (char)(byte < 0x20 || byte == 0x7f || is_c1 ? '?' : byte);
        i += is_c1 ? 1 : 0;
    }
    out[n] = '\0';
    return out;
}

char *
text_span(char out[TEXT_MAX], uint64_t seconds)
{
    static const struct {
        uint64_t seconds;
        char unit;
    } units[] = {{DAY, 'd'}, {HOUR, 'h'}, {MINUTE, 'm'}, {1, 's'}};
    size_t len = 0;

    if (seconds == DAY) {                     /* "24h" is how people say it of lifetimes */
        (void)snprintf(out, TEXT_MAX, "24h"); /* fits */
        return out;
    }
    out[0] = '\0';
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        uint64_t count = seconds / units[i].seconds;

        if (count > 0 || (units[i].unit == 's' && len == 0)) {
            (void)snprintf(out + len, TEXT_MAX - len, "%s%llu%c", len > 0 ? " " : "",
                           (unsigned long long)count, units[i].unit); /* 20 digits fit */
            len = strlen(out);
        }
        seconds %= units[i].seconds;
    }
    return out;
}

char *
text_relative(char out[TEXT_MAX], uint64_t at, uint64_t now)
{
    static const struct {
        uint64_t below, seconds;
        char unit;
    } units[] = {{2 * MINUTE, 1, 's'},
                 {2 * HOUR, MINUTE, 'm'},
                 {2 * DAY, HOUR, 'h'},
                 {UINT64_MAX, DAY, 'd'}};
    uint64_t apart = at > now ? at - now : now - at;
    size_t i = 0;

    while (apart >= units[i].below && units[i].below != UINT64_MAX)
        i++;
    if (apart == 0)
        (void)snprintf(out, TEXT_MAX, "now"); /* fits, as does the other */
    else
        (void)snprintf(out, TEXT_MAX, "%s%llu%c%s", at > now ? "in " : "",
                       (unsigned long long)(apart / units[i].seconds), units[i].unit,
                       at > now ? "" : " ago");
    return out;
}

char *
text_clock(char out[TEXT_MAX], uint64_t at, uint64_t now)
{
    time_t at_time = (time_t)at, now_time = (time_t)now;
    struct tm at_tm, now_tm;
    bool is_today;

    if (localtime_r(&at_time, &at_tm) == NULL || localtime_r(&now_time, &now_tm) == NULL) {
        (void)snprintf(out, TEXT_MAX, "@%llu", (unsigned long long)at); /* fits */
        return out;
    }
    is_today = at_tm.tm_year == now_tm.tm_year && at_tm.tm_yday == now_tm.tm_yday;
    if (strftime(out, TEXT_MAX, is_today ? "%H:%M:%S" : "%Y-%m-%d %H:%M", &at_tm) == 0)
        out[0] = '\0';
    return out;
}

char *
text_when(char out[TEXT_MAX], uint64_t at, uint64_t now)
{
    char clock[TEXT_MAX], relative[TEXT_MAX];

    (void)snprintf(out, TEXT_MAX, "%.20s (%.20s)", text_clock(clock, at, now),
                   text_relative(relative, at, now)); /* both are shorter */
    return out;
}
