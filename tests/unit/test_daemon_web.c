/* What stekd shows over TCP: it can be looked at, never ordered about; not by pages of other sites;
 * and whatever becomes of its addresses, keys go on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "control_support.h"
#include "daemon/request.h"

#define PORTS 3U

/* Sockets that hold free ports of loopback until they are closed. */
struct ports {
    int fds[PORTS];
    unsigned numbers[PORTS];
};

static bool
take_ports(struct ports *ports)
{
    for (size_t i = 0; i < PORTS; i++) {
        struct sockaddr_in address = {.sin_family = AF_INET};
        socklen_t len = sizeof address;
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
            listen(fd, 1) != 0 || getsockname(fd, (struct sockaddr *)&address, &len) != 0)
            return false;
        ports->fds[i] = fd;
        ports->numbers[i] = ntohs(address.sin_port);
    }
    return true;
}

static int
dial_port(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

struct web_world {
    struct daemon daemon;
    struct ports ports; /* the first one is stekd's, the last one was somebody's at its start */
};

/* True as soon as stekd has said so, `times` times. */
static bool
has_said(const struct daemon *daemon, const char *text, unsigned times)
{
    for (unsigned waited = 0; waited < PATIENCE_MS; waited += 10) {
        if (count_logged(daemon, text) >= times)
            return true;
        (void)poll(NULL, 0, 10);
    }
    return false;
}

static int
setup_web(void **state)
{
    static struct web_world world;
    char config[256];

    *state = &world;
    if (!take_ports(&world.ports) || close(world.ports.fds[0]) != 0)
        return 1;
    (void)snprintf(config, sizeof config,
                   "metrics { listen = { 127.0.0.1:%u, 127.0.0.1:%u } }\nkeyset www { }\n",
                   world.ports.numbers[0], world.ports.numbers[PORTS - 1]);
    return !start(&world.daemon, config) ||
           !has_said(&world.daemon, "metrics: listening on 127.0.0.1:", 1);
}

static int
teardown_web(void **state)
{
    struct web_world *world = *state;
    void *daemon = &world->daemon;

    close(world->ports.fds[1]);
    return teardown(&daemon);
}

/* Over TCP; the whole answer, "" if there is none. */
static const char *
look(unsigned port, const char *request)
{
    static char reply[65536];

    if (!talk_on(dial_port(port), reply, sizeof reply, request, strlen(request), false))
        return "";
    return reply;
}

static bool
begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

#define CLOSE "Connection: close\r\n\r\n"

/* Every answer says what it is, and what no browser may do with it. */
static void
test_looks(void **state)
{
    const struct web_world *world = *state;
    unsigned port = world->ports.numbers[0];
    const char *reply = look(port, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n" CLOSE);

    assert_true(begins(reply, "HTTP/1.1 200 "));
    assert_non_null(strstr(reply, "\r\nContent-Type: text/plain; charset=utf-8\r\n"));
    assert_non_null(strstr(reply, "\r\nX-Content-Type-Options: nosniff\r\n"));
    assert_non_null(strstr(reply, "\r\nCache-Control: no-store\r\n"));
    assert_non_null(strstr(reply, "\r\nContent-Security-Policy: default-src 'none'; "));
    assert_non_null(strstr(reply, "\r\nContent-Length: 3\r\n"));
    assert_string_equal(strstr(reply, "\r\n\r\n"), "\r\n\r\nok\n");
    reply = look(port, "HEAD /healthz HTTP/1.1\r\n" CLOSE);
    assert_true(begins(reply, "HTTP/1.1 200 "));
    assert_non_null(strstr(reply, "\r\nContent-Length: 3\r\n"));
    assert_string_equal(strstr(reply, "\r\n\r\n"), "\r\n\r\n");
    assert_true(begins(look(port, "GET / HTTP/1.1\r\n" CLOSE), "HTTP/1.1 200 "));
    reply = look(port, "GET /timeline.svg?keyset=www HTTP/1.1\r\n" CLOSE);
    assert_non_null(strstr(reply, "\r\nContent-Type: image/svg+xml; charset=utf-8\r\n"));
    assert_true(begins(strstr(reply, "\r\n\r\n"), "\r\n\r\n<svg xmlns="));
    reply = look(port, "GET /timeline.svg?keyset=other HTTP/1.1\r\n" CLOSE);
    assert_true(begins(reply, "HTTP/1.1 404 "));
    reply = look(port, "POST /healthz HTTP/1.1\r\n" CLOSE);
    assert_true(begins(reply, "HTTP/1.1 405 "));
    assert_non_null(strstr(reply, "\r\nAllow: GET\r\n"));
    reply = look(port, "GET /healthz HTTP/1.1\r\nContent-Length: 1\r\n" CLOSE "x");
    assert_true(begins(reply, "HTTP/1.1 413 "));
    reply = look(port, "GET /nothing HTTP/1.1\r\n" CLOSE);
    assert_true(begins(reply, "HTTP/1.1 404 "));
    assert_non_null(strstr(reply, "\r\nContent-Type: application/json\r\n"));
}

/* In the format that is asked for. */
static void
test_metrics(void **state)
{
    const struct web_world *world = *state;
    unsigned port = world->ports.numbers[0];
    const char *reply =
        look(port, "GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text\r\n" CLOSE);
    size_t len = strlen(reply);

    assert_true(begins(reply, "HTTP/1.1 200 "));
    assert_non_null(strstr(reply, "\r\nContent-Type: application/openmetrics-text; version=1.0.0; "
                                  "charset=utf-8\r\n"));
    assert_non_null(strstr(reply, "\nstek_keyset_sealing{keyset=\"www\"} 1\n"));
    assert_non_null(strstr(reply, "\nprocess_private_memory_bytes "));
    assert_true(len > 6 && strcmp(reply + len - 6, "# EOF\n") == 0);
    reply = look(port, "GET /metrics HTTP/1.1\r\n" CLOSE);
    assert_non_null(
        strstr(reply, "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    assert_null(strstr(reply, "# EOF"));
}

/* R-WEB-1: nothing that comes over TCP is an order. */
static void
test_no_orders(void **state)
{
    static const char *const orders[] = {
        "POST /v1/rotate HTTP/1.1\r\nContent-Length: 0\r\n" CLOSE,
        "POST /v1/rotate HTTP/1.1\r\nContent-Length: 2\r\n" CLOSE "{}",
        "GET /v1/rotate HTTP/1.1\r\n" CLOSE,
        "POST /v1/revoke HTTP/1.1\r\nContent-Length: 13\r\n" CLOSE "{\"all\": true}",
        "POST /v1/revoke HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" CLOSE
        "d\r\n{\"all\": true}\r\n0\r\n\r\n",
        "GET /v1/status HTTP/1.1\r\n" CLOSE,
        "GET /v1/keys HTTP/1.1\r\n" CLOSE,
        "POST http://localhost/v1/rotate HTTP/1.1\r\nContent-Length: 0\r\n" CLOSE,
        "POST //v1/rotate HTTP/1.1\r\nContent-Length: 0\r\n" CLOSE,
    };
    const struct web_world *world = *state;
    char before[33], after[33];

    sealing(&world->daemon, before);
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        const char *reply = look(world->ports.numbers[0], orders[i]);

        assert_true(begins(reply, "HTTP/1.1 404 ") || begins(reply, "HTTP/1.1 413 "));
    }
    sealing(&world->daemon, after);
    assert_int_equal(strlen(before), 32);
    assert_string_equal(before, after);
    assert_int_equal(count_logged(&world->daemon, "orders"), 0);
}

/* R-WEB-2: a page of another site whose name was made to mean loopback gets nothing. */
static void
test_other_sites(void **state)
{
    static const char *const ours[] = {"",      "localhost",  "LocalHost:80", "127.0.0.1",
                                       "[::1]", "[::1]:9779", "127.0.0.1:1",  "127.255.0.1"};
    static const char *const others[] = {"evil.example",
                                         "evil.example:9779",
                                         "localhost.evil.example",
                                         "localhostx",
                                         "127.evil",
                                         "127.0.0.1.evil.example",
                                         "128.0.0.1",
                                         "[::1].evil.example",
                                         "[::1",
                                         "[::2]",
                                         ":9779",
                                         "[",
                                         "evil@localhost",
                                         " localhost",
                                         "0.0.0.0",
                                         "::1"};
    const struct web_world *world = *state;
    unsigned port = world->ports.numbers[0];

    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        assert_true(request_host_ok(ours[i]));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(request_host_ok(others[i]));
    assert_true(begins(look(port, "GET /healthz HTTP/1.1\r\nHost: evil.example\r\n" CLOSE),
                       "HTTP/1.1 421 "));
    assert_true(begins(look(port, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:1\r\n" CLOSE),
                       "HTTP/1.1 200 "));
}

/* Bytes that are no request do no harm, and of many that say nothing some wait for others to be
 * hung up on. */
static void
test_hostile(void **state)
{
    const struct web_world *world = *state;
    unsigned port = world->ports.numbers[0];
    static char longest[20000];
    int fds[40];

    memset(longest, 'x', sizeof longest - 1);
    memcpy(longest, "GET /", 5);
    assert_true(begins(look(port, longest), "HTTP/1.1 400 "));
    assert_false(begins(look(port, "\x16\x03\x01\x02\r\n\r\n"), "HTTP/1.1 200 "));
    for (size_t i = 0; i < 40; i++)
        fds[i] = dial_port(port);
    /* others have the control socket to themselves */
    assert_true(begins(look(port, "GET /healthz HTTP/1.1\r\n" CLOSE), "HTTP/1.1 200 "));
    for (size_t i = 0; i < 40; i++) {
        assert_true(fds[i] >= 0);
        close(fds[i]);
    }
}

/* R-WEB-3: an address that is somebody else's at the start is had as soon as it is free; another
 * configuration takes effect without a restart; keys live through all of it. */
static void
test_addresses(void **state)
{
    struct web_world *world = *state;
    const struct daemon *daemon = &world->daemon;
    const unsigned *ports = world->ports.numbers;
    char text[256], before[33], after[33];
    FILE *file;

    sealing(daemon, before);
    assert_int_equal(count_logged(daemon, "cannot listen: Address already in use"), 1);
    close(world->ports.fds[PORTS - 1]);
    assert_true(has_said(daemon, "metrics: listening on 127.0.0.1:", 2));
    assert_true(begins(look(ports[PORTS - 1], "GET /healthz HTTP/1.1\r\n" CLOSE), "HTTP/1.1 200 "));
    file = fopen(daemon->config, "w");
    assert_non_null(file);
    assert_true(
        fprintf(file, "metrics { listen = 127.0.0.1:%u }\nkeyset www { }\n", ports[PORTS - 1]) > 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(kill(daemon->pid, SIGHUP), 0);
    (void)snprintf(text, sizeof text, "metrics: no longer listening on 127.0.0.1:%u", ports[0]);
    assert_true(has_said(daemon, text, 1));
    assert_int_equal(dial_port(ports[0]), -1);
    assert_true(begins(look(ports[PORTS - 1], "GET /healthz HTTP/1.1\r\n" CLOSE), "HTTP/1.1 200 "));
    sealing(daemon, after);
    assert_int_equal(strlen(before), 32);
    assert_string_equal(before, after);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_looks),   cmocka_unit_test(test_no_orders),
        cmocka_unit_test(test_metrics), cmocka_unit_test(test_other_sites),
        cmocka_unit_test(test_hostile), cmocka_unit_test(test_addresses),
    };

    return cmocka_run_group_tests(tests, setup_web, teardown_web);
}
