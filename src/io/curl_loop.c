/* see curl_loop.h; on libevent and curl_multi_socket_action(3) */
#include <event2/event.h>
#include <stdlib.h>

#include "io/curl_loop.h"

struct curl_loop {
    struct loop *loop;
    CURLM *multi;
    struct loop_timer *timer;
    bool is_timer_wanted;
    bool is_broken;
    loop_fn *after;
    void *arg;
};

static void
act(struct curl_loop *curl_loop, curl_socket_t fd, int what)
{
    int running;

    if (curl_multi_socket_action(curl_loop->multi, fd, what, &running) != CURLM_OK)
        curl_loop->is_broken = true;
    curl_loop->after(curl_loop->arg);
}

static void
on_socket(evutil_socket_t fd, short what, void *arg)
{
    int bits = ((what & EV_READ) != 0 ? CURL_CSELECT_IN : 0) |
               ((what & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0);

    act(arg, fd, bits);
}

static void
on_timer(void *arg)
{
    struct curl_loop *curl_loop = arg;

    if (!curl_loop->is_timer_wanted)
        return;
    curl_loop->is_timer_wanted = false;
    act(curl_loop, CURL_SOCKET_TIMEOUT, 0);
}

/* libcurl: wait for this at this socket from now on. */
static int
watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *old)
{
    struct curl_loop *curl_loop = arg;
    short events = (short)(EV_PERSIST | ((what & CURL_POLL_IN) != 0 ? EV_READ : 0) |
                           ((what & CURL_POLL_OUT) != 0 ? EV_WRITE : 0));
    struct event *event = NULL;

    (void)easy;
    if (old != NULL)
        event_free(old);
    if (what != CURL_POLL_REMOVE) {
        event = event_new(loop_base(curl_loop->loop), fd, events, on_socket, curl_loop);
        if (event == NULL || event_add(event, NULL) != 0) {
            curl_loop->is_broken = true;
            if (event != NULL)
                event_free(event);
            event = NULL;
        }
    }
    /* fails for a socket that it does not know only */
    (void)curl_multi_assign(curl_loop->multi, fd, event);
    return 0;
}

/* libcurl: act after so long, or no more. It is never called from here. */
static int
set_timer(CURLM *multi, long after_ms, void *arg)
{
    struct curl_loop *curl_loop = arg;

    (void)multi;
    curl_loop->is_timer_wanted = after_ms >= 0;
    if (after_ms >= 0 && !loop_timer_set(curl_loop->timer, (uint64_t)after_ms))
        curl_loop->is_broken = true;
    return 0;
}

static bool
set_up(struct curl_loop *curl_loop)
{
    CURLM *multi = curl_loop->multi;

    return curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch_socket) == CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, curl_loop) == CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer) == CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_TIMERDATA, curl_loop) == CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX) == CURLM_OK;
}

struct curl_loop *
curl_loop_new(struct loop *loop, loop_fn *after, void *arg, struct err *err)
{
    struct curl_loop *curl_loop = calloc(1, sizeof *curl_loop);

    if (curl_loop != NULL) {
        curl_loop->loop = loop;
        curl_loop->after = after;
        curl_loop->arg = arg;
        curl_loop->timer = loop_timer_new(loop, on_timer, curl_loop, NULL);
        curl_loop->multi = curl_loop->timer == NULL ? NULL : curl_multi_init();
    }
    if (curl_loop == NULL || curl_loop->multi == NULL || !set_up(curl_loop)) {
        (void)err_set(err, "no memory for calls"); /* always false */
        curl_loop_free(&curl_loop);
    }
    return curl_loop;
}

void
curl_loop_free(struct curl_loop **curl_loop)
{
    if (*curl_loop == NULL)
        return;
    if ((*curl_loop)->multi != NULL)
        (void)curl_multi_cleanup((*curl_loop)->multi); /* nothing could be done about it */
    loop_timer_free(&(*curl_loop)->timer);
    free(*curl_loop);
    *curl_loop = NULL;
}

CURLM *
curl_loop_multi(const struct curl_loop *curl_loop)
{
    return curl_loop->multi;
}

bool
curl_loop_is_broken(const struct curl_loop *curl_loop)
{
    return curl_loop->is_broken;
}
