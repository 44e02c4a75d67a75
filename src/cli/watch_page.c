/* see watch.h: for people. Each keyset gets as much of its timeline and servers as there is room
 * for; where there is little, a line. */
#include <stdlib.h>
#include <string.h>

#include "cli/table.h"
#include "cli/text.h"
#include "cli/watch.h"
#include "control/timeline.h"

#define SHORT_NAME 8
#define ROOMY 8U       /* lines a keyset needs for more than a line of a table */
#define BAR_CELLS 20U  /* of how far the sealing key's turn is */
#define LINE_MAX 1000U /* columns of a rule */
#define TROUBLE_LINES 3U
#define LLU(number) ((unsigned long long)(number))

/* How much of the text fits on a line: to the last blank, if there is one. */
static size_t
line_of(const char *text, size_t columns)
{
    size_t len = strlen(text), at;

    if (len <= columns)
        return len;
    for (at = columns; at > columns / 2 && text[at] != ' '; at--)
        ;
    return text[at] == ' ' ? at : columns;
}

/* What is wrong, in up to TROUBLE_LINES lines; returns how many. */
static size_t
print_trouble(FILE *out, const struct watch_view *view, const char *text)
{
    size_t count = 0;

    for (; *text != '\0' && count < TROUBLE_LINES; count++) {
        size_t len = line_of(text, view->cli->columns);

        (void)fprintf(out, "%s%.*s%s\n", table_style_begin(TABLE_BAD, view->cli->color), (int)len,
                      text, table_style_end(TABLE_BAD, view->cli->color)); /* see cli_run_fn */
        text += len + (text[len] == ' ');
    }
    return count;
}

/* Returns how many lines it takes. */
static size_t
print_head(FILE *out, const struct watch_view *view)
{
    const struct reply_status *status = view->status;
    unsigned columns = view->cli->columns < LINE_MAX ? view->cli->columns : LINE_MAX;
    char clock[TEXT_MAX], up[TEXT_MAX];

    (void)fprintf(out, "%sstekd %s%s  pid %llu, started %s, %s  %s\n",
                  table_style_begin(TABLE_HEAD, view->cli->color), status->version,
                  table_style_end(TABLE_HEAD, view->cli->color), LLU(status->pid),
                  text_relative(up, status->started, status->now),
                  status->config[0] != '\0' ? status->config : "built-in configuration",
                  text_clock(clock, status->now, status->now)); /* see cli_run_fn */
    if (view->trouble[0] != '\0') {
        return print_trouble(out, view, view->trouble) + 1;
    }
    for (unsigned i = 0; i < columns; i++)
        (void)fputs(view->cli->ascii ? "-" : "─", out);
    (void)fputc('\n', out);
    return 2;
}

/* ---- a keyset with room ---- */

static void
print_bar(FILE *out, const struct watch_view *view, uint64_t part, uint64_t whole)
{
    unsigned filled = whole == 0 ? 0 : (unsigned)(part * BAR_CELLS / whole);

    for (unsigned i = 0; i < BAR_CELLS; i++) {
        bool is_over = i < filled;

        if (view->cli->ascii)
            (void)fputs(is_over ? "#" : ".", out); /* see cli_run_fn */
        else
            (void)fputs(is_over ? "█" : "░", out);
    }
}

static void
print_turn(FILE *out, const struct watch_view *view, const struct reply_keyset *set)
{
    uint64_t now = view->status->now, since = set->sealing.since, until = set->sealing.until;
    bool color = view->cli->color;
    char text[TEXT_MAX];

    (void)fprintf(out, "%s%s%s  ", table_style_begin(TABLE_HEAD, color), set->name,
                  table_style_end(TABLE_HEAD, color)); /* see cli_run_fn */
    if (set->sealing.name[0] == '\0') {
        (void)fprintf(out, "%sno key seals: servers give no tickets, handshakes are full%s\n",
                      table_style_begin(TABLE_BAD, color), table_style_end(TABLE_BAD, color));
        return;
    }
    (void)fprintf(out, "%s%.*s seals%s ", table_style_begin(TABLE_GOOD, color), SHORT_NAME,
                  set->sealing.name, table_style_end(TABLE_GOOD, color));
    print_bar(out, view, now > since ? now - since : 0, until > since ? until - since : 0);
    if (set->next.name[0] != '\0')
        (void)fprintf(out, " %s%.*s %s%s", table_style_begin(TABLE_SOON, color), SHORT_NAME,
                      set->next.name, text_relative(text, set->next.seals_from, now),
                      table_style_end(TABLE_SOON, color));
    (void)fputc('\n', out);
}

