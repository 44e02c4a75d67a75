/* What a call to a server on a unix socket gives: whole replies of any status, and a clear sentence
 * where the server is not there, is slow, says too much, stops in the middle or speaks no HTTP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/http_client.h"

/* A server of one connection: reads the head of the request, then says `answer`. */
struct server {
    char folder[32];
    char path[64];
    int fd;
    pthread_t thread;
    const char *answer;
    bool stays_silent; /* holds the connection until the client leaves */
    char request[4096];
};

static void *
serve(void *arg)
{
    struct server *server = arg;
    int fd = accept(server->fd, NULL, NULL);
    size_t len = 0;
    ssize_t got = 1;

    while (got > 0 && strstr(server->request, "\r\n\r\n") == NULL) {
        got = read(fd, server->request + len, sizeof server->request - 1 - len);
        len += got > 0 ? (size_t)got : 0;
    }
    if (!server->stays_silent)
        (void)!send(fd, server->answer, strlen(server->answer), MSG_NOSIGNAL);
    while (server->stays_silent && read(fd, server->request, 1) > 0)
        ;
    close(fd);
    return NULL;
}

static bool
server_start(struct server *server, const char *answer)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    *server = (struct server){.folder = "/tmp/stek-http-XXXXXX", .answer = answer};
    server->stays_silent = answer == NULL;
    if (mkdtemp(server->folder) == NULL)
        return false;
    (void)snprintf(server->path, sizeof server->path, "%s/control", server->folder);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", server->path);
    server->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return server->fd >= 0 && bind(server->fd, (struct sockaddr *)&address, sizeof address) == 0 &&
           listen(server->fd, 1) == 0 && pthread_create(&server->thread, NULL, serve, server) == 0;
}

static void
server_stop(struct server *server)
{
    pthread_join(server->thread, NULL);
    close(server->fd);
    unlink(server->path);
    rmdir(server->folder);
}

/* One call to a server that says `answer`. */
static bool
call(const char *answer, const struct http_bounds *bounds, struct http_reply *reply,
     struct err *err)
{
    struct server server;
    bool ok;

    if (!server_start(&server, answer))
        return err_set(err, "test: no server");
    ok = http_call_within(server.path, "GET", "/v1/status", NULL, bounds, reply, err);
    server_stop(&server);
    return ok;
}

static const struct http_bounds small = {.reply_max = 64, .timeout_ms = 60000};

static void
test_reply(void **state)
{
    struct http_reply reply = {0};
    struct err err = {""};

    (void)state;
    assert_true(call("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", &small, &reply, &err));
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.len, 2);
    assert_string_equal(reply.body, "{}");
    http_reply_free(&reply);
    assert_null(reply.body);
}

static void
test_error_status_is_a_reply(void **state)
{
    struct http_reply reply = {0};
    struct err err = {""};

    (void)state;
    assert_true(call("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", &small, &reply, &err));
    assert_int_equal(reply.status, 404);
    assert_string_equal(reply.body, "");
    http_reply_free(&reply);
}

static void
test_request(void **state)
{
    struct http_reply reply = {0};
    struct err err = {""};
    struct server server;
    bool ok;

    (void)state;
    assert_true(server_start(&server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    ok = http_call(server.path, "POST", "/v1/rotate", "{\"keyset\":\"www\"}", &reply, &err);
    server_stop(&server);
    assert_true(ok);
    assert_non_null(strstr(server.request, "POST /v1/rotate HTTP/1.1\r\n"));
    assert_non_null(strstr(server.request, "Content-Type: application/json\r\n"));
    assert_non_null(strstr(server.request, "Content-Length: 16\r\n"));
    http_reply_free(&reply);
}

static void
test_longest_reply(void **state)
{
    char answer[256];
    struct http_reply reply = {0};
    struct err err = {""};

    (void)state;
    (void)snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n%064d", 7);
    assert_true(call(answer, &small, &reply, &err));
    assert_int_equal(reply.len, 64);
    http_reply_free(&reply);
    (void)snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: 65\r\n\r\n%065d", 7);
    assert_false(call(answer, &small, &reply, &err));
    assert_non_null(strstr(err.text, "longer than 64 bytes"));
    assert_null(reply.body);
}

static void
test_cut_reply(void **state)
{
    struct http_reply reply = {0};
    struct err err = {""};

    (void)state;
    assert_false(call("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{", &small, &reply, &err));
    assert_non_null(strstr(err.text, "not an answer of stekd"));
    assert_false(call("", &small, &reply, &err));
    assert_null(reply.body);
}

static void
test_no_http(void **state)
{
    struct http_reply reply = {0};
    struct err err = {""};

    (void)state;
    assert_false(call("220 mail.example ESMTP\r\n", &small, &reply, &err));
    assert_non_null(strstr(err.text, "not an answer of stekd"));
}

static void
test_silence(void **state)
{
    const struct http_bounds impatient = {.reply_max = 64, .timeout_ms = 50};
    struct http_reply reply = {0};
    struct err err = {""};

    (void)state;
    assert_false(call(NULL, &impatient, &reply, &err));
    assert_non_null(strstr(err.text, "no answer within 50 ms"));
}

static void
test_nobody_there(void **state)
{
    struct http_reply reply = {0};
    struct err err = {""};
    char longest[300] = "/";

    (void)state;
    assert_false(http_call("/nonexistent/control", "GET", "/", NULL, &reply, &err));
    assert_string_equal(err.text, "/nonexistent/control: no stekd listens there: is it running "
                                  "(\"systemctl status stekd\" tells, \"systemctl start stekd\" "
                                  "starts it), and with this -r?");
    memset(longest, 'x', sizeof longest - 1);
    assert_false(http_call(longest, "GET", "/", NULL, &reply, &err));
    assert_non_null(strstr(err.text, "107 bytes"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reply),     cmocka_unit_test(test_error_status_is_a_reply),
        cmocka_unit_test(test_request),   cmocka_unit_test(test_longest_reply),
        cmocka_unit_test(test_cut_reply), cmocka_unit_test(test_no_http),
        cmocka_unit_test(test_silence),   cmocka_unit_test(test_nobody_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
