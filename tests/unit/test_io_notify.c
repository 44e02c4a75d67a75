/* What stekd tells a service manager: exactly what sd_notify(3) asks for, to sockets of both kinds,
 * whatever stands in a status; nothing where nobody asked; and the watchdog hears of a daemon that
 * works, and of no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "daemon/manager.h"
#include "io/notify.h"

/* A service manager. */
struct listener {
    char folder[32], name[80];
    int fd;
};

static bool
bind_to(struct listener *listener)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(listener->name);

    memcpy(address.sun_path, listener->name, len);
    if (listener->name[0] == '@')
        address.sun_path[0] = '\0';
    listener->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return listener->fd >= 0 &&
           bind(listener->fd, (const struct sockaddr *)&address,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) == 0;
}

static bool
listener_open(struct listener *listener, bool is_abstract)
{
    *listener = (struct listener){.folder = "/tmp/stek-notify-XXXXXX"};
    if (mkdtemp(listener->folder) == NULL)
        return false;
    (void)snprintf(listener->name, sizeof listener->name, "%s%s/socket", is_abstract ? "@" : "",
                   listener->folder);
    return bind_to(listener) && setenv("NOTIFY_SOCKET", listener->name, 1) == 0;
}

static void
listener_close(struct listener *listener)
{
    (void)unsetenv("NOTIFY_SOCKET");
    (void)close(listener->fd);
    if (listener->name[0] != '@')
        (void)unlink(listener->name);
    (void)rmdir(listener->folder);
}

/* The next datagram; "" if there is none. */
static const char *
hear(const struct listener *listener, char text[2 * NOTIFY_MAX])
{
    ssize_t got = recv(listener->fd, text, 2 * NOTIFY_MAX - 1, 0);

    text[got < 0 ? 0 : got] = '\0';
    return text;
}

static void
test_states(void **state)
{
    struct listener listener;
    char text[2 * NOTIFY_MAX];
    struct err err = {""};

    (void)state;
    for (int is_abstract = 0; is_abstract <= 1; is_abstract++) {
        assert_true(listener_open(&listener, is_abstract));
        assert_true(notify_send(NOTIFY_READY, "all is well", &err));
        assert_string_equal(hear(&listener, text), "READY=1\nSTATUS=all is well");
        assert_true(notify_send(NOTIFY_READY, NULL, &err));
        assert_string_equal(hear(&listener, text), "READY=1\n");
        assert_true(notify_send(NOTIFY_STATUS, "x", &err));
        assert_string_equal(hear(&listener, text), "STATUS=x");
        assert_true(notify_send(NOTIFY_STOPPING, "bye", &err));
        assert_string_equal(hear(&listener, text), "STOPPING=1\nSTATUS=bye");
        assert_true(notify_send(NOTIFY_ALIVE, NULL, &err));
        assert_string_equal(hear(&listener, text), "WATCHDOG=1\n");
        listener_close(&listener);
    }
}

static uint64_t
monotonic_us(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000U + (uint64_t)now.tv_nsec / 1000U;
}

static void
test_reloading(void **state)
{
    static const char before[] = "RELOADING=1\nMONOTONIC_USEC=";
    struct listener listener;
    char text[2 * NOTIFY_MAX];
    uint64_t from = monotonic_us(), when;
    struct err err = {""};

    (void)state;
    assert_true(listener_open(&listener, false));
    assert_true(notify_send(NOTIFY_RELOADING, NULL, &err));
    assert_memory_equal(hear(&listener, text), before, sizeof before - 1);
    when = strtoull(text + sizeof before - 1, NULL, 10);
    assert_true(when >= from && when <= monotonic_us());
    listener_close(&listener);
}

static void
test_hostile_status(void **state)
{
    struct listener listener;
    char text[2 * NOTIFY_MAX], longer[2 * NOTIFY_MAX];
    struct err err = {""};

    (void)state;
    assert_true(listener_open(&listener, false));
    assert_true(notify_send(NOTIFY_READY, "a\nMAINPID=1\r\t\x7f", &err));
    assert_string_equal(hear(&listener, text), "READY=1\nSTATUS=a?MAINPID=1???");
    memset(longer, 'y', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_true(notify_send(NOTIFY_READY, longer, &err));
    assert_int_equal(strlen(hear(&listener, text)), NOTIFY_MAX - 1);
    listener_close(&listener);
}

static void
test_nobody(void **state)
{
    struct listener listener;
    struct err err = {""};
    char longer[120];

    (void)state;
    (void)unsetenv("NOTIFY_SOCKET");
    assert_true(notify_send(NOTIFY_READY, "", &err));
    memset(longer, 'x', sizeof longer - 1);
    longer[0] = '/';
    longer[sizeof longer - 1] = '\0';
    {
        const char *const wrong[] = {"relative", "@", "/", "vsock:2:1234", longer};

        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
            assert_int_equal(setenv("NOTIFY_SOCKET", wrong[i], 1), 0);
            err.text[0] = '\0';
            assert_false(notify_send(NOTIFY_READY, "", &err));
            assert_non_null(strstr(err.text, "NOTIFY_SOCKET="));
        }
    }
    assert_true(listener_open(&listener, false));
    (void)close(listener.fd);
    err.text[0] = '\0';
    assert_false(notify_send(NOTIFY_READY, "", &err));
    assert_non_null(strstr(err.text, "Connection refused"));
    listener_close(&listener);
}

