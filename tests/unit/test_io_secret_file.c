/* A file that holds a secret is read whole or not at all, and it is told who else may read it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/secret_file.h"

static char path[] = "/tmp/stek-secret-XXXXXX";

static bool
put(const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");

    return file != NULL && fputs(text, file) >= 0 && fclose(file) == 0 && chmod(path, mode) == 0;
}

static void
test_whole(void **state)
{
    bool is_exposed = true;
    struct err err = {""};
    SECRET_BUF(out);

    (void)state;
    assert_true(put("0123456789", 0600));
    assert_int_equal(secret_file_read(&out, &is_exposed, path, 10, &err), FILE_READ);
    assert_int_equal(out.len, 10);
    assert_string_equal((const char *)out.bytes, "0123456789");
    assert_false(is_exposed);
    secret_buf_free(&out);
    assert_int_equal(secret_file_read(&out, &is_exposed, path, 9, &err), FILE_FAILED);
    assert_non_null(strstr(err.text, "longer than 9 bytes"));
    assert_null(out.bytes);
    assert_true(put("", 0600));
    assert_int_equal(secret_file_read(&out, &is_exposed, path, 9, &err), FILE_READ);
    assert_int_equal(out.len, 0);
}

static void
test_exposed(void **state)
{
    bool is_exposed = false;
    SECRET_BUF(out);

    (void)state;
    assert_true(put("x", 0640));
    assert_int_equal(secret_file_read(&out, &is_exposed, path, 9, NULL), FILE_READ);
    assert_true(is_exposed);
}

static void
test_none(void **state)
{
    bool is_exposed = false;
    struct err err = {""};
    SECRET_BUF(out);

    (void)state;
    assert_int_equal(secret_file_read(&out, &is_exposed, "/tmp/stek-none/x", 9, &err), FILE_ABSENT);
    assert_non_null(strstr(err.text, "/tmp/stek-none/x"));
    assert_int_equal(secret_file_read(&out, &is_exposed, "/tmp", 9, &err), FILE_FAILED);
    assert_non_null(strstr(err.text, "not a regular file"));
    assert_null(out.bytes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_exposed),
        cmocka_unit_test(test_none),
    };
    int fd = mkstemp(path), failed;

    if (fd < 0 || close(fd) != 0)
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(path); /* in /tmp */
    return failed;
}
