/* see watch.h; on inotify(7) */
#include "io/watch.h"

#include <event2/event.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#define MASK (IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY | IN_ONLYDIR)
#define EVENTS_LEN (64 * (sizeof(struct inotify_event) + NAME_MAX + 1))

/* Where hundreds write into one folder, to be woken for each of their files costs more than all
 * that is done with it: after some readings in a row the rest is read together. */
#define IN_A_ROW 10U
#define APART_MS 20U

struct watch {
    struct watch_hub *hub;
    struct watch *next;
    int number; /* inotify's; that of another watch too, if it is the same folder */
    bool is_over;
    watch_fn *call;
    void *arg;
};

/* One inotify instance, as long as there is a watch. */
struct watch_hub {
    struct loop *loop;
    struct watch_hub **home;
    int fd;
    struct event *event, *again;
    uint64_t spent_ms; /* each reading counts for APART_MS; how far that has come */
    struct watch *first;
    bool is_telling; /* then what is over stays in the list */
};

static void
free_hub(struct watch_hub *hub)
{
    if (hub->event != NULL)
        event_free(hub->event);
    if (hub->again != NULL)
        event_free(hub->again);
    if (hub->fd >= 0)
        (void)close(hub->fd); /* only read */
    *hub->home = NULL;
    free(hub);
}

/* Drop what is over; with the last one the hub. */
static void
sweep(struct watch_hub *hub)
{
    struct watch **at = &hub->first;

    while (*at != NULL) {
        struct watch *watch = *at;

        if (watch->is_over) {
            *at = watch->next;
            free(watch);
        } else {
            at = &watch->next;
        }
    }
    if (hub->first == NULL)
        free_hub(hub);
}

static void
tell(struct watch_hub *hub, const struct inotify_event *event)
{
    bool is_overflow = (event->mask & IN_Q_OVERFLOW) != 0;

    if (event->len == 0 && !is_overflow)
        return;
    for (struct watch *watch = hub->first; watch != NULL; watch = watch->next)
        if (!watch->is_over && (is_overflow || watch->number == event->wd))
            watch->call(watch->arg, is_overflow ? NULL : event->name);
}

static void
rest(struct watch_hub *hub)
{
    static const struct timeval apart = {.tv_usec = APART_MS * 1000};

    if (evtimer_add(hub->again, &apart) == 0)
        (void)event_del(hub->event); /* else it is told of sooner */
}

/* The rest is over. */
static void
on_again(evutil_socket_t fd, short what, void *arg)
{
    struct watch_hub *hub = arg;

    (void)fd, (void)what;
    if (event_add(hub->event, NULL) != 0)
        rest(hub); /* no memory: another time */
}

static void
note_reading(struct watch_hub *hub)
{
    uint64_t now_ms = loop_now_ms(hub->loop);

    hub->spent_ms = (hub->spent_ms > now_ms ? hub->spent_ms : now_ms) + APART_MS;
    if (hub->spent_ms > now_ms + (uint64_t)IN_A_ROW * APART_MS)
        rest(hub);
}

static void
on_events(evutil_socket_t fd, short what, void *arg)
{
    struct watch_hub *hub = arg;
    char bytes[EVENTS_LEN] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t len = read(fd, bytes, sizeof bytes), at = 0;

    (void)what;
    note_reading(hub);
    hub->is_telling = true;
    while (at < len) { /* not for one that failed: there will be another event */
        const struct inotify_event *event = (const void *)(bytes + at);

        tell(hub, event);
        at += (ssize_t)(sizeof *event + event->len);
    }
    hub->is_telling = false;
    sweep(hub);
}

static struct watch_hub *
make_hub(struct loop *loop)
{
    struct watch_hub *hub = calloc(1, sizeof *hub);

    if (hub == NULL)
        return NULL;
    *hub = (struct watch_hub){.loop = loop,
                              .home = loop_watches(loop),
                              .again = evtimer_new(loop_base(loop), on_again, hub),
                              .fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
    if (hub->fd >= 0)
        hub->event = event_new(loop_base(loop), hub->fd, EV_READ | EV_PERSIST, on_events, hub);
    if (hub->event == NULL || hub->again == NULL || event_add(hub->event, NULL) != 0) {
        free_hub(hub);
        return NULL;
    }
    *hub->home = hub;
    return hub;
}

struct watch *
watch_new(struct loop *loop, const char *folder, watch_fn *call, void *arg, struct err *err)
{
    struct watch *watch = calloc(1, sizeof *watch);
    struct watch_hub *hub = *loop_watches(loop) != NULL ? *loop_watches(loop) : make_hub(loop);

    if (watch != NULL && hub != NULL) {
        *watch = (struct watch){.hub = hub, .next = hub->first, .call = call, .arg = arg};
        watch->number = inotify_add_watch(hub->fd, folder, MASK);
        if (watch->number >= 0) {
            hub->first = watch;
            return watch;
        }
    }
    (void)err_errno(err, "%s cannot be watched", folder); /* always false */
    free(watch);
    if (hub != NULL && !hub->is_telling)
        sweep(hub);
    return NULL;
}

static bool
is_shared(const struct watch *watch)
{
    for (const struct watch *at = watch->hub->first; at != NULL; at = at->next)
        if (at != watch && !at->is_over && at->number == watch->number)
            return true;
    return false;
}

void
watch_free(struct watch **watch)
{
    struct watch *old = *watch;

    if (old == NULL)
        return;
    if (!is_shared(old))
        (void)inotify_rm_watch(old->hub->fd, old->number); /* its folder may be gone, and it too */
    old->is_over = true;
    if (!old->hub->is_telling)
        sweep(old->hub);
    *watch = NULL;
}
