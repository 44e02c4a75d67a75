/* see farm_line.h */
#include "control/farm_line.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LLU(number) ((unsigned long long)(number))

char *
farm_line_span(char out[FARM_LINE_SPAN], uint64_t milliseconds)
{
    static const struct {
        uint64_t from_s, unit_s;
        const char *unit;
    } units[] = {{172800, 86400, "d"}, {7200, 3600, "h"}, {120, 60, "min"}, {0, 1, "s"}};
    uint64_t seconds = milliseconds / 1000;
    size_t i = 0;

    while (seconds < units[i].from_s)
        i++;
    (void)snprintf(out, FARM_LINE_SPAN, "%llu %s", LLU(seconds / units[i].unit_s),
                   units[i].unit); /* 15 digits at most */
    return out;
}

__attribute__((format(printf, 2, 3))) static void
append(char out[FARM_LINE_MAX], const char *format, ...)
{
    size_t len = strlen(out);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(out + len, FARM_LINE_MAX - len, format, args); /* cut to fit, on purpose */
    va_end(args);
}

static const char *
plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* ---- what is the matter with one host ---- */

static bool
differs(const struct farm_line_host *host)
{
    return host->state != CONTROL_SILENT && !host->agrees && !host->is_unasked;
}

static void
append_differing(char out[FARM_LINE_MAX], const struct farm_line_host *host)
{
    append(out, "; %s ", host->name);
    if (host->missing > 0)
        append(out, "lacks %llu key%s", LLU(host->missing), plural(host->missing));
    if (host->missing > 0 && host->extra > 0)
        append(out, " and ");
    if (host->extra > 0)
        append(out, "has %llu key%s more", LLU(host->extra), plural(host->extra));
    if (host->missing == 0 && host->extra == 0)
        append(out, "holds other keys");
    append(out, "%s", host->is_pending ? " so far" : "");
}

static bool
is_silent(const struct farm_line_host *host)
{
    return host->state == CONTROL_SILENT;
}

static void
append_silent(char out[FARM_LINE_MAX], const struct farm_line_host *host)
{
    char span[FARM_LINE_SPAN];

    append(out, "; %s silent for %s", host->name, farm_line_span(span, host->heard_ms));
}

static bool
is_late(const struct farm_line_host *host)
{
    return host->state == CONTROL_LATE && host->agrees;
}

static void
append_late(char out[FARM_LINE_MAX], const struct farm_line_host *host)
{
    char span[FARM_LINE_SPAN];

    append(out, "; %s not heard of for %s", host->name, farm_line_span(span, host->heard_ms));
}

static bool
has_odd_clock(const struct farm_line_host *host)
{
    return host->is_clock_odd && !host->is_self && host->state != CONTROL_SILENT;
}

static void
append_clock(char out[FARM_LINE_MAX], const struct farm_line_host *host)
{
    int64_t ahead_ms = host->clock_ms;
    char span[FARM_LINE_SPAN];

    append(out, "; %s's clock is %s %s", host->name,
           farm_line_span(span, (uint64_t)(ahead_ms < 0 ? -ahead_ms : ahead_ms)),
           ahead_ms < 0 ? "behind" : "ahead");
}

/* ---- all of them ---- */

static const struct kind {
    bool (*is)(const struct farm_line_host *host);
    void (*append)(char out[FARM_LINE_MAX], const struct farm_line_host *host);
    const char *more; /* "2 more ..." */
} kinds[] = {{differs, append_differing, "with other keys"},
             {is_silent, append_silent, "silent"},
             {is_late, append_late, "not heard of"},
             {has_odd_clock, append_clock, "with odd clocks"}};

/* `all`: how many there are; there may be fewer in the list. */
static void
append_kind(char out[FARM_LINE_MAX], const struct farm_line *farm, const struct kind *kind,
            uint64_t all)
{
    uint64_t found = 0, named = 0;

    for (size_t i = 0; i < farm->count; i++) {
        if (!kind->is(&farm->list[i]))
            continue;
        found++;
        if (named == FARM_LINE_NAMED)
            continue;
        named++;
        kind->append(out, &farm->list[i]);
    }
    if (all < found)
        all = found;
    if (all > named)
        append(out, "; %llu%s %s", LLU(all - named), named > 0 ? " more" : "", kind->more);
}

static void
append_own_clock(char out[FARM_LINE_MAX], const struct farm_line *farm)
{
    int64_t behind_ms = farm->clock_ms;
    char span[FARM_LINE_SPAN];

    for (size_t i = 0; i < farm->count; i++) {
        if (farm->list[i].is_self && farm->list[i].is_clock_odd)
            append(out, "; the clock here is %s %s most others",
                   farm_line_span(span, (uint64_t)(behind_ms < 0 ? -behind_ms : behind_ms)),
                   behind_ms < 0 ? "ahead of" : "behind");
    }
}

static void
append_sum(char out[FARM_LINE_MAX], const struct farm_line *farm)
{
    if (!farm->has_looked) {
        append(out, "%llu host%s so far: the others have not been asked yet", LLU(farm->hosts),
               plural(farm->hosts));
        return;
    }
    if (farm->hosts <= 1) {
        append(out, "this host alone: no other has been heard of");
        return;
    }
    append(out, "%llu hosts", LLU(farm->hosts));
    if (farm->differing + farm->pending + farm->unasked == 0)
        append(out, ", all%s hold the same %llu key%s", farm->silent > 0 ? " that answer" : "",
               LLU(farm->keys), plural(farm->keys));
}

static bool
is_old(const struct farm_line *farm)
{
    return farm->has_looked && farm->looked_ms > FARM_LINE_OLD_MS;
}

bool
farm_line_text(char out[FARM_LINE_MAX], const struct farm_line *farm)
{
    const uint64_t all[] = {farm->differing + farm->pending, farm->silent, 0, 0};
    char span[FARM_LINE_SPAN];

    out[0] = '\0';
    append_sum(out, farm);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        append_kind(out, farm, &kinds[i], all[i]);
    append_own_clock(out, farm);
    if (farm->unasked > 0)
        append(out, "; %llu not heard of since keys changed here", LLU(farm->unasked));
    if (is_old(farm))
        append(out, "; as of %s ago", farm_line_span(span, farm->looked_ms));
    return farm->differing == 0 && farm->silent == 0;
}
