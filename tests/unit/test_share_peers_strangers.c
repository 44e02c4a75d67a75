/* The peers engine among strangers, and members that repeat themselves or ask too much. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine_peers_support.h"

#define KEYS RECORD_KEYS

/* One that ends with each test, also where an assert leaves it. */
static int
setup(void **state)
{
    static struct farm_world world;

    *state = &world;
    return world_open(&world, &transport_list) ? 0 : -1;
}

static int
teardown(void **state)
{
    return world_close(*state) ? 0 : -1;
}

/* A member at work without an engine, and what is sent to it. */
struct outsider {
    int fd;
    struct farm_world *world;
    uint8_t sealed[DATAGRAM_MAX];
    size_t len;
    unsigned records, summaries;
};

static bool
outsider_open(struct outsider *outsider, struct farm_world *world)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    *outsider = (struct outsider){.world = world};
    outsider->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return outsider->fd >= 0 && bind(outsider->fd, (const void *)&any, sizeof any) == 0;
}

/* A summary of nothing at all, sealed at its time. */
static bool
outsider_ask(struct outsider *outsider)
{
    const struct peers_summary summary = {.digest = 99, .last = UINT64_MAX};
    uint8_t body[DATAGRAM_BODY_MAX], salt[RECORD_SALT_LEN] = {1};
    struct datagram_end *end = &outsider->world->stranger;

    (void)snprintf(end->keyset, sizeof end->keyset, "www");
    end->host = STRANGER;
    return datagram_seal(end, outsider->sealed, &outsider->len, salt, body,
                         peers_summary_write(body, &summary), world_now_ms(outsider->world), NULL);
}

static bool
outsider_send(const struct outsider *outsider, uint64_t host)
{
    char text[ADDRESS_TEXT_MAX];
    struct address to;

    peers_address(text, outsider->world, host);
    return address_parse(&to, text) &&
           sendto(outsider->fd, outsider->sealed, outsider->len, 0, (const void *)to.bytes,
                  to.len) == (ssize_t)outsider->len;
}

static void
outsider_receive(struct outsider *outsider)
{
    uint8_t bytes[2000];
    ssize_t len;
    struct datagram said;

    while ((len = recv(outsider->fd, bytes, sizeof bytes, 0)) >= 0) {
        if (datagram_open(&outsider->world->stranger, &said, bytes, (size_t)len,
                          world_now_ms(outsider->world)) != RECORD_OPENED)
            continue;
        outsider->records += said.body[0] == PEERS_PART ? 1 : 0;
        outsider->summaries += said.body[0] == PEERS_SUMMARY ? 1 : 0;
    }
}

static bool
has_two_answers(void *arg)
{
    struct outsider *outsider = arg;

    outsider_receive(outsider);
    return outsider->records >= 2;
}

static bool
has_an_answer(void *arg)
{
    struct outsider *outsider = arg;

    outsider_receive(outsider);
    return outsider->records >= 1;
}

/* R-ENGINE-5: a question is answered where it came from, once; neither its repetition nor what an
 * outsider makes of it gets a word, nor changes anything. Datagrams keep their order on the
 * loopback: so when the next question is answered, all in between would have been. */
static void
test_strangers(void **state)
{
    struct farm_world *world = *state;
    struct outsider outsider;
    uint8_t good;

    assert_true(host_start(world, 1, "www", NULL));
    assert_true(host_put(world->hosts[1], KEYS, "secret"));
    assert_true(reaches_all(world, KEYS, 1, "secret"));
    assert_true(outsider_open(&outsider, world));
    assert_true(outsider_ask(&outsider) && outsider_send(&outsider, 1));
    assert_true(run_until(world->loop, has_an_answer, &outsider));
    for (unsigned i = 0; i < 50; i++)
        assert_true(outsider_send(&outsider, 1));
    for (size_t i = 0; i < outsider.len; i++) {
        good = outsider.sealed[i];
        outsider.sealed[i] ^= 1;
        assert_true(outsider_send(&outsider, 1));
        outsider.sealed[i] = good;
        (void)event_base_loop(loop_base(world->loop), EVLOOP_NONBLOCK); /* so that it has room */
    }
    assert_true(outsider_ask(&outsider) && outsider_send(&outsider, 1));
    assert_true(run_until(world->loop, has_two_answers, &outsider));
    assert_int_equal(outsider.records, 2);
    assert_true(host_state(world->hosts[1]).is_well);
    assert_int_equal(close(outsider.fd), 0);
}

/* R-ENGINE-5: who asks without end gets what one host may have, and no more. */
static void
test_greedy(void **state)
{
    struct farm_world *world = *state;
    struct outsider outsider;
    uint64_t begun_ms;

    assert_true(host_start(world, 1, "www", NULL));
    assert_true(host_put(world->hosts[1], KEYS, "secret"));
    assert_true(reaches_all(world, KEYS, 1, "secret"));
    assert_true(outsider_open(&outsider, world));
    begun_ms = loop_now_ms(world->loop);
    for (unsigned i = 0; i < 1000; i++) {
        assert_true(outsider_ask(&outsider) && outsider_send(&outsider, 1));
        for (unsigned turn = 0; turn < 3; turn++)
            (void)event_base_loop(loop_base(world->loop), EVLOOP_NONBLOCK); /* as it comes */
        outsider_receive(&outsider);
    }
    assert_in_range(outsider.records, 1, 96 + (loop_now_ms(world->loop) - begun_ms) / 2 + 1);
    assert_int_equal(outsider.summaries, 0); /* it has nothing that we lack */
    assert_int_equal(close(outsider.fd), 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_strangers),
        TEST(test_greedy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
