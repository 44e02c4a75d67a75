/* log_support.h - a socket in the place of the journal's or of syslog's, and what came to it.
 * Nothing here asserts. */
#ifndef TESTS_LOG_SUPPORT_H
#define TESTS_LOG_SUPPORT_H

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/log.h"

struct fake {
    char folder[32], path[64];
    int fd;
    struct journal journal;
};

/* A socket as the journal's, in a folder of its own. */
static inline bool
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

static inline void
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

static inline bool
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

static inline bool
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
static inline bool
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
static inline const char *
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

#endif
