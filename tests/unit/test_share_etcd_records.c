/* What lies in etcd, however much and whatever it is: all of it is read that is to be, in bounds;
 * and what hosts left that are gone for good is removed, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "engine_etcd_support.h"

#define DAY_MS 86400000U
#define NOW_MS (1800000000U * (uint64_t)1000)

static struct farm_world world;

static int
setup(void **state)
{
    (void)state;
    return world_open(&world, &transport_etcd) ? 0 : 1;
}

static int
teardown(void **state)
{
    (void)state;
    return world_close(&world) ? 0 : 1; /* R-ENGINE-1 */
}

/* R-ENGINE-4: 1,201 records are three pages of one moment, each told once. */
static void
test_pages(void **state)
{
    (void)state;
    for (uint64_t sender = 1000; sender <= 2200; sender++)
        assert_true(etcd_plant(&world, "www", &(struct engine_name){RECORD_KEYS, sender}, "x", 1));
    /* what was written last may be told once more, so that is another's */
    assert_true(etcd_plant(&world, "other", &(struct engine_name){RECORD_KEYS, 1}, "x", 1));
    assert_true(host_start(&world, 1, "www", NULL));
    assert_true(says(world.hosts[1], true, "well"));
    assert_int_equal(world.hosts[1]->told, 1201);
    assert_true(list_ends(world.hosts[1], RECORD_KEYS));
    assert_int_equal(world.hosts[1]->told, 2 * 1201);
    assert_int_equal(world.hosts[1]->whole[RECORD_KEYS], 1);
}

/* R-ENGINE-5 R-ENGINE-4: more than one message may hold, of records as long as they may be. */
static void
test_long_records(void **state)
{
    static char large[RECORD_MAX + 1];

    (void)state;
    memset(large, 'x', sizeof large - 1);
    for (uint64_t sender = 11; sender <= 20; sender++)
        assert_true(etcd_plant(&world, "www", &(struct engine_name){RECORD_KEYS, sender}, large,
                               sizeof large - 1));
    assert_true(host_start(&world, 1, "www", NULL));
    for (uint64_t sender = 11; sender <= 20; sender++)
        assert_true(reaches_all(&world, RECORD_KEYS, sender, large));
    assert_true(list_ends(world.hosts[1], RECORD_KEYS));
    assert_int_equal(world.hosts[1]->whole[RECORD_KEYS], 1);
    large[0] = 'y'; /* all at once, by the watch */
    for (uint64_t sender = 11; sender <= 20; sender++)
        assert_true(etcd_plant(&world, "www", &(struct engine_name){RECORD_KEYS, sender}, large,
                               sizeof large - 1));
    for (uint64_t sender = 11; sender <= 20; sender++)
        assert_true(reaches_all(&world, RECORD_KEYS, sender, large));
}

/* R-ENGINE-5: values that no message holds which we take, in an etcd that lets them in, are passed
 * over, in lists and when they are written; what is before, between and behind them is not. */
static void
test_too_long(void **state)
{
    static char huge[ETCD_ANSWER_MAX + 1000];

    (void)state;
    assert_int_equal(setenv("ETCD_ARGS", "--max-request-bytes 8388608", 1), 0);
    assert_true(nodes_do(&etcd_shared.nodes, "kill 1") && nodes_do(&etcd_shared.nodes, "again 1") &&
                nodes_do(&etcd_shared.nodes, "await"));
    assert_int_equal(unsetenv("ETCD_ARGS"), 0);
    client_close(&etcd_shared.client);
    assert_true(client_open(&etcd_shared.client, &etcd_shared.nodes));
    for (uint64_t sender = 11; sender <= 15; sender++)
        assert_true(etcd_plant(&world, "www", &(struct engine_name){RECORD_KEYS, sender},
                               sender % 2 == 0 ? huge : "small",
                               sender % 2 == 0 ? sizeof huge : 5));
    assert_true(host_start(&world, 1, "www", NULL));
    assert_true(list_ends(world.hosts[1], RECORD_KEYS));
    assert_int_equal(world.hosts[1]->whole[RECORD_KEYS], 1);
    for (uint64_t sender = 11; sender <= 15; sender++)
        assert_int_equal(host_has(world.hosts[1], RECORD_KEYS, sender, "small"), sender % 2);
    assert_true(
        etcd_plant(&world, "www", &(struct engine_name){RECORD_KEYS, 13}, huge, sizeof huge));
    assert_true(etcd_plant(&world, "www", &(struct engine_name){RECORD_KEYS, 21}, "behind", 6));
    assert_true(reaches_all(&world, RECORD_KEYS, 21, "behind"));
    assert_true(says(world.hosts[1], true, "well"));
}

/* After the twin's: ours is back, or that is given up. */
static bool
is_settled(void *arg)
{
    const unsigned *told = arg;
    const struct host *host = world.hosts[1];

    return !host_state(host).is_well ||
           (host->seen[RECORD_KEYS][1].told >= *told + 2 && host_has(host, RECORD_KEYS, 1, "mine"));
}

