/* A process that is confined to folders writes nowhere else; and a limit on the size of files is an
 * error for it, not its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "io/process.h"
#include "io/sandbox.h"
#include "sandbox_support.h"

static char folder[] = "/tmp/stek-sandbox-XXXXXX";
static char inside[64], outside[64], other[64];

static bool
confined(void)
{
    const char *const folders[] = {inside, "/no/such/folder"};
    struct err err = {""};

    if (sandbox_confine_writes(folders, 2, &err))
        return true;
    print_message("# %s\n", err.text);
    return false;
}

static const char *
at(const char *where, const char *name)
{
    static char path[128];

    (void)snprintf(path, sizeof path, "%s/%s", where, name);
    return path;
}

static int
write_inside(void)
{
    char link_path[128];
    int fd = open(at(inside, "file"), O_RDWR | O_CREAT | O_TRUNC, 0600);

    (void)snprintf(link_path, sizeof link_path, "%s/link", inside);
    if (fd < 0 || write(fd, "x", 1) != 1 || ftruncate(fd, 0) != 0)
        return 1;
    if (link(at(inside, "file"), link_path) != 0 || unlink(link_path) != 0)
        return 2;
    return mkdir(at(inside, "d"), 0700) == 0 && rmdir(at(inside, "d")) == 0 ? 0 : 3;
}

static int
make_outside(void)
{
    return is_error(open(at(outside, "new"), O_RDWR | O_CREAT, 0600), EACCES);
}

static int
write_outside(void)
{
    return is_error(open(at(outside, "there"), O_WRONLY), EACCES);
}

static int
remove_outside(void)
{
    return is_error(unlink(at(outside, "there")), EACCES);
}

static int
run_confined(void)
{
    return run_program() == 2 && errno == EACCES ? 0 : 1;
}

static int
read_outside(void)
{
    return open(at(outside, "there"), O_RDONLY) >= 0 ? 0 : 1;
}

static int
no_privileges(void)
{
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 1;
}

static bool
make_folders(void)
{
    int fd;

    if (mkdtemp(folder) == NULL)
        return false;
    (void)snprintf(inside, sizeof inside, "%s/inside", folder);
    (void)snprintf(outside, sizeof outside, "%s/outside", folder);
    (void)snprintf(other, sizeof other, "%s/outside/there", folder);
    if (mkdir(inside, 0700) != 0 || mkdir(outside, 0700) != 0)
        return false;
    fd = open(other, O_CREAT | O_WRONLY, 0600);
    return fd >= 0 && close(fd) == 0;
}

static void
remove_folders(void)
{
    (void)unlink(at(inside, "file"));
    (void)unlink(other);
    (void)rmdir(inside);
    (void)rmdir(outside);
    (void)rmdir(folder);
}

/* R-SANDBOX-4 */
static void
test_folders(void **state)
{
    case_fn *const cases[] = {write_inside, make_outside, write_outside, remove_outside,
                              run_confined, read_outside, no_privileges};

    (void)state;
    assert_true(make_folders());
    if (run_inside(confined, no_privileges) == ENTRY_FAILED) {
        remove_folders();
        skip(); /* a kernel without Landlock */
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("# case %zu\n", i);
        assert_int_equal(run_inside(confined, cases[i]), 0);
    }
    remove_folders();
}

/* ---- a limit on the size of files ---- */

static bool
limited(void)
{
    const struct rlimit limit = {16, 16};
    struct err err;

    return process_harden(&err) && setrlimit(RLIMIT_FSIZE, &limit) == 0;
}

static int
write_too_much(void)
{
    static const char bytes[64];
    int fd = open(other, O_WRONLY);

    return fd >= 0 && write(fd, bytes, sizeof bytes) == 16 &&
                   is_error(write(fd, bytes, sizeof bytes), EFBIG) == 0
               ? 0
               : 1;
}

static void
test_file_size(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/stek-sandbox-XXXXXX");
    assert_true(make_folders());
    assert_int_equal(run_inside(limited, write_too_much), 0);
    remove_folders();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folders),
        cmocka_unit_test(test_file_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
