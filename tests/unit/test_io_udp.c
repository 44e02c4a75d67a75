/* Addresses as they are written, and datagrams: to whom they go, who shares a socket, groups of
 * multicast on the loopback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/udp.h"

#define GIVE_UP_MS 60000U

/* What came to one user. */
struct user {
    unsigned count;
    size_t len;
    uint8_t bytes[UDP_LEN_MAX];
    struct address from;
};

static void
on_datagram(void *arg, const uint8_t *bytes, size_t len, const struct address *from)
{
    struct user *user = arg;

    user->count++;
    user->len = len;
    memcpy(user->bytes, bytes, len);
    user->from = *from;
}

static void
on_tick(void *arg)
{
    (void)arg;
}

/* Run the loop until the user has got so many. */
static bool
gets(struct loop *loop, const struct user *user, unsigned count)
{
    uint64_t end_ms = loop_now_ms(loop) + GIVE_UP_MS;
    struct loop_timer *tick = loop_timer_new(loop, on_tick, NULL, NULL);

    while (tick != NULL && user->count < count && loop_now_ms(loop) < end_ms) {
        (void)loop_timer_set(tick, 20); /* so that dispatch returns */
        (void)event_base_loop(loop_base(loop), EVLOOP_ONCE);
    }
    loop_timer_free(&tick);
    return user->count == count;
}

/* A port that is free for now. */
static uint16_t
free_port(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof any;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool done = fd >= 0 && bind(fd, (const void *)&any, sizeof any) == 0 &&
                getsockname(fd, (void *)&any, &len) == 0;

    if (fd >= 0)
        (void)close(fd);
    return done ? ntohs(any.sin_port) : 0;
}

static bool
address_at(struct address *out, const char *host, uint16_t port)
{
    char text[ADDRESS_TEXT_MAX];

    (void)snprintf(text, sizeof text, "%s:%u", host, port);
    return address_parse(out, text);
}

static void
test_addresses(void **state)
{
    static const struct {
        const char *text, *back; /* NULL: none */
        bool is_v6, is_group;
    } cases[] = {
        {"192.0.2.1:7984", "192.0.2.1:7984", false, false},
        {"0.0.0.0:1", "0.0.0.0:1", false, false},
        {"239.255.0.1:65535", "239.255.0.1:65535", false, true},
        {"[2001:DB8:0::1]:80", "[2001:db8::1]:80", true, false},
        {"[ff02::1]:80", "[ff02::1]:80", true, true},
        {"[1111:2222:3333:4444:5555:6666:7777:8888]:65535",
         "[1111:2222:3333:4444:5555:6666:7777:8888]:65535", true, false},
        {"", NULL, false, false},
        {":80", NULL, false, false},
        {"[]:80", NULL, false, false},
        {"[::1:80", NULL, false, false},
        {"::1:80", NULL, false, false},
        {"[127.0.0.1]:80", NULL, false, false},
        {"127.0.0.1:", NULL, false, false},
        {"127.0.0.1:0", NULL, false, false},
        {"127.0.0.1:65536", NULL, false, false},
        {"127.0.0.1:+80", NULL, false, false},
        {"127.0.0.1:080808", NULL, false, false},
        {"127.1:80", NULL, false, false},
        {"localhost:80", NULL, false, false},
    };
    struct address any = address_any(true, 5), other = address_any(true, 5);
    char text[ADDRESS_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct address address = {.len = 77};

        assert_int_equal(address_parse(&address, cases[i].text), cases[i].back != NULL);
        if (cases[i].back == NULL) {
            assert_int_equal(address.len, 77);
            continue;
        }
        address_text(text, &address);
        assert_string_equal(text, cases[i].back);
        assert_int_equal(address_is_v6(&address), cases[i].is_v6);
        assert_int_equal(address_is_group(&address), cases[i].is_group);
    }
    address_text(text, &any);
    assert_string_equal(text, "[::]:5");
    assert_true(address_equal(&any, &other) && address_port(&any) == 5);
    other = address_any(false, 5);
    assert_false(address_equal(&any, &other));
}

