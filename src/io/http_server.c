/* see http_server.h; on libevent */
#include "io/http_server.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "io/listen.h"
#include "io/slots.h"

#define FULL_MS 100U   /* how often to look for room where there is none */
#define FAILED_MS 500U /* how long to let be what could not be accepted */
#define TELL_S 60

struct http_server {
    struct evhttp *http;
    struct evconnlistener *listener; /* owned by `http` once bound */
    struct loop_timer *timer;
    struct http_calls calls;
    struct slots slots;
    time_t told_s; /* when trouble was told last; 0: never */
    struct http_server *next;
};

/* What listens gets evhttp's own argument in its callbacks, and there is no way from it to ours. */
static struct http_server *servers;

static time_t
monotonic_s(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
    return now.tv_sec;
}

/* evhttp neither limits its connections nor tells when one goes; it takes one that is shut down for
 * one that its client has closed. */
static void
limit_connections(void *arg)
{
    struct http_server *server = arg;
    int listening = evconnlistener_get_fd(server->listener);

    if (slots_look(&server->slots, listening, (uint64_t)monotonic_s()) < server->slots.max)
        (void)evconnlistener_enable(server->listener); /* where it fails nobody can be let in */
    else if (loop_timer_set(server->timer, FULL_MS))
        (void)evconnlistener_disable(server->listener); /* fails for no listener only */
}

static void
tell(struct http_server *server, const char *why)
{
    time_t now_s = monotonic_s();

    if (server->told_s != 0 && now_s - server->told_s < TELL_S)
        return;
    server->told_s = now_s;
    server->calls.trouble(server->calls.arg, server->calls.name, why);
}

/* What could not be accepted is still there: without a pause it is tried at once, for ever. */
static void
on_error(struct evconnlistener *listener, void *arg)
{
    const char *why = evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR());
    struct http_server *server = servers;

    (void)arg;
    while (server != NULL && server->listener != listener)
        server = server->next;
    if (server == NULL)
        return;
    tell(server, why);
    if (loop_timer_set(server->timer, FAILED_MS))
        (void)evconnlistener_disable(listener); /* fails for no listener only */
}

/* Called for each connection that was accepted; evhttp then makes its own bufferevent. */
static struct bufferevent *
on_accept(struct event_base *base, void *arg)
{
    (void)base;
    limit_connections(arg);
    return NULL;
}

static const char *
method_text(struct evhttp_request *evreq)
{
    enum evhttp_cmd_type type = evhttp_request_get_command(evreq);

    if (type == EVHTTP_REQ_GET || type == EVHTTP_REQ_HEAD)
        return "GET";
    return type == EVHTTP_REQ_POST ? "POST" : "";
}

/* "" if it is not there. */
static const char *
header_text(struct evhttp_request *evreq, const char *name)
{
    const char *text = evhttp_find_header(evhttp_request_get_input_headers(evreq), name);

    return text == NULL ? "" : text;
}

static void
free_body(const void *bytes, size_t len, void *body)
{
    (void)bytes;
    (void)len;
    free(body);
}

static bool
add_headers(struct evhttp_request *evreq, const struct http_answer *answer, size_t len)
{
    static const char *const always[][2] = {
        {"Cache-Control", "no-store"},
        {"X-Content-Type-Options", "nosniff"},
        {"Content-Security-Policy",
         "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
         "form-action 'none'; frame-ancestors 'none'"},
        {"Referrer-Policy", "no-referrer"},
    };
    struct evkeyvalq *headers = evhttp_request_get_output_headers(evreq);
    bool is_head = evhttp_request_get_command(evreq) == EVHTTP_REQ_HEAD;
    const char *type = answer->type == NULL ? "application/json" : answer->type;
    bool ok = evhttp_add_header(headers, "Content-Type", type) == 0;
    char digits[24];

    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        ok = ok && evhttp_add_header(headers, always[i][0], always[i][1]) == 0;
    (void)snprintf(digits, sizeof digits, "%zu", len);
    if (is_head) /* evhttp adds none then */
        ok = ok && evhttp_add_header(headers, "Content-Length", digits) == 0;
    return ok && (answer->allow == NULL || evhttp_add_header(headers, "Allow", answer->allow) == 0);
}

