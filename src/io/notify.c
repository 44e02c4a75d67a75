/* see notify.h; sd_notify(3) asks daemons to speak this protocol rather than to link libsystemd */
#include "io/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define WAIT_S 1

/* What the environment says; nothing of ours changes it. */
static const char *
ask(const char *name)
{
    const char *value = getenv(name); /* NOLINT(concurrency-mt-unsafe): one thread */

    return value == NULL ? "" : value;
}

/* "/path", or "@name" for a socket in no folder. */
static bool
find_socket(struct sockaddr_un *address, socklen_t *len, const char *name, struct err *err)
{
    size_t name_len = strlen(name);

    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if ((name[0] != '/' && name[0] != '@') || name_len < 2 || name_len >= sizeof address->sun_path)
        return err_set(err, "NOTIFY_SOCKET=%s: not a socket that can be written to", name);
    memcpy(address->sun_path, name, name_len);
    if (name[0] == '@')
        address->sun_path[0] = '\0';
    *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name_len);
    return true;
}

static uint64_t
monotonic_us(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* always there */
    return (uint64_t)now.tv_sec * 1000000U + (uint64_t)now.tv_nsec / 1000U;
}

static int
write_state(char *out, size_t cap, enum notify_state state)
{
    switch (state) {
    case NOTIFY_READY: return snprintf(out, cap, "READY=1\n");
    case NOTIFY_RELOADING:
        return snprintf(out, cap, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\n", monotonic_us());
    case NOTIFY_STOPPING: return snprintf(out, cap, "STOPPING=1\n");
    case NOTIFY_ALIVE: return snprintf(out, cap, "WATCHDOG=1\n");
    case NOTIFY_STATUS: break;
    }
    return 0;
}

static void
write_text(char text[NOTIFY_MAX], enum notify_state state, const char *status)
{
    int used = write_state(text, NOTIFY_MAX, state); /* fits by far */
    char *from = text + used;

    *from = '\0';
    if (status == NULL)
        return;
    (void)snprintf(from, NOTIFY_MAX - (size_t)used, "STATUS=%s", status); /* cut to fit */
    for (char *at = from; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 127)
            *at = '?';
    }
}

bool
notify_send(enum notify_state state, const char *status, struct err *err)
{
    const struct timeval wait = {.tv_sec = WAIT_S};
    const char *name = ask("NOTIFY_SOCKET");
    struct sockaddr_un address;
    char text[NOTIFY_MAX];
    socklen_t len = 0;
    ssize_t sent;
    int fd;

    if (name[0] == '\0')
        return true;
    if (!find_socket(&address, &len, name, err))
        return false;
    write_text(text, state, status);
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_errno(err, "NOTIFY_SOCKET=%s: no socket", name);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait); /* without it we may wait */
    do {
        sent = sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&address, len);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0)
        (void)err_errno(err, "NOTIFY_SOCKET=%s: cannot be told", name); /* always false */
    (void)close(fd);                                                    /* is sent, or is not */
    return sent >= 0;
}

uint64_t
notify_watchdog_ms(void)
{
    const char *us_text = ask("WATCHDOG_USEC"), *pid_text = ask("WATCHDOG_PID");
    unsigned long long us;
    char *end;

    if (pid_text[0] != '\0' && strtoll(pid_text, NULL, 10) != getpid())
        return 0;
    if (us_text[0] < '0' || us_text[0] > '9')
        return 0;
    errno = 0;
    us = strtoull(us_text, &end, 10);
    return errno != 0 || *end != '\0' ? 0 : us / 1000;
}
