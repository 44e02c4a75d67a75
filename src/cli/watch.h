/* watch.h - what stekctl watch shows, from answers of stekd. Pure. */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include "cli/cli.h"
#include "cli/reply.h"

#define WATCH_RATE 16    /* room for a rate as text */
#define WATCH_SAMPLES 5U /* answers that are kept: rates are those between the first and the last */

struct watch_view {
    const struct cli *cli; /* colour, width, characters */
    unsigned rows;         /* lines there is room for */
    const struct reply_status *status;
    const struct reply_status *before; /* an older one of the same stekd; NULL: none yet */
    uint64_t elapsed_ms;               /* between both */
    const struct reply_keys *keys;     /* of each keyset, in the order of the status */
    const char *trouble;               /* why there is no answer now; "": there is */
};

/* A screen full, of up to `rows` lines. False for lack of memory. */
bool watch_page(FILE *out, const struct watch_view *view);

/* One line for each keyset, for logs and pipes. */
void watch_lines(FILE *out, const struct watch_view *view);

/* ---- rates ---- */

/* What happened between the answers. */
struct watch_rates {
    bool is_known; /* there is an older answer to compare with */
    uint64_t elapsed_ms;
    uint64_t sealed, opened, full, no_key;
};

struct watch_rates watch_rates_of(const struct watch_view *view, const struct reply_keyset *set);

/* Of a server; none that came since then, or whose process is another. */
struct watch_rates watch_rates_server(const struct watch_view *view, const struct reply_keyset *set,
                                      const struct reply_server *server);

/* "12.3/s"; "-" where it is not known. Returns `out`. */
char *watch_rate(char out[WATCH_RATE], const struct watch_rates *rates, uint64_t count);

/* "99.8%" of those tickets that came back opened; "-" where none did, or it is not known. */
char *watch_share(char out[WATCH_RATE], uint64_t opened, uint64_t full);

/* Tickets that did not open, of counters. */
uint64_t watch_full(const uint64_t counters[CONTROL_COUNTERS]);

#endif
