/* What the state of the peers engine says of sockets, clocks, seals and twins, and that it mends;
 * what is no record of ours; and keysets that share a port. */
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

/* Hosts 1 and 2, or 11 and 12 in their places, list each other alone: so each summary reaches the
 * other one. */
static size_t
options_pair(struct farm_world *world, struct engine_option *out)
{
    static char texts[2][ADDRESS_TEXT_MAX];
    uint64_t at = world->starting > 10 ? world->starting - 10 : world->starting;

    peers_address(texts[0], world, at);
    peers_address(texts[1], world, 3 - at);
    out[0] = (struct engine_option){"listen", texts[0]};
    out[1] = (struct engine_option){"peers", texts[1]};
    return 2;
}

static const struct transport transport_pair = {
    .kind = &engine_peers,
    .needs_others = true,
    .begin = peers_begin_list,
    .end = peers_end,
    .options = options_pair,
    .plant = peers_plant,
    .litter = peers_litter,
};

/* A world of these two, with no keeper. */
static void
begin_pair(struct farm_world *world)
{
    host_stop(world, KEEPER);
    world->transport = &transport_pair;
}

/* R-ENGINE-6 R-ENGINE-7: a port that another program has: it is told, tried again, and what was put
 * meanwhile arrives. */
static void
test_port(void **state)
{
    struct farm_world *world = *state;
    char text[ADDRESS_TEXT_MAX];
    struct address at;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    begin_pair(world);
    peers_address(text, world, 1);
    assert_true(fd >= 0 && address_parse(&at, text));
    assert_int_equal(bind(fd, (const void *)at.bytes, at.len), 0);
    assert_true(host_start(world, 1, "www", NULL) && host_start(world, 2, "www", NULL));
    assert_true(host_put(world->hosts[1], KEYS, "early"));
    assert_true(says(world->hosts[1], false, "another program has this port"));
    assert_true(world->hosts[1]->states > 0);
    assert_true(list_ends(world->hosts[1], KEYS));
    assert_int_equal(world->hosts[1]->whole[KEYS], 0);
    assert_int_equal(close(fd), 0);
    assert_true(reaches_all(world, KEYS, 1, "early"));
    assert_true(says(world->hosts[1], true, "well"));
}

static size_t
options_elsewhere(struct farm_world *world, struct engine_option *out)
{
    (void)world;
    out[0] = (struct engine_option){"peers", "192.0.2.1:7984"};
    out[1] = (struct engine_option){"listen", "198.51.100.77:7984"};
    return 2;
}

static size_t
options_no_interface(struct farm_world *world, struct engine_option *out)
{
    (void)world;
    out[0] = (struct engine_option){"multicast", "239.255.79.84:7984"};
    out[1] = (struct engine_option){"interface", "nowhere0"};
    return 2;
}

/* R-ENGINE-6 R-ENGINE-7: an address that this machine has not, an interface that is not there. */
static void
test_not_there(void **state)
{
    struct farm_world *world = *state;
    struct transport other = *world->transport;

    world->transport = &other;
    other.options = options_elsewhere;
    assert_true(host_start(world, 1, "www", NULL));
    other.options = options_no_interface;
    assert_true(host_start(world, 2, "www", NULL));
    world->transport = &transport_list;
    assert_true(host_put(world->hosts[1], KEYS, "x") && host_put(world->hosts[2], KEYS, "y"));
    assert_true(says(world->hosts[1], false, "no address of this machine"));
    assert_true(says(world->hosts[2], false, "no such interface"));
}

/* R-ENGINE-6 R-ENGINE-7: while nothing can be sealed nothing goes out, and that is said; then what
 * was put arrives. */
static void
test_seal(void **state)
{
    struct farm_world *world = *state;

    assert_true(host_start(world, 1, "www", NULL) && host_start(world, 2, "www", NULL));
    world->hosts[1]->refusal = "no secret yet";
    assert_true(host_put(world->hosts[1], KEYS, "sealed late"));
    assert_true(says(world->hosts[1], false, "no secret yet"));
    assert_false(host_has(world->hosts[2], KEYS, 1, "sealed late"));
    world->hosts[1]->refusal = NULL;
    assert_true(reaches_all(world, KEYS, 1, "sealed late"));
    assert_true(says(world->hosts[1], true, "well"));
}

