/* Only files that nobody but their owner could have written, and that not everybody can read, are
 * mapped; what is mapped stays out of core dumps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ring_support.h"
#include "sys/sys.h"

static const char content[] = "content";

static void
test_trusted_is_mapped(void **state)
{
    struct scratch scratch;
    struct sys_map map;
    struct err err;

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_true(file_make(scratch.ring, content, sizeof content, 0440));
    errno = 77;
    assert_int_equal(sys_map_trusted(&map, scratch.ring, SYS_ANY_OWNER, &err), SYS_OPENED);
    assert_int_equal(errno, 77);
    assert_int_equal(map.len, sizeof content);
    assert_memory_equal(map.base, content, sizeof content);
    assert_true(sys_map_is(&map, scratch.ring));
    assert_true(file_make(scratch.other, content, sizeof content, 0400));
    assert_int_equal(rename(scratch.other, scratch.ring), 0);
    assert_false(sys_map_is(&map, scratch.ring));
    assert_int_equal(unlink(scratch.ring), 0);
    errno = 77;
    assert_false(sys_map_is(&map, scratch.ring));
    assert_int_equal(errno, 77);
    sys_unmap(&map);
    assert_null(map.base);
    sys_unmap(&map);
    scratch_close(&scratch);
}

struct unsafe {
    const char *what, *says;
    int (*make)(const char *path, const char *folder);
};

static int
make_mode(const char *path, mode_t mode)
{
    return file_make(path, content, sizeof content, mode) ? 0 : -1;
}

static int
make_group_writable(const char *path, const char *folder)
{
    (void)folder;
    return make_mode(path, 0460);
}

static int
make_world_writable(const char *path, const char *folder)
{
    (void)folder;
    return make_mode(path, 0402);
}

static int
make_world_readable(const char *path, const char *folder)
{
    (void)folder;
    return make_mode(path, 0404);
}

static int
make_link(const char *path, const char *folder)
{
    char target[128];

    (void)snprintf(target, sizeof target, "%s/target", folder);
    return make_mode(target, 0400) == 0 ? symlink(target, path) : -1;
}

static int
make_folder(const char *path, const char *folder)
{
    (void)folder;
    return mkdir(path, 0700);
}

static int
make_fifo(const char *path, const char *folder)
{
    (void)folder;
    return mkfifo(path, 0400);
}

static int
make_in_group_folder(const char *path, const char *folder)
{
    return make_mode(path, 0400) == 0 ? chmod(folder, 0775) : -1;
}

static int
make_in_open_folder(const char *path, const char *folder)
{
    return make_mode(path, 0400) == 0 ? chmod(folder, 01777) : -1;
}

static int
make_of_other(const char *path, const char *folder)
{
    (void)folder;
    if (geteuid() != 0) /* only root can give files away: the folder then is another's */
        return -1;
    return make_mode(path, 0400) == 0 ? chown(path, NOBODY, NOBODY) : -1;
}

static const struct unsafe unsafes[] = {
    {"writable by the group", "may be written by others", make_group_writable},
    {"writable by all", "may be written by others", make_world_writable},
    {"readable by all", "may be read by everybody", make_world_readable},
    {"a link", "is a symbolic link", make_link},
    {"a folder", "is not a regular file", make_folder},
    {"a FIFO", "is not a regular file", make_fifo},
    {"in a folder of a group", "stands in a folder", make_in_group_folder},
    {"in a folder of all", "stands in a folder", make_in_open_folder},
    {"of another owner", "belongs to another user", make_of_other},
};

/* R-RING-5: nothing that others could have made is mapped, and what is wrong is said. */
static void
test_unsafe_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof unsafes / sizeof *unsafes; i++) {
        struct scratch scratch;
        struct sys_map map = {.len = 42};
        struct err err = {0};

        assert_true(scratch_open(&scratch));
        if (unsafes[i].make(scratch.ring, scratch.folder) == 0) {
            print_message("# %s\n", unsafes[i].what);
            assert_int_equal(sys_map_trusted(&map, scratch.ring, SYS_ANY_OWNER, &err), SYS_UNSAFE);
            assert_non_null(strstr(err.text, unsafes[i].says));
            assert_int_equal(map.len, 42);
            assert_int_equal(sys_map_trusted(&map, scratch.ring, SYS_ANY_OWNER, NULL), SYS_UNSAFE);
        } else {
            assert_ptr_equal(unsafes[i].make, make_of_other); /* the rest works for everybody */
        }
        scratch_close(&scratch);
    }
}

