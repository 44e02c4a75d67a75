/* The status page: what it says of answers of all kinds, by golden files (page_NAME.json gives
 * page_NAME.html); R-PAGE-1: nothing from elsewhere is markup; R-PAGE-2: what is wrong comes first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/page.h"
#include "daemon/page_inner.h"
#include "golden_support.h"

#define KEYSETS_MAX 16

/* The page of {"status": ..., "keys": [...], "fleets": [...]}; to be freed. */
static char *
render(const json_t *root)
{
    const json_t *answers = json_object_get(root, "keys");
    json_t *keys[KEYSETS_MAX] = {NULL}, *fleets[KEYSETS_MAX] = {NULL};

    for (size_t i = 0; i < json_array_size(answers) && i < KEYSETS_MAX; i++) {
        keys[i] = json_array_get(answers, i);
        fleets[i] = json_array_get(json_object_get(root, "fleets"), i);
    }
    return page_html(json_object_get(root, "status"), keys, fleets);
}

static json_t *
load(const char *name)
{
    char *text = golden_read(name);
    json_t *root = text == NULL ? NULL : json_loads(text, 0, NULL);

    free(text);
    return root;
}

/* As in golden files: that all is well; that much is not; that there is nothing; and with the
 * longest texts and largest numbers there can be. */
static void
test_pages(void **state)
{
    static const char *const names[] = {"well", "trouble", "empty", "long"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char from[64], to[64], *page;
        json_t *root;

        (void)snprintf(from, sizeof from, "page_%s.json", names[i]);
        (void)snprintf(to, sizeof to, "page_%s.html", names[i]);
        root = load(from);
        assert_non_null(root);
        page = render(root);
        assert_non_null(page);
        assert_true(golden_same(to, page));
        free(page);
        json_decref(root);
    }
}

#define HOSTILE "</td><script>\"'&\x01"

/* R-PAGE-1 */
static void
test_no_markup_from_elsewhere(void **state)
{
    json_t *root = load("page_well.json"), *status = json_object_get(root, "status");
    json_t *keyset = json_array_get(json_object_get(status, "keysets"), 0);
    json_t *server = json_array_get(json_object_get(keyset, "servers"), 0);
    json_t *fleet = json_array_get(json_object_get(root, "fleets"), 0);
    json_t *farm = json_object_get(fleet, "farm");
    json_t *host = json_array_get(json_object_get(fleet, "hosts"), 0);
    json_t *engine = json_array_get(json_object_get(farm, "engines"), 0);
    char *page;

    (void)state;
    assert_int_equal(json_object_set_new(server, "program", json_string(HOSTILE)), 0);
    assert_int_equal(json_object_set_new(farm, "text", json_string(HOSTILE)), 0);
    assert_int_equal(json_object_set_new(engine, "text", json_string(HOSTILE)), 0);
    assert_int_equal(json_object_set_new(engine, "name", json_string(HOSTILE)), 0);
    assert_int_equal(json_object_set_new(host, "name", json_string(HOSTILE)), 0);
    assert_int_equal(json_object_set_new(host, "version", json_string(HOSTILE)), 0);
    assert_int_equal(json_object_set_new(host, "state", json_string(HOSTILE)), 0);
    assert_int_equal(json_array_append_new(json_object_get(host, "engines"), json_string(HOSTILE)),
                     0);
    assert_int_equal(json_object_set_new(keyset, "last_error", json_string(HOSTILE)), 0);
    assert_int_equal(json_object_set_new(keyset, "ring", json_string(HOSTILE)), 0);
    assert_int_equal(json_object_set_new(status, "config", json_string(HOSTILE)), 0);
    page = render(root);
    assert_non_null(page);
    assert_null(strstr(page, "<script"));
    assert_null(strchr(page, '\x01'));
    assert_non_null(strstr(page, "&#60;/td&#62;&#60;script&#62;&#34;&#39;&#38;?"));
    free(page);
    json_decref(root);
}

/* Keys that only the status counts are told, too: a page takes no more keys than it draws. */
static void
test_older_keys_count(void **state)
{
    json_t *root = load("page_well.json"), *status = json_object_get(root, "status");
    json_t *keyset = json_array_get(json_object_get(status, "keysets"), 0);
    char *page = render(root);

    (void)state;
    assert_non_null(page);
    assert_null(strstr(page, " older</text>"));
    free(page);
    assert_int_equal(
        json_object_set_new(json_object_get(keyset, "keys"), "revoked", json_integer(501)), 0);
    page = render(root);
    assert_non_null(page);
    assert_non_null(strstr(page, ">and 500 older</text>"));
    free(page);
    json_decref(root);
}

