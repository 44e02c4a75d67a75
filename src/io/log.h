/* log.h - one line an event, to where the daemon's lines go. No secret goes into one. */
#ifndef IO_LOG_H
#define IO_LOG_H

#include <stdbool.h>

#define LOG_LINE_MAX 600

/* Takes one finished line without its end. */
typedef void log_sink(void *arg, bool is_warning, const char *line);

struct log {
    log_sink *sink;
    void *arg;
};

/* To the standard error, each line as "stekd: ..."; to syslog, as the facility daemon. */
struct log log_to_stderr(void);
struct log log_to_syslog(void);

/* Cut to LOG_LINE_MAX; what is not printable becomes '?', so that no input forges a line. */
void log_info(const struct log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_warn(const struct log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
