/* More connections than stekd has descriptors for: they wait, it says so once and does not spin;
 * when there is room again, it answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/resource.h>
#include <time.h>

#include "control_support.h"

#define DESCRIPTORS 32
#define CONNECTIONS 60 /* fewer than may be open, and than may wait */

static int
setup_few(void **state)
{
    struct rlimit limit, few;
    int result = 1;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 1;
    few = limit;
    few.rlim_cur = DESCRIPTORS;
    if (setrlimit(RLIMIT_NOFILE, &few) == 0)
        result = setup(state); /* a child of ours: it inherits */
    return setrlimit(RLIMIT_NOFILE, &limit) != 0 || result;
}

/* Milliseconds of processor time that a process has used so far. */
static uint64_t
cpu_ms(pid_t pid)
{
    clockid_t clock;
    struct timespec used = {0};

    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
        return UINT64_MAX / 2;
    return (uint64_t)used.tv_sec * 1000 + (uint64_t)used.tv_nsec / 1000000;
}

static void
test_no_descriptor(void **state)
{
    const struct daemon *daemon = *state;
    int fds[CONNECTIONS];
    unsigned waited = 0;
    uint64_t before_ms;
    char name[33];

    for (size_t i = 0; i < CONNECTIONS; i++)
        fds[i] = dial(daemon);
    for (; waited < PATIENCE_MS && count_logged(daemon, "Too many open files") == 0; waited += 10)
        (void)poll(NULL, 0, 10);
    assert_true(waited < PATIENCE_MS);
    before_ms = cpu_ms(daemon->pid);
    (void)poll(NULL, 0, 1000); /* time in which nothing is to happen */
    assert_true(cpu_ms(daemon->pid) - before_ms < 300);
    assert_true(count_logged(daemon, "") < 20);
    assert_int_equal(count_logged(daemon, "connections wait: Too many open files"), 1);
    for (size_t i = 0; i < CONNECTIONS; i++) {
        assert_true(fds[i] >= 0);
        close(fds[i]);
    }
    sealing(daemon, name);
    assert_int_equal(strlen(name), 32);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_descriptor),
    };

    return cmocka_run_group_tests(tests, setup_few, teardown);
}
