/* The peers engine on a network that is not kind: loss, cuts, hosts that forget; and what does not
 * disturb it. Time is real, and each test waits for what it expects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine_peers_support.h"
#include "keys_support.h"

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
setup_group(void **state)
{
    static struct farm_world world;

    *state = &world;
    return world_open(&world, &transport_group) ? 0 : -1;
}

static int
teardown(void **state)
{
    return world_close(*state) ? 0 : -1;
}

static struct peers *
peers_of(const struct host *host)
{
    return (void *)host->engine;
}

/* Three of ten, each host apart. */
static bool
three_of_ten(struct farm_world *world, const struct host *to, uint64_t from)
{
    (void)to, (void)from;
    return rng_below(&world->rng, 10) < 3;
}

static bool
loses_nothing(struct farm_world *world, bool is_group)
{
    unsigned hosts = is_group ? 40 : 10;
    bool done = true;
    char text[32];

    world->rng = rng_seed();
    world->is_lost = three_of_ten;
    for (uint64_t host = 1; host <= hosts; host++)
        done = done && host_start(world, host, "www", NULL);
    for (uint64_t host = 1; done && host <= hosts; host++) {
        (void)snprintf(text, sizeof text, "of %u", (unsigned)host);
        done = host_put(world->hosts[host], KEYS, text);
    }
    for (uint64_t host = 1; done && host <= hosts; host++) {
        (void)snprintf(text, sizeof text, "of %u", (unsigned)host);
        done = reaches_all(world, KEYS, host, text);
    }
    world->is_lost = NULL;
    return done;
}

/* R-ENGINE-2: though three of ten datagrams are lost, of a list ... */
static void
test_loss_list(void **state)
{
    assert_true(loses_nothing(*state, false));
}

/* ... and of a group. */
static void
test_loss_group(void **state)
{
    assert_true(loses_nothing(*state, true));
}

/* R-ENGINE-2: a record of many parts, of which some are lost. */
static void
test_loss_large(void **state)
{
    static char text[60000];
    struct farm_world *world = *state;

    memset(text, 'x', sizeof text - 1);
    world->rng = rng_seed();
    world->is_lost = three_of_ten;
    assert_true(host_start(world, 1, "www", NULL) && host_start(world, 2, "www", NULL));
    assert_true(host_put(world->hosts[1], KEYS, text));
    assert_true(reaches_all(world, KEYS, 1, text));
    world->is_lost = NULL;
}

/* Between odd and even hosts. */
static bool
is_cut(struct farm_world *world, const struct host *to, uint64_t from)
{
    (void)world;
    return to->end.host % 2 != from % 2;
}

/* Odd and even ones, with what the even ones have (the keeper is even). */
static bool
is_split(void *arg)
{
    const struct farm_world *world = arg;

    return host_has(world->hosts[3], KEYS, 1, "odd") && host_has(world->hosts[4], KEYS, 2, "even");
}

/* R-ENGINE-2: a network that is cut: each side goes on; once it is whole, all have all. */
static void
cut_and_heal(struct farm_world *world)
{
    for (uint64_t host = 1; host <= 4; host++)
        assert_true(host_start(world, host, "www", NULL));
    assert_true(host_put(world->hosts[1], KEYS, "before"));
    assert_true(reaches_all(world, KEYS, 1, "before"));
    world->is_lost = is_cut;
    assert_true(host_put(world->hosts[1], KEYS, "odd") && host_put(world->hosts[2], KEYS, "even"));
    assert_true(run_until(world->loop, is_split, world));
    assert_false(host_has(world->hosts[4], KEYS, 1, "odd"));
    assert_false(host_has(world->hosts[3], KEYS, 2, "even"));
    world->is_lost = NULL;
    assert_true(reaches_all(world, KEYS, 1, "odd"));
    assert_true(reaches_all(world, KEYS, 2, "even"));
}

static void
test_cut(void **state)
{
    cut_and_heal(*state);
}

/* R-ENGINE-2 R-ENGINE-3: a host that was started anew has nothing, and gets back its own, too, from
 * the others; a list of keys then says that it is whole. */
static void
test_restart(void **state)
{
    struct farm_world *world = *state;

    assert_true(host_start(world, 1, "www", NULL) && host_start(world, 2, "www", NULL));
    assert_true(host_put(world->hosts[1], KEYS, "mine") && host_put(world->hosts[2], KEYS, "its"));
    assert_true(reaches_all(world, KEYS, 1, "mine") && reaches_all(world, KEYS, 2, "its"));
    host_stop(world, 1);
    assert_true(host_start(world, 1, "www", NULL));
    while (world->hosts[1]->whole[KEYS] == 0)
        assert_true(list_ends(world->hosts[1], KEYS));
    assert_true(host_has(world->hosts[1], KEYS, 1, "mine"));
    assert_true(host_has(world->hosts[1], KEYS, 2, "its"));
}

/* Nothing that is written often is in what is compared: a status changes no digest and begins no
 * interval, neither here nor there. */
static void
test_status_is_quiet(void **state)
{
    struct farm_world *world = *state;
    uint64_t digest, begun_ms[2];

    assert_true(host_start(world, 1, "www", NULL) && host_start(world, 2, "www", NULL));
    assert_true(host_put(world->hosts[1], KEYS, "keys"));
    assert_true(reaches_all(world, KEYS, 1, "keys"));
    digest = peers_of(world->hosts[1])->stores[KEYS].digest;
    for (size_t i = 0; i < 2; i++)
        begun_ms[i] = peers_of(world->hosts[i + 1])->trickle.len_ms;
    assert_true(host_put(world->hosts[1], RECORD_STATUS, "status"));
    while (!host_has(world->hosts[2], RECORD_STATUS, 1, "status"))
        assert_true(list_ends(world->hosts[2], RECORD_STATUS));
    assert_true(peers_of(world->hosts[1])->stores[KEYS].digest == digest);
    assert_true(peers_of(world->hosts[2])->stores[KEYS].digest == digest);
    for (size_t i = 0; i < 2; i++)
        assert_true(peers_of(world->hosts[i + 1])->trickle.len_ms >= begun_ms[i]);
}

