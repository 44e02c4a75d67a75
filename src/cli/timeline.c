/* stekctl timeline: the keys of a keyset over time, as a picture. */
#include "control/timeline.h"

#include <stdlib.h>

#include "cli/call.h"
#include "cli/cli.h"
#include "cli/table.h"

#define ROWS_MAX 40U   /* without --all */
#define TICK_COLUMNS 9 /* one tick for so many */

bool
timeline_of(struct timeline *timeline, const struct cli *cli, const struct reply_keys *keys,
            size_t rows_max)
{
    const struct timeline_order order = {.keyset = keys->keyset,
                                         .now = keys->now,
                                         .rows_max = rows_max,
                                         .ticks_max =
                                             cli->svg ? 12 : (cli->columns - 10) / TICK_COLUMNS};
    struct timeline_key *list = calloc(keys->count + 1, sizeof *list); /* calloc(0) may be NULL */
    bool ok = list != NULL;

    for (size_t i = 0; ok && i < keys->count; i++) {
        const struct reply_key *key = &keys->keys[i];

        list[i] = (struct timeline_key){.state = key->state,
                                        .made = key->made_ms / 1000,
                                        .seals_from = key->seals_from,
                                        .seals_until = key->seals_until,
                                        .opens_until = key->opens_until,
                                        .sealed = key->sealed,
                                        .opened = key->opened,
                                        .is_emergency = key->is_emergency};
        (void)snprintf(list[i].name, sizeof list[i].name, "%s", key->name); /* fits */
    }
    ok = ok && timeline_lay(timeline, &order, list, keys->count);
    free(list);
    return ok;
}

/* ---- for programs ---- */

static json_t *
make_row(const struct timeline_row *row)
{
    json_t *segments = json_array();

    for (size_t i = 0; i < row->count; i++) {
        const struct timeline_segment *segment = &row->segments[i];

        if (json_array_append_new(segments, json_pack("{s:s, s:I, s:I}", "kind",
                                                      timeline_kind_text(segment->kind), "from",
                                                      (json_int_t)segment->from, "to",
                                                      (json_int_t)segment->to)) != 0) {
            json_decref(segments);
            return NULL;
        }
    }
    return json_pack("{s:s, s:s, s:o}", "name", row->key.name, "state",
                     control_state_text(row->key.state), "segments", segments);
}

static json_t *
make_json(const struct timeline *timeline)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < timeline->count; i++) {
        if (json_array_append_new(rows, make_row(&timeline->rows[i])) != 0) {
            json_decref(rows);
            return NULL;
        }
    }
    return json_pack("{s:s, s:I, s:I, s:I, s:o}", "keyset", timeline->keyset, "now",
                     (json_int_t)timeline->now, "from", (json_int_t)timeline->from, "to",
                     (json_int_t)timeline->to, "rows", rows);
}

/* ---- for people ---- */

static void
print_text(const struct cli *cli, const struct timeline *timeline)
{
    const struct timeline_look look = {
        .width = cli->columns, .is_ascii = cli->ascii, .is_color = cli->color};
    char now[TIMELINE_TEXT];

    (void)fprintf(cli->out, "%skeyset %s%s at %s UTC\n", table_style_begin(TABLE_HEAD, cli->color),
                  timeline->keyset, table_style_end(TABLE_HEAD, cli->color),
                  timeline_clock(now, timeline->now)); /* see cli_run_fn */
    timeline_text(cli->out, timeline, &look);
}

static bool
print_timeline(const struct cli *cli, const struct reply_keys *keys)
{
    TIMELINE(timeline);
    json_t *root = NULL;
    bool ok = timeline_of(&timeline, cli, keys, cli->all ? SIZE_MAX : ROWS_MAX);

    if (ok && cli->json) {
        root = make_json(&timeline);
        ok = root != NULL;
        if (ok)
            call_print(cli, root);
        json_decref(root);
    } else if (ok && cli->svg) {
        timeline_svg(cli->out, &timeline, false);
    } else if (ok) {
        print_text(cli, &timeline);
    }
    return ok;
}

enum cli_result
timeline_run(const struct cli *cli, struct err *err)
{
    REPLY_KEYS(keys);
    char keyset[CONTROL_KEYSET_MAX + 1];
    json_t *root = NULL;
    bool ok;

    if (cli->svg && cli->json) {
        (void)err_set(err, "timeline takes either --svg or --json");
        return CLI_USAGE;
    }
    if (call_keyset(cli, keyset, err))
        root = call_keys(cli, keyset, err);
    ok = root != NULL && reply_keys_read(&keys, root, err);
    json_decref(root);
    if (ok && !print_timeline(cli, &keys))
        ok = err_set(err, "no memory to draw the timeline");
    return ok ? CLI_DONE : CLI_FAILED;
}
