/* see loop.h; on libevent */
#include "io/loop.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#define SIGNALS 3U

struct loop_timer {
    struct loop *loop;
    struct loop_timer *next;
    struct event *event;
    loop_fn *call;
    void *arg;
};

struct loop {
    struct event_base *base;
    struct event *signals[SIGNALS];
    struct loop_timer *timers;
    struct udp_socket *sockets;
    loop_fn *stop, *reload;
    void *arg;
    struct watch_hub *watches;
};

struct loop *
loop_new(struct err *err)
{
    struct loop *loop = calloc(1, sizeof *loop);

    if (loop != NULL)
        loop->base = event_base_new();
    if (loop == NULL || loop->base == NULL) {
        (void)err_set(err, "no event loop: no memory, or no descriptor");
        free(loop);
        return NULL;
    }
    return loop;
}

void
loop_free(struct loop **loop)
{
    if (*loop == NULL)
        return;
    for (size_t i = 0; i < SIGNALS; i++) {
        if ((*loop)->signals[i] != NULL)
            event_free((*loop)->signals[i]);
    }
    while ((*loop)->timers != NULL) {
        struct loop_timer *timer = (*loop)->timers;

        loop_timer_free(&timer);
    }
    event_base_free((*loop)->base);
    free(*loop);
    *loop = NULL;
}

bool
loop_run(struct loop *loop, struct err *err)
{
    if (event_base_dispatch(loop->base) < 0)
        return err_errno(err, "the event loop failed");
    return true;
}

struct watch_hub **
loop_watches(struct loop *loop)
{
    return &loop->watches;
}

void
loop_stop(struct loop *loop)
{
    (void)event_base_loopbreak(loop->base); /* fails for no loop only */
}

static void
on_signal(evutil_socket_t number, short what, void *arg)
{
    struct loop *loop = arg;

    (void)what;
    if (number == SIGHUP)
        loop->reload(loop->arg);
    else
        loop->stop(loop->arg);
}

bool
loop_on_signals(struct loop *loop, loop_fn *stop, loop_fn *reload, void *arg, struct err *err)
{
    static const int numbers[SIGNALS] = {SIGTERM, SIGINT, SIGHUP};

    loop->stop = stop;
    loop->reload = reload;
    loop->arg = arg;
    for (size_t i = 0; i < SIGNALS; i++) {
        loop->signals[i] = evsignal_new(loop->base, numbers[i], on_signal, loop);
        if (loop->signals[i] == NULL || event_add(loop->signals[i], NULL) != 0)
            return err_set(err, "signals cannot be handled: no memory");
    }
    return true;
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct loop_timer *timer = arg;

    (void)fd;
    (void)what;
    timer->call(timer->arg);
}

struct loop_timer *
loop_timer_new(struct loop *loop, loop_fn *call, void *arg, struct err *err)
{
    struct loop_timer *timer = calloc(1, sizeof *timer);

    if (timer != NULL)
        timer->event = evtimer_new(loop->base, on_timer, timer);
    if (timer == NULL || timer->event == NULL) {
        (void)err_set(err, "no timer: no memory");
        free(timer);
        return NULL;
    }
    timer->loop = loop;
    timer->call = call;
    timer->arg = arg;
    timer->next = loop->timers;
    loop->timers = timer;
    return timer;
}

void
loop_timer_free(struct loop_timer **timer)
{
    struct loop_timer **at;

    if (*timer == NULL)
        return;
    at = &(*timer)->loop->timers;
    while (*at != *timer)
        at = &(*at)->next;
    *at = (*timer)->next;
    event_free((*timer)->event);
    free(*timer);
    *timer = NULL;
}

bool
loop_timer_set(struct loop_timer *timer, uint64_t after_ms)
{
    const struct timeval after = {.tv_sec = (time_t)(after_ms / 1000),
                                  .tv_usec = (suseconds_t)(after_ms % 1000 * 1000)};

    return event_add(timer->event, &after) == 0;
}

uint64_t
loop_now_ms(const struct loop *loop)
{
    struct timespec now;

    (void)loop;                                /* one on virtual time would have its own */
    (void)clock_gettime(CLOCK_BOOTTIME, &now); /* always there */
    return (uint64_t)now.tv_sec * 1000U + (uint64_t)now.tv_nsec / 1000000U;
}

struct event_base *
loop_base(struct loop *loop)
{
    return loop->base;
}

struct udp_socket **
loop_sockets(struct loop *loop)
{
    return &loop->sockets;
}
