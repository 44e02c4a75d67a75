/* farmclient.h - the clients of a farm, all in one: handshake after handshake, each with a ticket
 * of another host, TLS 1.2 and 1.3 in turn; what is offered where says pool.h.
 *
 *   farmclient [-w PAUSE_MS] [-e EVENT_MS] [-n SNI] [-s SEED] -r REPLIES HOST/SERVICE=TARGET...
 *
 * Orders are lines on the standard input, each answered by one line in the file REPLIES:
 *   cut HOST [KEY...]  that host is cut off now; all hosts hold these keys  -> cut, or unknown
 *   heal               the cut is over, and all hosts have the same keys    -> heal
 *   counts             what was counted until now                          -> counts ...
 *   revoke COMMAND     run it, measure, and begin anew with new tickets     -> revoked ...
 * At the end of the input, or by SIGTERM, it replies with `counts` and ends.
 *
 * Prints a line for whatever went wrong, and for a resumption at most every EVENT_MS (0: none).
 *
 * counts resumed=N resumed12=N resumed13=N lost=N full=N failed=N none=N first=N across=N back=N
 * lost: full (a ticket that was offered and not resumed), failed (no handshake at all), and none
 * (no ticket came). first: full handshakes without a ticket to offer, or whose ticket's time ended
 * meanwhile. across: resumptions on the other side of a cut, while it was there; back: after it, of
 * tickets given out by one side meanwhile, on the other one.
 *
 * revoked ms=N refused=N of=N status=N again=N
 * Of each server a ticket is taken first, in both versions. From before COMMAND starts on they are
 * offered to all servers without a pause: ms is when the last server refused both. After that all
 * tickets of before are offered once more: `again` were resumed, which must be none. */
#ifndef TESTS_FARMCLIENT_H
#define TESTS_FARMCLIENT_H

#include <stdio.h>

#include "pool.h"

struct farmclient {
    SSL_CTX *ctx;
    const char *sni;
    FILE *replies;
    uint64_t event_ms, next_event_ms;
    bool next_event_is_13; /* versions take turns in what is printed */
    uint64_t healed_ms[2]; /* when the last cut began and ended */
    unsigned long resumed[2], full, failed, none, first, across, back;
    struct pool pool;
};

/* One handshake; NULL: without a ticket. False, after printing why, if none came about. */
bool farmclient_shake(struct farmclient *client, struct conn_result *result,
                      const struct pool_ticket *ticket, size_t to, bool is_13);

void farmclient_print(const struct farmclient *client, size_t from, size_t to, bool is_13,
                      const char *what);

/* The order `revoke`. */
void farmclient_revoke(struct farmclient *client, const char *command);

#endif
