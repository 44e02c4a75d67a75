/* see log.h */
#include "io/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>

static void
sink_stderr(void *arg, bool is_warning, const char *line)
{
    (void)arg;
    (void)is_warning;
    (void)fprintf(stderr, "stekd: %s\n", line); /* nowhere to tell if it fails */
}

static void
sink_syslog(void *arg, bool is_warning, const char *line)
{
    (void)arg;
    syslog(is_warning ? LOG_WARNING : LOG_INFO, "%s", line);
}

struct log
log_to_stderr(void)
{
    return (struct log){.sink = sink_stderr};
}

struct log
log_to_syslog(void)
{
    openlog("stekd", LOG_PID, LOG_DAEMON);
    return (struct log){.sink = sink_syslog};
}

static void log_line(const struct log *log, bool is_warning, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

static void
log_line(const struct log *log, bool is_warning, const char *format, va_list args)
{
    char line[LOG_LINE_MAX];

    (void)vsnprintf(line, sizeof line, format, args); /* cut to fit, on purpose */
    for (char *at = line; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 127)
            *at = '?';
    }
    log->sink(log->arg, is_warning, line);
}

void
log_info(const struct log *log, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line(log, false, format, args);
    va_end(args);
}

void
log_warn(const struct log *log, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line(log, true, format, args);
    va_end(args);
}
