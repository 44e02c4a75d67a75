/* see grpc.h */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "io/grpc_inner.h"

#define READ_LEN 16384L
#define SEND_LEN 16384L

/* A cable that is cut is noticed by the kernel within three seconds, at no cost of ours. */
#define PROBE_AFTER_S 1
#define PROBE_EVERY_S 1
#define PROBES 2
#define UNHEARD_MS 3000

/* ---- what libcurl calls ---- */

static size_t
take(char *bytes, size_t size, size_t count, void *arg)
{
    struct grpc_call *call = arg;

    if (!grpc_frames_add(&call->in, bytes, size * count, &call->bad))
        return 0; /* ends the call */
    call->grpc->setup.ready(call->grpc->setup.arg);
    return size * count;
}

static size_t
take_header(char *bytes, size_t size, size_t count, void *arg)
{
    grpc_read_header(arg, bytes, size * count);
    return size * count;
}

static size_t
give(char *out, size_t size, size_t count, void *arg)
{
    struct grpc_call *call = arg;
    size_t left = call->out_len - call->out_at, len = size * count < left ? size * count : left;

    if (len == 0 && call->is_stream) {
        call->is_paused = true;
        return CURL_READFUNC_PAUSE;
    }
    if (len > 0)
        memcpy(out, call->out + call->out_at, len);
    call->out_at += len;
    return len;
}

/* For a call on a connection that turned out to be closed: once more from the start. */
static int
give_again(void *arg, curl_off_t offset, int origin)
{
    struct grpc_call *call = arg;

    if (origin != SEEK_SET || offset < 0 || (size_t)offset > call->out_len)
        return CURL_SEEKFUNC_FAIL;
    call->out_at = (size_t)offset;
    return CURL_SEEKFUNC_OK;
}

/* Without these it is noticed later, by what the caller expects to hear. */
static int
set_probes(void *arg, curl_socket_t fd, curlsocktype purpose)
{
    static const struct {
        int level, name, value;
    } options[] = {{SOL_SOCKET, SO_KEEPALIVE, 1},
                   {IPPROTO_TCP, TCP_KEEPIDLE, PROBE_AFTER_S},
                   {IPPROTO_TCP, TCP_KEEPINTVL, PROBE_EVERY_S},
                   {IPPROTO_TCP, TCP_KEEPCNT, PROBES},
                   {IPPROTO_TCP, TCP_USER_TIMEOUT, UNHEARD_MS}};

    (void)arg, (void)purpose;
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        (void)setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(int));
    return CURL_SOCKOPT_OK;
}

/* When libcurl has returned: what has ended? */
static void
on_after(void *arg)
{
    struct grpc *grpc = arg;
    CURLM *multi = curl_loop_multi(grpc->curl_loop);
    const CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        for (struct grpc_call *call = grpc->calls; call != NULL; call = call->next) {
            if (call->easy != message->easy_handle || message->msg != CURLMSG_DONE)
                continue;
            call->code = message->data.result;
            call->is_over = true;
        }
        grpc->setup.ready(grpc->setup.arg);
    }
    if (curl_loop_is_broken(grpc->curl_loop))
        grpc->setup.ready(grpc->setup.arg);
}

/* ---- ours ---- */

struct grpc *
grpc_new(const struct grpc_setup *setup, struct err *err)
{
    struct grpc *grpc = calloc(1, sizeof *grpc);

    if (grpc == NULL) {
        (void)err_set(err, "%s: no memory", setup->url); /* always false */
        return NULL;
    }
    grpc->setup = *setup;
    grpc->curl_loop = curl_loop_new(setup->loop, on_after, grpc, err);
    if (grpc->curl_loop == NULL)
        grpc_free(&grpc);
    return grpc;
}

void
grpc_free(struct grpc **grpc)
{
    if (*grpc == NULL)
        return;
    curl_loop_free(&(*grpc)->curl_loop);
    free(*grpc);
    *grpc = NULL;
}

/* Append a framed message. */
static bool
queue(struct grpc_call *call, const uint8_t *message, size_t len)
{
    size_t left = call->out_len - call->out_at;
    uint8_t *out = malloc(left + GRPC_HEAD_LEN + len);

    if (out == NULL)
        return false;
    if (left > 0)
        memcpy(out, call->out + call->out_at, left);
    grpc_frame_head(out + left, len);
    if (len > 0)
        memcpy(out + left + GRPC_HEAD_LEN, message, len);
    free(call->out);
    call->out = out;
    call->out_at = 0;
    call->out_len = left + GRPC_HEAD_LEN + len;
    return true;
}

static bool
add_header(struct grpc_call *call, const char *line)
{
    struct curl_slist *headers = curl_slist_append(call->headers, line);

    if (headers != NULL)
        call->headers = headers;
    return headers != NULL;
}

