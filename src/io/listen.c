/* see listen.h */
#include "io/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/acl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/address.h"

#define BACKLOG 64

union address_of_socket {
    struct sockaddr any;
    struct sockaddr_un local;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

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

/* The new list takes the place of the old one at once: who is in both is let in all the time. */
static bool
admit(const char *path, const gid_t *groups, size_t count, struct err *err)
{
    char text[64 + LISTEN_GROUPS_MAX * 24] = "u::rw-,g::---,m::rw-,o::---";
    bool ok;
    acl_t acl;

    if (count > LISTEN_GROUPS_MAX)
        return err_set(err, "%s: more than %u groups cannot be let in", path, LISTEN_GROUPS_MAX);
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(text);

        (void)snprintf(text + len, sizeof text - len, ",g:%lu:rw-", (unsigned long)groups[i]);
    }
    acl = acl_from_text(text);
    if (acl == NULL)
        return err_set(err, "%s: no groups can be let in: no memory", path);
    ok = acl_set_file(path, ACL_TYPE_ACCESS, acl) == 0;
    if (!ok)
        (void)err_errno(err, "%s: no groups can be let in", path);
    (void)acl_free(acl); /* cannot fail for one of its own */
    return ok;
}

bool
listen_unix_admit(const char *path, const gid_t *groups, size_t count, struct err *err)
{
    if (count > 0 && admit(path, groups, count, err))
        return true;
    /* it takes the rights from a list that was there before, too */
    if (chmod(path, 0600) != 0)
        return err_errno(err, "%s: its mode cannot be set", path);
    return count == 0;
}

bool
listen_address_parse(struct listen_address *address, const char *text)
{
    struct address parsed;

    if (!address_parse(&parsed, text))
        return false;
    address_text(address->text, &parsed);
    return true;
}

/* 0 if it is none, else the address's length. */
static socklen_t
find_socket_address(union address_of_socket *out, const char *text)
{
    struct address parsed;

    if (!address_parse(&parsed, text))
        return 0;
    memcpy(out, parsed.bytes, parsed.len);
    return parsed.len;
}

int
listen_tcp(const struct listen_address *address, struct err *err)
{
    const int on = 1;
    union address_of_socket parsed;
    socklen_t len = find_socket_address(&parsed, address->text);
    int fd = -1;

    if (len > 0)
        fd = socket(parsed.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        (parsed.any.sa_family == AF_INET ||
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0) &&
        bind(fd, &parsed.any, len) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    if (errno == EAFNOSUPPORT)
        (void)err_set(err,
                      "%s: cannot listen: no such network here: if a unit of systemd forbids it, "
                      "\"stekctl setup\" allows it",
                      address->text); /* always false */
    else
        (void)err_errno(err, "%s: cannot listen", address->text);
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

static bool
find_address(union address_of_socket *address, int fd)
{
    socklen_t len = sizeof *address;

    *address =
        (union address_of_socket){.local.sun_path = ""}; /* the largest member: all is zero */
    return getsockname(fd, &address->any, &len) == 0;
}

bool
listen_has_accepted(int listening, int fd)
{
    union address_of_socket ours, other;

    if (fd == listening || !find_address(&ours, listening) || !find_address(&other, fd) ||
        ours.any.sa_family != other.any.sa_family)
        return false;
    if (ours.any.sa_family == AF_INET)
        return ours.v4.sin_port == other.v4.sin_port &&
               (ours.v4.sin_addr.s_addr == htonl(INADDR_ANY) ||
                ours.v4.sin_addr.s_addr == other.v4.sin_addr.s_addr);
    if (ours.any.sa_family == AF_INET6)
        return ours.v6.sin6_port == other.v6.sin6_port &&
               (IN6_IS_ADDR_UNSPECIFIED(&ours.v6.sin6_addr) ||
                IN6_ARE_ADDR_EQUAL(&ours.v6.sin6_addr, &other.v6.sin6_addr));
    return memcmp(&ours.local, &other.local, sizeof ours.local) == 0;
}

enum listen_way
listen_way(int fd)
{
    union address_of_socket address;
    bool is_loopback = false;

    if (!find_address(&address, fd))
        return LISTEN_NETWORK;
    if (address.any.sa_family == AF_UNIX)
        return LISTEN_UNIX;
    if (address.any.sa_family == AF_INET)
        is_loopback = ntohl(address.v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    else if (address.any.sa_family == AF_INET6)
        is_loopback = IN6_IS_ADDR_LOOPBACK(&address.v6.sin6_addr);
    return is_loopback ? LISTEN_LOOPBACK : LISTEN_NETWORK;
}
