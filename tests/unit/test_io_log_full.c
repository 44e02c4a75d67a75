/* Where the journal or syslog is not there, or does not read: what it does not take is told
 * elsewhere, or counted, and nobody waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>

#include "log_support.h"

/* What comes to the standard error meanwhile is in `text`. */
struct capture {
    int was, file;
};

static bool
capture_begin(struct capture *capture)
{
    char path[] = "/tmp/stek-stderr-XXXXXX";

    capture->file = mkstemp(path);
    capture->was = dup(STDERR_FILENO);
    return capture->file >= 0 && unlink(path) == 0 && fflush(stderr) == 0 &&
           dup2(capture->file, STDERR_FILENO) >= 0;
}

static bool
capture_end(const struct capture *capture, char *text, size_t cap)
{
    bool ok = fflush(stderr) == 0 && dup2(capture->was, STDERR_FILENO) >= 0;
    ssize_t len = pread(capture->file, text, cap - 1, 0);

    text[len > 0 ? len : 0] = '\0';
    return close(capture->was) == 0 && close(capture->file) == 0 && ok;
}

/* Somebody who does not read, then nobody: the lines come to the standard error, at once. */
static void
test_journal_does_not_take(void **state)
{
    static char text[65536];
    struct log_event event = {.name = "stop"};
    static struct entry entry;
    struct capture capture;
    struct fake fake;
    struct log log;
    bool full;

    (void)state;
    assert_true(fake_open(&fake));
    log = log_to_journal(&fake.journal);
    assert_true(capture_begin(&capture));
    for (int i = 0; i < 4096; i++)
        log_info(&log, "line %d", i);
    assert_true(capture_end(&capture, text, sizeof text));
    full = strstr(text, "stekd: line 4095\n") != NULL;
    assert_true(full);
    assert_true(fake_read(&fake, &entry));
    assert_string_equal(value(&entry, "MESSAGE"), "line 0");
    assert_int_equal(unlink(fake.path), 0);
    log_field_text(&event, "rundir", "/run/stek");
    assert_true(capture_begin(&capture));
    log_event(&log, false, &event, "stopped");
    log_warn(&log, "and told");
    assert_true(capture_end(&capture, text, sizeof text));
    assert_string_equal(text, "stekd: stopped event=stop rundir=/run/stek\nstekd: and told\n");
    fake_close(&fake);
}

/* As many lines as find no room; returns how many were said. */
static size_t
say_much(const struct log *log)
{
    size_t said = 0;

    while (said < 8192)
        log_info(log, "line %zu", said++);
    return said;
}

static size_t
drain(const struct fake *fake)
{
    char bytes[1024];
    size_t count = 0;

    while (recv(fake->fd, bytes, sizeof bytes, 0) > 0)
        count++;
    return count;
}

/* R-LOG-1: it goes on, and tells what was lost. Lines are as syslog(3) writes them. */
static void
test_syslog(void **state)
{
    char bytes[1024] = "", expected[80];
    struct fake fake;
    struct log log;
    size_t said, taken;

    (void)state;
    assert_true(fake_open(&fake));
    log = log_to_syslog(&fake.journal);
    log_warn(&log, "a\nb");
    assert_true(recv(fake.fd, bytes, sizeof bytes - 1, 0) > 20);
    assert_memory_equal(bytes, "<28>", 4);
    (void)snprintf(expected, sizeof expected, " stekd[%ld]: a?b", (long)getpid());
    assert_string_equal(bytes + 4 + strlen("Nov 22 04:30:10"), expected);
    said = say_much(&log);
    taken = drain(&fake);
    assert_true(taken > 0 && taken < said);
    log_info(&log, "again");
    assert_true(recv(fake.fd, bytes, sizeof bytes, 0) > 0);
    assert_non_null(strstr(bytes, ": again"));
    memset(bytes, 0, sizeof bytes);
    assert_true(recv(fake.fd, bytes, sizeof bytes - 1, 0) > 0);
    (void)snprintf(expected, sizeof expected, ": %zu lines before this one are lost", said - taken);
    assert_non_null(strstr(bytes, expected));
    assert_int_equal(drain(&fake), 0);
    fake_close(&fake);
}

/* A pipe that is full in the place of the standard error; returns what was there. */
static int
block_stderr(int ends[2])
{
    char bytes[4096] = {0};
    int was = dup(STDERR_FILENO);

    if (was < 0 || pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0)
        return -1;
    while (write(ends[1], bytes, sizeof bytes) > 0)
        continue;
    return fcntl(ends[1], F_SETFL, 0) == 0 && dup2(ends[1], STDERR_FILENO) >= 0 ? was : -1;
}

/* R-LOG-1: nor is the standard error waited for in the journal's place. */
static void
test_journal_and_stderr_are_full(void **state)
{
    static struct entry entry;
    char expected[80];
    struct fake fake;
    struct log log;
    size_t said, taken;
    int ends[2], was;

    (void)state;
    assert_true(fake_open(&fake));
    log = log_to_journal(&fake.journal);
    was = block_stderr(ends);
    said = say_much(&log);
    assert_true(was >= 0 && dup2(was, STDERR_FILENO) >= 0 && close(was) == 0);
    taken = drain(&fake);
    log_info(&log, "again");
    assert_true(fake_read(&fake, &entry));
    assert_string_equal(value(&entry, "MESSAGE"), "again");
    assert_true(fake_read(&fake, &entry));
    (void)snprintf(expected, sizeof expected,
                   "%zu lines before this one are lost: nobody read them", said - taken);
    assert_string_equal(value(&entry, "MESSAGE"), expected);
    assert_string_equal(value(&entry, "PRIORITY"), "4");
    assert_true(close(ends[0]) == 0 && close(ends[1]) == 0);
    fake_close(&fake);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_journal_does_not_take),
        cmocka_unit_test(test_syslog),
        cmocka_unit_test(test_journal_and_stderr_are_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
