/* log.h - one line an event, to where the daemon's lines go. No secret goes into one.
 *
 * What others may want to search for has a name and fields beside its text. The journal takes these
 * apart, as STEK_EVENT=NAME and STEK_FIELD=VALUE; elsewhere they follow the text, as
 * event=NAME field=VALUE ("logfmt"). */
#ifndef IO_LOG_H
#define IO_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "io/journal.h"

#define LOG_LINE_MAX 600
#define LOG_FIELDS_MAX 10
#define LOG_VALUE_MAX 256
/* text, then " name=" and the value, in quotes and each character of it perhaps behind a "\" */
#define LOG_FULL_MAX (LOG_LINE_MAX + (LOG_FIELDS_MAX + 1) * (2 * LOG_VALUE_MAX + 32))

struct log_field {
    char name[20]; /* of a-z and _ */
    char value[LOG_VALUE_MAX];
};

struct log_event {
    const char *name; /* of a-z and - */
    struct log_field fields[LOG_FIELDS_MAX];
    size_t count;
};

/* Takes one finished line without its end. */
typedef void log_sink(void *arg, bool is_warning, const char *line);

/* Takes an event and its text; `event` is NULL for a mere line. */
typedef void log_event_sink(void *arg, bool is_warning, const char *line,
                            const struct log_event *event);

struct log {
    log_sink *sink;
    log_event_sink *event_sink; /* NULL: `sink` takes all, fields behind the text */
    void *arg;                  /* of both */
};

#define LOG_SYSLOG "/dev/log"

/* To the standard error, each line as "stekd: ..."; to syslog, as the facility daemon, by a socket
 * that is opened for LOG_SYSLOG; to the journal, and where that takes nothing to the standard
 * error. Both sockets must outlive it.
 *
 *   R-LOG-1: who does not read what syslog or the journal is sent makes nobody wait; what is lost
 *            meanwhile is counted, and told as soon as lines are taken again. */
struct log log_to_stderr(void);
struct log log_to_syslog(struct journal *syslog);
struct log log_to_journal(struct journal *journal);

/* Cut to LOG_LINE_MAX; what is not printable becomes '?', so that no input forges a line. */
void log_info(const struct log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_warn(const struct log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same with the name and the fields of an event. */
void log_event(const struct log *log, bool is_warning, const struct log_event *event,
               const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Add a field, its value cut to LOG_VALUE_MAX and made printable; those beyond LOG_FIELDS_MAX are
 * left out. */
void log_field_text(struct log_event *event, const char *name, const char *value);
void log_field_number(struct log_event *event, const char *name, unsigned long long value);

#endif
