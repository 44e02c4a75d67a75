/* grpc.h - calls of gRPC to one server, over mutual TLS: libcurl's HTTP/2 on our loop. All calls
 * share a connection. Nothing waits, and nobody is called but `ready`: then look at each call.
 *
 *   R-GRPC-2: no call of this file waits for anything: a name, a connection, an answer.
 *   R-GRPC-3: what became of a call is said by the server's status wherever one came; else by what
 *             broke, in words that say what to look at.
 *   R-GRPC-4: each connection reads the files of the certificates anew. */
#ifndef IO_GRPC_H
#define IO_GRPC_H

#include "io/grpc_frame.h"
#include "io/loop.h"

struct grpc;
struct grpc_call;

/* The texts are not copied, and outlive the object. */
struct grpc_setup {
    struct loop *loop;
    const char *url; /* https://HOST:PORT */
    const char *ca, *cert, *key;
    loop_fn *ready; /* something came, or ended; called from within libcurl's work: free nothing */
    void *arg;
};

struct grpc *grpc_new(const struct grpc_setup *setup, struct err *err);

/* After its calls. Sets NULL, takes NULL. */
void grpc_free(struct grpc **grpc);

struct grpc_request {
    const char *method; /* /SERVICE/METHOD */
    const char *header; /* one more, "NAME: VALUE"; or NULL */
    const uint8_t *message;
    size_t len;
    size_t answer_max;    /* the longest message */
    unsigned connect_ms;  /* time for a connection */
    unsigned complete_ms; /* for the whole call; 0: a stream, to which more may be sent */
};

struct grpc_call *grpc_call_new(struct grpc *grpc, const struct grpc_request *request,
                                struct err *err);
void grpc_call_free(struct grpc_call **call);

/* Send another message of a stream. */
bool grpc_call_send(struct grpc_call *call, const uint8_t *message, size_t len);

/* The next message that came, which ends with the next call of this; false if there is none. */
bool grpc_call_next(struct grpc_call *call, const uint8_t **message, size_t *len);

enum grpc_broken {
    GRPC_ANSWERED, /* nothing: the server said how it went */
    GRPC_LATE,
    GRPC_TOO_LONG, /* the answer */
    GRPC_TLS,      /* a certificate, ours or the server's */
    GRPC_FAILED
};

struct grpc_result {
    enum grpc_broken broken;
    int status;         /* of the server: grpc-status, 0 is done; else -1 */
    char text[ERR_MAX]; /* if it is not done; printable */
};

/* False while it runs. */
bool grpc_call_is_over(const struct grpc_call *call, struct grpc_result *result);

#endif
