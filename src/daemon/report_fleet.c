/* see report_fleet.h: each host */
#include <stdlib.h>

#include "daemon/report_fleet_inner.h"

static bool
add_name(json_t *names, size_t *count, const uint8_t name[KEY_NAME_LEN])
{
    *count += 1;
    return names == NULL || *count > REPORT_NAMES_MAX ||
           json_array_append_new(names, report_name(name)) == 0;
}

static bool
opens_here(const struct report_farm *farm, const uint8_t name[KEY_NAME_LEN], uint64_t now_s)
{
    const struct key *key = keyset_find(farm->set, name);

    return key != NULL && keyset_may_open(key, now_s);
}

bool
report_missing(size_t *count, json_t *names, const struct report_farm *farm,
               const struct report_row *row, uint64_t now_s)
{
    const struct keyset *set = farm->set;
    bool ok = true;

    *count = 0;
    if (row->agrees || row->host->held != row->host->key_count)
        return true;
    for (size_t i = 0; i < set->key_count; i++) {
        if (keyset_may_open(&set->keys[i], now_s) && !fleet_lists(row->host, set->keys[i].name))
            ok = add_name(names, count, set->keys[i].name) && ok;
    }
    return ok;
}

bool
report_extra(size_t *count, json_t *names, const struct report_farm *farm,
             const struct report_row *row, uint64_t now_s)
{
    bool ok = true;

    *count = 0;
    for (size_t i = 0; i < row->host->key_count && !row->agrees; i++) {
        if (!opens_here(farm, row->host->keys[i], now_s))
            ok = add_name(names, count, row->host->keys[i]) && ok;
    }
    return ok;
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

/* What differs, into a host that is told otherwise already. */
static bool
add_difference(json_t *told, const struct report_farm *farm, const struct report_row *row,
               uint64_t now_s)
{
    size_t missing = 0, extra = 0;
    json_t *missing_names = json_array(), *extra_names = json_array();
    bool ok = missing_names != NULL && extra_names != NULL &&
              report_missing(&missing, missing_names, farm, row, now_s) &&
              report_extra(&extra, extra_names, farm, row, now_s);

    ok = json_object_set_new(told, "missing", json_integer((json_int_t)missing)) == 0 && ok;
    ok = json_object_set_new(told, "missing_names", missing_names) == 0 && ok;
    ok = json_object_set_new(told, "extra", json_integer((json_int_t)extra)) == 0 && ok;
    return json_object_set_new(told, "extra_names", extra_names) == 0 && ok;
}

static json_t *
report_host(const struct report_farm *farm, const struct report_rows *rows,
            const struct report_row *row, const uint8_t *key, struct ring_time now)
{
    const struct fleet_host *host = row->host;
    uint64_t now_s = now.unix_ms / 1000;
    uint64_t heard_ms =
        row->is_self || now.boot_ms < host->moved_ms ? 0 : now.boot_ms - host->moved_ms;
    json_t *told =
        json_pack("{s:o, s:s, s:b, s:s, s:I, s:o, s:b, s:s, s:I, s:I, s:b, s:b, s:o, s:o}", "id",
                  report_host_id(host->id), "name", host->host_name, "self", row->is_self, "state",
                  control_host_text(row->state), "heard_ms", (json_int_t)heard_ms, "clock_ms",
                  host->has_clock ? json_integer((json_int_t)host->clock_ms) : json_null(),
                  "clock_odd", report_clock_odd(rows, row), "version", host->version, "generation",
                  row->is_self ? (json_int_t)farm->generation : (json_int_t)host->generation,
                  "keys", row->is_self ? (json_int_t)rows->held : (json_int_t)host->held, "agrees",
                  row->agrees, "pending", row->matter == REPORT_PENDING, "engines",
                  report_carriers(farm, host), "holds", report_holds(farm, row, key, now_s));

    if (told != NULL && add_difference(told, farm, row, now_s))
        return told;
    json_decref(told);
    return NULL;
}

static json_t *
report_hosts(const struct report_farm *farm, const struct report_rows *rows, const uint8_t *key,
             size_t max, struct ring_time now)
{
    json_t *hosts = json_array();

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