/* From one to the other and back to where it came from; what is too long is not told. */
static void
test_to_and_fro(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "[::1]"};
    static uint8_t large[UDP_LEN_MAX + 1];
    struct loop *loop = loop_new(NULL);

    (void)state;
    assert_non_null(loop);
    for (size_t i = 0; i < 2; i++) {
        struct user one = {.count = 0}, two = {.count = 0};
        struct address at, any = address_any(i == 1, 0);
        struct udp *a, *b;

        assert_true(address_at(&at, hosts[i], free_port()));
        a = udp_open(loop, &at, NULL, on_datagram, &one, NULL);
        b = udp_open(loop, &any, NULL, on_datagram, &two, NULL);
        assert_true(a != NULL && b != NULL);
        assert_int_equal(udp_send(b, &at, large, sizeof large, NULL), UDP_SENT);
        assert_int_equal(udp_send(b, &at, large, sizeof large - 1, NULL), UDP_SENT);
        assert_true(gets(loop, &one, 1));
        assert_int_equal(one.len, UDP_LEN_MAX);
        assert_int_equal(udp_send(a, &one.from, (const uint8_t *)"back", 4, NULL), UDP_SENT);
        assert_true(gets(loop, &two, 1));
        assert_true(two.len == 4 && memcmp(two.bytes, "back", 4) == 0);
        assert_true(address_equal(&two.from, &at));
        udp_close(&a);
        udp_close(&b);
        udp_close(&b);
    }
    loop_free(&loop);
}

/* Users of one address share it: each is told all, and it stays until the last is gone. */
static void
test_shared(void **state)
{
    struct user users[3] = {{.count = 0}};
    struct loop *loop = loop_new(NULL), *other = loop_new(NULL);
    struct udp *udp[3], *none;
    struct address at;
    struct err err = {""};

    (void)state;
    assert_true(loop != NULL && other != NULL && address_at(&at, "127.0.0.1", free_port()));
    for (size_t i = 0; i < 3; i++) {
        udp[i] = udp_open(loop, &at, NULL, on_datagram, &users[i], &err);
        assert_non_null(udp[i]);
    }
    none = udp_open(other, &at, NULL, on_datagram, &users[0], &err); /* as of another program */
    assert_null(none);
    assert_true(strstr(err.text, "choose another one") != NULL);
    assert_int_equal(udp_send(udp[0], &at, (const uint8_t *)"x", 1, NULL), UDP_SENT);
    assert_true(gets(loop, &users[2], 1) && users[0].count == 1 && users[1].count == 1);
    udp_close(&udp[1]);
    udp_close(&udp[0]);
    assert_int_equal(udp_send(udp[2], &at, (const uint8_t *)"y", 1, NULL), UDP_SENT);
    assert_true(gets(loop, &users[2], 2) && users[0].count == 1);
    udp_close(&udp[2]);
    udp[0] = udp_open(other, &at, NULL, on_datagram, &users[0], &err); /* it is free */
    assert_non_null(udp[0]);
    udp_close(&udp[0]);
    loop_free(&loop);
    loop_free(&other);
}

/* A group is open to several programs, and to who sends to it. */
static void
test_group(void **state)
{
    struct user users[2] = {{.count = 0}}, sender = {.count = 0};
    struct loop *loops[2] = {loop_new(NULL), loop_new(NULL)};
    struct address group, any = address_any(false, 0);
    struct udp *udp[2], *from, *none;
    struct err err = {""};

    (void)state;
    assert_true(loops[0] != NULL && loops[1] != NULL);
    assert_true(address_at(&group, "239.255.79.84", free_port()));
    for (size_t i = 0; i < 2; i++) {
        udp[i] = udp_open(loops[i], &group, "lo", on_datagram, &users[i], NULL);
        assert_non_null(udp[i]);
    }
    from = udp_open(loops[0], &any, NULL, on_datagram, &sender, NULL);
    assert_non_null(from);
    assert_int_equal(udp_send_group(from, udp[0], (const uint8_t *)"all", 3, &err), UDP_SENT);
    assert_true(gets(loops[0], &users[0], 1) && gets(loops[1], &users[1], 1));
    assert_true(users[1].len == 3 && sender.count == 0);
    assert_true(udp_rejoin(udp[0], &err));
    none = udp_open(loops[0], &group, "nowhere0", on_datagram, &users[0], &err);
    assert_null(none);
    assert_true(strstr(err.text, "no such interface") != NULL);
    udp_close(&udp[0]);
    udp_close(&udp[1]);
    udp_close(&from);
    loop_free(&loops[0]);
    loop_free(&loops[1]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_to_and_fro),
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_group),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
