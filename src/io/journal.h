/* journal.h - systemd's journal, by its native protocol: datagrams of lines FIELD=value
 * (https://systemd.io/JOURNAL_NATIVE_PROTOCOL). Needs no library, and no journal to be there. */
#ifndef IO_JOURNAL_H
#define IO_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/un.h>

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

struct journal {
    int fd; /* -1: none */
    struct sockaddr_un address;
};

/* True if the standard error goes to the journal, as $JOURNAL_STREAM tells of a service's. */
bool journal_has_stderr(void);

/* Be ready to send to the socket of that path, which need not be there yet. */
bool journal_open(struct journal *journal, const char *path);

/* Takes one that is not open. */
void journal_close(struct journal *journal);

/* One entry. False where nobody takes it, or not at once: it never waits. */
bool journal_send(const struct journal *journal, const char *entry, size_t len);

#endif