static void
print_rates(FILE *out, const struct watch_view *view, const struct reply_keyset *set)
{
    struct watch_rates rates = watch_rates_of(view, set);
    bool is_bad = rates.no_key > 0;
    char sealed[WATCH_RATE], opened[WATCH_RATE], full[WATCH_RATE], none[WATCH_RATE],
        share[WATCH_RATE];

    (void)fprintf(out, "sealed %-8s opened %-8s ", watch_rate(sealed, &rates, rates.sealed),
                  watch_rate(opened, &rates, rates.opened)); /* see cli_run_fn */
    (void)fprintf(out, "%sfull %-8s no key %-8s%s resumed %s\n",
                  table_style_begin(is_bad ? TABLE_BAD : TABLE_PLAIN, view->cli->color),
                  watch_rate(full, &rates, rates.full), watch_rate(none, &rates, rates.no_key),
                  table_style_end(is_bad ? TABLE_BAD : TABLE_PLAIN, view->cli->color),
                  watch_share(share, rates.opened, rates.full));
}

static bool
print_servers(FILE *out, const struct watch_view *view, const struct reply_keyset *set,
              size_t lines)
{
    static const char *const head[] = {"SERVER", "PID",  "STARTED", "SEALED",
                                       "OPENED", "FULL", "RESUMED"};
    size_t count = set->server_count < lines - 1 ? set->server_count : lines - 1;
    char text[TEXT_MAX], rate[WATCH_RATE];
    TABLE(table);

    table.columns = sizeof head / sizeof *head;
    table.right = ~5U; /* all but SERVER and STARTED */
    table_row(&table, TABLE_HEAD);
    for (size_t i = 0; i < table.columns; i++)
        table_cell(&table, "%s", head[i]);
    for (size_t i = 0; i < count; i++) {
        const struct reply_server *server = &set->servers[i];
        struct watch_rates rates = watch_rates_server(view, set, server);

        table_row(&table, rates.no_key > 0 ? TABLE_BAD : TABLE_PLAIN);
        table_cell(&table, "%s", server->program);
        table_cell(&table, "%llu", LLU(server->pid));
        table_cell(&table, "%s", text_relative(text, server->started, view->status->now));
        table_cell(&table, "%s", watch_rate(rate, &rates, rates.sealed));
        table_cell(&table, "%s", watch_rate(rate, &rates, rates.opened));
        table_cell(&table, "%s", watch_rate(rate, &rates, rates.full));
        table_cell(&table, "%s", watch_share(rate, rates.opened, rates.full));
    }
    return table_print(&table, out, 0, view->cli->color);
}

/* In so many lines: two for the ruler, one a key, and one for the legend where there is room. */
static bool
print_keys(FILE *out, const struct watch_view *view, const struct reply_keys *keys, size_t lines)
{
    const struct timeline_look look = {.width = view->cli->columns,
                                       .is_ascii = view->cli->ascii,
                                       .is_color = view->cli->color,
                                       .no_legend = keys->count + 3 > lines};
    struct reply_keys now = *keys; /* its times go on, though it was asked for earlier */
    size_t rows = lines - 2;
    TIMELINE(timeline);

    now.now = view->status->now;
    if (keys->count > rows)
        rows--; /* for the line that says how many more there are */
    if (!timeline_of(&timeline, view->cli, &now, rows))
        return false;
    timeline_text(out, &timeline, &look);
    return true;
}

