/* fleet.h - the hosts that share a keyset, asked and waited for. */
#ifndef CLI_FLEET_H
#define CLI_FLEET_H

#include "cli/call.h"
#include "cli/reply.h"

/* What an order asks of each other host. */
struct fleet_wait {
    const char *keyset;
    const char *key; /* to hold it; NULL: to hold what we hold */
};

/* The hosts as stekd knows them; it then looks at them again. As the next one. */
json_t *fleet_ask_once(const struct cli *cli, struct reply_fleet *reply, const char *keyset,
                       const char *key, struct err *err);

/* The hosts as they are now: stekd is asked until it has looked at all of them since, for 2 s at
 * most. `key`: a name, to be told who holds it; or NULL. The answer, to be given back by
 * json_decref(), and what is in it; NULL with the reason. */
json_t *fleet_ask(const struct cli *cli, struct reply_fleet *reply, const char *keyset,
                  const char *key, struct err *err);

/* Behind an order: wait until each host that is not silent has done it, 30 s at most, or until it
 * is interrupted. Print for people which have, and which have not. Into `answer`, which is printed
 * where JSON is wanted, goes the same as `hosts`; null without a farm, or where the user would not
 * wait. False, with the reason, where some have not, or it cannot be told; the order stands. */
bool fleet_confirm(const struct cli *cli, json_t *answer, const struct fleet_wait *wait,
                   struct err *err);

/* Print hosts and engines, in a table that fits the columns of a terminal as well as it can. False
 * for lack of memory. */
bool fleet_print(FILE *out, const struct reply_fleet *fleet, unsigned columns, bool color);

#endif
