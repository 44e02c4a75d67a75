/* see log.h */
#include "io/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM "stekd"

static void
sink_stderr(void *arg, bool is_warning, const char *line)
{
    (void)arg;
    (void)is_warning;
    (void)fprintf(stderr, PROGRAM ": %s\n", line); /* nowhere to tell if it fails */
}

struct log
log_to_stderr(void)
{
    return (struct log){.sink = sink_stderr};
}

static void
make_printable(char *text)
{
    for (char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 127)
            *at = '?';
    }
}

/* A buffer that text is added to as far as it fits. */
struct text {
    char *bytes;
    size_t cap, len;
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
add(struct text *text, const char *format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(text->bytes + text->len, text->cap - text->len, format, args);
    va_end(args);
    if (len > 0 && (size_t)len < text->cap - text->len)
        text->len += (size_t)len;
    else
        text->bytes[text->len] = '\0';
}

/* ---- fields behind the text ---- */

static void
add_value(struct text *text, const char *value)
{
    bool is_plain = value[0] != '\0' && strpbrk(value, " \"=\\") == NULL;

    if (is_plain) {
        add(text, "%s", value);
        return;
    }
    add(text, "\"");
    for (; *value != '\0'; value++)
        add(text, *value == '"' || *value == '\\' ? "\\%c" : "%c", *value);
    add(text, "\"");
}

static void
sink_flat(const struct log *log, bool is_warning, const char *line, const struct log_event *event)
{
    char bytes[LOG_FULL_MAX];
    struct text text = {.bytes = bytes, .cap = sizeof bytes};

    add(&text, "%s event=%s", line, event->name);
    for (size_t i = 0; i < event->count; i++) {
        add(&text, " %s=", event->fields[i].name);
        add_value(&text, event->fields[i].value);
    }
    log->sink(log->arg, is_warning, bytes);
}

/* ---- what is lost ---- */

/* Call it once lines are taken again. */
static void
tell_lost(struct journal *journal, log_sink *sink)
{
    size_t lost = journal->lost;
    char line[LOG_LINE_MAX];

    journal->lost = 0;
    (void)snprintf(line, sizeof line, "%zu lines before this one are lost: nobody read them", lost);
    if (lost > 0)
        sink(journal, true, line); /* counts again if it is lost, too */
}

/* ---- syslog ---- */

/* As syslog(3) would, RFC 3164. But that waits for as long as the other end does not read, and keys
 * would wait with it. */
static void
sink_syslog(void *arg, bool is_warning, const char *line)
{
    int priority = is_warning ? LOG_WARNING : LOG_INFO;
    char bytes[LOG_FULL_MAX + 64], moment[32] = "";
    struct text text = {.bytes = bytes, .cap = sizeof bytes};
    struct journal *journal = arg;
    time_t now = time(NULL);
    struct tm parts;

    if (localtime_r(&now, &parts) != NULL)
        (void)strftime(moment, sizeof moment, "%b %e %T", &parts); /* fits */
    add(&text, "<%d>%s " PROGRAM "[%ld]: %s", LOG_DAEMON | priority, moment, (long)getpid(), line);
    switch (journal_send(journal, bytes, text.len)) {
    case JOURNAL_TOOK: tell_lost(journal, sink_syslog); return;
    case JOURNAL_FULL: journal->lost++; return;
    case JOURNAL_ABSENT: syslog(priority, "%s", line); return; /* it may be a stream */
    }
}

struct log
log_to_syslog(struct journal *syslog)
{
    openlog(PROGRAM, LOG_PID, LOG_DAEMON);
    return (struct log){.sink = sink_syslog, .arg = syslog};
}

/* ---- the journal ---- */

/* Values have no line's end, so the plain form of a field suffices. */
static void
add_fields(struct text *text, const struct log_event *event)
{
    add(text, "STEK_EVENT=%s\n", event->name);
    for (size_t i = 0; i < event->count; i++) {
        const struct log_field *field = &event->fields[i];

        add(text, "STEK_");
        for (const char *at = field->name; *at != '\0'; at++)
            add(text, "%c", *at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at);
        add(text, "=%s\n", field->value);
    }
}

/* The journal does not take it. */
static void
sink_journal_stderr(struct journal *journal, bool is_warning, const char *line,
                    const struct log_event *event)
{
    const struct log to_stderr = log_to_stderr();

    if (!journal_stderr_takes())
        journal->lost++;
    else if (event == NULL)
        to_stderr.sink(NULL, is_warning, line);
    else
        sink_flat(&to_stderr, is_warning, line, event);
}

static log_sink sink_journal;

static void
sink_journal_event(void *arg, bool is_warning, const char *line, const struct log_event *event)
{
    char bytes[LOG_FULL_MAX];
    struct text text = {.bytes = bytes, .cap = sizeof bytes};

    add(&text, "PRIORITY=%d\nSYSLOG_FACILITY=%d\nSYSLOG_IDENTIFIER=" PROGRAM "\nMESSAGE=%s\n",
        is_warning ? LOG_WARNING : LOG_INFO, LOG_FAC(LOG_DAEMON), line);
    if (event != NULL)
        add_fields(&text, event);
    if (journal_send(arg, bytes, text.len) == JOURNAL_TOOK)
        tell_lost(arg, sink_journal);
    else
        sink_journal_stderr(arg, is_warning, line, event);
}

static void
sink_journal(void *arg, bool is_warning, const char *line)
{
    sink_journal_event(arg, is_warning, line, NULL);
}

struct log
log_to_journal(struct journal *journal)
{
    return (struct log){.sink = sink_journal, .event_sink = sink_journal_event, .arg = journal};
}

/* ---- lines ---- */

static void log_line(const struct log *log, bool is_warning, const struct log_event *event,
                     const char *format, va_list args) __attribute__((format(printf, 4, 0)));

static void
log_line(const struct log *log, bool is_warning, const struct log_event *event, const char *format,
         va_list args)
{
    char line[LOG_LINE_MAX];

    (void)vsnprintf(line, sizeof line, format, args); /* cut to fit, on purpose */
    make_printable(line);
    if (event == NULL)
        log->sink(log->arg, is_warning, line);
    else if (log->event_sink != NULL)
        log->event_sink(log->arg, is_warning, line, event);
    else
        sink_flat(log, is_warning, line, event);
}

void
log_info(const struct log *log, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line(log, false, NULL, format, args);
    va_end(args);
}

void
log_warn(const struct log *log, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line(log, true, NULL, format, args);
    va_end(args);
}

void
log_event(const struct log *log, bool is_warning, const struct log_event *event, const char *format,
          ...)
{
    va_list args;

    va_start(args, format);
    log_line(log, is_warning, event, format, args);
    va_end(args);
}

void
log_field_text(struct log_event *event, const char *name, const char *value)
{
    struct log_field *field = &event->fields[event->count];

    if (event->count == LOG_FIELDS_MAX)
        return;
    (void)snprintf(field->name, sizeof field->name, "%s", name);    /* names are ours: short */
    (void)snprintf(field->value, sizeof field->value, "%s", value); /* cut to fit, on purpose */
    make_printable(field->value);
    event->count++;
}

void
log_field_number(struct log_event *event, const char *name, unsigned long long value)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%llu", value); /* fits */
    log_field_text(event, name, text);
}
