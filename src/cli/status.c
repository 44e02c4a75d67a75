/* stekctl status: what stekd, its keysets and their servers are doing. */
#include <stek/stek.h>
#include <string.h>

#include "cli/call.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "cli/text.h"

#define SHORT_NAME 8 /* digits; enough to tell keys apart, and for revoke */

static void
add_line(struct table *table, const char *label)
{
    table_row(table, TABLE_PLAIN);
    table_cell(table, "%s", label);
}

static void
add_policy(struct table *table, const struct reply_keyset *set)
{
    char rotate[TEXT_MAX], lifetime[TEXT_MAX], patience[TEXT_MAX], session[TEXT_MAX];

    add_line(table, "policy");
    table_cell(table, "rotate %s, lifetime %s, patience %s, sessions end after %s, keys %s",
               text_span(rotate, set->rotate), text_span(lifetime, set->lifetime),
               text_span(patience, set->patience), text_span(session, set->max_session), set->mode);
}

static void
add_turns(struct table *table, const struct reply_keyset *set, uint64_t now)
{
    char since[TEXT_MAX], until[TEXT_MAX], from[TEXT_MAX];
    bool seals = set->sealing.name[0] != '\0';

    table_row(table, seals ? TABLE_GOOD : TABLE_BAD);
    table_cell(table, "sealing");
    if (seals)
        table_cell(table, "%.*s since %s, until %s", SHORT_NAME, set->sealing.name,
                   text_when(since, set->sealing.since, now),
                   text_when(until, set->sealing.until, now));
    else
        table_cell(table, "none: servers give no tickets, handshakes are full");
    table_row(table, TABLE_SOON);
    table_cell(table, "next");
    if (set->next.name[0] != '\0')
        table_cell(table, "%.*s from %s", SHORT_NAME, set->next.name,
                   text_when(from, set->next.seals_from, now));
    else
        table_cell(table, "none yet");
}

static uint64_t
full_handshakes(const uint64_t counters[CONTROL_COUNTERS])
{
    return counters[STEK_FULL_UNKNOWN] + counters[STEK_FULL_EXPIRED] + counters[STEK_FULL_REVOKED] +
           counters[STEK_FULL_CONTEXT];
}

#define LLU(number) ((unsigned long long)(number))

static void
add_counts(struct table *table, const struct reply_keyset *set)
{
    const uint64_t *keys = set->keys, *counters = set->counters;

    add_line(table, "keys");
    table_cell(table, "%llu coming, %llu sealing, %llu opening, %llu revoked",
               LLU(keys[CONTROL_COMING]), LLU(keys[CONTROL_SEALING]), LLU(keys[CONTROL_OPENING]),
               LLU(keys[CONTROL_REVOKED]));
    add_line(table, "ring");
    table_cell(table, "%s, room for %llu keys, generation %llu", set->ring, LLU(set->capacity),
               LLU(set->generation));
    add_line(table, "so far");
    table_cell(table, "rotations %llu, revocations %llu", LLU(set->rotations),
               LLU(set->revocations));
    add_line(table, "tickets");
    table_cell(table, "%llu sealed (%llu renewed), %llu opened", LLU(counters[STEK_SEALED]),
               LLU(counters[STEK_RENEWED]), LLU(counters[STEK_OPENED]));
    add_line(table, "not opened");
    table_cell(table, "%llu: key unknown %llu, expired %llu, revoked %llu, other context %llu",
               LLU(full_handshakes(counters)), LLU(counters[STEK_FULL_UNKNOWN]),
               LLU(counters[STEK_FULL_EXPIRED]), LLU(counters[STEK_FULL_REVOKED]),
               LLU(counters[STEK_FULL_CONTEXT]));
    add_line(table, "not sealed");
    table_cell(table, "%llu", LLU(counters[STEK_FULL_NO_KEY]));
}

static bool
print_servers(FILE *out, const struct reply_keyset *set, uint64_t now, bool color)
{
    static const char *const head[] = {"SERVER",  "PID",     "SINCE",   "SEALED",  "OPENED",
                                       "UNKNOWN", "EXPIRED", "REVOKED", "CONTEXT", "NO KEY"};
    static const unsigned shown[] = {STEK_SEALED,       STEK_OPENED,       STEK_FULL_UNKNOWN,
                                     STEK_FULL_EXPIRED, STEK_FULL_REVOKED, STEK_FULL_CONTEXT,
                                     STEK_FULL_NO_KEY};
    TABLE(table);

    table.columns = sizeof head / sizeof head[0];
    table.right = ~5U; /* all but SERVER and SINCE */
    table_row(&table, TABLE_HEAD);
    for (size_t i = 0; i < table.columns; i++)
        table_cell(&table, "%s", head[i]);
    for (size_t i = 0; i < set->server_count; i++) {
        const struct reply_server *server = &set->servers[i];
        char since[TEXT_MAX];

        table_row(&table, TABLE_PLAIN);
        table_cell(&table, "%s", server->program);
        table_cell(&table, "%llu", LLU(server->pid));
        table_cell(&table, "%s", text_relative(since, server->started, now));
        for (size_t j = 0; j < sizeof shown / sizeof shown[0]; j++)
            table_cell(&table, "%llu", LLU(server->counters[shown[j]]));
    }
    if (set->server_count > 0)
        return table_print(&table, out, 2, color);
    (void)fprintf(out, "  no server has opened the ring\n"); /* see cli_run_fn */
    return true;
}

static bool
print_keyset(FILE *out, const struct reply_keyset *set, uint64_t now, bool color)
{
    TABLE(table);

    table.columns = 2;
    add_turns(&table, set, now);
    add_policy(&table, set);
    add_counts(&table, set);
    if (set->has_farm) {
        table_row(&table, set->is_farm_well ? TABLE_PLAIN : TABLE_BAD);
        table_cell(&table, "farm");
        table_cell(&table, "%s", set->farm);
    }
    table_row(&table, set->last_error[0] != '\0' ? TABLE_BAD : TABLE_PLAIN);
    table_cell(&table, "last error");
    table_cell(&table, "%s", set->last_error[0] != '\0' ? set->last_error : "none");
    (void)fprintf(out, "\n%skeyset %s%s\n", table_style_begin(TABLE_HEAD, color), set->name,
                  table_style_end(TABLE_HEAD, color)); /* see cli_run_fn */
    return table_print(&table, out, 2, color) && print_servers(out, set, now, color);
}

bool
status_print(FILE *out, const struct reply_status *status, bool color)
{
    char started[TEXT_MAX];

    (void)fprintf(out, "stekd %s, pid %llu, started %s, configuration %s\n", status->version,
                  LLU(status->pid), text_when(started, status->started, status->now),
                  status->config[0] == '\0' ? "built-in" : status->config); /* see cli_run_fn */
    for (size_t i = 0; i < status->count; i++) {
        if (!print_keyset(out, &status->keysets[i], status->now, color))
            return false;
    }
    if (status->count == 0)
        (void)fprintf(out, "no keyset is configured\n"); /* see cli_run_fn */
    return true;
}

enum cli_result
status_run(const struct cli *cli, struct err *err)
{
    REPLY_STATUS(status);
    json_t *root = call_status(cli, err);
    bool ok = root != NULL && reply_status_read(&status, root, err);

    if (ok && cli->json)
        call_print(cli, root);
    else if (ok && !status_print(cli->out, &status, cli->color))
        ok = err_set(err, "no memory to print the status");
    json_decref(root);
    return ok ? CLI_DONE : CLI_FAILED;
}