/* R-ENGINE-3 R-ENGINE-7: two machines with one id: it is told, and they do not write for ever. */
static void
test_twins(void **state)
{
    static const struct engine_name one = {RECORD_KEYS, 1};

    (void)state;
    assert_true(host_start(&world, 1, "www", NULL));
    assert_true(host_put(world.hosts[1], RECORD_KEYS, "mine"));
    assert_true(reaches_all(&world, RECORD_KEYS, 1, "mine"));
    assert_true(says(world.hosts[1], true, "well"));
    for (unsigned i = 0; i < 10 && host_state(world.hosts[1]).is_well; i++) {
        unsigned told = world.hosts[1]->seen[RECORD_KEYS][1].told;

        assert_true(etcd_plant(&world, "www", &one, "twin", 4));
        assert_true(run_until(world.loop, is_settled, &told));
    }
    assert_true(says(world.hosts[1], false, "was this machine copied from another one?"));
    assert_true(reaches_all(&world, RECORD_KEYS, 1, "twin"));
}

/* ---- hosts that are gone for good ---- */

/* What begins as a status of that host and time does; nobody opens it here. */
struct front {
    char text[100];
};

static struct front
status_of(uint64_t sender, uint64_t time_ms)
{
    struct front front = {""};
    uint8_t farm[FARM_ID_LEN] = {1};
    struct writer w = writer_of(front.text, sizeof front.text);

    write_bytes(&w, "stkr", 4);
    write_u8(&w, 1);
    write_u8(&w, RECORD_STATUS);
    write_bytes(&w, farm, sizeof farm);
    write_u64(&w, sender);
    write_u64(&w, time_ms);
    write_u8(&w, 3);
    write_bytes(&w, "www", 3);
    return front;
}

static bool
plant_host(uint64_t sender, uint64_t status_ms)
{
    struct front front = status_of(sender, status_ms);

    return etcd_plant(&world, "www", &(struct engine_name){RECORD_STATUS, sender}, front.text,
                      sizeof front.text) &&
           etcd_plant(&world, "www", &(struct engine_name){RECORD_KEYS, sender}, "keys", 4);
}

static bool
host_put_status(struct host *host, uint64_t time_ms)
{
    struct front front = status_of(1, time_ms);

    return transport_etcd.kind->put(host->engine, RECORD_STATUS, (const uint8_t *)front.text,
                                    sizeof front.text, NULL);
}

/* Of those planted, how many are left? */
static unsigned
count_left(void)
{
    unsigned left = 0;

    for (size_t i = 0; i <= HOSTS_MAX; i++) {
        for (unsigned kind = RECORD_KEYS; kind <= RECORD_STATUS; kind++) {
            free(world.hosts[1]->seen[kind][i].bytes);
            world.hosts[1]->seen[kind][i].bytes = NULL;
        }
    }
    if (!list_ends(world.hosts[1], RECORD_STATUS) || !list_ends(world.hosts[1], RECORD_KEYS))
        return 0;
    for (size_t i = 2; i <= HOSTS_MAX; i++) {
        left += world.hosts[1]->seen[RECORD_STATUS][i].bytes != NULL;
        left += world.hosts[1]->seen[RECORD_KEYS][i].bytes != NULL;
    }
    return left;
}

static bool
is_only_new_left(void *arg)
{
    (void)arg;
    return count_left() == 2 * 2;
}

/* Twenty that have been gone for 91 days go, with their keys; one of 89 days stays. */
static void
test_old(void **state)
{
    (void)state;
    for (uint64_t sender = 11; sender <= 30; sender++)
        assert_true(plant_host(sender, NOW_MS - 91 * (uint64_t)DAY_MS));
    assert_true(plant_host(40, NOW_MS - 89 * (uint64_t)DAY_MS));
    assert_true(plant_host(41, NOW_MS));
    assert_true(host_start(&world, 1, "www", NULL));
    assert_true(host_put_status(world.hosts[1], NOW_MS));
    assert_true(run_until(world.loop, is_only_new_left, NULL));
    assert_non_null(world.hosts[1]->seen[RECORD_KEYS][40].bytes);
    assert_non_null(world.hosts[1]->seen[RECORD_KEYS][41].bytes);
}

/* A clock of ours that is years ahead, or one of another host's, removes nobody. */
static void
test_mad_clock(void **state)
{
    (void)state;
    assert_true(plant_host(11, NOW_MS) && plant_host(12, NOW_MS));
    assert_true(host_start(&world, 1, "www", NULL));
    assert_true(host_put_status(world.hosts[1], NOW_MS + 1000 * (uint64_t)DAY_MS)); /* ours */
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(count_left(), 2 * 2);
    assert_true(host_put_status(world.hosts[1], NOW_MS));
    assert_true(plant_host(13, NOW_MS + 1000 * (uint64_t)DAY_MS)); /* another's */
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(count_left(), 2 * 3);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_pages), CASE(test_long_records), CASE(test_twins),
        CASE(test_old),   CASE(test_mad_clock),    CASE(test_too_long),
    };

    if (!nodes_are_here()) {
        printf("1..0 # SKIP etcd is not here\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
