/* http_client.h - one HTTP request to a server behind a unix socket, and its whole reply. */
#ifndef IO_HTTP_CLIENT_H
#define IO_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define HTTP_REPLY_MAX (64U << 20) /* the keys of a ring of the largest capacity fit */
#define HTTP_TIMEOUT_MS 10000L

struct http_reply {
    int status; /* as HTTP numbers it: 200, 404 */
    char *body; /* ends with a NUL behind `len` bytes; never NULL */
    size_t len;
};

/* What a call may cost; http_call() takes the constants above. */
struct http_bounds {
    size_t reply_max;
    long timeout_ms; /* of the whole call */
};

/* Send `method` `path` to the server that listens on `socket_path`, with `body`, JSON, unless it
 * is NULL. True, with a reply to free, for any HTTP status; false where nobody answered or the
 * answer was too long, late or not HTTP. */
bool http_call(const char *socket_path, const char *method, const char *path, const char *body,
               struct http_reply *reply, struct err *err);

bool http_call_within(const char *socket_path, const char *method, const char *path,
                      const char *body, const struct http_bounds *bounds, struct http_reply *reply,
                      struct err *err);

/* Takes one that is all zero. */
void http_reply_free(struct http_reply *reply);

#endif
