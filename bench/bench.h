/* bench.h - what the programs of `make bench` share: time, quantiles, and rows of the table, which
 * tools/bench lays out. Nothing here is a test. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline uint64_t
bench_now_ns(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now); /* of a clock that is there */
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static inline int
bench_compare(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* The value below which so many in a thousand are; sorts them. `count` is not 0. */
static inline double
bench_quantile(double *values, size_t count, size_t permille)
{
    size_t at = (count - 1) * permille / 1000;

    qsort(values, count, sizeof *values, bench_compare);
    return values[at];
}

/* What is to be reached. */
enum bench_goal { BENCH_NONE, BENCH_BELOW, BENCH_AT_MOST, BENCH_AT_LEAST };

struct bench_row {
    const char *unit; /* with a space before it, or "" */
    int digits;       /* after the point */
    double reached;
    enum bench_goal goal;
    double bound;
};

static inline bool
bench_is_reached(const struct bench_row *row)
{
    switch (row->goal) {
    case BENCH_BELOW: return row->reached < row->bound;
    case BENCH_AT_MOST: return row->reached <= row->bound;
    case BENCH_AT_LEAST: return row->reached >= row->bound;
    case BENCH_NONE:
    default: return true;
    }
}

/* The start of a line, after which `what` it is about and a tab have been printed; the spread, in
 * words, and the end of the line are to follow. */
static inline void
bench_tell(const struct bench_row *row)
{
    static const char *const signs[] = {"", "under ", "at most ", "at least "};

    printf("\t%.*f%s\t", row->digits, row->reached, row->unit);
    if (row->goal == BENCH_NONE)
        printf("\t\t");
    else
        printf("%s%g%s\t%s\t", signs[row->goal], row->bound, row->unit,
               bench_is_reached(row) ? "reached" : "NOT reached");
}

#endif
