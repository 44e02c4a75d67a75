/* stekctl fleet: the hosts that share a keyset, and what they hold. */
#include "cli/fleet.h"

#include "cli/table.h"
#include "cli/text.h"
#include "control/farm_line.h"
#include "io/screen.h"

#define FRESH_MS 2000U  /* that long a look may take */
#define SETTLE_MS 5000U /* that long a change that is on its way may take */
#define OLD_MS 10000U   /* what is older was not asked for just now */
#define AGAIN_MS 100U
#define SHORT_NAME 8
#define WIDE 110U /* columns that the whole table needs, mostly */
#define NARROW 6U /* of the table, where there are fewer */

/* ---- ask ---- */

json_t *
fleet_ask_once(const struct cli *cli, struct reply_fleet *reply, const char *keyset,
               const char *key, struct err *err)
{
    char path[sizeof CONTROL_FLEET + sizeof "?keyset=&key=" + CONTROL_KEYSET_MAX + REPLY_NAME];
    json_t *root;

    (void)snprintf(path, sizeof path, "%s?keyset=%s%s%s", CONTROL_FLEET, keyset,
                   key != NULL ? "&key=" : "", key != NULL ? key : ""); /* fits */
    root = call_get(cli, path, err);
    reply_fleet_free(reply);
    if (root != NULL && reply_fleet_read(reply, root, err))
        return root;
    json_decref(root);
    return NULL;
}

static void
rest(unsigned milliseconds)
{
    struct screen none = {.signals = -1};

    (void)screen_wait(&none, milliseconds); /* a signal ends the program as ever */
}

json_t *
fleet_ask(const struct cli *cli, struct reply_fleet *reply, const char *keyset, const char *key,
          struct err *err)
{
    json_t *root = fleet_ask_once(cli, reply, keyset, key, err);
    uint64_t from_ms = reply->boot_ms;

    while (root != NULL && reply->has_farm && reply->boot_ms - from_ms < FRESH_MS &&
           (!reply->has_looked || reply->looked_ms < from_ms)) {
        rest(AGAIN_MS);
        json_decref(root);
        root = fleet_ask_once(cli, reply, keyset, key, err);
        if (root != NULL && reply->boot_ms < from_ms)
            break; /* another boot: cannot be, but must not last for ever */
    }
    return root;
}

/* ---- print ---- */

static enum table_style
style_of(const struct reply_host *host)
{
    if (host->state == CONTROL_SILENT || (!host->agrees && !host->is_pending))
        return TABLE_BAD;
    return host->state == CONTROL_LATE || host->is_pending || host->is_clock_odd ? TABLE_SOON
                                                                                 : TABLE_PLAIN;
}

static void
add_holds(struct table *table, const struct reply_host *host)
{
    unsigned long long missing = host->missing, extra = host->extra;

    if (host->agrees)
        table_cell(table, "the same");
    else if (missing == 0 && extra == 0)
        table_cell(table, "others");
    else if (missing > 0 && extra > 0)
        table_cell(table, "%llu less: %.*s, %llu more: %.*s", missing, SHORT_NAME,
                   host->missing_name, extra, SHORT_NAME, host->extra_name);
    else
        table_cell(table, "%llu %s: %.*s", missing + extra, missing > 0 ? "less" : "more",
                   SHORT_NAME, missing > 0 ? host->missing_name : host->extra_name);
}

static void
add_clock(struct table *table, const struct reply_host *host)
{
    char span[FARM_LINE_SPAN];

    if (!host->has_clock || host->is_self)
        table_cell(table, "%s", host->is_self ? "-" : "?");
    else if (host->clock_ms == 0)
        table_cell(table, "same");
    else
        table_cell(table, "%c%s", host->clock_ms < 0 ? '-' : '+',
                   farm_line_span(
                       span, (uint64_t)(host->clock_ms < 0 ? -host->clock_ms : host->clock_ms)));
}

static void
add_host(struct table *table, const struct reply_host *host, bool is_narrow)
{
    char span[FARM_LINE_SPAN];

    table_row(table, style_of(host));
    table_cell(table, "%s%s", host->name, host->is_self ? " (this host)" : "");
    table_cell(table, "%s", control_host_text(host->state));
    table_cell(table, "%s", host->is_self ? "-" : farm_line_span(span, host->heard_ms));
    table_cell(table, "%llu", (unsigned long long)host->keys);
    add_holds(table, host);
    add_clock(table, host);
    if (is_narrow)
        return;
    table_cell(table, "%s", host->version);
    table_cell(table, "%s", host->is_self ? "-" : host->engines);
    table_cell(table, "%s", host->id);
}

