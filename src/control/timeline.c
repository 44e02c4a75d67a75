/* see timeline.h: the layout */
#include "control/timeline.h"

#include <stdlib.h>
#include <string.h>
#include <time.h> /* allowed: calendars, no clock */

#define DAY UINT64_C(86400)

void
timeline_free(struct timeline *timeline)
{
    free(timeline->rows);
    *timeline = (struct timeline){0};
}

const char *
timeline_kind_text(enum timeline_kind kind)
{
    static const char *const texts[TIMELINE_KINDS] = {"coming", "seals", "opens", "revoked"};

    return (unsigned)kind < TIMELINE_KINDS ? texts[kind] : "unknown";
}

/* `format` is one of strftime()'s. */
static char *
format_time(char *out, size_t size, const char *format, uint64_t at)
{
    time_t seconds = (time_t)(at < TIMELINE_TIME_MAX ? at : TIMELINE_TIME_MAX);
    struct tm parts;

    out[0] = '\0';
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    if (gmtime_r(&seconds, &parts) != NULL && strftime(out, size, format, &parts) == 0)
        out[0] = '\0';
#pragma GCC diagnostic pop
    return out;
}

char *
timeline_clock(char out[TIMELINE_TEXT], uint64_t at)
{
    return format_time(out, TIMELINE_TEXT, "%Y-%m-%d %H:%M:%S", at);
}

char *
timeline_number(char out[TIMELINE_TEXT], uint64_t number)
{
    static const char units[] = "kMGTPE";
    uint64_t whole = number, tenths = 0;
    size_t unit = 0;

    for (; whole > 9999 || (unit > 0 && whole > 999); unit++) {
        tenths = whole % 1000 / 100;
        whole /= 1000;
    }
    if (unit == 0)
        (void)snprintf(out, TIMELINE_TEXT, "%llu", (unsigned long long)whole); /* both fit */
    else if (whole > 99)
        (void)snprintf(out, TIMELINE_TEXT, "%llu%c", (unsigned long long)whole, units[unit - 1]);
    else
        (void)snprintf(out, TIMELINE_TEXT, "%llu.%llu%c", (unsigned long long)whole,
                       (unsigned long long)tenths, units[unit - 1]);
    return out;
}

/* ---- rows ---- */

