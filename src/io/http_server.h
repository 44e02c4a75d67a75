/* http_server.h - HTTP/1.1 on a socket that listens, with limits, for one handler.
 *
 * What is malformed, cut short or beyond a limit is answered or hung up on before the handler
 * hears of it: 400 for a broken request or too long a head, 413 for too long a body. HEAD is GET
 * to the handler; the body stays here. Every answer forbids to be stored, to be taken for another
 * type than it says, and, if it is a page, to load or run anything but its own styles. */
#ifndef IO_HTTP_SERVER_H
#define IO_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "io/listen.h"
#include "io/loop.h"
#include "io/peer.h"

struct http_limits {
    size_t body_max;
    size_t head_max;
    unsigned connections_max; /* further ones wait to be accepted; see slots.h */
    unsigned others_max;      /* of these, of users but root and ours: further ones are hung up on,
                                 so that nobody keeps us from getting in; 0: no such limit */
    int timeout_s;            /* of silence, until a connection is closed */
};

/* Holds during the handler's call. */
struct http_request {
    const char *method; /* "GET", "POST", or "" for others */
    const char *path;
    const char *query; /* behind the "?", not decoded; "" */
    const char *body;  /* no NUL behind it; NULL if `body_len` is 0 */
    size_t body_len;
    const struct peer *peer; /* not known, unless it came by a unix socket */
    enum listen_way way;
    const char *host;   /* "" if it does not say; as it says, port included */
    const char *accept; /* "" likewise */
};

struct http_answer {
    int status;
    char *body;        /* ends with NUL; the server frees it. NULL: none */
    const char *type;  /* of the body; NULL: application/json */
    const char *allow; /* with 405: the method that would do; NULL */
};

typedef void http_handler(void *arg, struct http_answer *answer,
                          const struct http_request *request);

/* Told at most once a minute, where connections cannot be accepted for now, and so wait. */
typedef void http_trouble(void *arg, const char *name, const char *why);

struct http_calls {
    http_handler *handler;
    http_trouble *trouble;
    void *arg;        /* of both */
    const char *name; /* of what listens, for `trouble`; outlives the server */
};

struct http_server;

/* Serve on the listening socket `fd`, which it takes over, success or not. */
struct http_server *http_server_new(struct loop *loop, int fd, const struct http_limits *limits,
                                    const struct http_calls *calls, struct err *err);

/* Closes all connections; sets NULL, takes NULL. Not from within the handler. */
void http_server_free(struct http_server **server);

#endif
