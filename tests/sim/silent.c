/* What stekd has of io/ and nobody uses in a simulation: sockets that nobody connects to, since
 * requests are function calls there; a runtime folder that nobody watches, so that the ticks look
 * after rings, as where inotify is not to be had; no service manager. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/http_server.h"
#include "io/notify.h"
#include "io/watch.h"

struct http_server {
    int fd;
};

struct http_server *
http_server_new(struct loop *loop, int fd, const struct http_limits *limits,
                const struct http_calls *calls, struct err *err)
{
    struct http_server *server = calloc(1, sizeof *server);

    (void)loop, (void)limits, (void)calls;
    if (server == NULL)
        (void)err_set(err, "no memory"); /* always false */
    else
        server->fd = fd;
    return server;
}

void
http_server_free(struct http_server **server)
{
    if (*server != NULL)
        (void)close((*server)->fd); /* of /dev/null */
    free(*server);
    *server = NULL;
}

static int
listen_to_none(struct err *err)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (fd < 0)
        (void)err_errno(err, "/dev/null"); /* always false */
    return fd;
}

int
listen_unix(const char *path, struct err *err)
{
    (void)path;
    return listen_to_none(err);
}

bool
listen_unix_admit(const char *path, const gid_t *groups, size_t count, struct err *err)
{
    (void)path, (void)groups, (void)count, (void)err;
    return true;
}

int
listen_tcp(const struct listen_address *address, struct err *err)
{
    (void)address;
    return listen_to_none(err);
}

bool
listen_address_parse(struct listen_address *address, const char *text)
{
    (void)address, (void)text;
    return false; /* no configuration of a simulation has one */
}

struct watch *
watch_new(struct loop *loop, const char *folder, watch_fn *call, void *arg, struct err *err)
{
    (void)loop, (void)call, (void)arg;
    (void)err_set(err, "%s is not watched in a simulation", folder); /* always false */
    return NULL;
}

void
watch_free(struct watch **watch)
{
    *watch = NULL;
}

bool
notify_send(enum notify_state state, const char *status, struct err *err)
{
    (void)state, (void)status, (void)err;
    return true;
}

uint64_t
notify_watchdog_ms(void)
{
    return 0;
}
