/* see journal.h */
#include "io/journal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TRIES 20
#define BETWEEN_NS 5000000L

/* Whoever is started by a service inherits the variable: it says which stream it is about. */
bool
journal_has_stderr(void)
{
    const char *stream = getenv("JOURNAL_STREAM"); /* NOLINT(concurrency-mt-unsafe): one thread */
    char here[48];
    struct stat stat;

    if (stream == NULL || fstat(STDERR_FILENO, &stat) != 0)
        return false;
    (void)snprintf(here, sizeof here, "%llu:%llu", (unsigned long long)stat.st_dev,
                   (unsigned long long)stat.st_ino); /* fits */
    return strcmp(stream, here) == 0;
}

bool
journal_open(struct journal *journal, const char *path)
{
    *journal = (struct journal){.fd = -1, .address = {.sun_family = AF_UNIX}};
    if (strlen(path) >= sizeof journal->address.sun_path)
        return false;
    memcpy(journal->address.sun_path, path, strlen(path));
    journal->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return journal->fd >= 0;
}

void
journal_close(struct journal *journal)
{
    if (journal->fd >= 0)
        (void)close(journal->fd); /* nothing is in it that could be lost */
    journal->fd = -1;
}

/* Not connected: the journal may be started anew. */
static enum journal_sent
try_once(const struct journal *journal, const char *entry, size_t len)
{
    if (sendto(journal->fd, entry, len, MSG_DONTWAIT | MSG_NOSIGNAL,
               (const struct sockaddr *)&journal->address, sizeof journal->address) >= 0)
        return JOURNAL_TOOK;
    return errno == EAGAIN || errno == ENOBUFS ? JOURNAL_FULL : JOURNAL_ABSENT;
}

enum journal_sent
journal_send(struct journal *journal, const char *entry, size_t len)
{
    const struct timespec between = {.tv_nsec = BETWEEN_NS};
    enum journal_sent sent = try_once(journal, entry, len);

    for (int i = 0; i < TRIES && sent == JOURNAL_FULL && !journal->is_stuck; i++) {
        (void)nanosleep(&between, NULL); /* shorter does no harm */
        sent = try_once(journal, entry, len);
    }
    journal->is_stuck = sent == JOURNAL_FULL;
    return sent;
}

bool
journal_stderr_takes(void)
{
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};

    return poll(&out, 1, 0) == 1;
}
