/* Metrics: what they say of answers of all kinds, in both formats, by golden files (page_NAME.json
 * gives metrics_NAME.txt and metrics_NAME.om); R-METRICS-1: whatever names there are, each line is
 * whole and each series stands there once; R-METRICS-2: there are no more series than a bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/metrics.h"
#include "golden_support.h"

#define KEYSETS_MAX 16

static const struct metrics_host host = {
    .usage = {.resident_bytes = 7000064, .private_bytes = 3000320},
    .clock_held_s = -3600,
    .is_refused = true};

/* The metrics of {"status": ..., "keys": [...]}; to be freed. */
static char *
render(const json_t *root, bool is_open)
{
    const json_t *answers = json_object_get(root, "keys");
    json_t *keys[KEYSETS_MAX] = {NULL};

    for (size_t i = 0; i < json_array_size(answers) && i < KEYSETS_MAX; i++)
        keys[i] = json_array_get(answers, i);
    return metrics_text(json_object_get(root, "status"), keys, &host, is_open);
}

static json_t *
load(const char *name)
{
    char *text = golden_read(name);
    json_t *root = text == NULL ? NULL : json_loads(text, 0, NULL);

    free(text);
    return root;
}

static void
test_formats(void **state)
{
    static const char *const names[] = {"well", "trouble", "empty"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names * 2; i++) {
        bool is_open = i % 2 == 1;
        char from[64], to[64], *text;
        json_t *root;

        (void)snprintf(from, sizeof from, "page_%s.json", names[i / 2]);
        (void)snprintf(to, sizeof to, "metrics_%s.%s", names[i / 2], is_open ? "om" : "txt");
        root = load(from);
        assert_non_null(root);
        text = render(root, is_open);
        assert_non_null(text);
        assert_true(golden_same(to, text));
        free(text);
        json_decref(root);
    }
}

static size_t
count(const char *text, const char *what)
{
    size_t found = 0;

    for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what))
        found++;
    return found;
}

/* R-METRICS-1 */
static void
test_hostile_names(void **state)
{
    json_t *root = load("page_well.json"), *status = json_object_get(root, "status");
    json_t *keyset = json_array_get(json_object_get(status, "keysets"), 0);
    json_t *servers = json_object_get(keyset, "servers");
    json_t *keys = json_object_get(json_array_get(json_object_get(root, "keys"), 0), "keys");
    json_t *twin = json_deep_copy(json_array_get(keys, 0));
    char name[9], other[64], *text;

    (void)state;
    assert_int_equal(json_array_clear(servers), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            json_array_append_new(servers, json_pack("{s:s}", "program", "a\"} 1\nb\\{x=\"\t\x7f")),
            0);
    assert_int_equal(json_array_append_new(servers, json_pack("{s:s}", "program", "other")), 0);
    assert_int_equal(json_array_append_new(servers, json_object()), 0);
    (void)snprintf(name, sizeof name, "%.8s",
                   json_string_value(json_object_get(twin, "name"))); /* cut, on purpose */
    (void)snprintf(other, sizeof other, "%s%024d", name, 7);
    assert_int_equal(json_object_set_new(twin, "name", json_string(other)), 0);
    assert_int_equal(json_array_append_new(keys, twin), 0);
    assert_int_equal(json_array_append_new(keys, json_object()), 0);
    text = render(root, true);
    assert_non_null(text);
    assert_int_equal(count(text, "\nstek_servers{"), 2);
    assert_int_equal(count(text, "program=\"a\\\"} 1\\nb\\\\{x=\\\"\t\x7f\"} 2\n"), 1);
    assert_int_equal(count(text, "program=\"other\"} 2\n"), 1);
    (void)snprintf(other, sizeof other, "key=\"%s\"}", name);
    assert_int_equal(count(text, other), 2); /* sealed, opened */
    (void)snprintf(other, sizeof other, "key=\"%s0", name);
    assert_int_equal(count(text, other), 2);
    free(text);
    json_decref(root);
}

/* R-METRICS-2 */
static void
test_bounds(void **state)
{
    json_t *root = load("page_well.json"), *status = json_object_get(root, "status");
    json_t *keyset = json_array_get(json_object_get(status, "keysets"), 0);
    json_t *servers = json_object_get(keyset, "servers");
    json_t *keys = json_object_get(json_array_get(json_object_get(root, "keys"), 0), "keys");
    char name[64], *text;

    (void)state;
    assert_int_equal(json_array_clear(servers), 0);
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(name, sizeof name, "%08x%024d", i, i);
        assert_int_equal(json_array_append_new(servers, json_pack("{s:s}", "program", name)), 0);
        assert_int_equal(json_array_append_new(keys, json_pack("{s:s}", "name", name)), 0);
    }
    text = render(root, false);
    assert_non_null(text);
    assert_int_equal(count(text, "\nstek_servers{"), METRICS_PROGRAMS_MAX + 1);
    assert_int_equal(count(text, "program=\"other\"} 968\n"), 1);
    assert_int_equal(count(text, "\nstek_key_sealed_total{"), METRICS_KEYS_MAX);
    free(text);
    json_decref(root);
}

/* OpenMetrics is for who asks for it. */
static void
test_accept(void **state)
{
    (void)state;
    assert_true(metrics_wants_open("application/openmetrics-text; version=1.0.0"));
    assert_true(metrics_wants_open("application/openmetrics-text;version=1.0.0,"
                                   "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"));
    assert_true(metrics_wants_open("text/html, Application/OpenMetrics-Text"));
    assert_false(metrics_wants_open(""));
    assert_false(metrics_wants_open("*/*"));
    assert_false(metrics_wants_open("text/plain; version=0.0.4"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_hostile_names),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_accept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
