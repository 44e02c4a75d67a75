/* see timeline.h: as SVG. Places along the time are percentages, so that a page may stretch it. */
#include "control/timeline.h"

#define WIDTH 960U
#define MARGIN 16U
#define GUTTER 134U /* names and states, left of the chart */
#define STATE 70U   /* where states begin in it */
#define TOP 34U     /* of the first row */
#define ROW 20U     /* from row to row */
#define BAR 12U     /* a bar's height */
#define LEGEND 40U  /* below the last row */
#define OLDER 18U   /* and below it, if there are older keys */
#define EDGE 3000U  /* labels closer to an edge than this (of 100,000) are left out */
#define LEVELS 3U

/* How far apart labels must be (of 100,000), from each other and from "now", to be shown however
 * narrow the page is, on one that is not narrow, and on a wide one. */
static const struct {
    unsigned apart, from_now;
    const char *class;
} levels[LEVELS] = {{24000, 20500, "tick"}, {11000, 9000, "tick less"}, {6000, 5000, "tick least"}};

/* A place along the time, in thousandths of a percent. */
static unsigned
place(const struct timeline *timeline, uint64_t at)
{
    if (at <= timeline->from)
        return 0;
    if (at >= timeline->to)
        return 100000;
    return (unsigned)((at - timeline->from) * 100000 / (timeline->to - timeline->from));
}

#define PERCENT "%u.%03u%%"
#define PARTS(place) (place) / 1000, (place) % 1000

/* ---- for those who cannot see it, and for who points at it ---- */

static void
print_title(FILE *out, const struct timeline *timeline)
{
    char now[TIMELINE_TEXT];

    (void)fprintf(out,
                  "<title id=\"tl-%s-title\">Session ticket keys of keyset %s at %s UTC</title>\n"
                  "<desc id=\"tl-%s-desc\">%zu keys.",
                  timeline->keyset, timeline->keyset, timeline_clock(now, timeline->now),
                  timeline->keyset, timeline->count + timeline->hidden); /* ferror() tells */
    for (size_t i = 0; i < timeline->count; i++) {
        const struct timeline_row *row = &timeline->rows[i];

        (void)fprintf(out, " %.*s is %s", TIMELINE_SHORT, row->key.name,
                      control_state_text(row->key.state));
        for (size_t j = 0; j < row->count; j++) {
            char from[TIMELINE_TEXT], to[TIMELINE_TEXT];

            (void)fprintf(out, "%s %s from %s to %s", j == 0 ? ":" : ",",
                          timeline_kind_text(row->segments[j].kind),
                          timeline_clock(from, row->segments[j].from),
                          timeline_clock(to, row->segments[j].to));
        }
        (void)fputc('.', out);
    }
    if (timeline->hidden > 0)
        (void)fprintf(out, " %zu older ones are not drawn.", timeline->hidden);
    (void)fputs("</desc>\n", out);
}

static void
print_tip(FILE *out, const struct timeline_row *row)
{
    char from[TIMELINE_TEXT], until[TIMELINE_TEXT];

    (void)fprintf(out, "<title>%s: %s, seals from %s, opens until %s UTC; %llu sealed, %llu opened",
                  row->key.name, control_state_text(row->key.state),
                  timeline_clock(from, row->key.seals_from),
                  timeline_clock(until, row->key.opens_until), (unsigned long long)row->key.sealed,
                  (unsigned long long)row->key.opened); /* ferror() tells */
    (void)fputs("</title>", out);
}

/* ---- what is seen ---- */

static unsigned
distance(unsigned a, unsigned b)
{
    return a > b ? a - b : b - a;
}

/* Where there is room for a label at the place of tick `i`. Those before `level` have theirs. */
static bool
has_room(const struct timeline *timeline, const unsigned *level_of, size_t i, unsigned level)
{
    unsigned at = place(timeline, timeline->ticks[i].at);

    if (at < EDGE || at > 100000 - EDGE ||
        distance(at, place(timeline, timeline->now)) < levels[level].from_now)
        return false;
    for (size_t j = 0; j < timeline->tick_count; j++) {
        if (level_of[j] < LEVELS &&
            distance(at, place(timeline, timeline->ticks[j].at)) < levels[level].apart)
            return false;
    }
    return true;
}

