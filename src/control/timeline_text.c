/* see timeline.h: as text for a terminal */
#include <stdlib.h>
#include <string.h>

#include "control/timeline.h"

#define WIDTH_MIN 48U
#define LEGEND 44U
#define WIDTH_MAX 1000U
#define GUTTER 17U     /* "3f2a91c0 opening " */
#define COUNTS 14U     /* " 12.3k  12.3k " behind the chart */
#define COUNTS_AT 100U /* from so many columns on */
#define NOTHING TIMELINE_KINDS
#define NOW (TIMELINE_KINDS + 1)

static const char *const glyphs[2][TIMELINE_KINDS + 2] = {
    {"·", "█", "▒", "×", " ", "│"},
    {".", "#", "=", "x", " ", "|"},
};
static const char *const colors[TIMELINE_KINDS + 2] = {"\033[36m", "\033[32m", "",
                                                       "\033[31m", "",         "\033[1m"};

struct chart {
    const struct timeline *timeline;
    const struct timeline_look *look;
    unsigned columns; /* of the chart alone */
    bool has_counts;
};

/* The column that a time falls into. It may be `columns`, of what lies behind the window. */
static unsigned
column_of(const struct chart *chart, uint64_t at)
{
    const struct timeline *timeline = chart->timeline;

    if (at >= timeline->to)
        return chart->columns;
    return at <= timeline->from ? 0
                                : (unsigned)((at - timeline->from) * chart->columns /
                                             (timeline->to - timeline->from));
}

static const char *
color_of(const struct chart *chart, unsigned cell)
{
    return chart->look->is_color ? colors[cell] : "";
}

/* One glyph after another; codes for colours only where the colour changes. */
static void
print_cells(FILE *out, const struct chart *chart, const unsigned char *cells, unsigned count)
{
    const char *color = "";

    for (unsigned i = 0; i < count; i++) {
        const char *wanted = color_of(chart, cells[i]);

        if (strcmp(wanted, color) != 0)
            (void)fprintf(out, "%s%s", color[0] != '\0' ? "\033[0m" : "", wanted); /* ferror() */
        color = wanted;
        (void)fputs(glyphs[chart->look->is_ascii][cells[i]], out);
    }
    if (color[0] != '\0')
        (void)fputs("\033[0m", out);
}

/* ---- ruler ---- */

static void
print_labels(FILE *out, const struct chart *chart)
{
    unsigned at = 0;

    (void)fprintf(out, "%*s", (int)GUTTER, "");
    for (size_t i = 0; i < chart->timeline->tick_count; i++) {
        const struct timeline_tick *tick = &chart->timeline->ticks[i];
        unsigned column = column_of(chart, tick->at), len = (unsigned)strlen(tick->label);

        if ((at > 0 && column < at + 1) || column + len > chart->columns)
            continue;
        (void)fprintf(out, "%*s%s", (int)(column - at), "", tick->label);
        at = column + len;
    }
    if (chart->has_counts)
        (void)fprintf(out, "%*s", (int)(chart->columns - at), "");
    (void)fprintf(out, "%s\n", chart->has_counts ? " SEALED OPENED" : "");
}

static void
print_rule(FILE *out, const struct chart *chart)
{
    const char *const *marks = chart->look->is_ascii ? (const char *const[]){"-", "+", "V"}
                                                     : (const char *const[]){"─", "┬", "▼"};
    const struct timeline *timeline = chart->timeline;
    unsigned now = column_of(chart, timeline->now);

    (void)fprintf(out, "%*s", (int)GUTTER, "");
    for (unsigned column = 0; column < chart->columns; column++) {
        unsigned mark = 0;

        for (size_t i = 0; i < timeline->tick_count; i++)
            mark = column_of(chart, timeline->ticks[i].at) == column ? 1 : mark;
        if (column == now && timeline->now >= timeline->from)
            mark = 2;
        (void)fputs(marks[mark], out);
    }
    (void)fputc('\n', out);
}

/* ---- rows ---- */

