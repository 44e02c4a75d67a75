/* see report_fleet.h: the farm in short */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hex.h"
#include "control/farm_line.h"
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

/* Statuses of before a change of keys, here or there, or from just after it, prove nothing. */
static bool
is_pending(const struct report_rows *rows, const struct fleet_host *host)
{
    uint64_t changed_ms = rows->changed_ms > host->changed_ms ? rows->changed_ms : host->changed_ms;

    return host->moved_ms < changed_ms + REPORT_SETTLE_MS;
}

static enum report_matter
matter_of(const struct report_rows *rows, const struct report_row *row)
{
    if (row->state == CONTROL_SILENT)
        return REPORT_SILENT;
    if (!row->agrees)
        return is_pending(rows, row->host) ? REPORT_PENDING : REPORT_DIFFERS;
    if (row->state == CONTROL_LATE)
        return REPORT_LATE;
    return report_clock_odd(rows, row) ? REPORT_CLOCK : REPORT_NONE;
}

static bool
is_unasked(const struct report_rows *rows, const struct report_row *row)
{
    return row->matter == REPORT_PENDING && row->host->moved_ms < rows->changed_ms &&
           rows->looked_ms < rows->changed_ms + REPORT_SETTLE_MS;
}

static void
add_row(struct report_rows *rows, const struct report_farm *farm, const struct fleet_host *host,
        const uint8_t digest[STATUS_DIGEST_LEN])
{
    struct report_row row = {.host = host,
                             .state = state_of(farm->fleet, host),
                             .is_self = host->id == farm->fleet->self};

    row.agrees = row.is_self || fleet_agrees(host, digest);
    row.matter = matter_of(rows, &row);
    rows->in_state[row.state]++;
    rows->in_matter[row.matter]++;
    rows->unasked += is_unasked(rows, &row);
    rows->rows[rows->count++] = row;
    if (row.state == CONTROL_SILENT || row.is_self)
        return;
    if (rows->looked_ms > host->moved_ms && rows->looked_ms - host->moved_ms > rows->lag_ms)
        rows->lag_ms = rows->looked_ms - host->moved_ms;
    if (host->has_clock && size_of(host->clock_ms) > size_of(rows->clock_max_ms))
        rows->clock_max_ms = host->clock_ms;
}

static int
compare_rows(const void *a, const void *b)
{
    const struct report_row *x = a, *y = b;
    int order = strcmp(x->host->host_name, y->host->host_name);

    if (x->matter != y->matter)
        return x->matter < y->matter ? -1 : 1;
    if (order != 0)
        return order;
    return (x->host->id > y->host->id) - (x->host->id < y->host->id);
}

/* When our own keys changed: as we told it, or just now. */
static uint64_t
own_change(const struct report_farm *farm, const struct status *ours, uint64_t boot_ms)
{
    const struct fleet_host *self = fleet_find(farm->fleet, farm->fleet->self);

    return self != NULL && fleet_agrees(self, ours->digest) ? self->changed_ms : boot_ms;
}

bool
report_take_rows(struct report_rows *rows, const struct report_farm *farm, struct ring_time now)
{
    const struct fleet *fleet = farm->fleet;
    struct status ours = {.held = 0};

    *rows = (struct report_rows){.rows = calloc(fleet->count + 1, sizeof *rows->rows)};
    if (rows->rows == NULL || !fleet_clock(fleet, &rows->clock_ms) ||
        !status_set_keys(&ours, farm->set, farm->policy, now.unix_ms / 1000, NULL)) {
        free(rows->rows);
        return false;
    }
    rows->held = ours.held;
    rows->looked_ms = fleet->looked_ms;
    rows->changed_ms = own_change(farm, &ours, now.boot_ms);
    for (size_t i = 0; i < fleet->count; i++)
        add_row(rows, farm, &fleet->hosts[i], ours.digest);
    qsort(rows->rows, rows->count, sizeof *rows->rows, compare_rows);
    return true;
}

/* ---- in words ---- */