static int
compare(const void *a, const void *b)
{
    const struct timeline_key *x = &((const struct timeline_row *)a)->key;
    const struct timeline_key *y = &((const struct timeline_row *)b)->key;

    if (x->seals_from != y->seals_from)
        return x->seals_from > y->seals_from ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* Who knows the times alone: does this key take over when it is its turn? */
static bool
takes_over(const struct timeline_key *key, uint64_t now)
{
    if (key->is_emergency && key->state != CONTROL_SEALING)
        return false;
    return key->state != CONTROL_REVOKED || key->seals_from <= now;
}

/* When it seals no more; `next` is when a newer key takes over, or 0. */
static uint64_t
seals_end(const struct timeline_key *key, uint64_t next, uint64_t now)
{
    uint64_t end = key->seals_until;

    if (next != 0 && next < end)
        end = next;
    if (key->state == CONTROL_OPENING && end > now)
        end = now;
    return end > key->seals_from ? end : key->seals_from;
}

/* Cut to the window; what is empty then is no segment. */
static void
add_segment(const struct timeline *timeline, struct timeline_row *row, enum timeline_kind kind,
            uint64_t from, uint64_t to)
{
    if (from < timeline->from)
        from = timeline->from;
    if (to > timeline->to)
        to = timeline->to;
    if (from < to)
        row->segments[row->count++] =
            (struct timeline_segment){.kind = kind, .from = from, .to = to};
}

static void
fill_row(const struct timeline *timeline, struct timeline_row *row, uint64_t next)
{
    const struct timeline_key *key = &row->key;
    uint64_t made = key->made < key->seals_from ? key->made : key->seals_from;
    uint64_t end = seals_end(key, next, timeline->now);

    if (key->state == CONTROL_REVOKED) {
        add_segment(timeline, row, TIMELINE_REVOKED, made, key->opens_until);
        return;
    }
    add_segment(timeline, row, TIMELINE_COMING, made, key->seals_from);
    add_segment(timeline, row, TIMELINE_SEALS, key->seals_from, end);
    add_segment(timeline, row, TIMELINE_OPENS, end, key->opens_until);
}

/* From the newest to the oldest, so that the next to take over is known. */
static void
fill_rows(struct timeline *timeline, size_t count)
{
    uint64_t next = 0;   /* who takes over after the second at hand */
    uint64_t turn = 0;   /* the same, that second included */
    uint64_t coming = 0; /* who takes over after now */

    for (size_t i = 0; i < count; i++) {
        struct timeline_row *row = &timeline->rows[i];
        bool is_tie = i > 0 && row->key.seals_from == row[-1].key.seals_from && turn != next;

        if (!is_tie)
            next = turn;
        if (row->key.state == CONTROL_SEALING)
            fill_row(timeline, row, coming);
        else /* of two of one second the first seals */
            fill_row(timeline, row, is_tie ? row->key.seals_from : next);
        if (!takes_over(&row->key, timeline->now))
            continue;
        turn = row->key.seals_from;
        if (turn > timeline->now)
            coming = turn;
    }
}

/* As wide as the rows need, with a little room on both sides. */
static void
find_window(struct timeline *timeline)
{
    uint64_t from = timeline->now, to = timeline->now + 1;

    for (size_t i = 0; i < timeline->count; i++) {
        const struct timeline_key *key = &timeline->rows[i].key;
        uint64_t made = key->made < key->seals_from ? key->made : key->seals_from;

        from = made < from ? made : from;
        to = key->opens_until > to ? key->opens_until : to;
    }
    timeline->from = from - (from > (to - from) / 50 ? (to - from) / 50 : 0);
    timeline->to = to + (to - from) / 50;
}

/* ---- ticks ---- */

static uint64_t
find_step(uint64_t span, size_t ticks_max)
{
    static const uint64_t steps[] = {1,       2,       5,        10,       15,       30,
                                     60,      120,     300,      600,      900,      1800,
                                     3600,    7200,    10800,    21600,    43200,    DAY,
                                     2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 91 * DAY, 364 * DAY};
    uint64_t step = steps[0];

    for (size_t i = 0; i < sizeof steps / sizeof *steps && span / step >= ticks_max; i++)
        step = steps[i];
    while (span / step >= ticks_max)
        step *= 2;
    return step;
}

static void
add_ticks(struct timeline *timeline, size_t ticks_max)
{
    uint64_t step = find_step(timeline->to - timeline->from, ticks_max);
    uint64_t at = (timeline->from + step - 1) / step * step;

    for (; at < timeline->to && timeline->tick_count < ticks_max; at += step) {
        struct timeline_tick *tick = &timeline->ticks[timeline->tick_count++];

        tick->at = at;
        (void)format_time(tick->label, sizeof tick->label,
                          at % DAY == 0 ? "%b %e" : (step < 60 ? "%H:%M:%S" : "%H:%M"), at);
    }
}

bool
timeline_lay(struct timeline *timeline, const struct timeline_order *order,
             const struct timeline_key *keys, size_t count)
{
    struct timeline_row *rows = calloc(count + 1, sizeof *rows); /* calloc(0) may be NULL */
    size_t ticks_max = order->ticks_max < TIMELINE_TICKS ? order->ticks_max : TIMELINE_TICKS;

    if (rows == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        rows[i].key = keys[i];
    qsort(rows, count, sizeof *rows, compare);
    *timeline = (struct timeline){.rows = rows, .now = order->now};
    (void)snprintf(timeline->keyset, sizeof timeline->keyset, "%s", order->keyset); /* cut */
    timeline->count = count < order->rows_max ? count : order->rows_max;
    timeline->hidden = count - timeline->count + order->older;
    timeline->from = order->from;
    timeline->to = order->to;
    if (timeline->from >= timeline->to)
        find_window(timeline);
    fill_rows(timeline, timeline->count);
    add_ticks(timeline, ticks_max < 2 ? 2 : ticks_max);
    return true;
}