/* Takes over the answer's body. */
static void
reply(struct evhttp_request *evreq, struct http_answer *answer)
{
    struct evbuffer *buffer = evbuffer_new();
    size_t len = answer->body == NULL ? 0 : strlen(answer->body);
    bool ok = buffer != NULL && add_headers(evreq, answer, len);

    /* to HEAD evhttp would send the body, too */
    if (ok && len > 0 && evhttp_request_get_command(evreq) != EVHTTP_REQ_HEAD) {
        ok = evbuffer_add_reference(buffer, answer->body, len, free_body, answer->body) == 0;
        if (ok)
            answer->body = NULL;
    }
    if (ok)
        evhttp_send_reply(evreq, answer->status, NULL, buffer);
    else
        evhttp_send_error(evreq, HTTP_INTERNAL, NULL);
    if (buffer != NULL)
        evbuffer_free(buffer);
    free(answer->body);
}

static void
on_request(struct evhttp_request *evreq, void *arg)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(evreq);
    struct evbuffer *body = evhttp_request_get_input_buffer(evreq);
    struct http_server *server = arg;
    struct http_request request = {.method = method_text(evreq)};
    struct http_answer answer = {.status = HTTP_INTERNAL};
    struct peer peer = {0};
    int fd =
        bufferevent_getfd(evhttp_connection_get_bufferevent(evhttp_request_get_connection(evreq)));

    request.path = evhttp_uri_get_path(uri);
    if (request.path == NULL)
        request.path = "";
    request.query = evhttp_uri_get_query(uri);
    if (request.query == NULL)
        request.query = "";
    request.body_len = evbuffer_get_length(body);
    if (request.body_len > 0)
        request.body = (const char *)evbuffer_pullup(body, -1);
    request.host = header_text(evreq, "Host");
    request.accept = header_text(evreq, "Accept");
    request.way = listen_way(fd);
    if (request.way == LISTEN_UNIX)
        peer_find(&peer, fd);
    request.peer = &peer;
    if (request.body_len == 0 || request.body != NULL)
        server->calls.handler(server->calls.arg, &answer, &request);
    peer_free(&peer);
    reply(evreq, &answer);
}

static void
configure(struct http_server *server, const struct http_limits *limits)
{
    server->slots.max = limits->connections_max;
    server->slots.others_max = limits->others_max;
    evhttp_set_max_body_size(server->http, (ev_ssize_t)limits->body_max);
    evhttp_set_max_headers_size(server->http, (ev_ssize_t)limits->head_max);
    evhttp_set_timeout(server->http, limits->timeout_s);
    /* all that evhttp can tell apart: the handler refuses in its own words */
    evhttp_set_allowed_methods(server->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD |
                                                 EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
                                                 EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE |
                                                 EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH);
    evconnlistener_set_error_cb(server->listener, on_error);
    evhttp_set_bevcb(server->http, on_accept, server);
    evhttp_set_gencb(server->http, on_request, server);
}

struct http_server *
http_server_new(struct loop *loop, int fd, const struct http_limits *limits,
                const struct http_calls *calls, struct err *err)
{
    struct http_server *server = calloc(1, sizeof *server);
    bool ok = server != NULL;

    if (ok) {
        server->calls = *calls;
        server->timer = loop_timer_new(loop, limit_connections, server, err);
        server->listener = evconnlistener_new(loop_base(loop), NULL, NULL,
                                              LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
        server->http = evhttp_new(loop_base(loop));
        ok = server->timer != NULL && server->listener != NULL && server->http != NULL &&
             evhttp_bind_listener(server->http, server->listener) != NULL;
    }
    if (ok) {
        configure(server, limits);
        server->next = servers;
        servers = server;
        return server;
    }
    (void)err_set(err, "no HTTP server: no memory");
    if (server == NULL || server->listener == NULL)
        (void)close(fd);
    else
        evconnlistener_free(server->listener);
    if (server != NULL) {
        if (server->http != NULL)
            evhttp_free(server->http);
        loop_timer_free(&server->timer);
    }
    free(server);
    return NULL;
}

void
http_server_free(struct http_server **server)
{
    struct http_server **at = &servers;

    if (*server == NULL)
        return;
    while (*at != *server)
        at = &(*at)->next;
    *at = (*server)->next;
    evhttp_free((*server)->http);
    loop_timer_free(&(*server)->timer);
    free(*server);
    *server = NULL;
}
