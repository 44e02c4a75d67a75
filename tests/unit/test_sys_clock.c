/* Clocks count in the units that they say, random bytes differ, and a boot and a process are known
 * by what the kernel says of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sched.h>
#include <sys/prctl.h>

#include "ring_support.h"
#include "sys/sys.h"

/* Not by time(), which is behind by up to a tick. */
static uint64_t
wall_s(void)
{
    struct timespec now = {0};

    assert_int_equal(clock_gettime(CLOCK_REALTIME, &now), 0);
    return (uint64_t)now.tv_sec;
}

static void
test_clocks(void **state)
{
    uint64_t before = sys_boot_ms(), seconds = sys_boot_s(), after = sys_boot_ms();
    uint64_t unix_before = wall_s(), unix_ms = sys_unix_ms(), unix_after = wall_s();

    (void)state;
    assert_true(before <= after);
    assert_in_range(seconds, before / 1000, after / 1000);
    assert_in_range(unix_ms / 1000, unix_before, unix_after);
}

/* Also for more than getrandom(2) gives in one piece. */
static void
test_random(void **state)
{
    uint8_t a[1000] = {0}, b[1000] = {0};

    (void)state;
    errno = 77;
    assert_true(sys_random(a, sizeof a));
    assert_true(sys_random(b, sizeof b));
    assert_int_equal(errno, 77);
    assert_memory_not_equal(a, b, sizeof a);
    assert_memory_not_equal(a + sizeof a - 16, b + sizeof b - 16, 16);
}

static void
test_boot_id(void **state)
{
    uint8_t a[SYS_BOOT_ID_LEN], b[SYS_BOOT_ID_LEN];
    char text[37] = {0}, expected[37];
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "r");

    (void)state;
    assert_non_null(file);
    assert_int_equal(fread(text, 1, 36, file), 36);
    (void)fclose(file);
    errno = 77;
    assert_true(sys_boot_id(a));
    assert_true(sys_boot_id(b));
    assert_int_equal(errno, 77);
    assert_memory_equal(a, b, sizeof a);
    (void)snprintf(expected, sizeof expected,
                   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", a[0],
                   a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11], a[12], a[13],
                   a[14], a[15]);
    assert_string_equal(text, expected);
}

#define NO_NAMESPACE 42

static int
boot_id_differs(void *arg)
{
    uint8_t id[SYS_BOOT_ID_LEN];

    return sys_boot_id(id) && memcmp(id, arg, sizeof id) != 0 ? 1 : 0;
}

/* In a time namespace whose CLOCK_BOOTTIME is shifted by that; 0: in one that is not. */
static int
look_shifted(void *arg, const char *offset)
{
    int fd = -1;
    bool done = unshare(CLONE_NEWTIME) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWTIME) == 0;

    if (done)
        fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
    done = fd >= 0 && write(fd, offset, strlen(offset)) == (ssize_t)strlen(offset);
    if (fd >= 0)
        (void)close(fd);
    return done ? child_run(boot_id_differs, arg, 0) : NO_NAMESPACE;
}

static int
look_days_ahead(void *arg)
{
    return look_shifted(arg, "boottime 900000 0\n");
}

static int
look_unshifted(void *arg)
{
    return look_shifted(arg, "monotonic 900000 0\n");
}

/* Ring times mean nothing where CLOCK_BOOTTIME is another: so a ring's boot is not this one there.
 * Where no such namespace can be made there is nothing to prove. */
static void
test_time_namespace(void **state)
{
    uint8_t id[SYS_BOOT_ID_LEN];
    int ahead;

    (void)state;
    assert_true(sys_boot_id(id));
    ahead = child_run(look_days_ahead, id, 0);
    if (ahead == NO_NAMESPACE) {
        print_message("# no time namespaces here\n");
        return;
    }
    assert_int_equal(ahead, 1);
    assert_int_equal(child_run(look_unshifted, id, 0), 0);
}

static void
test_process(void **state)
{
    uint8_t program[SYS_PROGRAM_LEN];

    (void)state;
    assert_int_equal(sys_pid(), getpid());
    assert_int_equal(prctl(PR_SET_NAME, "a-server"), 0);
    sys_program(program);
    assert_memory_equal(program, "a-server\0\0\0\0\0\0\0", sizeof program);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clocks),  cmocka_unit_test(test_random),
        cmocka_unit_test(test_boot_id), cmocka_unit_test(test_time_namespace),
        cmocka_unit_test(test_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
