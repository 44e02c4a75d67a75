/* All bytes are read and written, though the kernel does it in parts, or is interrupted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "io/whole.h"

#define TEXT "not all of this at once"

/* ---- a kernel that does at most 5 bytes at once, and is interrupted each second time ---- */

static struct {
    char file[sizeof TEXT];
    size_t len, at;
    unsigned calls, failing; /* the call that fails; 0: none */
} kernel;

ssize_t __wrap_read(int fd, void *out, size_t len);
ssize_t __wrap_pwrite64(int fd, const void *in, size_t len, off_t at);

/* How much of so much is done; -1 with errno. */
static ssize_t
take_part(size_t len)
{
    kernel.calls++;
    errno = kernel.calls == kernel.failing ? EIO : EINTR;
    if (kernel.calls == kernel.failing || kernel.calls % 2 == 1)
        return -1;
    return len < 5 ? (ssize_t)len : 5;
}

ssize_t
__wrap_read(int fd, void *out, size_t len)
{
    size_t left = kernel.len - kernel.at;
    ssize_t part = take_part(len < left ? len : left);

    if (fd != 7 || part < 0)
        return -1;
    memcpy(out, kernel.file + kernel.at, (size_t)part);
    kernel.at += (size_t)part;
    return part;
}

ssize_t
__wrap_pwrite64(int fd, const void *in, size_t len, off_t at)
{
    ssize_t part = take_part(len);

    if (fd != 7 || part < 0 || at < 0 || (size_t)at + (size_t)part > sizeof kernel.file)
        return -1;
    memcpy(kernel.file + at, in, (size_t)part);
    return part;
}

static void
begin(const char *file, unsigned failing)
{
    memset(&kernel, 0, sizeof kernel);
    kernel.len = strlen(file);
    kernel.failing = failing;
    (void)snprintf(kernel.file, sizeof kernel.file, "%s", file); /* fits */
}

static void
test_read(void **state)
{
    char bytes[sizeof TEXT] = "";

    (void)state;
    begin(TEXT, 0);
    assert_int_equal(whole_read(7, bytes, sizeof bytes), strlen(TEXT));
    assert_string_equal(bytes, TEXT);
    begin(TEXT, 0);
    assert_int_equal(whole_read(7, bytes, 12), 12); /* there is more */
    begin("", 0);
    assert_int_equal(whole_read(7, bytes, sizeof bytes), 0);
    begin(TEXT, 4);
    assert_int_equal(whole_read(7, bytes, sizeof bytes), -1);
    assert_int_equal(errno, EIO);
}

static void
test_write(void **state)
{
    (void)state;
    begin("", 0);
    assert_true(whole_write(7, TEXT, strlen(TEXT)));
    assert_string_equal(kernel.file, TEXT);
    begin("", 0);
    assert_true(whole_write(7, TEXT, 0));
    assert_int_equal(kernel.calls, 0);
    begin("", 3);
    assert_false(whole_write(7, TEXT, strlen(TEXT)));
    assert_int_equal(errno, EIO);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