static bool
has_sent(void *arg)
{
    return peers_of(arg)->job_count == 0;
}

/* The second host holds the first one's status as it is now. */
static bool
holds_newest(void *arg)
{
    const struct farm_world *world = arg;
    const struct peers_record *here, *there;

    here = peers_store_find(&peers_of(world->hosts[2])->stores[RECORD_STATUS], 1);
    there = peers_store_find(&peers_of(world->hosts[1])->stores[RECORD_STATUS], 1);
    return here != NULL && here->sequence == there->sequence;
}

/* The first host tells its status, and the second one has what comes behind it. *is_late: that took
 * so long that it says nothing. */
static bool
tell(struct farm_world *world, const char *text, bool *is_late)
{
    uint64_t begun_ms = loop_now_ms(world->loop);
    bool done = host_put(world->hosts[1], RECORD_STATUS, text) &&
                run_until(world->loop, has_sent, world->hosts[1]) &&
                host_put(world->hosts[1], KEYS, text) && reaches_all(world, KEYS, 1, text);

    *is_late = loop_now_ms(world->loop) - begun_ms > 5000;
    return done;
}

/* A status that nobody asked for is passed over unopened; a list asks for it; and for a while after
 * it others come without a question. */
static void
test_status_is_passed_over(void **state)
{
    struct farm_world *world = *state;
    bool is_late;

    assert_true(host_start(world, 1, "www", NULL) && host_start(world, 2, "www", NULL));
    assert_true(host_put(world->hosts[1], KEYS, "before"));
    assert_true(reaches_all(world, KEYS, 1, "before")); /* they have heard each other */
    assert_true(tell(world, "first", &is_late));
    assert_true(!holds_newest(world) || is_late);
    while (!host_has(world->hosts[2], RECORD_STATUS, 1, "first"))
        assert_true(list_ends(world->hosts[2], RECORD_STATUS));
    assert_true(tell(world, "second", &is_late));
    assert_true(holds_newest(world) || is_late);
}

/* How many lists of statuses it takes, each with a question to all, until one is whole; 0: too
 * many. */
static unsigned
lists_until_whole(struct host *host)
{
    unsigned before = host->whole[RECORD_STATUS];

    for (unsigned lists = 1; lists <= 20; lists++) {
        peers_of(host)->ask_next_ms = 0; /* not the more seldom the longer it takes */
        if (!list_ends(host, RECORD_STATUS))
            return 0;
        if (host->whole[RECORD_STATUS] > before)
            return lists;
    }
    return 0;
}

static bool
is_later(void *arg)
{
    const struct peers *peers = peers_of(arg);
    uint64_t newest_ms = 0;

    for (size_t i = 0; i < peers->stores[RECORD_STATUS].count; i++)
        if (peers->stores[RECORD_STATUS].items[i].came_ms > newest_ms)
            newest_ms = peers->stores[RECORD_STATUS].items[i].came_ms;
    return loop_now_ms(peers->loop) > newest_ms;
}

/* As after a while in which statuses were of no use to it. */
static bool
looks_away(struct host *host)
{
    peers_of(host)->wanted_ms = 0;
    return run_until(host->world->loop, is_later, host);
}

/* R-ENGINE-4: a list of statuses is whole also where a host has nothing newer to say since the last
 * time that any were of use, and where one is gone, whose records stay; but for that one is asked
 * for in vain first. */
static void
test_whole_statuses(void **state)
{
    struct farm_world *world = *state;
    struct host *first;

    for (uint64_t i = 1; i <= 3; i++) {
        assert_true(host_start(world, i, "www", NULL));
        assert_true(host_put(world->hosts[i], KEYS, "keys"));
        assert_true(host_put(world->hosts[i], RECORD_STATUS, "status"));
    }
    for (uint64_t i = 1; i <= 3; i++)
        assert_true(reaches_all(world, KEYS, i, "keys"));
    first = world->hosts[1];
    while (!host_has(first, RECORD_STATUS, 2, "status") ||
           !host_has(first, RECORD_STATUS, 3, "status"))
        assert_int_not_equal(lists_until_whole(first), 0);

    assert_true(looks_away(first));
    assert_int_not_equal(lists_until_whole(first), 0);

    host_stop(world, 3);
    assert_true(looks_away(first));
    assert_true(lists_until_whole(first) > 1);
    assert_true(looks_away(first));
    assert_int_not_equal(lists_until_whole(first), 0);

    assert_true(host_start(world, 3, "www", NULL));
    assert_true(host_put(world->hosts[3], RECORD_STATUS, "back"));
    while (!host_has(first, RECORD_STATUS, 3, "back"))
        assert_int_not_equal(lists_until_whole(first), 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_GROUP(name) cmocka_unit_test_setup_teardown(name, setup_group, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_loss_list),
        TEST_GROUP(test_loss_group),
        TEST(test_loss_large),
        TEST_GROUP(test_loss_large),
        TEST(test_cut),
        TEST_GROUP(test_cut),
        TEST(test_restart),
        TEST_GROUP(test_restart),
        TEST(test_status_is_quiet),
        TEST(test_status_is_passed_over),
        TEST_GROUP(test_status_is_passed_over),
        TEST(test_whole_statuses),
        TEST_GROUP(test_whole_statuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
