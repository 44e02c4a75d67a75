/* Lines and events of the log: as text with fields behind it, and as the journal takes them. No
 * input forges a line or a field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log_support.h"

static void
keep(void *arg, bool is_warning, const char *line)
{
    (void)snprintf(arg, LOG_FULL_MAX + 8, "%s%s", is_warning ? "! " : "", line);
}

static struct log_event
event_of(const char *name, const char *field, const char *value)
{
    struct log_event event = {.name = name};

    log_field_text(&event, field, value);
    return event;
}

/* ---- as text ---- */

static void
test_fields_behind_text(void **state)
{
    static char line[LOG_FULL_MAX + 8];
    const struct log log = {.sink = keep, .arg = line};
    struct log_event event = {.name = "key-made"};

    (void)state;
    log_field_text(&event, "keyset", "www");
    log_field_number(&event, "seals_from", 1700000000);
    log_field_text(&event, "reason", "no room");
    log_field_text(&event, "path", "");
    log_field_text(&event, "quoted", "a\"b\\c=d");
    log_event(&log, false, &event, "a key %s", "was made");
    assert_string_equal(line, "a key was made event=key-made keyset=www seals_from=1700000000 "
                              "reason=\"no room\" path=\"\" quoted=\"a\\\"b\\\\c=d\"");
    log_event(&log, true, &event, "%s", "");
    assert_memory_equal(line, "!  event=", 9);
    log_info(&log, "%d lines", 2);
    assert_string_equal(line, "2 lines");
}

/* All of the largest event is there, and nothing beyond it. */
static void
test_bounds(void **state)
{
    static char line[LOG_FULL_MAX + 8], quotes[2 * LOG_VALUE_MAX];
    const struct log log = {.sink = keep, .arg = line};
    struct log_event event = {.name = "largest"};
    size_t count = 0;

    (void)state;
    memset(quotes, '"', sizeof quotes - 1);
    for (size_t i = 0; i < 2 * LOG_FIELDS_MAX; i++)
        log_field_text(&event, "nineteen_characters", quotes);
    assert_int_equal(event.count, LOG_FIELDS_MAX);
    log_event(&log, false, &event, "%0*d", 2 * LOG_LINE_MAX, 0);
    for (const char *at = line; (at = strstr(at, " nineteen_characters=")) != NULL; at++)
        count++;
    assert_int_equal(count, LOG_FIELDS_MAX);
    assert_int_equal(strcspn(line, " "), LOG_LINE_MAX - 1);
    assert_string_equal(line + strlen(line) - 3, "\\\"\"");
}

static void
test_nothing_forged(void **state)
{
    static char line[LOG_FULL_MAX + 8];
    const struct log log = {.sink = keep, .arg = line};
    const struct log_event event = event_of("refused", "reason", "a\nstekd: forged\x7f\x1b[2J");

    (void)state;
    log_event(&log, false, &event, "%s", "b\nstekd: forged");
    assert_string_equal(line, "b?stekd: forged event=refused reason=\"a?stekd: forged??[2J\"");
}

/* ---- to the journal ---- */

static void
test_journal(void **state)
{
    struct log_event event = {.name = "refused"};
    static struct entry entry;
    struct fake fake;
    struct log log;

    (void)state;
    assert_true(fake_open(&fake));
    log = log_to_journal(&fake.journal);
    log_field_number(&event, "peer_uid", 1000);
    log_field_text(&event, "reason", "a\nSTEK_PEER_UID=0\nb");
    log_event(&log, true, &event, "refused: %s", "x\nSTEK_PEER_UID=0");
    assert_true(fake_read(&fake, &entry));
    assert_int_equal(entry.count, 7);
    assert_string_equal(value(&entry, "PRIORITY"), "4");
    assert_string_equal(value(&entry, "SYSLOG_FACILITY"), "3");
    assert_string_equal(value(&entry, "SYSLOG_IDENTIFIER"), "stekd");
    assert_string_equal(value(&entry, "MESSAGE"), "refused: x?STEK_PEER_UID=0");
    assert_string_equal(value(&entry, "STEK_EVENT"), "refused");
    assert_string_equal(value(&entry, "STEK_PEER_UID"), "1000");
    assert_string_equal(value(&entry, "STEK_REASON"), "a?STEK_PEER_UID=0?b");
    log_info(&log, "all is well");
    assert_true(fake_read(&fake, &entry));
    assert_int_equal(entry.count, 4);
    assert_string_equal(value(&entry, "PRIORITY"), "6");
    assert_string_equal(value(&entry, "MESSAGE"), "all is well");
    assert_false(fake_read(&fake, &entry));
    fake_close(&fake);
}

/* The variable alone is not enough: it must be about this standard error. */
static void
test_journal_stream(void **state)
{
    char stream[48];
    struct stat stat;

    (void)state;
    assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
    assert_false(journal_has_stderr());
    assert_int_equal(fstat(STDERR_FILENO, &stat), 0);
    (void)snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)stat.st_dev,
                   (unsigned long long)stat.st_ino);
    assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
    assert_true(journal_has_stderr());
    (void)snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)stat.st_dev,
                   (unsigned long long)stat.st_ino + 1);
    assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
    assert_false(journal_has_stderr());
    assert_int_equal(setenv("JOURNAL_STREAM", "", 1), 0);
    assert_false(journal_has_stderr());
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_behind_text), cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_nothing_forged),     cmocka_unit_test(test_journal),
        cmocka_unit_test(test_journal_stream),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
