/* see report.h; the status is in report_status.c */
#include "daemon/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "daemon/metrics.h"
#include "daemon/page.h"
#include "daemon/report_inner.h"

json_t *
report_text(const char *text)
{
    char plain[ERR_MAX];
    size_t len = 0;
    json_t *value = json_string(text);

    if (value != NULL)
        return value;
    for (; len < sizeof plain - 1 && text[len] != '\0'; len++) {
        plain[len] = text[len];
        if ((unsigned char)text[len] > 127)
            plain[len] = '?';
    }
    plain[len] = '\0';
    return json_string(plain);
}

json_t *
report_name(const uint8_t name[KEY_NAME_LEN])
{
    char text[HEX_LEN(KEY_NAME_LEN)];

    return json_string(hex_encode(text, name, KEY_NAME_LEN));
}

json_t *
report_count(uint64_t count)
{
    return json_integer((json_int_t)(count < KEY_TIME_MAX ? count : KEY_TIME_MAX));
}

enum control_state
report_state(const struct service *service, const struct key *key, const struct key *sealing,
             uint64_t now_s)
{
    if ((key->flags & KEY_REVOKED) != 0)
        return CONTROL_REVOKED;
    if (key == sealing)
        return CONTROL_SEALING;
    return keyset_seals_from(key, &service->config.policy) > now_s ? CONTROL_COMING
                                                                   : CONTROL_OPENING;
}

struct row {
    const struct key *key;
    uint64_t seals_from; /* effective */
    struct counts_key used;
};

static int
compare(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    if (x->seals_from != y->seals_from)
        return x->seals_from > y->seals_from ? -1 : 1;
    return memcmp(x->key->name, y->key->name, KEY_NAME_LEN);
}

static json_t *
report_key(const struct service *service, const struct row *row, const struct key *sealing,
           uint64_t now_s)
{
    const struct key *key = row->key;
    enum control_state state = report_state(service, key, sealing, now_s);

    return json_pack("{s:o, s:s, s:I, s:I, s:I, s:I, s:b, s:b, s:o, s:o}", "name",
                     report_name(key->name), "state", control_state_text(state), "made_ms",
                     (json_int_t)key->made_ms, "seals_from", (json_int_t)row->seals_from,
                     "seals_until", (json_int_t)key->seal_until, "opens_until",
                     (json_int_t)key->open_until, "confirmed", (key->flags & KEY_CONFIRMED) != 0,
                     "emergency", (key->flags & KEY_EMERGENCY) != 0, "sealed",
                     report_count(row->used.sealed), "opened", report_count(row->used.opened));
}

static json_t *
report_rows(const struct service *service, struct row *rows, const struct counts_view *view,
            uint64_t now_s, size_t max)
{
    const struct keyset *set = &service->set;
    const struct key *sealing = keyset_sealing(set, &service->config.policy, service->maker, now_s);
    json_t *array = json_array();

    for (size_t i = 0; i < set->key_count; i++) {
        rows[i] =
            (struct row){.key = &set->keys[i],
                         .seals_from = keyset_seals_from(&set->keys[i], &service->config.policy)};
        if (i < view->sum.key_count)
            rows[i].used = view->sum.keys[i];
    }
    qsort(rows, set->key_count, sizeof *rows, compare);
    for (size_t i = 0; i < set->key_count && i < max; i++) {
        if (json_array_append_new(array, report_key(service, &rows[i], sealing, now_s)) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

/* Up to `max` of them, the newest. */
static json_t *
report_newest(struct service *service, struct ring_time now, size_t max)
{
    struct row *rows = calloc(service->set.key_count + 1, sizeof *rows);
    struct counts_view view = {0};
    json_t *keys = NULL;
    uint64_t now_s = now.unix_ms / 1000;

    (void)counts_gather(&service->counts, &view, service->count_path, &service->set,
                        now.boot_ms / 1000, NULL); /* the last sums then; a tick tells why */
    if (rows != NULL)
        keys = report_rows(service, rows, &view, now_s, max);
    free(rows);
    counts_view_free(&view);
    return keys == NULL ? NULL
                        : json_pack("{s:s, s:I, s:o}", "keyset", service->config.name, "now",
                                    (json_int_t)now_s, "keys", keys);
}

json_t *
report_keys(struct service *service, struct ring_time now)
{
    return report_newest(service, now, SIZE_MAX);
}

/* Both answers, of all keysets; of up to so many keys. */
struct answers {
    json_t *status;
    json_t *keys[CONFIG_KEYSETS_MAX];
    json_t *fleets[CONFIG_KEYSETS_MAX]; /* NULL: not asked for */
};

static void
take_answers(struct answers *answers, struct stekd *stekd, struct ring_time now, size_t keys_max)
{
    *answers = (struct answers){.status = report_status(stekd, now)};
    for (size_t i = 0; i < stekd->count; i++)
        answers->keys[i] = report_newest(stekd->services[i], now, keys_max);
}

static void
drop_answers(struct answers *answers)
{
    for (size_t i = 0; i < CONFIG_KEYSETS_MAX; i++) {
        json_decref(answers->keys[i]);
        json_decref(answers->fleets[i]);
    }
    json_decref(answers->status);
}

char *
report_page(struct stekd *stekd, struct ring_time now)
{
    struct answers answers;
    char *page;

    take_answers(&answers, stekd, now, PAGE_KEYS_MAX);
    for (size_t i = 0; i < stekd->count; i++)
        answers.fleets[i] = report_service_fleet(stekd->services[i], NULL, PAGE_HOSTS_MAX, now);
    page = answers.status == NULL ? NULL : page_html(answers.status, answers.keys, answers.fleets);
    drop_answers(&answers);
    return page;
}

char *
report_svg(struct service *service, struct ring_time now)
{
    size_t count = service->set.key_count, older = 0;
    json_t *keys = report_newest(service, now, PAGE_KEYS_MAX);
    char *svg;

    if (count > PAGE_KEYS_MAX)
        older = count - PAGE_KEYS_MAX;
    svg = keys == NULL ? NULL : page_svg(keys, older);
    json_decref(keys);
    return svg;
}

char *
report_metrics(struct stekd *stekd, struct ring_time now, bool is_open)
{
    const struct metrics_host host = {.usage = usage_now(),
                                      .clock_held_s = stekd->clock.held_ms / 1000,
                                      .is_refused = stekd->is_refused};
    size_t keys_max = METRICS_KEYS_ALL_MAX / (stekd->count == 0 ? 1 : stekd->count);
    struct answers answers;
    char *text;

    if (keys_max > METRICS_KEYS_MAX)
        keys_max = METRICS_KEYS_MAX;
    take_answers(&answers, stekd, now, keys_max);
    text =
        answers.status == NULL ? NULL : metrics_text(answers.status, answers.keys, &host, is_open);
    drop_answers(&answers);
    return text;
}
