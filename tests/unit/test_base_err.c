/* Messages say what failed, from the outside in, and never outgrow their bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/err.h"

static void
test_set_and_add(void **state)
{
    struct err err;

    (void)state;
    assert_false(err_set(&err, "slot %d is torn", 7));
    assert_string_equal(err.text, "slot 7 is torn");
    assert_false(err_add(&err, "ring %s", "/run/stek/www.r1"));
    assert_string_equal(err.text, "ring /run/stek/www.r1: slot 7 is torn");
}

static void
test_errno(void **state)
{
    struct err err;

    (void)state;
    errno = ENOSPC;
    assert_false(err_errno(&err, "write %s", "x"));
    assert_string_equal(err.text, "write x: No space left on device");
    assert_int_equal(errno, ENOSPC);
    errno = 99999;
    assert_false(err_errno(&err, "write"));
    assert_non_null(strstr(err.text, "99999"));
    assert_int_equal(errno, 99999);
}

static void
test_bounds(void **state)
{
    struct {
        struct err err;
        char guard[8];
    } box;
    char text[2 * ERR_MAX];

    (void)state;
    memset(&box, 'g', sizeof box);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_false(err_set(&box.err, "%s", text));
    assert_int_equal(strlen(box.err.text), ERR_MAX - 1);
    errno = ENOENT;
    assert_false(err_errno(&box.err, "%s", text));
    assert_int_equal(strlen(box.err.text), ERR_MAX - 1);
    assert_false(err_add(&box.err, "%s", "outer"));
    assert_int_equal(strlen(box.err.text), ERR_MAX - 1);
    assert_memory_equal(box.err.text, "outer: xxx", 10);
    assert_false(err_add(&box.err, "%s", text));
    assert_int_equal(strlen(box.err.text), ERR_MAX - 1);
    assert_memory_equal(box.guard, "gggggggg", sizeof box.guard);
}

static void
test_no_message_wanted(void **state)
{
    (void)state;
    errno = EIO;
    assert_false(err_set(NULL, "a"));
    assert_false(err_errno(NULL, "a"));
    assert_false(err_add(NULL, "a"));
    assert_int_equal(errno, EIO);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_and_add),
        cmocka_unit_test(test_errno),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_no_message_wanted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
