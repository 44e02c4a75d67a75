/* grpc_false_support.h - a second implementation of io/grpc.h, which the linker finds first: what
 * is asked goes to a function of the test, and what that answers arrives a millisecond later, on
 * virtual time (loop_virtual.h). Nothing here asserts. */
#ifndef TESTS_GRPC_FALSE_SUPPORT_H
#define TESTS_GRPC_FALSE_SUPPORT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/grpc.h"

#define FALSE_MESSAGES_MAX 16U
#define FALSE_LATENCY_MS 1U

struct grpc {
    struct grpc_setup setup;
    struct loop_timer *timer;
    struct grpc_call *calls;
};

struct grpc_call {
    struct grpc *grpc;
    struct grpc_call *next;
    struct {
        uint8_t *bytes;
        size_t len;
    } messages[FALSE_MESSAGES_MAX];
    size_t sent, arrived, taken;
    struct grpc_result result;
    bool is_ending, is_over;
    struct loop_timer *late;
};

/* `method` is NULL for a further message of a stream. */
typedef void false_serve_fn(struct grpc_call *call, const char *method, const uint8_t *message,
                            size_t len);

struct false_grpc {
    false_serve_fn *serve;
    struct grpc *open;                            /* the last one; NULL: it was freed */
    unsigned asked, connections, live, live_most; /* the latter two: calls */
};

static struct false_grpc false_grpc;

static inline void
false_arrive(struct grpc_call *call)
{
    (void)loop_timer_set(call->grpc->timer, FALSE_LATENCY_MS); /* of virtual time: does not fail */
}

static inline void
false_say(struct grpc_call *call, const void *bytes, size_t len)
{
    uint8_t *copy = malloc(len + 1);

    if (copy == NULL || call->sent == FALSE_MESSAGES_MAX) {
        free(copy);
        return;
    }
    memcpy(copy, bytes, len);
    call->messages[call->sent].bytes = copy;
    call->messages[call->sent++].len = len;
    false_arrive(call);
}

static inline void
false_end(struct grpc_call *call, enum grpc_broken broken, int status)
{
    call->is_ending = true;
    call->result = (struct grpc_result){.broken = broken, .status = status};
    (void)snprintf(call->result.text, sizeof call->result.text, "status %d", status); /* fits */
    false_arrive(call);
}

static inline void
false_on_timer(void *arg)
{
    struct grpc *grpc = arg;

    for (struct grpc_call *call = grpc->calls; call != NULL; call = call->next) {
        call->arrived = call->sent;
        call->is_over = call->is_ending;
    }
    grpc->setup.ready(grpc->setup.arg);
}

static inline void
false_on_late(void *arg)
{
    struct grpc_call *call = arg;

    if (!call->is_ending)
        false_end(call, GRPC_LATE, -1);
}

/* What was taken makes room. */
static inline void
false_forget(struct grpc_call *call)
{
    for (size_t i = 0; i < call->taken; i++)
        free(call->messages[i].bytes);
    memmove(call->messages, call->messages + call->taken,
            (call->sent - call->taken) * sizeof call->messages[0]);
    call->sent -= call->taken;
    call->arrived -= call->taken;
    call->taken = 0;
}

/* ---- io/grpc.h ---- */

struct grpc *
grpc_new(const struct grpc_setup *setup, struct err *err)
{
    struct grpc *grpc = calloc(1, sizeof *grpc);

    if (grpc == NULL)
        return NULL;
    grpc->setup = *setup;
    grpc->timer = loop_timer_new(setup->loop, false_on_timer, grpc, err);
    false_grpc.connections++;
    false_grpc.open = grpc;
    return grpc;
}

void
grpc_free(struct grpc **grpc)
{
    if (*grpc == NULL)
        return;
    loop_timer_free(&(*grpc)->timer);
    if (false_grpc.open == *grpc)
        false_grpc.open = NULL;
    free(*grpc);
    *grpc = NULL;
}

struct grpc_call *
grpc_call_new(struct grpc *grpc, const struct grpc_request *request, struct err *err)
{
    struct grpc_call *call = calloc(1, sizeof *call);

    if (call == NULL)
        return NULL;
    *call = (struct grpc_call){.grpc = grpc, .next = grpc->calls};
    grpc->calls = call;
    call->late = loop_timer_new(grpc->setup.loop, false_on_late, call, err);
    if (request->complete_ms > 0 && call->late != NULL)
        (void)loop_timer_set(call->late, request->complete_ms); /* as in false_arrive() */
    if (++false_grpc.live > false_grpc.live_most)
        false_grpc.live_most = false_grpc.live;
    false_grpc.asked++;
    false_grpc.serve(call, request->method, request->message, request->len);
    return call;
}

void
grpc_call_free(struct grpc_call **call)
{
    struct grpc_call **at;

    if (*call == NULL)
        return;
    at = &(*call)->grpc->calls;
    while (*at != *call)
        at = &(*at)->next;
    *at = (*call)->next;
    (*call)->taken = (*call)->sent;
    false_forget(*call);
    loop_timer_free(&(*call)->late);
    false_grpc.live--;
    free(*call);
    *call = NULL;
}

bool
grpc_call_send(struct grpc_call *call, const uint8_t *message, size_t len)
{
    false_grpc.asked++;
    false_grpc.serve(call, NULL, message, len);
    return true;
}

bool
grpc_call_next(struct grpc_call *call, const uint8_t **message, size_t *len)
{
    false_forget(call);
    if (call->arrived == 0)
        return false;
    *message = call->messages[0].bytes;
    *len = call->messages[0].len;
    call->taken = 1;
    return true;
}

bool
grpc_call_is_over(const struct grpc_call *call, struct grpc_result *result)
{
    if (call->is_over)
        *result = call->result;
    return call->is_over;
}

#endif
