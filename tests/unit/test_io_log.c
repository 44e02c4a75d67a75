/* Lines and events of the log: as text with fields behind it, and as the journal takes them. No
 * input forges a line or a field, and what the journal does not take is not lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/log.h"

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

struct fake {
    char folder[32], path[64];
    int fd;
    struct journal journal;
};

/* A socket as the journal's, in a folder of its own. */
static bool
fake_open(struct fake *fake)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    *fake = (struct fake){.folder = "/tmp/stek-journal-XXXXXX", .journal = {.fd = -1}};
    if (mkdtemp(fake->folder) == NULL)
        return false;
    (void)snprintf(fake->path, sizeof fake->path, "%s/socket", fake->folder);
    memcpy(address.sun_path, fake->path, strlen(fake->path));
    fake->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return fake->fd >= 0 && journal_open(&fake->journal, fake->path) &&
           bind(fake->fd, (const struct sockaddr *)&address, sizeof address) == 0;
}

static void
fake_close(struct fake *fake)
{
    journal_close(&fake->journal);
    (void)close(fake->fd);
    (void)unlink(fake->path);
    (void)rmdir(fake->folder);
}

/* An entry as the journal's protocol has it: each field NAME=VALUE and a line's end, or NAME, a
 * line's end, the value's length in 8 bytes, little-endian, the value, a line's end. */
struct entry {
    char names[16][64], values[16][1024];
    size_t count;
};

static bool
read_binary(const char **at, const char *end, char *value, size_t cap)
{
    uint64_t len = 0;

    for (int i = 0; i < 8; i++) {
        if (*at == end)
            return false;
        len |= (uint64_t)(unsigned char)*(*at)++ << (8 * i);
    }
    if (len >= (uint64_t)(end - *at) || len >= cap || (*at)[len] != '\n')
        return false;
    memcpy(value, *at, len);
    value[len] = '\0';
    *at += len + 1;
    return true;
}

static bool
read_field(struct entry *entry, const char **at, const char *end)
{
    const char *stop = memchr(*at, '\n', (size_t)(end - *at));
    const char *is = stop == NULL ? NULL : memchr(*at, '=', (size_t)(stop - *at));
    size_t len = stop == NULL ? 0 : (size_t)((is == NULL ? stop : is) - *at), i = entry->count++;

    if (len == 0 || len >= sizeof entry->names[0] || i == 16)
        return false;
    memcpy(entry->names[i], *at, len);
    for (size_t j = 0; j < len; j++) {
        if (!isupper((unsigned char)(*at)[j]) && (*at)[j] != '_')
            return false;
    }
    *at = stop + 1;
    if (is == NULL)
        return read_binary(at, end, entry->values[i], sizeof entry->values[i]);
    if ((size_t)(stop - is) >= sizeof entry->values[i])
        return false;
    memcpy(entry->values[i], is + 1, (size_t)(stop - is) - 1);
    return true;
}

/* The entry that came; false where none did, or one that is against the protocol. */
static bool
fake_read(const struct fake *fake, struct entry *entry)
{
    static char bytes[65536];
    ssize_t len = recv(fake->fd, bytes, sizeof bytes, 0);
    const char *at = bytes, *end = bytes + (len > 0 ? len : 0);

    *entry = (struct entry){.count = 0};
    while (len > 0 && at < end) {
        if (!read_field(entry, &at, end))
            return false;
    }
    return len > 0;
}

/* The only value of a field; "" if it is not there, or more than once. */
static const char *
value(const struct entry *entry, const char *name)
{
    const char *found = "";
    size_t count = 0;

    for (size_t i = 0; i < entry->count; i++) {
        if (strcmp(entry->names[i], name) == 0 && ++count > 0)
            found = entry->values[i];
    }
    return count == 1 ? found : "";
}

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

/* ---- where the journal is not ---- */

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
    const struct log_event event = event_of("stop", "rundir", "/run/stek");
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
    assert_true(capture_begin(&capture));
    log_event(&log, false, &event, "stopped");
    log_warn(&log, "and told");
    assert_true(capture_end(&capture, text, sizeof text));
    assert_string_equal(text, "stekd: stopped event=stop rundir=/run/stek\nstekd: and told\n");
    fake_close(&fake);
}

/* ---- where nobody reads ---- */

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
        cmocka_unit_test(test_fields_behind_text),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_nothing_forged),
        cmocka_unit_test(test_journal),
        cmocka_unit_test(test_journal_does_not_take),
        cmocka_unit_test(test_journal_stream),
        cmocka_unit_test(test_syslog),
        cmocka_unit_test(test_journal_and_stderr_are_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
