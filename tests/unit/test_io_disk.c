/* A file on a disk is replaced whole or not at all, and nothing stays of what it held: its old
 * bytes are gone from the inode, seen through a second name of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>

#include "io/disk.h"
#include "ring_support.h"

#define OLD "the old bytes"
#define NEW "new ones"

static int
setup(void **state)
{
    static struct scratch scratch;

    *state = &scratch;
    return scratch_open(&scratch) ? 0 : 1;
}

static int
teardown(void **state)
{
    scratch_close(*state);
    return 0;
}

static bool
holds(const char *path, const void *bytes, size_t len)
{
    size_t got_len = 0;
    uint8_t *got = file_read(path, &got_len);
    bool same = got != NULL && got_len == len && memcmp(got, bytes, len) == 0;

    free(got);
    return same;
}

static void
test_replace(void **state)
{
    static const uint8_t zeros[sizeof OLD];
    const struct scratch *scratch = *state;
    const char *path = scratch->ring, *second = scratch->other;
    struct err err = {""};
    struct stat stat;

    assert_true(disk_replace(path, OLD, sizeof OLD, &err));
    assert_true(holds(path, OLD, sizeof OLD));
    assert_int_equal(lstat(path, &stat), 0);
    assert_int_equal(stat.st_mode & 07777, 0600);
    assert_int_equal(link(path, second), 0);
    assert_true(disk_replace(path, NEW, sizeof NEW, &err));
    assert_true(holds(path, NEW, sizeof NEW));
    assert_true(holds(second, zeros, sizeof OLD));
    assert_true(disk_placed_ms(path) > 0);
}

static void
test_destroy(void **state)
{
    static const uint8_t zeros[sizeof OLD];
    const struct scratch *scratch = *state;
    char fresh[120];
    struct err err = {""};

    (void)snprintf(fresh, sizeof fresh, "%s.new", scratch->ring);
    assert_true(disk_replace(scratch->ring, OLD, sizeof OLD, &err));
    assert_int_equal(link(scratch->ring, scratch->other), 0);
    assert_true(file_make(fresh, NEW, sizeof NEW, 0600)); /* of one that died */
    assert_true(disk_destroy(scratch->ring, &err));
    assert_int_not_equal(access(scratch->ring, F_OK), 0);
    assert_int_not_equal(access(fresh, F_OK), 0);
    assert_true(holds(scratch->other, zeros, sizeof OLD));
    assert_true(disk_destroy(scratch->ring, &err));
    assert_int_equal(disk_placed_ms(scratch->ring), 0);
}

static int
replace_without_room(void *arg)
{
    struct err err = {""};

    if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || !file_limit(4))
        return 1;
    if (disk_replace(arg, NEW, sizeof NEW, &err))
        return 2;
    return strstr(err.text, "File too large") != NULL ? 0 : 3;
}

/* Without room, or a folder, the old file stays as it was, and nothing half made is left. */
static void
test_failure(void **state)
{
    const struct scratch *scratch = *state;
    char fresh[120];
    struct err err = {""};

    (void)snprintf(fresh, sizeof fresh, "%s.new", scratch->ring);
    assert_true(disk_replace(scratch->ring, OLD, sizeof OLD, &err));
    assert_int_equal(child_run(replace_without_room, (void *)(uintptr_t)scratch->ring, 0), 0);
    assert_true(holds(scratch->ring, OLD, sizeof OLD));
    assert_int_not_equal(access(fresh, F_OK), 0);
    assert_false(disk_replace("/tmp/no/such/folder", OLD, sizeof OLD, &err));
    assert_non_null(strstr(err.text, "/tmp/no/such/folder.new: No such file or directory"));
}

/* A link is replaced, and what it leads to is left alone; so is one in the way of the new file. */
static void
test_links(void **state)
{
    const struct scratch *scratch = *state;
    char fresh[120];
    struct err err = {""};
    struct stat stat;

    (void)snprintf(fresh, sizeof fresh, "%s.new", scratch->ring);
    assert_true(file_make(scratch->other, OLD, sizeof OLD, 0600));
    assert_int_equal(symlink(scratch->other, scratch->ring), 0);
    assert_int_equal(symlink(scratch->other, fresh), 0);
    assert_true(disk_replace(scratch->ring, NEW, sizeof NEW, &err));
    assert_int_equal(lstat(scratch->ring, &stat), 0);
    assert_true(S_ISREG(stat.st_mode));
    assert_true(holds(scratch->other, OLD, sizeof OLD));
}

/* What may not be written, and what lies where nothing may be, is left alone by who asks. */
static void
test_fixed(void **state)
{
    const struct scratch *scratch = *state;
    struct err err;

    assert_false(disk_is_fixed(scratch->ring)); /* none */
    assert_true(disk_replace(scratch->ring, OLD, sizeof OLD, &err));
    assert_false(disk_is_fixed(scratch->ring));
    assert_int_equal(chmod(scratch->ring, 0400), 0);
    assert_true(disk_is_fixed(scratch->ring));
    assert_int_equal(symlink(scratch->ring, scratch->other), 0);
    assert_true(disk_is_fixed(scratch->other));
    assert_true(disk_is_fixed("/proc/self/mountinfo")); /* mode 0444 */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_replace, setup, teardown),
        cmocka_unit_test_setup_teardown(test_destroy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failure, setup, teardown),
        cmocka_unit_test_setup_teardown(test_links, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fixed, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
