/* What stekctl says of a farm is what stekd answered: in one or in none, shared or not, with what
 * waits and what is wrong; and an answer that lacks a member is not shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/reply_farm.h"

#define FARM "{\"id\":\"0123456789abcdef\",\"since\":1699920000,\"keep_days\":2,\"warning\":\""
#define REQUEST \
    "{\"line\":\"stek-request1:AAAA\",\"fingerprint\":\"0123-4567-89ab-cdef\"," \
    "\"expires\":1700003600}"

/* What is printed of this answer, "" if it cannot be read; to be freed. */
static char *
shown(const char *is_shared, const char *farm, const char *request)
{
    char answer[1024], *text = NULL;
    struct reply_farm reply;
    struct err err;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    json_t *root;

    (void)snprintf(answer, sizeof answer,
                   "{\"keyset\":\"www\",\"now\":1700000000,\"shared\":%s,\"file\":"
                   "\"/var/lib/stek/www.farm\",\"farm\":%s,\"request\":%s}",
                   is_shared, farm, request);
    root = reply_load(answer, strlen(answer), 200, &err);
    if (out != NULL && reply_farm_read(&reply, root, &err))
        farm_print(out, &reply);
    if (out != NULL)
        (void)fclose(out);
    json_decref(root);
    return text;
}

static const struct {
    const char *shared, *farm, *request;
    const char *says;
} answers[] = {
    {"true", FARM "\"}", "null",
     "keyset www: farm 0123456789abcdef\n  secret     /var/lib/stek/www.farm, from 2023-11-14 on; "
     "2 days back are needed\n"},
    {"true", FARM "oh\"}", "null", "\n  warning    oh\n"},
    {"true", "null", REQUEST, "keyset www: in no farm: stekctl farm init begins one, "},
    {"true", "null", REQUEST,
     "\n  request    fingerprint 0123-4567-89ab-cdef, waits for its answer "
     "until 23:13:20:\nstek-request1:AAAA\n"},
    {"false", "null", "null", "keyset www: not shared: add a section share"},
};

static void
test_show(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        char *text = shown(answers[i].shared, answers[i].farm, answers[i].request);

        assert_non_null(text);
        if (strstr(text, answers[i].says) == NULL)
            assert_string_equal(text, answers[i].says);
        free(text);
    }
}

static void
test_wrong_answers(void **state)
{
    static const char *const wrong[][3] = {{"1", "null", "null"},
                                           {"true", "{}", "null"},
                                           {"true", "null", "{\"line\":\"x\"}"},
                                           {"true", "[]", "null"}};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char *text = shown(wrong[i][0], wrong[i][1], wrong[i][2]);

        assert_string_equal(text, "");
        free(text);
    }
}

/* The lines that are carried, with nothing that a terminal would obey. */
static void
test_lines(void **state)
{
    static const char asked[] = "{\"keyset\":\"www\",\"request\":\"stek-request1:A\\u001b[2J\","
                                "\"fingerprint\":\"0123-4567-89ab-cdef\",\"expires\":1700003600,"
                                "\"leaves\":null}";
    static const char answered[] =
        "{\"keyset\":\"www\",\"answer\":\"stek-answer1:A\",\"fingerprint\":\"0123-4567-89ab-cdef\","
        "\"host\":\"0123456789abcdef\",\"host_name\":\"web2\"}";
    struct reply_asked one;
    struct reply_answered two;
    struct err err;
    json_t *root = reply_load(asked, sizeof asked - 1, 200, &err);

    (void)state;
    assert_true(reply_asked_read(&one, root, &err));
    assert_string_equal(one.line, "stek-request1:A?[2J");
    assert_int_equal(one.expires, 1700003600);
    assert_false(reply_answered_read(&two, root, &err));
    json_decref(root);
    root = reply_load(answered, sizeof answered - 1, 200, &err);
    assert_true(reply_answered_read(&two, root, &err));
    assert_string_equal(two.line, "stek-answer1:A");
    assert_string_equal(two.host, "0123456789abcdef");
    assert_string_equal(two.host_name, "web2");
    json_decref(root);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_show),
        cmocka_unit_test(test_wrong_answers),
        cmocka_unit_test(test_lines),
    };

    if (setenv("TZ", "UTC", 1) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
