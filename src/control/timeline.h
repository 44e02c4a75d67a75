/* timeline.h - the keys of a keyset over time: a layout, and two ways to draw it, as text for a
 * terminal and as SVG. Pure; shared by stekctl and the status page of stekd.
 *
 *   R-TIMELINE-1: segments of a row follow each other without gap or overlap, within the window.
 *   R-TIMELINE-2: of keys of one policy, none revoked or an emergency's, one at most seals at each
 *                 second up to now; and now it is, in any case, the one that is `sealing`.
 *   R-TIMELINE-3: drawn as text, each key shows in at least one cell while it seals or is revoked,
 *                 and no line is wider than asked for. */
#ifndef CONTROL_TIMELINE_H
#define CONTROL_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "control/control.h"

#define TIMELINE_TICKS 24U
#define TIMELINE_TIME_MAX 253402300799U /* the end of the year 9999 */
#define TIMELINE_SHORT 8                /* digits of a key's name that are shown */
#define TIMELINE_TEXT 32                /* room for a time or a count as text */

/* Times are Unix seconds, up to TIMELINE_TIME_MAX. */
struct timeline_key {
    char name[CONTROL_NAME_DIGITS + 1];
    enum control_state state;
    uint64_t made, seals_from, seals_until, opens_until; /* seals_from: effective */
    uint64_t sealed, opened;
    bool is_emergency; /* gives way to any other key */
};

enum timeline_kind {
    TIMELINE_COMING, /* opens, does not seal yet */
    TIMELINE_SEALS,
    TIMELINE_OPENS,
    TIMELINE_REVOKED
};
#define TIMELINE_KINDS 4U

struct timeline_segment {
    enum timeline_kind kind;
    uint64_t from, to; /* [from, to), not empty */
};

struct timeline_row {
    struct timeline_key key;
    struct timeline_segment segments[3];
    size_t count;
};

struct timeline_tick {
    uint64_t at;
    char label[16]; /* "14:00", "14:00:05", or "Nov 22" */
};

struct timeline {
    char keyset[CONTROL_KEYSET_MAX + 1];
    uint64_t from, to, now; /* what is shown: [from, to); `now` may lie beside it */
    struct timeline_row *rows;
    size_t count;
    size_t hidden; /* older keys, for which there is no row */
    struct timeline_tick ticks[TIMELINE_TICKS];
    size_t tick_count;
};

#define TIMELINE(var) __attribute__((cleanup(timeline_free))) struct timeline var = {0}

void timeline_free(struct timeline *timeline);

/* What to lay out. */
struct timeline_order {
    const char *keyset;
    uint64_t now;
    uint64_t from, to; /* the window; 0, 0: as wide as the rows need */
    size_t rows_max;   /* the newest keys have rows */
    size_t older;      /* keys that there are beside those given: they count as hidden */
    size_t ticks_max;  /* 2 to TIMELINE_TICKS */
};

/* Into an empty one. The newest key comes first. False where there is no memory. */
bool timeline_lay(struct timeline *timeline, const struct timeline_order *order,
                  const struct timeline_key *keys, size_t count);

/* How the text is to look. */
struct timeline_look {
    unsigned width; /* columns; 48 at least are used */
    bool is_ascii;
    bool is_color; /* for terminals */
    bool no_legend;
};

/* Print ruler, rows and legend; what fails to be written, ferror() tells. */
void timeline_text(FILE *out, const struct timeline *timeline, const struct timeline_look *look);

/* The same as SVG: self-contained, light or dark as the reader likes; or as HTML for within a page,
 * as wide as that is, whose style holds `timeline_css`. */
void timeline_svg(FILE *out, const struct timeline *timeline, bool is_inline);

extern const char *const timeline_css;

/* A word for what a segment shows: "coming", "seals", "opens", "revoked". */
const char *timeline_kind_text(enum timeline_kind kind);

/* "2026-11-22 14:05:10" in UTC. Returns `out`. */
char *timeline_clock(char out[TIMELINE_TEXT], uint64_t at);

/* A number in up to five characters: "9999", "12.3k", "4M". Returns `out`. */
char *timeline_number(char out[TIMELINE_TEXT], uint64_t number);

#endif