/* A cell shows what is so in its middle; what is shorter than a cell and matters shows, too. */
static void
fill_cells(const struct chart *chart, const struct timeline_row *row, unsigned char *cells)
{
    const struct timeline *timeline = chart->timeline;
    unsigned now = column_of(chart, timeline->now);

    for (unsigned i = 0; i < chart->columns; i++) {
        uint64_t middle = timeline->from + (timeline->to - timeline->from) * (2 * (uint64_t)i + 1) /
                                               (2 * (uint64_t)chart->columns);

        cells[i] = i == now && timeline->now >= timeline->from ? NOW : NOTHING;
        for (size_t j = 0; j < row->count; j++) {
            const struct timeline_segment *segment = &row->segments[j];

            if (middle < segment->from || middle >= segment->to)
                continue;
            if (cells[i] != NOW || segment->kind == TIMELINE_SEALS)
                cells[i] = (unsigned char)segment->kind;
        }
    }
    for (size_t j = 0; j < row->count; j++) {
        const struct timeline_segment *segment = &row->segments[j];
        unsigned first = column_of(chart, segment->from);
        bool matters = segment->kind == TIMELINE_SEALS || segment->kind == TIMELINE_REVOKED;

        if (matters && memchr(cells, (int)segment->kind, chart->columns) == NULL)
            cells[first] = (unsigned char)segment->kind;
    }
}

/* The colour of a key's name. */
static unsigned
cell_of(enum control_state state)
{
    switch (state) {
    case CONTROL_COMING: return TIMELINE_COMING;
    case CONTROL_SEALING: return TIMELINE_SEALS;
    case CONTROL_OPENING: return TIMELINE_OPENS;
    case CONTROL_REVOKED: break;
    }
    return TIMELINE_REVOKED;
}

static void
print_row(FILE *out, const struct chart *chart, const struct timeline_row *row)
{
    const char *color = color_of(chart, cell_of(row->key.state));
    char sealed[TIMELINE_TEXT], opened[TIMELINE_TEXT];
    unsigned char cells[WIDTH_MAX];
    unsigned count = chart->columns;

    fill_cells(chart, row, cells);
    while (!chart->has_counts && count > 0 && cells[count - 1] == NOTHING)
        count--; /* no blanks at the end */
    (void)fprintf(out, "%s%.*s %-7s%s ", color, TIMELINE_SHORT, row->key.name,
                  control_state_text(row->key.state), color[0] != '\0' ? "\033[0m" : "");
    print_cells(out, chart, cells, count);
    if (chart->has_counts)
        (void)fprintf(out, " %6s %6s", timeline_number(sealed, row->key.sealed),
                      timeline_number(opened, row->key.opened));
    (void)fputc('\n', out);
}

static void
print_legend(FILE *out, const struct chart *chart)
{
    static const unsigned char order[] = {TIMELINE_SEALS, TIMELINE_OPENS, TIMELINE_COMING,
                                          TIMELINE_REVOKED};

    if (chart->columns >= LEGEND)
        (void)fprintf(out, "%*s", (int)GUTTER, "");
    for (size_t i = 0; i < sizeof order; i++) {
        print_cells(out, chart, &order[i], 1);
        (void)fprintf(out, " %s  ", timeline_kind_text((enum timeline_kind)order[i]));
    }
    print_cells(out, chart, (const unsigned char[]){NOW}, 1);
    (void)fputs(" now\n", out);
}

void
timeline_text(FILE *out, const struct timeline *timeline, const struct timeline_look *look)
{
    unsigned width = look->width < WIDTH_MIN ? WIDTH_MIN : look->width;
    struct chart chart = {.timeline = timeline, .look = look, .has_counts = width >= COUNTS_AT};

    if (timeline->count == 0) {
        (void)fputs("there is no key\n", out); /* ferror() tells */
        return;
    }
    if (width > WIDTH_MAX)
        width = WIDTH_MAX;
    chart.columns = width - GUTTER - (chart.has_counts ? COUNTS : 0);
    print_labels(out, &chart);
    print_rule(out, &chart);
    for (size_t i = 0; i < timeline->count; i++)
        print_row(out, &chart, &timeline->rows[i]);
    if (timeline->hidden > 0)
        (void)fprintf(out, "%*sand %zu older\n", (int)GUTTER, "", timeline->hidden); /* ferror() */
    if (!look->no_legend)
        print_legend(out, &chart);
}