/* R-PAGE-2 */
static void
test_farm_trouble_comes_first(void **state)
{
    json_t *root = load("page_well.json"), *status = json_object_get(root, "status");
    json_t *keyset = json_array_get(json_object_get(status, "keysets"), 0);
    json_t *farm = json_object_get(keyset, "farm");
    const char *main_part, *said;
    char *page;

    (void)state;
    assert_int_equal(json_object_set_new(farm, "well", json_false()), 0);
    assert_int_equal(json_object_set_new(farm, "text", json_string("web3 lacks 1 key")), 0);
    page = render(root);
    assert_non_null(page);
    assert_non_null(strstr(page, "<title>stek: 1 of 1 keyset is in trouble</title>"));
    main_part = strstr(page, "<main>");
    said = strstr(page, "web3 lacks 1 key");
    assert_true(main_part != NULL && said != NULL && said < main_part);
    free(page);
    json_decref(root);
}

/* R-PAGE-2 */
static void
test_trouble_comes_first(void **state)
{
    json_t *root = load("page_trouble.json");
    char *page = render(root);
    const char *main_part, *error;

    (void)state;
    assert_non_null(page);
    assert_non_null(strstr(page, "<title>stek: 2 of 3 keysets are in trouble</title>"));
    main_part = strstr(page, "<main>");
    error = strstr(page, "no space left on device");
    assert_true(main_part != NULL && error != NULL && error < main_part);
    error = strstr(page, "no key seals now");
    assert_true(error != NULL && error < main_part);
    free(page);
    json_decref(root);
}

/* No script, nothing that is loaded from elsewhere: "href" leads within the page, or to an empty
 * picture. */
static void
test_self_contained(void **state)
{
    static const char *const never[] = {"<script", "<img",    "<iframe", "<object", "<form",
                                        "onload",  "@import", "src=",    "https:"};
    json_t *root = load("page_trouble.json");
    char *page = render(root);

    (void)state;
    assert_non_null(page);
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        assert_null(strstr(page, never[i]));
    for (const char *at = page; (at = strstr(at, "href=\"")) != NULL; at += 6)
        assert_true(at[6] == '#' || strncmp(at + 6, "data:,\"", 7) == 0);
    for (const char *at = page; (at = strstr(at, "url(")) != NULL; at += 4)
        assert_int_equal(at[4], '#');
    free(page);
    json_decref(root);
}

static void
test_words(void **state)
{
    char text[PAGE_TEXT];

    (void)state;
    assert_string_equal(page_number(text, 0), "0");
    assert_string_equal(page_number(text, 999), "999");
    assert_string_equal(page_number(text, 1000), "1,000");
    assert_string_equal(page_number(text, UINT64_MAX), "18,446,744,073,709,551,615");
    assert_string_equal(page_span(text, 0), "0 s");
    assert_string_equal(page_span(text, 59), "59 s");
    assert_string_equal(page_span(text, 3599), "59 min");
    assert_string_equal(page_span(text, 3600), "1 h");
    assert_string_equal(page_span(text, 7500), "2 h 5 min");
    assert_string_equal(page_span(text, 90000), "1 d 1 h");
    assert_string_equal(page_time(text, 90000, 86400), "01:00:00");
    assert_string_equal(page_time(text, 90000, 86399), "1970-01-02 01:00");
    assert_string_equal(page_share(text, 0, 0), "–");
    assert_string_equal(page_share(text, 3, 3), "100 %");
    assert_string_equal(page_share(text, 9999, 10000), "99.9 %"); /* one was lost */
    assert_string_equal(page_share(text, UINT64_MAX / 2, UINT64_MAX), "50.0 %");
    assert_string_equal(page_share(text, 0, 7), "0.0 %");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_no_markup_from_elsewhere),
        cmocka_unit_test(test_older_keys_count),
        cmocka_unit_test(test_farm_trouble_comes_first),
        cmocka_unit_test(test_trouble_comes_first),
        cmocka_unit_test(test_self_contained),
        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
