/* journal.h - whoever takes entries of logs by datagrams, and waiting for him never: systemd's
 * journal, by its native protocol of lines FIELD=value
 * (https://systemd.io/JOURNAL_NATIVE_PROTOCOL); or syslog. Needs no library, and neither of them to
 * be there. */
#ifndef IO_JOURNAL_H
#define IO_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/un.h>

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

struct journal {
    int fd; /* -1: none */
    struct sockaddr_un address;
    bool is_stuck; /* the last entry found no room */
    size_t lost;   /* lines that nobody took, and that are to be told of: the caller counts */
};

enum journal_sent {
    JOURNAL_TOOK,
    JOURNAL_FULL,  /* it does not read: after a moment's patience, and at once from then on */
    JOURNAL_ABSENT /* or of another kind */
};

/* True if the standard error goes to the journal, as $JOURNAL_STREAM tells of a service's. */
bool journal_has_stderr(void);

/* Be ready to send to the socket of that path, which need not be there yet. */
bool journal_open(struct journal *journal, const char *path);

/* Takes one that is not open. */
void journal_close(struct journal *journal);

enum journal_sent journal_send(struct journal *journal, const char *entry, size_t len);

/* True if a line to the standard error would not have to wait. */
bool journal_stderr_takes(void);

#endif
