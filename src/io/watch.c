/* see watch.h; on inotify(7) */
#include "io/watch.h"

#include <event2/event.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#define MASK (IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY | IN_ONLYDIR)
#define EVENTS_LEN (16 * (sizeof(struct inotify_event) + NAME_MAX + 1))

struct watch {
    int fd;
    struct event *event;
    watch_fn *call;
    void *arg;
};

static void
on_events(evutil_socket_t fd, short what, void *arg)
{
    const struct watch *watch = arg;
    char bytes[EVENTS_LEN] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t len = read(fd, bytes, sizeof bytes), at = 0;

    (void)what;
    while (at < len) { /* not for one that failed: there will be another event */
        const struct inotify_event *event = (const void *)(bytes + at);

        if (event->len > 0 || (event->mask & IN_Q_OVERFLOW) != 0)
            watch->call(watch->arg, event->len > 0 ? event->name : NULL);
        at += (ssize_t)(sizeof *event + event->len);
    }
}

struct watch *
watch_new(struct loop *loop, const char *folder, watch_fn *call, void *arg, struct err *err)
{
    struct watch *watch = calloc(1, sizeof *watch);

    if (watch == NULL) {
        (void)err_set(err, "%s cannot be watched: no memory", folder); /* always false */
        return NULL;
    }
    *watch =
        (struct watch){.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), .call = call, .arg = arg};
    if (watch->fd < 0 || inotify_add_watch(watch->fd, folder, MASK) < 0) {
        (void)err_errno(err, "%s cannot be watched", folder); /* always false */
        watch_free(&watch);
        return NULL;
    }
    watch->event = event_new(loop_base(loop), watch->fd, EV_READ | EV_PERSIST, on_events, watch);
    if (watch->event == NULL || event_add(watch->event, NULL) != 0) {
        (void)err_set(err, "%s cannot be watched: no memory", folder); /* always false */
        watch_free(&watch);
    }
    return watch;
}

void
watch_free(struct watch **watch)
{
    if (*watch == NULL)
        return;
    if ((*watch)->event != NULL)
        event_free((*watch)->event);
    if ((*watch)->fd >= 0)
        (void)close((*watch)->fd); /* only read */
    free(*watch);
    *watch = NULL;
}
