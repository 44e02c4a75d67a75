/* see listen.h */
#include "io/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 64

static bool
is_in_use(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool refused;

    if (fd < 0)
        return true;
    refused = connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 &&
              (errno == ECONNREFUSED || errno == ENOENT);
    (void)close(fd);
    return !refused;
}

/* Make room for a new socket. */
static bool
remove_stale(const struct sockaddr_un *address, struct err *err)
{
    struct stat stat;

    if (lstat(address->sun_path, &stat) != 0)
        return errno == ENOENT || err_errno(err, "%s", address->sun_path);
    if (!S_ISSOCK(stat.st_mode))
        return err_set(err, "%s: is there and is no socket: remove it if nobody needs it",
                       address->sun_path);
    if (is_in_use(address))
        return err_set(err, "%s: another program listens there", address->sun_path);
    if (unlink(address->sun_path) != 0)
        return err_errno(err, "%s: the old socket cannot be removed", address->sun_path);
    return true;
}

int
listen_unix(const char *path, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (strlen(path) >= sizeof address.sun_path) {
        (void)err_set(err, "%s: longer than the %zu bytes that a socket's path may have", path,
                      sizeof address.sun_path - 1);
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    if (!remove_stale(&address, err))
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* the process's umask keeps others out between bind and chmod */
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        chmod(path, 0600) != 0 || listen(fd, BACKLOG) != 0) {
        (void)err_errno(err, "%s: cannot listen", path);
        if (fd >= 0)
            (void)close(fd);
        return -1;
    }
    return fd;
}

/* 1 to 65535, decimal; 0 for anything else. */
static unsigned
parse_port(const char *text)
{
    unsigned port = 0;

    if (text[0] == '\0' || strlen(text) > 5)
        return 0;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return 0;
        port = port * 10 + (unsigned)(*text - '0');
    }
    return port <= UINT16_MAX ? port : 0;
}

bool
listen_address_parse(struct listen_address *address, const char *text)
{
    const char *colon = strrchr(text, ':');
    bool is_v6 = text[0] == '[';
    int family = is_v6 ? AF_INET6 : AF_INET;
    char host[INET6_ADDRSTRLEN];
    struct in6_addr bytes; /* room for both */
    size_t len;
    unsigned port;

    if (colon == NULL || (is_v6 && (colon[-1] != ']' || colon - text < 3)))
        return false;
    len = (size_t)(colon - text) - (is_v6 ? 2 : 0);
    port = parse_port(colon + 1);
    if (port == 0 || len >= sizeof host)
        return false;
    memcpy(host, text + is_v6, len);
    host[len] = '\0';
    if (inet_pton(family, host, &bytes) != 1 ||
        inet_ntop(family, &bytes, host, sizeof host) == NULL)
        return false;
    (void)snprintf(address->text, sizeof address->text, is_v6 ? "[%s]:%u" : "%s:%u", host, port);
    return true;
}