/* A manager that reads nothing holds nobody up. */
static void
test_full(void **state)
{
    struct listener listener;
    struct err err = {""};
    bool sent = true;
    uint64_t from;

    (void)state;
    assert_true(listener_open(&listener, false));
    for (int i = 0; sent && i < 100000; i++) {
        from = monotonic_us();
        sent = notify_send(NOTIFY_ALIVE, NULL, &err);
    }
    assert_false(sent);
    assert_true(monotonic_us() - from < 60U * 1000000U);
    listener_close(&listener);
}

static void
test_watchdog(void **state)
{
    char pid[24];
    static const struct {
        const char *us;
        uint64_t ms;
    } cases[] = {{"60000000", 60000}, {"0", 0},    {"", 0},   {"-5", 0},
                 {"12x", 0},          {"2500", 2}, {" 4", 0}, {"99999999999999999999999", 0}};

    (void)state;
    (void)unsetenv("WATCHDOG_PID");
    (void)unsetenv("WATCHDOG_USEC");
    assert_int_equal(notify_watchdog_ms(), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(setenv("WATCHDOG_USEC", cases[i].us, 1), 0);
        assert_int_equal(notify_watchdog_ms(), cases[i].ms);
    }
    assert_int_equal(setenv("WATCHDOG_USEC", "60000000", 1), 0);
    assert_int_equal(setenv("WATCHDOG_PID", "1", 1), 0);
    assert_int_equal(notify_watchdog_ms(), 0);
    (void)snprintf(pid, sizeof pid, "%ld", (long)getpid());
    assert_int_equal(setenv("WATCHDOG_PID", pid, 1), 0);
    assert_int_equal(notify_watchdog_ms(), 60000);
    (void)unsetenv("WATCHDOG_PID");
    (void)unsetenv("WATCHDOG_USEC");
}

/* ---- the daemon's side ---- */

struct work {
    struct loop *loop;
    struct loop_timer *timer;
    struct manager manager;
    unsigned turns, turns_max; /* of the loop */
    unsigned works;            /* in so many of them work is done */
    unsigned warnings;
};

static void
count_line(void *arg, bool is_warning, const char *line)
{
    struct work *work = arg;

    (void)line;
    work->warnings += is_warning;
}

static void
turn(void *arg)
{
    struct work *work = arg;

    if (work->turns++ < work->works)
        manager_worked(&work->manager);
    if (work->turns == work->turns_max)
        loop_stop(work->loop);
    else
        (void)loop_timer_set(work->timer, 10);
}

/* Run a loop under a watchdog; how many signs of life it gave, or -1. */
static int
run_watched(struct work *work, const struct listener *listener, uint64_t idle_max_ms)
{
    const struct log log = {.sink = count_line, .arg = work};
    char text[2 * NOTIFY_MAX];
    struct err err = {""};
    int count = 0;

    (void)setenv("WATCHDOG_USEC", "30000", 1);
    work->loop = loop_new(&err);
    if (work->loop == NULL)
        return -1;
    work->timer = loop_timer_new(work->loop, turn, work, &err);
    if (work->timer == NULL || !loop_timer_set(work->timer, 0) ||
        !manager_start(&work->manager, work->loop, &log, idle_max_ms, &err) ||
        !loop_run(work->loop, &err))
        count = -1;
    while (count >= 0 && strcmp(hear(listener, text), "WATCHDOG=1\n") == 0)
        count++;
    loop_free(&work->loop);
    (void)unsetenv("WATCHDOG_USEC");
    return count;
}

/* R-MANAGER-1; that it is in time is what tests/system/service.sh sees. */
static void
test_at_work(void **state)
{
    struct work work = {.turns_max = 20, .works = 20};
    struct listener listener;

    (void)state;
    assert_true(listener_open(&listener, false));
    assert_true(run_watched(&work, &listener, 1U << 30) > 4);
    assert_int_equal(work.warnings, 0);
    listener_close(&listener);
}

/* R-MANAGER-2 */
static void
test_idle(void **state)
{
    struct work work = {.turns_max = 100, .works = 0};
    struct listener listener;
    int count;

    (void)state;
    assert_true(listener_open(&listener, false));
    count = run_watched(&work, &listener, 35); /* three signs, each after 10 ms */
    assert_in_range(count, 1, 3);
    assert_true(work.warnings > 0);
    listener_close(&listener);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states),         cmocka_unit_test(test_reloading),
        cmocka_unit_test(test_hostile_status), cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_full),           cmocka_unit_test(test_watchdog),
        cmocka_unit_test(test_at_work),        cmocka_unit_test(test_idle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