/* R-ENGINE-7: a host whose clock is ahead is heard by nobody, and others say so. */
static void
test_clock(void **state)
{
    struct farm_world *world = *state;

    assert_true(host_start(world, 1, "www", NULL) && host_start(world, 2, "www", NULL));
    world->hosts[1]->clock_ms = 1000 * 1000;
    assert_true(host_put(world->hosts[1], KEYS, "from the future"));
    assert_true(says(world->hosts[2], false, "over 10 min ahead"));
    assert_int_equal(world->hosts[2]->told, 0);
    world->hosts[1]->clock_ms = 0;
    assert_true(reaches_all(world, KEYS, 1, "from the future"));
}

/* R-ENGINE-7: what is wrong with several hosts in turn is told of one of them, once, and of another
 * when it has ended there. */
static void
test_in_turn(void **state)
{
    struct farm_world *world = *state;
    struct peers *peers;

    assert_true(host_start(world, 1, "www", NULL));
    peers = (void *)world->hosts[1]->engine;
    peers_trouble(peers, PEERS_CLOCK, "one");
    assert_true(peers->is_state_new);
    peers->is_state_new = false;
    peers_trouble(peers, PEERS_CLOCK, "another");
    peers_trouble(peers, PEERS_CLOCK, "one");
    peers_trouble(peers, PEERS_CLOCK, "another");
    assert_false(peers->is_state_new);
    assert_string_equal(peers->troubles[PEERS_CLOCK].text, "one");
    peers->troubles[PEERS_CLOCK].same_ms = 0; /* long ago */
    peers_trouble(peers, PEERS_CLOCK, "another");
    assert_true(peers->is_state_new);
    assert_string_equal(peers->troubles[PEERS_CLOCK].text, "another");
}

/* R-ENGINE-7: somebody has a newer record of ours: it is told to us, and stands until ours is newer
 * again. */
static void
test_twin(void **state)
{
    static const struct engine_name one = {KEYS, 1};
    struct farm_world *world = *state;
    uint8_t *newer;
    size_t len;

    assert_true(host_start(world, 1, "www", NULL) && host_start(world, 2, "www", NULL));
    assert_true(host_put(world->hosts[1], KEYS, "ours"));
    assert_true(reaches_all(world, KEYS, 1, "ours"));
    newer = record_of(world, "www", &one, "the twin's", &len);
    assert_non_null(newer);
    assert_true(peers_plant(world, "www", &one, newer, len));
    free(newer);
    assert_true(says(world->hosts[1], false, "somebody else writes the record of this host"));
    assert_true(host_has(world->hosts[1], KEYS, 1, "the twin's"));
    assert_true(reaches_all(world, KEYS, 1, "the twin's"));
    assert_true(host_put(world->hosts[1], KEYS, "ours again"));
    assert_true(reaches_all(world, KEYS, 1, "ours again"));
}

struct pair {
    struct farm_world *world;
    uint64_t said_ms;
};

static bool
says_twin(const struct farm_world *world, uint64_t id)
{
    return strstr(host_state(world->hosts[id]).text, "speaks as this host") != NULL;
}

/* Both say that there is another one; as long as they do not, they have something new to say now
 * and then. */
static bool
both_say(void *arg)
{
    struct pair *pair = arg;
    struct farm_world *world = pair->world;
    uint64_t now_ms = loop_now_ms(world->loop);

    if (says_twin(world, 1) && says_twin(world, 2))
        return true;
    if (now_ms < pair->said_ms + 50)
        return false;
    pair->said_ms = now_ms;
    (void)host_put(world->hosts[1], RECORD_STATUS, "still here"); /* seen by what comes of it */
    (void)host_put(world->hosts[2], RECORD_STATUS, "still here");
    return false;
}

/* R-ENGINE-7: two hosts of one id, with nobody else there: both are told, with the address of the
 * other one. */
static void
test_two_of_one_id(void **state)
{
    struct farm_world *world = *state;
    struct pair pair = {.world = world};

    begin_pair(world);
    assert_true(host_start(world, 1, "www", NULL));
    world->copied = 1;
    assert_true(host_start(world, 2, "www", NULL));
    assert_true(run_until(world->loop, both_say, &pair));
    assert_true(says(world->hosts[1], false, "127.9.0.3:"));
    assert_true(says(world->hosts[2], false, "127.9.0.2:"));
    assert_true(says(world->hosts[1], false, "this host, 0000000000000001: was this machine"));
    assert_true(says(world->hosts[2], false, "copied from another one?"));
}