/* What is to be there of libcurl is asked for when stekd is built, so what fails is memory. */
static bool
set_tls(CURL *easy, const struct grpc_setup *setup)
{
    bool ok =
        curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS) == CURLE_OK;

    ok =
        ok && curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_CAINFO, setup->ca) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_CAPATH, (char *)NULL) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_SSLCERT, setup->cert) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_SSLKEY, setup->key) == CURLE_OK;
    /* or OpenSSL would ask at the terminal for that of an encrypted key, and wait */
    ok = ok && curl_easy_setopt(easy, CURLOPT_KEYPASSWD, "") == CURLE_OK;
    /* a session of before would hide that the certificate is another one now */
    ok = ok && curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L) == CURLE_OK;
    return ok && curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L) == CURLE_OK;
}

static bool
set_callbacks(struct grpc_call *call)
{
    CURL *easy = call->easy;
    bool ok = curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK;

    ok = ok && curl_easy_setopt(easy, CURLOPT_READFUNCTION, give) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_READDATA, call) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, give_again) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_SEEKDATA, call) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_WRITEDATA, call) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_HEADERDATA, call) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, set_probes) == CURLE_OK;
    return ok && curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->curl_said) == CURLE_OK;
}

static bool
set_rest(struct grpc_call *call, const struct grpc_request *request)
{
    CURL *easy = call->easy;
    bool ok = curl_easy_setopt(easy, CURLOPT_URL, call->url) == CURLE_OK;

    ok = ok && curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK; /* R-GRPC-2 */
    ok = ok && curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, READ_LEN) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, SEND_LEN) == CURLE_OK;
    ok = ok &&
         curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)request->connect_ms) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->complete_ms) == CURLE_OK;
    return ok && curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers) == CURLE_OK;
}

static bool
make(struct grpc_call *call, const struct grpc_request *request)
{
    const struct grpc_setup *setup = &call->grpc->setup;
    size_t len = strlen(setup->url) + strlen(request->method) + 1;

    call->url = malloc(len);
    call->easy = call->url == NULL ? NULL : curl_easy_init();
    if (call->easy == NULL)
        return false;
    (void)snprintf(call->url, len, "%s%s", setup->url, request->method); /* fits */
    return add_header(call, "Content-Type: application/grpc") && add_header(call, "TE: trailers") &&
           add_header(call, "Expect:") && /* libcurl's own, away */
           (request->header == NULL || add_header(call, request->header)) &&
           queue(call, request->message, request->len) && set_tls(call->easy, setup) &&
           set_callbacks(call) && set_rest(call, request);
}

struct grpc_call *
grpc_call_new(struct grpc *grpc, const struct grpc_request *request, struct err *err)
{
    struct grpc_call *call = calloc(1, sizeof *call);

    if (call != NULL) {
        call->grpc = grpc;
        call->status = -1;
        call->is_stream = request->complete_ms == 0;
        call->complete_ms = request->complete_ms;
        call->in = grpc_frames_of(request->answer_max);
        call->next = grpc->calls;
        grpc->calls = call;
    }
    if (call == NULL || !make(call, request) ||
        curl_multi_add_handle(curl_loop_multi(grpc->curl_loop), call->easy) != CURLM_OK) {
        (void)err_set(err, "%s: no memory for a call", grpc->setup.url); /* always false */
        grpc_call_free(&call);
    }
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
    if ((*call)->easy != NULL) {
        /* one that was never added is no harm */
        (void)curl_multi_remove_handle(curl_loop_multi((*call)->grpc->curl_loop), (*call)->easy);
        curl_easy_cleanup((*call)->easy);
    }
    curl_slist_free_all((*call)->headers);
    grpc_frames_free(&(*call)->in);
    free((*call)->url);
    free((*call)->out);
    free(*call);
    *call = NULL;
}

bool
grpc_call_send(struct grpc_call *call, const uint8_t *message, size_t len)
{
    if (call->is_over || !queue(call, message, len))
        return false;
    if (!call->is_paused)
        return true;
    call->is_paused = false;
    return curl_easy_pause(call->easy, CURLPAUSE_CONT) == CURLE_OK;
}

bool
grpc_call_next(struct grpc_call *call, const uint8_t **message, size_t *len)
{
    return grpc_frames_next(&call->in, message, len);
}

bool
grpc_call_is_over(const struct grpc_call *call, struct grpc_result *result)
{
    bool is_broken = curl_loop_is_broken(call->grpc->curl_loop);

    if (!call->is_over && !is_broken)
        return false;
    grpc_explain(call, result);
    return true;
}
