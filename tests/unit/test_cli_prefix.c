/* A beginning of a name means one key or none: never another key than the one that was meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cli/prefix.h"

static struct reply_key list[] = {
    {.name = "00aa0000000000000000000000000000", .state = CONTROL_COMING},
    {.name = "00aa1111111111111111111111111111", .state = CONTROL_SEALING},
    {.name = "bbbb0000000000000000000000000000", .state = CONTROL_OPENING},
    {.name = "bbbb1111111111111111111111111111", .state = CONTROL_REVOKED},
    {.name = "cccc0000000000000000000000000000", .state = CONTROL_REVOKED},
};
static const struct reply_keys keys = {
    .keyset = "www", .keys = list, .count = sizeof list / sizeof list[0]};

static void
test_unique(void **state)
{
    struct err err = {""};

    (void)state;
    assert_ptr_equal(prefix_find(&keys, "00aa1", &err), &list[1]);
    assert_ptr_equal(prefix_find(&keys, "00AA1", &err), &list[1]);
    assert_ptr_equal(prefix_find(&keys, list[0].name, &err), &list[0]);
    assert_ptr_equal(prefix_find(&keys, "bbbb", &err), &list[2]); /* the other one is revoked */
}

static void
test_ambiguous(void **state)
{
    struct err err = {""};

    (void)state;
    assert_null(prefix_find(&keys, "00aa", &err));
    assert_non_null(strstr(err.text, list[0].name));
    assert_non_null(strstr(err.text, list[1].name));
    assert_non_null(strstr(err.text, "give more digits"));
}

static void
test_none(void **state)
{
    struct err err = {""};

    (void)state;
    assert_null(prefix_find(&keys, "dddd", &err));
    assert_non_null(strstr(err.text, "no key of keyset www begins with dddd"));
    assert_null(prefix_find(&keys, "cccc", &err));
    assert_string_equal(err.text, "cccc is revoked already");
}

static void
test_no_prefix(void **state)
{
    static const char *const typed[] = {
        "", "00a", "00ag", "00 a1", "-00aa", "00aa00000000000000000000000000000", "%s%s%n"};

    (void)state;
    for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++) {
        struct err err = {""};

        assert_null(prefix_find(&keys, typed[i], &err));
        assert_non_null(strstr(err.text, "cannot name a key"));
    }
}

static void
test_many_candidates(void **state)
{
    struct reply_key many[64];
    struct reply_keys all = {.keyset = "www", .keys = many, .count = 64};
    struct err err = {""};

    (void)state;
    memset(many, 0, sizeof many);
    for (size_t i = 0; i < all.count; i++)
        memcpy(many[i].name, "eeee0000000000000000000000000000", REPLY_NAME);
    assert_null(prefix_find(&all, "eeee", &err));
    assert_true(strlen(err.text) < sizeof err.text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unique),
        cmocka_unit_test(test_ambiguous),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_no_prefix),
        cmocka_unit_test(test_many_candidates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