/* The level from which on each tick's label is shown; LEVELS: never. */
static void
choose_labels(const struct timeline *timeline, unsigned level_of[TIMELINE_TICKS])
{
    for (size_t i = 0; i < timeline->tick_count; i++)
        level_of[i] = LEVELS;
    for (unsigned level = 0; level < LEVELS; level++) {
        for (size_t i = 0; i < timeline->tick_count; i++) {
            if (level_of[i] == LEVELS && has_room(timeline, level_of, i, level))
                level_of[i] = level;
        }
    }
}

static void
print_grid(FILE *out, const struct timeline *timeline, unsigned bottom)
{
    unsigned level_of[TIMELINE_TICKS];

    choose_labels(timeline, level_of);
    for (size_t i = 0; i < timeline->tick_count; i++) {
        unsigned at = place(timeline, timeline->ticks[i].at);

        (void)fprintf(
            out, "<line class=\"grid\" x1=\"" PERCENT "\" x2=\"" PERCENT "\" y1=\"22\" y2=\"%u\"/>",
            PARTS(at), PARTS(at), bottom); /* ferror() tells */
        if (level_of[i] < LEVELS)
            (void)fprintf(out,
                          "<text class=\"%s\" text-anchor=\"middle\" x=\"" PERCENT
                          "\" y=\"15\">%s</text>\n",
                          levels[level_of[i]].class, PARTS(at), timeline->ticks[i].label);
    }
}

static void
print_now(FILE *out, const struct timeline *timeline, unsigned bottom)
{
    unsigned now = place(timeline, timeline->now);

    if (timeline->now < timeline->from || timeline->now >= timeline->to)
        return;
    (void)fprintf(out,
                  "<line class=\"now\" x1=\"" PERCENT "\" x2=\"" PERCENT "\" y1=\"20\" y2=\"%u\"/>"
                  "<text class=\"now-text\" text-anchor=\"middle\" x=\"" PERCENT
                  "\" y=\"15\">now</text>\n",
                  PARTS(now), PARTS(now), bottom, PARTS(now)); /* ferror() tells */
}

static void
print_bar(FILE *out, const struct timeline *timeline, const struct timeline_segment *segment,
          unsigned y)
{
    unsigned from = place(timeline, segment->from), to = place(timeline, segment->to);
    bool is_line = segment->kind == TIMELINE_COMING || segment->kind == TIMELINE_REVOKED;
    unsigned inset = is_line ? 2 : 0; /* an outline has its own width */

    if (to - from < 200) /* so short that nobody would see it */
        to = from + 200;
    (void)fprintf(out,
                  "<rect class=\"%s\" x=\"" PERCENT "\" y=\"%u\" width=\"" PERCENT
                  "\" height=\"%u\" rx=\"2\"/>",
                  timeline_kind_text(segment->kind), PARTS(from), y + inset, PARTS(to - from),
                  BAR - 2 * inset);        /* ferror() tells */
    if (segment->kind == TIMELINE_REVOKED) /* struck through: so colour alone tells nothing */
        (void)fprintf(out,
                      "<line class=\"cross\" x1=\"" PERCENT "\" x2=\"" PERCENT
                      "\" y1=\"%u\" y2=\"%u\"/>",
                      PARTS(from), PARTS(to), y + BAR / 2, y + BAR / 2);
}

static void
print_names(FILE *out, const struct timeline *timeline, unsigned left)
{
    for (size_t i = 0; i < timeline->count; i++) {
        const struct timeline_key *key = &timeline->rows[i].key;
        const char *state = control_state_text(key->state);
        unsigned y = TOP + (unsigned)i * ROW + BAR - 2;

        (void)fprintf(out,
                      "<text class=\"name is-%s\" x=\"%u\" y=\"%u\">%.*s</text>"
                      "<text class=\"state is-%s\" x=\"%u\" y=\"%u\">%s</text>\n",
                      state, left, y, TIMELINE_SHORT, key->name, state, left + STATE, y,
                      state); /* ferror() tells */
    }
}

