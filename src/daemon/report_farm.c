/* see report_fleet.h: the farm in short */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/hex.h"
#include "daemon/report_fleet_inner.h"

#define ID_LEN 8 /* bytes of a host's id, and of a farm's to tell it by */

static int64_t
size_of(int64_t difference)
{
    return difference < 0 ? -difference : difference;
}

/* Ours may be the odd one. */
bool
report_clock_odd(const struct report_rows *rows, const struct report_row *row)
{
    int64_t ahead_ms = row->is_self ? 0 : row->host->clock_ms;

    return (row->is_self || row->host->has_clock) &&
           size_of(ahead_ms - rows->clock_ms) > FLEET_CLOCK_MS;
}

static enum control_host
state_of(const struct fleet *fleet, const struct fleet_host *host)
{
    switch (fleet_state_of(fleet, host)) {
    case FLEET_LIVE: return CONTROL_LIVE;
    case FLEET_LATE: return CONTROL_LATE;
    case FLEET_SILENT: break;
    }
    return CONTROL_SILENT;
}

static void
set_row(struct report_rows *rows, const struct report_farm *farm, const struct fleet_host *host,
        const uint8_t digest[STATUS_DIGEST_LEN])
{
    struct report_row row = {.host = host,
                             .state = state_of(farm->fleet, host),
                             .matter = REPORT_NONE,
                             .is_self = host->id == farm->fleet->self};

    row.agrees = row.is_self || fleet_agrees(host, digest);
    if (row.state == CONTROL_SILENT)
        row.matter = REPORT_SILENT;
    else if (!row.agrees)
        row.matter = REPORT_DIFFERS;
    else if (row.state == CONTROL_LATE)
        row.matter = REPORT_LATE;
    else if (report_clock_odd(rows, &row))
        row.matter = REPORT_CLOCK;
    rows->in_state[row.state]++;
    rows->differing += row.matter == REPORT_DIFFERS;
    if (row.state != CONTROL_SILENT && host->has_clock &&
        size_of(host->clock_ms) > size_of(rows->clock_max_ms))
        rows->clock_max_ms = host->clock_ms;
    rows->rows[rows->count++] = row;
}

/* False where there is no memory. */
bool
report_take_rows(struct report_rows *rows, const struct report_farm *farm, struct ring_time now)
{
    struct status ours = {.held = 0};

    *rows = (struct report_rows){.rows = calloc(farm->fleet->count + 1, sizeof *rows->rows)};
    if (rows->rows == NULL || !fleet_clock(farm->fleet, &rows->clock_ms) ||
        !status_set_keys(&ours, farm->set, farm->policy, now.unix_ms / 1000, NULL)) {
        free(rows->rows);
        return false;
    }
    rows->held = ours.held;
    for (size_t i = 0; i < farm->fleet->count; i++)
        set_row(rows, farm, &farm->fleet->hosts[i], ours.digest);
    return true;
}

static json_t *
report_id(const uint8_t *bytes)
{
    char text[HEX_LEN(ID_LEN)];

    return json_string(hex_encode(text, bytes, ID_LEN));
}

json_t *
report_host_id(uint64_t id)
{
    uint8_t bytes[ID_LEN];
    struct writer w = writer_of(bytes, sizeof bytes);

    write_u64(&w, id);
    return report_id(bytes);
}

static json_t *
report_records(const uint64_t counts[RECORD_VERDICTS])
{
    json_t *records = json_object();

    for (int i = 0; i < RECORD_VERDICTS; i++) {
        if (json_object_set_new(records, record_verdict_word((enum record_verdict)i),
                                report_count(counts[i])) != 0) {
            json_decref(records);
            return NULL;
        }
    }
    return records;
}

static json_t *
report_engines(const struct report_farm *farm, struct ring_time now)
{
    json_t *engines = json_array();

    for (size_t i = 0; i < farm->engine_count; i++) {
        const struct report_engine *engine = &farm->engines[i];
        uint64_t since_ms = engine->state.since_ms;
        uint64_t for_s = now.boot_ms > since_ms ? (now.boot_ms - since_ms) / 1000 : 0;
        json_t *one =
            json_pack("{s:s, s:b, s:I, s:o}", "name", engine->name, "well", engine->state.is_well,
                      "for", (json_int_t)for_s, "text", report_text(engine->state.text));

        if (json_array_append_new(engines, one) != 0) {
            json_decref(engines);
            return NULL;
        }
    }
    return engines;
}

json_t *
report_rows(const struct report_farm *farm, const struct report_rows *rows, struct ring_time now)
{
    const struct fleet *fleet = farm->fleet;
    bool has_looked = fleet->has_looked;

    return json_pack("{s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "id",
                     report_id(farm->id), "host", report_host_id(fleet->self), "hosts",
                     (json_int_t)rows->count, "live", (json_int_t)rows->in_state[CONTROL_LIVE],
                     "late", (json_int_t)rows->in_state[CONTROL_LATE], "silent",
                     (json_int_t)rows->in_state[CONTROL_SILENT], "differing",
                     (json_int_t)rows->differing, "keys", (json_int_t)rows->held, "clock_ms",
                     (json_int_t)rows->clock_ms, "clock_max_ms", (json_int_t)rows->clock_max_ms,
                     "boot_ms", (json_int_t)now.boot_ms, "looked_boot_ms",
                     has_looked ? json_integer((json_int_t)fleet->looked_ms) : json_null(),
                     "engines", report_engines(farm, now), "records", report_records(farm->counts));
}

json_t *
report_farm(const struct report_farm *farm, struct ring_time now)
{
    struct report_rows rows;
    json_t *short_one;

    if (!report_take_rows(&rows, farm, now))
        return NULL;
    short_one = report_rows(farm, &rows, now);
    free(rows.rows);
    return short_one;
}
