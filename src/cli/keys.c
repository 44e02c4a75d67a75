/* stekctl keys: every key of a keyset, with its times and its use. */
#include "cli/call.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "cli/text.h"
#include "control/timeline.h"

#define WIDE 180U /* columns that the whole table needs */

static enum table_style
style_of(enum control_state state)
{
    switch (state) {
    case CONTROL_COMING: return TABLE_SOON;
    case CONTROL_SEALING: return TABLE_GOOD;
    case CONTROL_REVOKED: return TABLE_BAD;
    case CONTROL_OPENING: break;
    }
    return TABLE_PLAIN;
}

/* On a terminal that is not wide: names cut, times from now on, numbers rounded. */
static void
add_key_narrow(struct table *table, const struct reply_key *key, uint64_t now)
{
    bool is_revoked = key->state == CONTROL_REVOKED;
    char when[TEXT_MAX], number[TIMELINE_TEXT];

    table_row(table, style_of(key->state));
    table_cell(table, "%.*s", TIMELINE_SHORT, key->name);
    table_cell(table, "%s", control_state_text(key->state));
    table_cell(table, "%s", text_relative(when, key->seals_from, now));
    table_cell(table, "%s", is_revoked ? "-" : text_relative(when, key->seals_until, now));
    table_cell(table, "%s", is_revoked ? "-" : text_relative(when, key->opens_until, now));
    table_cell(table, "%s", timeline_number(number, key->sealed));
    table_cell(table, "%s", timeline_number(number, key->opened));
    table_cell(table, "%s%s", key->is_emergency ? "emergency" : "",
               key->is_confirmed || key->is_emergency ? "" : "unsure");
}

static void
add_key(struct table *table, const struct reply_key *key, uint64_t now)
{
    bool is_revoked = key->state == CONTROL_REVOKED;
    char when[TEXT_MAX];

    table_row(table, style_of(key->state));
    table_cell(table, "%s", key->name);
    table_cell(table, "%s", control_state_text(key->state));
    table_cell(table, "%s", text_when(when, key->made_ms / 1000, now));
    table_cell(table, "%s", text_when(when, key->seals_from, now));
    table_cell(table, "%s", is_revoked ? "-" : text_when(when, key->seals_until, now));
    table_cell(table, "%s", is_revoked ? "-" : text_when(when, key->opens_until, now));
    table_cell(table, "%llu", (unsigned long long)key->sealed);
    table_cell(table, "%llu", (unsigned long long)key->opened);
    table_cell(table, "%s%s", key->is_emergency ? "emergency" : "",
               key->is_confirmed || key->is_emergency ? "" : "not confirmed");
}

bool
keys_print(FILE *out, const struct reply_keys *keys, unsigned columns, bool color)
{
    static const char *const head[] = {"NAME",       "STATE",       "MADE",
                                       "SEALS FROM", "SEALS UNTIL", "OPENS UNTIL",
                                       "SEALED",     "OPENED",      "NOTE"};
    static const char *const narrow_head[] = {"NAME",        "STATE",  "SEALS FROM", "UNTIL",
                                              "OPENS UNTIL", "SEALED", "OPENED",     "NOTE"};
    bool is_narrow = columns < WIDE;
    TABLE(table);

    table.columns =
        is_narrow ? sizeof narrow_head / sizeof *narrow_head : sizeof head / sizeof *head;
    table.right = is_narrow ? 1U << 5 | 1U << 6 : 1U << 6 | 1U << 7; /* the numbers */
    table_row(&table, TABLE_HEAD);
    for (size_t i = 0; i < table.columns; i++)
        table_cell(&table, "%s", is_narrow ? narrow_head[i] : head[i]);
    for (size_t i = 0; i < keys->count; i++) {
        if (is_narrow)
            add_key_narrow(&table, &keys->keys[i], keys->now);
        else
            add_key(&table, &keys->keys[i], keys->now);
    }
    return table_print(&table, out, 0, color);
}

static bool
print_keys(const struct cli *cli, const struct reply_keys *keys)
{
    return keys_print(cli->out, keys, cli->is_terminal ? cli->columns : WIDE, cli->color);
}

enum cli_result
keys_run(const struct cli *cli, struct err *err)
{
    REPLY_KEYS(keys);
    char keyset[CONTROL_KEYSET_MAX + 1];
    json_t *root = NULL;
    bool ok;

    if (call_keyset(cli, keyset, err))
        root = call_keys(cli, keyset, err);
    ok = root != NULL && reply_keys_read(&keys, root, err);
    if (ok && cli->json)
        call_print(cli, root);
    else if (ok && !print_keys(cli, &keys))
        ok = err_set(err, "no memory to print the keys");
    json_decref(root);
    return ok ? CLI_DONE : CLI_FAILED;
}