static void
print_chart(FILE *out, const struct timeline *timeline, unsigned bottom)
{
    print_grid(out, timeline, bottom);
    for (size_t i = 0; i < timeline->count; i++) {
        const struct timeline_row *row = &timeline->rows[i];

        (void)fputs("<g>", out); /* ferror() tells */
        print_tip(out, row);
        for (size_t j = 0; j < row->count; j++)
            print_bar(out, timeline, &row->segments[j], TOP + (unsigned)i * ROW);
        (void)fputs("</g>\n", out);
    }
    print_now(out, timeline, bottom);
}

static unsigned
legend_height(const struct timeline *timeline)
{
    return timeline->hidden > 0 ? LEGEND + OLDER : LEGEND;
}

static void
print_legend(FILE *out, const struct timeline *timeline, unsigned left, unsigned top)
{
    static const enum timeline_kind order[] = {TIMELINE_SEALS, TIMELINE_OPENS, TIMELINE_COMING,
                                               TIMELINE_REVOKED};
    static const unsigned at[] = {0, 66, 134, 208};
    static const struct timeline whole = {.to = 100000};

    for (size_t i = 0; i < TIMELINE_KINDS; i++) {
        const struct timeline_segment sample = {.kind = order[i], .to = 100000};

        (void)fprintf(out, "<svg x=\"%u\" y=\"%u\" width=\"16\" height=\"%u\">", left + at[i], top,
                      BAR); /* ferror() tells */
        print_bar(out, &whole, &sample, 0);
        (void)fprintf(out, "</svg><text x=\"%u\" y=\"%u\">%s</text>\n", left + at[i] + 21,
                      top + BAR - 2, timeline_kind_text(order[i]));
    }
    if (timeline->hidden > 0)
        (void)fprintf(out, "<text x=\"%u\" y=\"%u\">and %zu older</text>\n", left,
                      top + 2 * BAR + 6, timeline->hidden);
}

/* ---- both ways ---- */

static void
print_label(FILE *out, const struct timeline *timeline)
{
    (void)fprintf(out, " role=\"img\" aria-labelledby=\"tl-%s-title tl-%s-desc\">\n",
                  timeline->keyset, timeline->keyset); /* ferror() tells */
    print_title(out, timeline);
}

static void
print_alone(FILE *out, const struct timeline *timeline, unsigned bottom)
{
    unsigned height = bottom + legend_height(timeline);

    (void)fprintf(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"tl\" width=\"%u\" "
                  "height=\"%u\" viewBox=\"0 0 %u %u\"",
                  WIDTH, height, WIDTH, height); /* ferror() tells */
    print_label(out, timeline);
    (void)fprintf(out, "<style>%s</style>\n<rect class=\"back\" width=\"%u\" height=\"%u\"/>\n",
                  timeline_css, WIDTH, height);
    print_names(out, timeline, MARGIN);
    (void)fprintf(out, "<svg x=\"%u\" y=\"0\" width=\"%u\" height=\"%u\" overflow=\"visible\">\n",
                  MARGIN + GUTTER, WIDTH - GUTTER - 2 * MARGIN, bottom);
    print_chart(out, timeline, bottom);
    (void)fputs("</svg>\n", out);
    print_legend(out, timeline, MARGIN, bottom + BAR);
    (void)fputs("</svg>\n", out);
}

static void
print_inline(FILE *out, const struct timeline *timeline, unsigned bottom)
{
    (void)fprintf(out,
                  "<div class=\"tl-grid\">\n<svg class=\"tl tl-names\" width=\"%u\" height=\"%u\" "
                  "aria-hidden=\"true\">\n",
                  GUTTER, bottom); /* ferror() tells */
    print_names(out, timeline, 0);
    (void)fprintf(out, "</svg>\n<svg class=\"tl\" width=\"100%%\" height=\"%u\"", bottom);
    print_label(out, timeline);
    print_chart(out, timeline, bottom);
    (void)fprintf(out,
                  "</svg>\n</div>\n<svg class=\"tl\" width=\"100%%\" height=\"%u\" "
                  "aria-hidden=\"true\">\n",
                  legend_height(timeline));
    print_legend(out, timeline, 0, BAR);
    (void)fputs("</svg>\n", out);
}

void
timeline_svg(FILE *out, const struct timeline *timeline, bool is_inline)
{
    unsigned bottom = TOP + (unsigned)timeline->count * ROW;

    if (is_inline)
        print_inline(out, timeline, bottom);
    else
        print_alone(out, timeline, bottom);
}
