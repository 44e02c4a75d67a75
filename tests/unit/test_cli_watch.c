/* What stekctl watch and keys show of answers: in windows of several sizes, by golden files; and
 * rates that hold what happened, whatever the counters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "cli/watch.h"
#include "golden_support.h"

#define KEYSETS_MAX 64

/* A status, and the keys of each keyset. */
struct answers {
    struct reply_status status, before;
    struct reply_keys keys[KEYSETS_MAX];
};

static void
count_more(struct reply_keyset *set, unsigned times)
{
    set->counters[0] += 100 * times;
    set->counters[1] += 2003 * times;
    set->counters[4] += times;
    for (size_t i = 0; i < set->server_count; i++) {
        set->servers[i].counters[0] += 50 * times;
        set->servers[i].counters[1] += 1001 * times;
    }
}

/* From a file of tests/unit/golden, that of the status page; `copies` of its first keyset. */
static bool
read_answers(struct answers *answers, const char *name, size_t copies)
{
    char *text = golden_read(name);
    json_t *root = text == NULL ? NULL : json_loads(text, 0, NULL);
    json_t *status = json_object_get(root, "status"), *keys = json_object_get(root, "keys");
    json_t *keysets = json_object_get(status, "keysets");
    struct err err;
    bool ok = root != NULL;

    for (size_t i = 1; i < copies; i++) {
        json_t *copy = json_deep_copy(json_array_get(keysets, 0));
        char number[24];

        (void)snprintf(number, sizeof number, "set%02zu", i);
        ok = ok && json_object_set_new(copy, "name", json_string(number)) == 0 &&
             json_array_append_new(keysets, copy) == 0 &&
             json_array_append(keys, json_array_get(keys, 0)) == 0;
    }
    ok = ok && reply_status_read(&answers->status, status, &err) &&
         reply_status_read(&answers->before, status, &err);
    for (size_t i = 0; ok && i < json_array_size(keys) && i < KEYSETS_MAX; i++)
        ok = reply_keys_read(&answers->keys[i], json_array_get(keys, i), &err);
    for (size_t i = 0; ok && i < answers->status.count; i++)
        count_more(&answers->status.keysets[i], (unsigned)i + 1);
    json_decref(root);
    free(text);
    return ok;
}

static void
free_answers(struct answers *answers)
{
    reply_status_free(&answers->status);
    reply_status_free(&answers->before);
    for (size_t i = 0; i < KEYSETS_MAX; i++)
        reply_keys_free(&answers->keys[i]);
}

static const struct {
    const char *file, *from;
    size_t copies;
    unsigned rows, columns;
    bool is_ascii, is_color, is_new;
    const char *trouble;
} looks[] = {
    {"watch_80x24.txt", "page_well.json", 1, 24, 80, false, false, false, ""},
    {"watch_120x50.txt", "page_trouble.json", 1, 50, 120, false, true, false, ""},
    {"watch_roomy.txt", "page_well.json", 1, 40, 80, true, false, false, ""},
    {"watch_new.txt", "page_well.json", 1, 24, 80, true, false, true, ""},
    {"watch_small.txt", "page_trouble.json", 1, 9, 60, true, false, false, ""},
    {"watch_many.txt", "page_well.json", 40, 24, 80, true, false, false, ""},
    {"watch_gone.txt", "page_well.json", 1, 24, 80, true, false, false,
     "/run/stek/control: no stekd listens there: is it running (\"systemctl status stekd\" tells, "
     "\"systemctl start stekd\" starts it), and with this -r?"},
    {"watch_empty.txt", "page_empty.json", 1, 24, 80, true, false, false, ""},
};

static size_t
count_lines(const char *text)
{
    size_t count = 1;

    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

/* What is shown; to be freed. */
static char *
show(size_t look, const struct answers *answers, bool as_lines)
{
    const struct cli cli = {.columns = looks[look].columns,
                            .ascii = looks[look].is_ascii,
                            .color = looks[look].is_color,
                            .interval_s = 1};
    const struct watch_view view = {.cli = &cli,
                                    .rows = looks[look].rows,
                                    .status = &answers->status,
                                    .before = looks[look].is_new ? NULL : &answers->before,
                                    .elapsed_ms = looks[look].is_new ? 0 : 4000,
                                    .keys = answers->keys,
                                    .trouble = looks[look].trouble};
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    bool ok = out != NULL;

    if (ok && as_lines)
        watch_lines(out, &view);
    else
        ok = ok && watch_page(out, &view);
    if (out != NULL && fclose(out) == 0 && ok)
        return text;
    free(text);
    return NULL;
}

static void
test_pages(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        struct answers answers = {.status = {.count = 0}};
        char *text;

        assert_true(read_answers(&answers, looks[i].from, looks[i].copies));
        text = show(i, &answers, false);
        assert_non_null(text);
        assert_true(golden_same(looks[i].file, text));
        assert_true(count_lines(text) <= looks[i].rows);
        free(text);
        free_answers(&answers);
    }
}

