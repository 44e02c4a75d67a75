/* see web.h */
#include "daemon/web.h"

#include <string.h>

static bool
is_used(const struct web_listener *listener)
{
    return listener->address.text[0] != '\0';
}

static void
on_trouble(void *arg, const char *name, const char *why)
{
    const struct web *web = arg;

    log_warn(web->log, "metrics: %s: connections wait: %s", name, why);
}

static void
on_request(void *arg, struct http_answer *answer, const struct http_request *request)
{
    const struct web *web = arg;

    web->handler(web->arg, answer, request);
}

/* Have what is not had yet; tell of a failure once. */
static void
try_listen(struct web *web, struct web_listener *listener)
{
    static const struct http_limits limits = {.body_max = 0,
                                              .head_max = WEB_HEAD_MAX,
                                              .connections_max = WEB_CONNECTIONS_MAX,
                                              .timeout_s = WEB_TIMEOUT_S};
    const struct http_calls calls = {
        .handler = on_request, .trouble = on_trouble, .arg = web, .name = listener->address.text};
    struct err err = {""};
    int fd = listen_tcp(&listener->address, &err);

    if (fd >= 0)
        listener->server = http_server_new(web->loop, fd, &limits, &calls, &err);
    if (listener->server != NULL)
        log_info(web->log, "metrics: listening on %s", listener->address.text);
    else if (!listener->is_told)
        log_warn(web->log, "metrics: %s; trying again every %u s", err.text, WEB_RETRY_MS / 1000);
    listener->is_told = listener->server == NULL;
}

static void
try_all(void *arg)
{
    struct web *web = arg;
    bool is_missing = false;

    for (size_t i = 0; i < CONFIG_LISTEN_MAX; i++) {
        struct web_listener *listener = &web->listeners[i];

        if (is_used(listener) && listener->server == NULL)
            try_listen(web, listener);
        is_missing = is_missing || (is_used(listener) && listener->server == NULL);
    }
    if (is_missing && !loop_timer_set(web->retry, WEB_RETRY_MS))
        log_warn(web->log, "metrics: not tried again: no memory");
}

bool
web_start(struct web *web, struct loop *loop, const struct log *log, http_handler *handler,
          void *arg, struct err *err)
{
    *web = (struct web){.loop = loop, .log = log, .handler = handler, .arg = arg};
    web->retry = loop_timer_new(loop, try_all, web, err);
    return web->retry != NULL;
}

static bool
is_in(const struct config_listen *listen, const struct listen_address *address)
{
    for (size_t i = 0; i < listen->count; i++) {
        if (strcmp(listen->addresses[i].text, address->text) == 0)
            return true;
    }
    return false;
}

static void
drop(struct web *web, struct web_listener *listener)
{
    bool was_open = listener->server != NULL;

    http_server_free(&listener->server);
    if (was_open)
        log_info(web->log, "metrics: no longer listening on %s", listener->address.text);
    *listener = (struct web_listener){0};
}

/* In a place of its own, unless it has one. */
static void
add(struct web *web, const struct listen_address *address)
{
    struct web_listener *place = NULL;

    for (size_t i = 0; i < CONFIG_LISTEN_MAX; i++) {
        if (strcmp(web->listeners[i].address.text, address->text) == 0)
            return;
        if (!is_used(&web->listeners[i]))
            place = &web->listeners[i];
    }
    if (place != NULL) /* there are as many as a configuration may name */
        place->address = *address;
}

void
web_change(struct web *web, const struct config_listen *listen)
{
    for (size_t i = 0; i < CONFIG_LISTEN_MAX; i++) {
        if (is_used(&web->listeners[i]) && !is_in(listen, &web->listeners[i].address))
            drop(web, &web->listeners[i]);
    }
    for (size_t i = 0; i < listen->count; i++)
        add(web, &listen->addresses[i]);
    try_all(web);
}

void
web_stop(struct web *web)
{
    for (size_t i = 0; i < CONFIG_LISTEN_MAX; i++)
        http_server_free(&web->listeners[i].server);
    loop_timer_free(&web->retry);
}
