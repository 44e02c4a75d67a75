/* see http_client.h */
#include "io/http_client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define URL_MAX 2048U

struct body {
    char *text;
    size_t len, cap, max;
    bool is_too_long;
};

static bool
body_reserve(struct body *body, size_t cap)
{
    size_t doubled = body->cap * 2 > cap ? body->cap * 2 : cap;
    char *text;

    if (cap <= body->cap)
        return true;
    text = realloc(body->text, doubled);
    if (text == NULL)
        return false;
    body->text = text;
    body->cap = doubled;
    return true;
}

/* curl's write callback: taking less than offered ends the call. */
static size_t
take(char *bytes, size_t size, size_t count, void *arg)
{
    struct body *body = arg;
    size_t len = size * count;

    body->is_too_long = len > body->max - body->len;
    if (body->is_too_long || !body_reserve(body, body->len + len + 1))
        return 0;
    memcpy(body->text + body->len, bytes, len);
    body->len += len;
    return len;
}

static bool
configure(CURL *curl, const char *socket_path, const char *method, const char *request,
          const struct http_bounds *bounds, struct body *body)
{
    bool ok = curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket_path) == CURLE_OK;

    ok = ok && curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK;
    if (request != NULL)
        ok = ok && curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request) == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http") == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, bounds->timeout_ms) == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take) == CURLE_OK;
    return ok && curl_easy_setopt(curl, CURLOPT_WRITEDATA, body) == CURLE_OK;
}

static bool
explain(CURL *curl, CURLcode code, const char *socket_path, const struct http_bounds *bounds,
        const struct body *body, struct err *err)
{
    long os_errno = 0;

    (void)curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &os_errno); /* stays 0 where unknown */
    if (body->is_too_long)
        return err_set(err, "%s: the answer is longer than %zu bytes", socket_path, body->max);
    if (code == CURLE_OPERATION_TIMEDOUT)
        return err_set(err, "%s: no answer within %ld ms: is stekd stopped or overloaded?",
                       socket_path, bounds->timeout_ms);
    if (code != CURLE_COULDNT_CONNECT)
        return err_set(err, "%s: not an answer of stekd: %s", socket_path,
                       curl_easy_strerror(code));
    if (os_errno == EACCES || os_errno == EPERM)
        return err_set(err,
                       "%s: only root, the user that stekd runs as and the groups named by "
                       "control { } in stekd.conf may connect",
                       socket_path);
    errno = (int)os_errno;
    if (os_errno == ENOENT || os_errno == ECONNREFUSED)
        return err_set(
            err,
            "%s: no stekd listens there: is it running (\"systemctl status stekd\" tells, "
            "\"systemctl start stekd\" starts it), and with this -r?",
            socket_path);
    return err_errno(err, "%s: cannot connect", socket_path);
}

static bool
perform(CURL *curl, const char *socket_path, const struct http_bounds *bounds, struct body *body,
        struct http_reply *reply, struct err *err)
{
    CURLcode code = curl_easy_perform(curl);
    long status = 0;

    if (code == CURLE_OK)
        code = curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK)
        return explain(curl, code, socket_path, bounds, body, err);
    if (!body_reserve(body, body->len + 1))
        return err_set(err, "%s: no memory for the answer", socket_path);
    body->text[body->len] = '\0';
    *reply = (struct http_reply){.status = (int)status, .body = body->text, .len = body->len};
    body->text = NULL;
    return true;
}

bool
http_call_within(const char *socket_path, const char *method, const char *path, const char *body,
                 const struct http_bounds *bounds, struct http_reply *reply, struct err *err)
{
    struct body answer = {.max = bounds->reply_max};
    struct curl_slist *headers = NULL, *more = NULL;
    CURL *curl = curl_easy_init();
    char url[URL_MAX];
    int len = snprintf(url, sizeof url, "http://stekd%s", path);
    bool ok = curl != NULL && len > 0 && (size_t)len < sizeof url;

    headers = curl_slist_append(NULL, "Content-Type: application/json");
    more = headers == NULL ? NULL : curl_slist_append(headers, "Expect:"); /* no 100-continue */
    ok = ok && more != NULL && curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK;
    if (!ok)
        (void)err_set(err, "%s: cannot make the request: no memory, or too long", socket_path);
    else if (strlen(socket_path) >= sizeof((struct sockaddr_un *)0)->sun_path)
        ok = err_set(err, "%s: longer than the 107 bytes that a socket's path may have",
                     socket_path);
    else if (!configure(curl, socket_path, method, body, bounds, &answer))
        ok = err_set(err, "%s: cannot make the request: no memory", socket_path);
    else
        ok = perform(curl, socket_path, bounds, &answer, reply, err);
    free(answer.text);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return ok;
}

bool
http_call(const char *socket_path, const char *method, const char *path, const char *body,
          struct http_reply *reply, struct err *err)
{
    const struct http_bounds bounds = {HTTP_REPLY_MAX, HTTP_TIMEOUT_MS};

    return http_call_within(socket_path, method, path, body, &bounds, reply, err);
}

void
http_reply_free(struct http_reply *reply)
{
    free(reply->body);
    *reply = (struct http_reply){0};
}