/* In up to `lines` lines, the last of them empty. */
static bool
print_keyset(FILE *out, const struct watch_view *view, size_t index, size_t lines)
{
    const struct reply_keyset *set = &view->status->keysets[index];
    const struct reply_keys *keys = &view->keys[index];
    size_t servers = set->server_count > 0 ? set->server_count + 1 : 0;
    bool ok = true;

    print_turn(out, view, set);
    print_rates(out, view, set);
    lines -= 3;
    if (reply_trouble(set)[0] != '\0')
        lines -= print_trouble(out, view, reply_trouble(set));
    if (servers > lines / 2 && keys->count > 0)
        servers = lines / 2;
    if (servers > lines)
        servers = lines;
    if (keys->count > 0 && lines - servers >= 4) /* one key, and that there are more */
        ok = print_keys(out, view, keys, lines - servers);
    if (ok && servers > 1)
        ok = print_servers(out, view, set, servers);
    (void)fputc('\n', out); /* see cli_run_fn */
    return ok;
}

/* ---- keysets without room: a line each ---- */

static void
add_keyset(struct table *table, const struct watch_view *view, const struct reply_keyset *set)
{
    bool is_well = reply_trouble(set)[0] == '\0' && set->sealing.name[0] != '\0';
    struct watch_rates rates = watch_rates_of(view, set);
    char text[TEXT_MAX], rate[WATCH_RATE];

    table_row(table, is_well ? TABLE_PLAIN : TABLE_BAD);
    table_cell(table, "%s", set->name);
    table_cell(table, "%.*s", SHORT_NAME,
               set->sealing.name[0] != '\0' ? set->sealing.name : "none");
    table_cell(table, "%s",
               set->next.name[0] != '\0'
                   ? text_relative(text, set->next.seals_from, view->status->now)
                   : "none");
    table_cell(table, "%s", watch_rate(rate, &rates, rates.sealed));
    table_cell(table, "%s", watch_rate(rate, &rates, rates.opened));
    table_cell(table, "%s", watch_rate(rate, &rates, rates.full));
    table_cell(table, "%zu", set->server_count);
    table_cell(table, "%s", reply_trouble(set));
}

static bool
print_table(FILE *out, const struct watch_view *view, size_t lines)
{
    static const char *const head[] = {"KEYSET", "SEALING", "NEXT",    "SEALED",
                                       "OPENED", "FULL",    "SERVERS", "ERROR"};
    size_t count = view->status->count;
    TABLE(table);

    if (count > lines - 1)
        count = lines - 2;
    table.columns = sizeof head / sizeof *head;
    table.right = 1U << 3 | 1U << 4 | 1U << 5 | 1U << 6; /* the numbers */
    table_row(&table, TABLE_HEAD);
    for (size_t i = 0; i < table.columns; i++)
        table_cell(&table, "%s", head[i]);
    for (size_t i = 0; i < count; i++)
        add_keyset(&table, view, &view->status->keysets[i]);
    if (!table_print(&table, out, 0, view->cli->color))
        return false;
    if (count < view->status->count)
        (void)fprintf(out, "and %zu more: -k shows one alone\n",
                      view->status->count - count); /* see cli_run_fn */
    return true;
}

bool
watch_page(FILE *out, const struct watch_view *view)
{
    size_t count = view->status->count, used = print_head(out, view) + 1; /* and the foot */
    size_t room = view->rows > used + 3 ? view->rows - used : 3;
    bool ok = true;

    if (count == 0)
        (void)fputs("no keyset is configured\n", out); /* see cli_run_fn */
    else if (room / count < ROOMY)
        ok = print_table(out, view, room);
    else
        for (size_t i = 0; ok && i < count; i++)
            ok = print_keyset(out, view, i, room / count);
    (void)fprintf(out, "q quits; rates of up to %u intervals of %u s", WATCH_SAMPLES - 1,
                  view->cli->interval_s);
    return ok;
}