/* R-ENGINE-7: what a host says to a group comes back to it; that is no twin. */
static void
test_own_echo(void **state)
{
    struct farm_world *world = *state;

    (void)world_close(world); /* of the list */
    assert_true(world_open(world, &transport_group));
    assert_true(host_start(world, 1, "www", NULL) && host_start(world, 2, "www", NULL));
    for (unsigned i = 0; i < 100; i++) { /* more than are remembered */
        char text[16];

        (void)snprintf(text, sizeof text, "round %u", i);
        assert_true(host_put(world->hosts[1], KEYS, text));
        assert_true(reaches_all(world, KEYS, 1, text)); /* and so it came back, too */
        assert_null(strstr(host_state(world->hosts[1]).text, "speaks as"));
    }
    assert_true(says(world->hosts[1], true, "well"));
}

/* R-ENGINE-4 R-ENGINE-7: who has heard nobody knows nothing of what there is: its lists are not
 * whole, and that is not well, until somebody is heard; then both are. */
static void
test_alone(void **state)
{
    struct farm_world *world = *state;
    unsigned told;

    begin_pair(world);
    assert_true(host_start(world, 1, "www", NULL));
    assert_true(host_put(world->hosts[1], KEYS, "alone"));
    assert_true(list_ends(world->hosts[1], KEYS));
    assert_int_equal(world->hosts[1]->whole[KEYS], 0);
    assert_true(says(world->hosts[1], false, "no other host is heard since the start"));
    told = world->hosts[1]->states;
    assert_true(host_start(world, 2, "www", NULL));
    assert_true(reaches_all(world, KEYS, 1, "alone"));
    assert_true(says(world->hosts[1], true, "well"));
    assert_true(world->hosts[1]->states > told);
    while (world->hosts[1]->whole[KEYS] == 0)
        assert_true(list_ends(world->hosts[1], KEYS));
}

/* What is put must be ours, or nobody could tell which one is newer. */
static void
test_no_record(void **state)
{
    struct farm_world *world = *state;
    const struct engine_name other = {KEYS, 2}, status = {RECORD_STATUS, 1};
    struct err err = {""};
    uint8_t *bytes;
    size_t len;

    assert_true(host_start(world, 1, "www", NULL));
    bytes = record_of(world, "www", &other, "of another", &len);
    assert_false(engine_peers.put(world->hosts[1]->engine, KEYS, bytes, len, &err));
    assert_true(strstr(err.text, "no record of this host") != NULL);
    free(bytes);
    bytes = record_of(world, "www", &status, "of another kind", &len);
    assert_false(engine_peers.put(world->hosts[1]->engine, KEYS, bytes, len, NULL));
    free(bytes);
    bytes = record_of(world, "ww", &(struct engine_name){KEYS, 1}, "of another keyset", &len);
    assert_false(engine_peers.put(world->hosts[1]->engine, KEYS, bytes, len, NULL));
    free(bytes);
}

/* Two keysets of one process have one port: each hears its own, and the other goes on when one
 * stops. */
static void
test_shared_port(void **state)
{
    struct farm_world *world = *state;

    begin_pair(world);
    assert_true(host_start(world, 1, "www", NULL) && host_start(world, 2, "www", NULL));
    assert_true(host_put(world->hosts[1], KEYS, "www's") && reaches_all(world, KEYS, 1, "www's"));
    assert_true(host_start(world, 11, "mail", NULL) && host_start(world, 12, "mail", NULL));
    assert_true(host_put(world->hosts[11], KEYS, "mail's"));
    while (!host_has(world->hosts[12], KEYS, 11, "mail's"))
        assert_true(list_ends(world->hosts[12], KEYS));
    assert_int_equal(world->hosts[2]->seen[KEYS][11].told, 0);
    assert_int_equal(world->hosts[12]->seen[KEYS][1].told, 0);
    host_stop(world, 1);
    host_stop(world, 2);
    assert_true(host_put(world->hosts[12], KEYS, "mail's, too"));
    assert_true(reaches_all(world, KEYS, 12, "mail's, too"));
    world->transport = &transport_list;
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_port),          TEST(test_not_there), TEST(test_seal),        TEST(test_clock),
        TEST(test_two_of_one_id), TEST(test_own_echo),  TEST(test_alone),       TEST(test_in_turn),
        TEST(test_twin),          TEST(test_no_record), TEST(test_shared_port),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
