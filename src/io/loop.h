/* loop.h - the one thread's loop: timers, signals, and whatever listens. */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

typedef void loop_fn(void *arg);

struct loop;
struct loop_timer;
struct event_base;

struct loop *loop_new(struct err *err);

/* Frees the timers that are left, too, so after all that uses them; sets NULL, takes NULL. */
void loop_free(struct loop **loop);

/* Run until loop_stop(). */
bool loop_run(struct loop *loop, struct err *err);
void loop_stop(struct loop *loop);

/* Call these on SIGTERM and SIGINT, and on SIGHUP, from within the loop. */
bool loop_on_signals(struct loop *loop, loop_fn *stop, loop_fn *reload, void *arg, struct err *err);

/* A timer that calls once each time it is set. It counts no time that the machine sleeps. */
struct loop_timer *loop_timer_new(struct loop *loop, loop_fn *call, void *arg, struct err *err);
bool loop_timer_set(struct loop_timer *timer, uint64_t after_ms);

/* Also from within its own call; sets NULL, takes NULL. */
void loop_timer_free(struct loop_timer **timer);

/* Milliseconds that only go forward, with those that the machine sleeps. */
uint64_t loop_now_ms(const struct loop *loop);

/* For what inside io listens on this loop. */
struct event_base *loop_base(struct loop *loop);

/* What all watches on this loop share; NULL: none yet. */
struct watch_hub;
struct watch_hub **loop_watches(struct loop *loop);

/* Where udp.c keeps the sockets that its users on this loop share; NULL at first. */
struct udp_socket;
struct udp_socket **loop_sockets(struct loop *loop);

#endif
