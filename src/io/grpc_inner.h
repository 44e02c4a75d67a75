/* grpc_inner.h - what the files of gRPC share; see grpc.h. */
#ifndef IO_GRPC_INNER_H
#define IO_GRPC_INNER_H

#include "io/curl_loop.h"
#include "io/grpc.h"

#define GRPC_SAID_MAX 200U

struct grpc {
    struct grpc_setup setup;
    struct curl_loop *curl_loop;
    struct grpc_call *calls;
    bool was_answered; /* any of them, by anything */
};

struct grpc_call {
    struct grpc *grpc;
    struct grpc_call *next;
    CURL *easy;
    struct curl_slist *headers;
    char *url;
    uint8_t *out; /* what is still to be sent: from `out_at` on */
    size_t out_len, out_at;
    bool is_stream, is_paused;
    struct grpc_frames in;
    struct err bad; /* why nothing more is taken of what comes */
    unsigned complete_ms;

    /* what the server said in headers and trailers */
    int status;
    bool is_answered, is_grpc;
    char said[GRPC_SAID_MAX + 1];

    bool is_over;
    CURLcode code;
    char curl_said[CURL_ERROR_SIZE];
};

/* ---- grpc_text.c ---- */

/* A line of the headers or trailers. */
void grpc_read_header(struct grpc_call *call, const char *line, size_t len);

void grpc_explain(const struct grpc_call *call, struct grpc_result *result);

#endif