/* R-RING-5: a ring that is made anew under the same name is another user's trap. */
static void
test_same_owner(void **state)
{
    struct scratch scratch;
    struct sys_map map = {0};
    struct err err = {0};

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_true(file_make(scratch.ring, content, sizeof content, 0400));
    assert_int_equal(sys_map_trusted(&map, scratch.ring, SYS_ANY_OWNER, NULL), SYS_OPENED);
    assert_int_equal(map.owner, geteuid());
    sys_unmap(&map);
    assert_int_equal(sys_map_trusted(&map, scratch.ring, geteuid() + 1, &err), SYS_UNSAFE);
    assert_non_null(strstr(err.text, "belongs to another user than the one that was mapped"));
    assert_null(map.base);
    assert_int_equal(sys_map_trusted(&map, scratch.ring, geteuid(), NULL), SYS_OPENED);
    sys_unmap(&map);
    scratch_close(&scratch);
}

static void
test_absent(void **state)
{
    struct scratch scratch;
    struct sys_map map;
    char path[200];

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_int_equal(sys_map_trusted(&map, scratch.ring, SYS_ANY_OWNER, NULL), SYS_ABSENT);
    (void)snprintf(path, sizeof path, "%s/no/such/ring", scratch.folder);
    assert_int_equal(sys_map_trusted(&map, path, SYS_ANY_OWNER, NULL), SYS_ABSENT);
    assert_true(file_make(scratch.other, content, sizeof content, 0400));
    (void)snprintf(path, sizeof path, "%s/ring", scratch.other); /* a file is no folder */
    assert_int_equal(sys_map_trusted(&map, path, SYS_ANY_OWNER, NULL), SYS_FAILED);
    assert_int_equal(errno, ENOTDIR);
    assert_int_equal(sys_map_trusted(&map, "", SYS_ANY_OWNER, NULL), SYS_ABSENT);
    scratch_close(&scratch);
}

static void
test_no_length(void **state)
{
    struct scratch scratch;
    struct sys_map map;

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_true(file_make(scratch.ring, "", 0, 0400));
    assert_int_equal(sys_map_trusted(&map, scratch.ring, SYS_ANY_OWNER, NULL), SYS_OPENED);
    assert_null(map.base);
    assert_int_equal(map.len, 0);
    sys_unmap(&map);
    scratch_close(&scratch);
}

/* True if the kernel has the flag "dd" (no dump) for the mapping that holds `base`. */
static bool
is_kept_from_dumps(const void *base)
{
    char line[512];
    unsigned long from, to, at = (unsigned long)(uintptr_t)base;
    bool here = false, kept = false;
    FILE *file = fopen("/proc/self/smaps", "r");

    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            here = from <= at && at < to;
        else if (here && strncmp(line, "VmFlags", 7) == 0)
            kept = strstr(line, " dd") != NULL;
    }
    if (file != NULL)
        (void)fclose(file);
    return kept;
}

static void
test_no_dumps(void **state)
{
    struct scratch scratch;
    struct sys_map file, anonymous;

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_true(file_make(scratch.ring, content, sizeof content, 0400));
    assert_int_equal(sys_map_trusted(&file, scratch.ring, SYS_ANY_OWNER, NULL), SYS_OPENED);
    assert_true(sys_map_anonymous(&anonymous, 8192));
    assert_true(is_kept_from_dumps(file.base));
    assert_true(is_kept_from_dumps(anonymous.base));
    sys_unmap(&file);
    sys_unmap(&anonymous);
    scratch_close(&scratch);
}

static int
write_there(void *arg)
{
    ((uint8_t *)arg)[4000] = 42;
    return 0;
}

static void
test_anonymous_is_shared(void **state)
{
    struct sys_map map;

    (void)state;
    assert_true(sys_map_anonymous(&map, 4096));
    assert_int_equal(((uint8_t *)map.base)[4000], 0);
    assert_int_equal(child_run(write_there, map.base, 0), 0);
    assert_int_equal(((uint8_t *)map.base)[4000], 42);
    sys_unmap(&map);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trusted_is_mapped),   cmocka_unit_test(test_unsafe_is_refused),
        cmocka_unit_test(test_same_owner),          cmocka_unit_test(test_absent),
        cmocka_unit_test(test_no_length),           cmocka_unit_test(test_no_dumps),
        cmocka_unit_test(test_anonymous_is_shared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
