/* Bytes that are malformed, cut short, huge or slow, on stekd's socket: they do no harm. The next
 * request is answered, and the same key still seals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "control_support.h"

/* Bytes that are no request, or only the begin of one: hung up on or refused, at the latest when
 * time is over. `fill` is how often the last byte is said again. */
static const struct {
    const char *bytes;
    size_t fill;
    bool stop;
    const char *answer; /* how it begins; "" for no matter what */
} broken[] = {
    {"", 0, true, ""},
    {"\r\n\r\n", 0, true, ""},
    {"GET", 0, true, ""},
    {"GET /v1/status HTTP/1.1\r\nHost: x\r\n", 0, true, ""},
    {"GET /v1/status HTTP/1.1\r\nno colon\r\n\r\n", 0, true, ""},
    {"POST /v1/rotate HTTP/1.1\r\nContent-Length: 20\r\n\r\n{\"keyset\": ", 0, true, ""},
    {"POST /v1/rotate HTTP/1.1\r\nContent-Length: 20\r\n\r\n{", 0, false, ""}, /* and silence */
    {"POST /v1/rotate HTTP/1.1\r\nContent-Length: -5\r\n\r\n{}", 0, true, ""},
    {"POST /v1/rotate HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n{}", 0, true, ""},
    {"POST /v1/rotate HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 0, true, ""},
    {"POST /v1/rotate HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n{", 100000, true,
     ""},
    {"POST /v1/rotate HTTP/1.1\r\nContent-Length: 17000\r\n\r\n ", 17000, true, "HTTP/1.1 413 "},
    {"GET /v1/status HTTP/1.1\r\nX: x", 10000, true, "HTTP/1.1 400 "},
    {"GET /x", 10000, true, "HTTP/1.1 400 "},
    {"GET /v1/status HTTP/9.9\r\n\r\n", 0, true, ""},
    {"BREW /v1/status HTTP/1.1\r\n\r\n", 0, true, ""},
    {"GET http://elsewhere/v1/nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 0, true,
     "HTTP/1.1 404 "},
    {"GET * HTTP/1.1\r\n\r\n", 0, true, ""},
    {"\x16\x03\x01\x02", 600, true, ""},
};

static void
test_broken(void **state)
{
    static char bytes[131072], reply[65536];
    char before[33], after[33];

    sealing(*state, before);
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        size_t len = strlen(broken[i].bytes);

        memcpy(bytes, broken[i].bytes, len);
        if (broken[i].fill > 0)
            memset(bytes + len, bytes[len - 1], broken[i].fill);
        assert_true(talk(*state, reply, sizeof reply, bytes, len + broken[i].fill, broken[i].stop));
        assert_int_equal(strncmp(reply, broken[i].answer, strlen(broken[i].answer)), 0);
        assert_null(strstr(reply, "HTTP/1.1 200"));
        sealing(*state, after);
        assert_string_equal(before, after);
        assert_int_equal(strlen(after), 32);
    }
}

/* How many of these connections the other side has ended. */
static size_t
count_ended(const int *fds, size_t count)
{
    size_t ended = 0;

    for (size_t i = 0; i < count; i++) {
        struct pollfd look = {.fd = fds[i], .events = POLLIN};

        ended += poll(&look, 1, 0) == 1;
    }
    return ended;
}

/* 64 are let in at a time. When they have been idle for long enough they are hung up on, and who
 * waits gets a turn: the hundred-and-first when 37 have gone. */
static void
test_many_idle(void **state)
{
    int fds[100];
    char name[33];

    for (size_t i = 0; i < 100; i++)
        fds[i] = dial(*state);
    sealing(*state, name);
    assert_int_equal(strlen(name), 32);
    assert_true(count_ended(fds, 100) >= 37);
    for (size_t i = 0; i < 100; i++) {
        assert_true(fds[i] >= 0);
        close(fds[i]);
    }
    sealing(*state, name);
    assert_int_equal(strlen(name), 32);
}

/* Another user may not connect; one that was let in nevertheless is refused. */
static void
test_other_user(void **state)
{
    const struct daemon *daemon = *state;
    int status = 0;
    pid_t child;

    if (geteuid() != 0)
        return; /* cannot become another */
    assert_int_equal(chmod(daemon->folder, 0755), 0);
    child = fork();
    if (child == 0) {
        json_t *root;

        if (setgid(65534) != 0 || setuid(65534) != 0)
            _exit(3);
        _exit(ask(daemon, &root, "GET", "/v1/status", "") == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(chmod(daemon->socket, 0666), 0);
    child = fork();
    if (child == 0) {
        json_t *root;

        if (setgid(65534) != 0 || setuid(65534) != 0)
            _exit(3);
        _exit(ask(daemon, &root, "GET", "/v1/status", "") == 403 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(
        count_logged(daemon, " event=refused action=\"GET /v1/status\" peer_uid=65534"), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_many_idle),
        cmocka_unit_test(test_other_user),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