/* However small the window: never more lines than it has, if it has as many as any page needs. */
static void
test_every_height(void **state)
{
    struct answers answers = {.status = {.count = 0}};

    (void)state;
    assert_true(read_answers(&answers, "page_trouble.json", 3));
    for (unsigned rows = 0; rows < 120; rows++) {
        const struct cli cli = {.columns = 60 + rows, .ascii = true, .interval_s = 1};
        const struct watch_view view = {.cli = &cli,
                                        .rows = rows,
                                        .status = &answers.status,
                                        .before = &answers.before,
                                        .elapsed_ms = 1000,
                                        .keys = answers.keys,
                                        .trouble = ""};
        char *text = NULL;
        size_t len;
        FILE *out = open_memstream(&text, &len);

        assert_non_null(out);
        assert_true(watch_page(out, &view));
        assert_int_equal(fclose(out), 0);
        assert_true(count_lines(text) <= (rows < 6 ? 6 : rows));
        free(text);
    }
    free_answers(&answers);
}

static void
test_lines(void **state)
{
    struct answers answers = {.status = {.count = 0}};
    char *text;

    (void)state;
    assert_true(read_answers(&answers, "page_trouble.json", 1));
    text = show(1, &answers, true);
    assert_int_equal(count_lines(text), 3 + 1);
    assert_non_null(strstr(text, " www: sealing 6e8f94a5, next in 9m, sealed 25.0/s, opened "
                                 "500.8/s, full 0.3/s, servers 2\n"));
    assert_non_null(strstr(text, "servers 2, error: ring /run/stek/api.r1: no space left"));
    assert_non_null(strstr(text, " mail: sealing none, next none, "));
    free(text);
    free_answers(&answers);
}

/* stekctl keys, too, fits a window of 80 columns, and else tells all. */
static void
test_keys(void **state)
{
    static const struct {
        const char *file;
        unsigned columns;
    } tables[] = {{"keys_80.txt", 80}, {"keys_wide.txt", 200}};
    struct answers answers = {.status = {.count = 0}};

    (void)state;
    assert_true(read_answers(&answers, "page_well.json", 1));
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char *text = NULL;
        size_t len;
        FILE *out = open_memstream(&text, &len);

        assert_non_null(out);
        assert_true(keys_print(out, &answers.keys[0], tables[i].columns, false));
        assert_int_equal(fclose(out), 0);
        assert_true(golden_same(tables[i].file, text));
        for (char *save, *line = strtok_r(text, "\n", &save); line != NULL;
             line = strtok_r(NULL, "\n", &save))
            assert_true(strlen(line) <= tables[i].columns);
        free(text);
    }
    free_answers(&answers);
}

static void
test_rates(void **state)
{
    static const struct {
        uint64_t count, elapsed_ms;
        const char *text;
    } rates[] = {{0, 1000, "0/s"},       {1, 4000, "0.3/s"},          {12, 1000, "12.0/s"},
                 {999, 1000, "999.0/s"}, {1000, 1000, "1000/s"},      {123456, 1000, "123k/s"},
                 {7, 60000, "0.1/s"},    {UINT64_MAX, 1000, "922T/s"}};
    const struct watch_rates none = {.is_known = false};
    char text[WATCH_RATE];

    (void)state;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        const struct watch_rates at = {.is_known = true, .elapsed_ms = rates[i].elapsed_ms};

        assert_string_equal(watch_rate(text, &at, rates[i].count), rates[i].text);
    }
    assert_string_equal(watch_rate(text, &none, 5), "-");
    assert_string_equal(watch_share(text, 0, 0), "-");
    assert_string_equal(watch_share(text, 1, 0), "100.0%");
    assert_string_equal(watch_share(text, 99999, 1), "99.9%");
    assert_string_equal(watch_share(text, UINT64_MAX, UINT64_MAX), "50.0%");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages), cmocka_unit_test(test_every_height),
        cmocka_unit_test(test_lines), cmocka_unit_test(test_rates),
        cmocka_unit_test(test_keys),
    };

    (void)setenv("TZ", "UTC", 1); /* times are local ones */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
