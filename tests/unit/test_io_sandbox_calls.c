/* What a process under the filter of system calls can still do, and what becomes of the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "io/process.h"
#include "io/sandbox.h"
#include "sandbox_support.h"

static bool
filtered(void)
{
    const struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none);
    return sandbox_filter_calls(NULL);
}

static int
run_program_at(void)
{
    char *const argv[] = {(char[]){"true"}, NULL};

    (void)syscall(SYS_execveat, AT_FDCWD, "/bin/true", argv, NULL, 0);
    return 2;
}

static int
trace_parent(void)
{
    (void)syscall(SYS_ptrace, 16, getppid(), NULL, NULL); /* PTRACE_ATTACH */
    return 2;
}

static int
read_parent(void)
{
    (void)syscall(SYS_process_vm_readv, getppid(), NULL, 0UL, NULL, 0UL, 0UL);
    return 2;
}

/* R-SANDBOX-1 */
static void
test_fatal(void **state)
{
    case_fn *const cases[] = {run_program, run_program_at, trace_parent, read_parent};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(run_inside(filtered, cases[i]), 128 + SIGSYS);
}

static int
signal_parent(void)
{
    return is_error(kill(getppid(), 0), ENOSYS);
}

static int
make_child(void)
{
    return is_error(fork(), ENOSYS);
}

/* A process that shares our memory, as vfork makes one. */
static int
make_sharing_child(void)
{
    return is_error(syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL, NULL, NULL, 0UL),
                    ENOSYS);
}

static int
mount_something(void)
{
    return is_error(syscall(SYS_mount, NULL, "/", NULL, 0UL, NULL), ENOSYS);
}

static int
become_root(void)
{
    return is_error(syscall(SYS_setuid, 0), ENOSYS);
}

static int
raise_limit(void)
{
    const struct rlimit limit = {0, 0};

    return is_error(setrlimit(RLIMIT_NOFILE, &limit), ENOSYS);
}

static int
talk_to_kernel(void)
{
    return is_error(socket(AF_NETLINK, SOCK_RAW, 0), ENOSYS);
}

static int
memory_file(void)
{
    return is_error(memfd_create("x", 0), ENOSYS);
}

static int
unknown_number(void)
{
    return is_error(syscall(100000), ENOSYS);
}

/* R-SANDBOX-2 */
static void
test_refused(void **state)
{
    case_fn *const cases[] = {signal_parent,   make_child,  make_sharing_child,
                              mount_something, become_root, raise_limit,
                              talk_to_kernel,  memory_file, unknown_number};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("# case %zu\n", i);
        assert_int_equal(run_inside(filtered, cases[i]), 0);
    }
}

static int
map_both(void)
{
    void *at =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return at == MAP_FAILED && errno == ENOSYS ? 0 : 1;
}

static int
make_executable(void)
{
    void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return at == MAP_FAILED ? 1 : is_error(mprotect(at, 4096, PROT_READ | PROT_EXEC), ENOSYS);
}

/* R-SANDBOX-3 */
static void
test_memory(void **state)
{
    (void)state;
    assert_int_equal(run_inside(filtered, map_both), 0);
    assert_int_equal(run_inside(filtered, make_executable), 0);
}

/* What a daemon does all day; and libc's ways of looking a group up, of giving up, and of loading
 * what the former needs. */
static int
live_on(void)
{
    char *big = malloc(10U << 20);
    struct stat stat_;
    gid_t group;

    if (big == NULL || stat("/", &stat_) != 0 || !group_find(&group, "root") ||
        group_find(&group, "no-such-group-here"))
        return 1;
    free(big);
    return socket(AF_UNIX, SOCK_STREAM, 0) >= 0 && socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : 2;
}

static void *
resolve(void *arg)
{
    struct addrinfo *found = NULL;
    bool *done = arg;
    int status = getaddrinfo("localhost", "2379", NULL, &found);

    *done = status != EAI_SYSTEM; /* not each system has such a name, but each says so */
    if (status == 0)
        freeaddrinfo(found);
    return NULL;
}

/* As libcurl looks up a name. */
static int
start_thread(void)
{
    bool done = false;
    pthread_t thread;

    if (pthread_create(&thread, NULL, resolve, &done) != 0)
        return 1;
    return pthread_join(thread, NULL) == 0 && done ? 0 : 2;
}

static int
give_up(void)
{
    abort();
}

static void
test_allowed(void **state)
{
    (void)state;
    assert_int_equal(run_inside(filtered, live_on), 0);
    assert_int_equal(run_inside(filtered, start_thread), 0);
    assert_int_equal(run_inside(filtered, give_up), 128 + SIGABRT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fatal),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_allowed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