static bool
print_hosts(FILE *out, const struct reply_fleet *fleet, unsigned columns, bool color)
{
    static const char *const head[] = {"HOST",  "STATE",   "HEARD", "KEYS", "HOLDS",
                                       "CLOCK", "VERSION", "BY",    "ID"};
    bool is_narrow = columns < WIDE;
    TABLE(table);

    table.columns = is_narrow ? NARROW : sizeof head / sizeof *head;
    table.right = 1U << 2 | 1U << 3 | 1U << 5; /* HEARD, KEYS, CLOCK */
    table_row(&table, TABLE_HEAD);
    for (size_t i = 0; i < table.columns; i++)
        table_cell(&table, "%s", head[i]);
    for (size_t i = 0; i < fleet->count; i++)
        add_host(&table, &fleet->hosts[i], is_narrow);
    return table_print(&table, out, 0, color);
}

bool
fleet_print(FILE *out, const struct reply_fleet *fleet, unsigned columns, bool color)
{
    enum table_style verdict = fleet->is_well ? TABLE_GOOD : TABLE_BAD;
    char span[FARM_LINE_SPAN];

    if (!fleet->has_farm) {
        (void)fprintf(out, "keyset %s: no farm: this host keeps it alone\n",
                      fleet->keyset); /* see cli_run_fn */
        return true;
    }
    (void)fprintf(out, "keyset %s: %s%s%s\n\n", fleet->keyset, table_style_begin(verdict, color),
                  fleet->text, table_style_end(verdict, color));
    if (fleet->count > 0 && !print_hosts(out, fleet, columns, color))
        return false;
    (void)fputs(fleet->count > 0 && fleet->engine_count > 0 ? "\n" : "", out);
    for (size_t i = 0; i < fleet->engine_count; i++) {
        const struct reply_engine *engine = &fleet->engines[i];
        enum table_style style = engine->is_well ? TABLE_PLAIN : TABLE_BAD;

        (void)fprintf(out, "%s%s: %s, for %s%s\n", table_style_begin(style, color), engine->name,
                      engine->text, farm_line_span(span, engine->for_s * 1000),
                      table_style_end(style, color));
    }
    if (fleet->refusals[0] != '\0')
        (void)fprintf(out, "records refused: %s\n", fleet->refusals);
    return true;
}

/* ---- the command ---- */

/* A change may be on its way: what differs may soon do so no more. */
static json_t *
ask_settled(const struct cli *cli, struct reply_fleet *fleet, const char *keyset, struct err *err)
{
    json_t *root = fleet_ask(cli, fleet, keyset, NULL, err);

    for (unsigned waited = 0;
         root != NULL && fleet->differing + fleet->pending > 0 && waited < SETTLE_MS;
         waited += 5 * AGAIN_MS) {
        rest(5 * AGAIN_MS);
        json_decref(root);
        root = fleet_ask(cli, fleet, keyset, NULL, err);
    }
    return root;
}

/* It has been printed; the exit status is for programs. */
static bool
judge(const struct reply_fleet *fleet, struct err *err)
{
    uint64_t age_ms = fleet->boot_ms > fleet->looked_ms ? fleet->boot_ms - fleet->looked_ms : 0;

    if (!fleet->has_farm)
        return true;
    if (!fleet->has_looked || age_ms > OLD_MS)
        return err_set(err, "keyset %s: no engine answers", fleet->keyset);
    return (fleet->is_well && fleet->pending == 0) ||
           err_set(err, "keyset %s: %s", fleet->keyset, fleet->text);
}

enum cli_result
fleet_run(const struct cli *cli, struct err *err)
{
    REPLY_FLEET(fleet);
    char keyset[CONTROL_KEYSET_MAX + 1];
    json_t *root = NULL;
    bool ok;

    if (call_keyset(cli, keyset, err))
        root = ask_settled(cli, &fleet, keyset, err);
    ok = root != NULL;
    if (ok && cli->json)
        call_print(cli, root);
    else if (ok &&
             !fleet_print(cli->out, &fleet, cli->is_terminal ? cli->columns : WIDE, cli->color))
        ok = err_set(err, "no memory to print the hosts");
    json_decref(root);
    return ok && judge(&fleet, err) ? CLI_DONE : CLI_FAILED;
}