/* Those that are named come first of their kind, so that only theirs need be counted. */
static struct farm_line_host
line_host(const struct report_farm *farm, const struct report_rows *rows,
          const struct report_row *row, bool is_named, struct ring_time now)
{
    const struct fleet_host *host = row->host;
    size_t missing = 0, extra = 0;

    if (is_named) { /* without names, no memory is needed */
        (void)report_missing(&missing, NULL, farm, row, now.unix_ms / 1000);
        (void)report_extra(&extra, NULL, farm, row, now.unix_ms / 1000);
    }
    return (struct farm_line_host){
        .name = host->host_name,
        .state = row->state,
        .is_self = row->is_self,
        .agrees = row->agrees,
        .is_pending = row->matter == REPORT_PENDING,
        .is_unasked = is_unasked(rows, row),
        .is_clock_odd = report_clock_odd(rows, row),
        .heard_ms = now.boot_ms > host->moved_ms ? now.boot_ms - host->moved_ms : 0,
        .missing = missing,
        .extra = extra,
        .clock_ms = host->clock_ms};
}

/* False if there is no memory. */
static bool
describe(char text[FARM_LINE_MAX], bool *is_well, const struct report_farm *farm,
         const struct report_rows *rows, struct ring_time now)
{
    const struct fleet *fleet = farm->fleet;
    struct farm_line_host *list = calloc(rows->count + 1, sizeof *list);
    struct farm_line line = {.hosts = rows->count,
                             .silent = rows->in_state[CONTROL_SILENT],
                             .differing = rows->in_matter[REPORT_DIFFERS],
                             .pending = rows->in_matter[REPORT_PENDING] - rows->unasked,
                             .unasked = rows->unasked,
                             .keys = rows->held,
                             .clock_ms = rows->clock_ms,
                             .has_looked = fleet->has_looked,
                             .list = list,
                             .count = rows->count};
    size_t of_matter[REPORT_NONE + 1] = {0};

    if (list == NULL)
        return false;
    if (now.boot_ms > fleet->looked_ms)
        line.looked_ms = now.boot_ms - fleet->looked_ms;
    for (size_t i = 0; i < rows->count; i++) {
        const struct report_row *row = &rows->rows[i];
        bool is_named = !row->agrees && of_matter[row->matter]++ < FARM_LINE_NAMED;

        list[i] = line_host(farm, rows, row, is_named, now);
    }
    *is_well = farm_line_text(text, &line);
    free(list);
    return true;
}

/* ---- as JSON ---- */

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

static json_t *
report_said(const struct report_farm *farm, struct ring_time now)
{
    uint64_t age_ms = now.boot_ms > farm->said_boot_ms ? now.boot_ms - farm->said_boot_ms : 0;

    return json_pack("{s:o, s:I, s:I}", "age_ms",
                     farm->has_said ? json_integer((json_int_t)age_ms) : json_null(), "keys",
                     (json_int_t)farm->keys_said, "statuses", (json_int_t)farm->statuses_said);
}

json_t *
report_rows(const struct report_farm *farm, const struct report_rows *rows, struct ring_time now)
{
    const struct fleet *fleet = farm->fleet;
    char text[FARM_LINE_MAX];
    bool is_well;

    if (!describe(text, &is_well, farm, rows, now))
        return NULL;
    return json_pack(
        "{s:o, s:o, s:b, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, "
        "s:o, s:o}",
        "id", report_id(farm->id), "host", report_host_id(fleet->self), "well", is_well, "text",
        report_text(text), "hosts", (json_int_t)rows->count, "live",
        (json_int_t)rows->in_state[CONTROL_LIVE], "late", (json_int_t)rows->in_state[CONTROL_LATE],
        "silent", (json_int_t)rows->in_state[CONTROL_SILENT], "differing",
        (json_int_t)rows->in_matter[REPORT_DIFFERS], "pending",
        (json_int_t)rows->in_matter[REPORT_PENDING], "keys", (json_int_t)rows->held, "clock_ms",
        (json_int_t)rows->clock_ms, "clock_max_ms", (json_int_t)rows->clock_max_ms, "lag_ms",
        (json_int_t)rows->lag_ms, "boot_ms", (json_int_t)now.boot_ms, "looked_boot_ms",
        fleet->has_looked ? json_integer((json_int_t)fleet->looked_ms) : json_null(), "said",
        report_said(farm, now), "engines", report_engines(farm, now), "records",
        report_records(farm->counts));
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
