/* see loop_virtual.h */
#include "loop_virtual.h"

#include <stdlib.h>

#include "virtual.h"

struct loop_timer {
    struct loop *loop;
    struct loop_timer *next;
    uint64_t due_ms, order; /* of two that are due together the one that was set first goes first */
    bool is_set;
    loop_fn *call;
    void *arg;
};

struct loop {
    struct loop_timer *timers;
    uint64_t orders;
    loop_fn *stop, *reload;
    void *arg;
};

struct loop *
loop_new(struct err *err)
{
    struct loop *loop = calloc(1, sizeof *loop);

    if (loop == NULL)
        (void)err_set(err, "no event loop: no memory"); /* always false */
    return loop;
}

void
loop_free(struct loop **loop)
{
    if (*loop == NULL)
        return;
    while ((*loop)->timers != NULL) {
        struct loop_timer *timer = (*loop)->timers;

        loop_timer_free(&timer);
    }
    free(*loop);
    *loop = NULL;
}

bool
loop_run(struct loop *loop, struct err *err)
{
    (void)loop;
    return err_set(err, "a loop on virtual time does not run by itself");
}

void
loop_stop(struct loop *loop)
{
    (void)loop; /* it does not run */
}

bool
loop_on_signals(struct loop *loop, loop_fn *stop, loop_fn *reload, void *arg, struct err *err)
{
    (void)err;
    loop->stop = stop;
    loop->reload = reload;
    loop->arg = arg;
    return true;
}

void
loop_virtual_signal(struct loop *loop, bool is_stop)
{
    if (is_stop)
        loop->stop(loop->arg);
    else
        loop->reload(loop->arg);
}

struct loop_timer *
loop_timer_new(struct loop *loop, loop_fn *call, void *arg, struct err *err)
{
    struct loop_timer *timer = calloc(1, sizeof *timer);

    if (timer == NULL) {
        (void)err_set(err, "no timer: no memory"); /* always false */
        return NULL;
    }
    *timer = (struct loop_timer){.loop = loop, .next = loop->timers, .call = call, .arg = arg};
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
    free(*timer);
    *timer = NULL;
}

struct watch_hub **
loop_watches(struct loop *loop)
{
    (void)loop;
    return NULL; /* nothing is watched */
}

struct udp_socket **
loop_sockets(struct loop *loop)
{
    (void)loop;
    return NULL; /* udp_virtual.c has no use for it */
}

uint64_t
loop_virtual_clock_ms(void)
{
    return virtual_system.boot_ms - virtual_system.slept_ms;
}

bool
loop_timer_set(struct loop_timer *timer, uint64_t after_ms)
{
    timer->due_ms = loop_virtual_clock_ms() + after_ms;
    timer->order = timer->loop->orders++;
    timer->is_set = true;
    return true;
}

static struct loop_timer *
first(const struct loop *loop)
{
    struct loop_timer *best = NULL;

    for (struct loop_timer *timer = loop->timers; timer != NULL; timer = timer->next) {
        if (!timer->is_set)
            continue;
        if (best == NULL || timer->due_ms < best->due_ms ||
            (timer->due_ms == best->due_ms && timer->order < best->order))
            best = timer;
    }
    return best;
}

uint64_t
loop_virtual_next_ms(const struct loop *loop)
{
    const struct loop_timer *timer = first(loop);

    return timer == NULL ? UINT64_MAX : timer->due_ms;
}

bool
loop_virtual_step(struct loop *loop)
{
    struct loop_timer *timer = first(loop);

    if (timer == NULL || timer->due_ms > loop_virtual_clock_ms())
        return false;
    timer->is_set = false;
    timer->call(timer->arg);
    return true;
}

uint64_t
loop_now_ms(const struct loop *loop)
{
    (void)loop;
    return virtual_system.boot_ms;
}
