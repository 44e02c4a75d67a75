/* see report_fleet.h: each host */
#include <stdlib.h>
#include <string.h>

#include "daemon/report_fleet_inner.h"

/* Names of keys, counted all, told as many as fit. */
struct names {
    json_t *array; /* NULL: no memory */
    size_t count;
};

static void
add_name(struct names *names, const uint8_t name[KEY_NAME_LEN])
{
    names->count++;
    if (names->count <= REPORT_NAMES_MAX && names->array != NULL &&
        json_array_append_new(names->array, report_name(name)) != 0) {
        json_decref(names->array);
        names->array = NULL;
    }
}

static bool
opens_here(const struct report_farm *farm, const uint8_t name[KEY_NAME_LEN], uint64_t now_s)
{
    const struct key *key = keyset_find(farm->set, name);

    return key != NULL && keyset_may_open(key, now_s);
}

/* Keys that open here, and that it says it has not; where it names not all, nobody knows. */
static struct names
find_missing(const struct report_farm *farm, const struct report_row *row, uint64_t now_s)
{
    struct names missing = {.array = json_array()};
    const struct keyset *set = farm->set;

    for (size_t i = 0; i < set->key_count && !row->agrees; i++) {
        if (row->host->held == row->host->key_count && keyset_may_open(&set->keys[i], now_s) &&
            !fleet_lists(row->host, set->keys[i].name))
            add_name(&missing, set->keys[i].name);
    }
    return missing;
}

/* Keys that open there, and not here. */
static struct names
find_extra(const struct report_farm *farm, const struct report_row *row, uint64_t now_s)
{
    struct names extra = {.array = json_array()};

    for (size_t i = 0; i < row->host->key_count && !row->agrees; i++) {
        if (!opens_here(farm, row->host->keys[i], now_s))
            add_name(&extra, row->host->keys[i]);
    }
    return extra;
}

static json_t *
report_carriers(const struct report_farm *farm, const struct fleet_host *host)
{
    json_t *carriers = json_array();

    for (size_t i = 0; i < farm->engine_count && i < FLEET_ENGINES_MAX; i++) {
        if ((host->engines & 1U << i) != 0 &&
            json_array_append_new(carriers, json_string(farm->engines[i].name)) != 0) {
            json_decref(carriers);
            return NULL;
        }
    }
    return carriers;
}

static json_t *
report_holds(const struct report_farm *farm, const struct report_row *row, const uint8_t *key,
             uint64_t now_s)
{
    bool here;

    if (key == NULL)
        return json_null();
    here = opens_here(farm, key, now_s);
    return json_boolean((row->agrees && here) || (!row->is_self && fleet_lists(row->host, key)));
}

static json_t *
report_host(const struct report_farm *farm, const struct report_rows *rows,
            const struct report_row *row, const uint8_t *key, struct ring_time now)
{
    const struct fleet_host *host = row->host;
    uint64_t now_s = now.unix_ms / 1000;
    struct names missing = find_missing(farm, row, now_s), extra = find_extra(farm, row, now_s);
    uint64_t heard_ms =
        row->is_self || now.boot_ms < host->moved_ms ? 0 : now.boot_ms - host->moved_ms;

    return json_pack(
        "{s:o, s:s, s:b, s:s, s:I, s:o, s:b, s:s, s:I, s:I, s:b, s:I, s:o, s:I, s:o, s:o, s:o}",
        "id", report_host_id(host->id), "name", host->host_name, "self", row->is_self, "state",
        control_host_text(row->state), "heard_ms", (json_int_t)heard_ms, "clock_ms",
        host->has_clock ? json_integer((json_int_t)host->clock_ms) : json_null(), "clock_odd",
        report_clock_odd(rows, row), "version", host->version, "generation",
        row->is_self ? (json_int_t)farm->generation : (json_int_t)host->generation, "keys",
        row->is_self ? (json_int_t)rows->held : (json_int_t)host->held, "agrees", row->agrees,
        "missing", (json_int_t)missing.count, "missing_names", missing.array, "extra",
        (json_int_t)extra.count, "extra_names", extra.array, "engines", report_carriers(farm, host),
        "holds", report_holds(farm, row, key, now_s));
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

static json_t *
report_hosts(const struct report_farm *farm, const struct report_rows *rows, const uint8_t *key,
             size_t max, struct ring_time now)
{
    json_t *hosts = json_array();

    qsort(rows->rows, rows->count, sizeof *rows->rows, compare_rows);
    for (size_t i = 0; i < rows->count && i < max; i++) {
        if (json_array_append_new(hosts, report_host(farm, rows, &rows->rows[i], key, now)) != 0) {
            json_decref(hosts);
            return NULL;
        }
    }
    return hosts;
}

json_t *
report_fleet(const struct report_farm *farm, const uint8_t *key, size_t max, struct ring_time now)
{
    struct report_rows rows;
    json_t *answer;

    if (!report_take_rows(&rows, farm, now))
        return NULL;
    answer = json_pack("{s:s, s:I, s:o, s:o}", "keyset", farm->keyset, "now",
                       (json_int_t)(now.unix_ms / 1000), "farm", report_rows(farm, &rows, now),
                       "hosts", report_hosts(farm, &rows, key, max, now));
    free(rows.rows);
    return answer;
}
