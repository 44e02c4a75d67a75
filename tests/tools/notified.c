/* notified SOCKET - be the service manager that sd_notify(3) talks to: listen on a path, or on
 * "@name", and print each line that comes as "MILLISECONDS LINE", counted from the first moment.
 * SENDER=PID goes in front of each datagram. Ends by a signal. */
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#define DATAGRAM_MAX 4096U

static uint64_t
now_ms(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* always there */
    return (uint64_t)now.tv_sec * 1000U + (uint64_t)now.tv_nsec / 1000000U;
}

static int
listen_on(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int yes = 1;
    size_t len = strlen(name);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || len >= sizeof address.sun_path)
        return -1;
    memcpy(address.sun_path, name, len);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    len += offsetof(struct sockaddr_un, sun_path);
    if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes) != 0 ||
        bind(fd, (const struct sockaddr *)&address, (socklen_t)len) != 0)
        return -1;
    return fd;
}

/* The process that sent it; 0: not known. */
static long
sender_of(struct msghdr *message)
{
    const struct cmsghdr *head = CMSG_FIRSTHDR(message);
    struct ucred peer = {0};

    if (head != NULL && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_CREDENTIALS)
        memcpy(&peer, CMSG_DATA(head), sizeof peer);
    return (long)peer.pid;
}

static int
print_next(int fd, uint64_t began_ms)
{
    char text[DATAGRAM_MAX + 1], control[CMSG_SPACE(sizeof(struct ucred))];
    struct iovec part = {.iov_base = text, .iov_len = DATAGRAM_MAX};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    ssize_t got = recvmsg(fd, &message, 0);
    uint64_t ms = now_ms() - began_ms;
    char *rest = text;

    if (got < 0)
        return 0;
    text[got] = '\0';
    printf("%" PRIu64 " SENDER=%ld\n", ms, sender_of(&message));
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        if (*line != '\0')
            printf("%" PRIu64 " %s\n", ms, line);
    }
    return fflush(stdout) == 0;
}

int
main(int argc, char **argv)
{
    uint64_t began_ms = now_ms();
    int fd = argc == 2 ? listen_on(argv[1]) : -1;

    if (fd < 0) {
        (void)fputs("usage: notified SOCKET, which is not there yet\n", stderr);
        return 2;
    }
    while (print_next(fd, began_ms))
        continue;
    return 1;
}
