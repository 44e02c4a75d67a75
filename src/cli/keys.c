/* stekctl keys: every key of a keyset, with its times and its use. */
#include "cli/call.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "cli/text.h"

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
    table_cell(table, "%s", key->is_confirmed ? "yes" : "no");
    table_cell(table, "%llu", (unsigned long long)key->sealed);
    table_cell(table, "%llu", (unsigned long long)key->opened);
    table_cell(table, "%s", key->is_emergency ? "emergency" : "");
}

static bool
print_keys(const struct cli *cli, const struct reply_keys *keys)
{
    static const char *const head[] = {"NAME",        "STATE",       "MADE",      "SEALS FROM",
                                       "SEALS UNTIL", "OPENS UNTIL", "CONFIRMED", "SEALED",
                                       "OPENED",      "NOTE"};
    TABLE(table);

    table.columns = sizeof head / sizeof head[0];
    table.right = 1U << 7 | 1U << 8; /* the numbers */
    table_row(&table, TABLE_HEAD);
    for (size_t i = 0; i < table.columns; i++)
        table_cell(&table, "%s", head[i]);
    for (size_t i = 0; i < keys->count; i++)
        add_key(&table, &keys->keys[i], keys->now);
    return table_print(&table, cli->out, 0, cli->color);
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
