/* Whichever allocation, system call or call of libcurl fails in the etcd engine: start() and put()
 * say no and leave everything as it was, or what was put and what is there arrives as soon as calls
 * work again; no descriptor stays open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine_etcd_support.h"
#include "fault.h"

#define TURNS 25U /* of the loop, with a fault */
#define TURN_MS 4U
#define BEATS 4U
#define PARTS 8U
#define WORLDS 1000000U /* of a part */

static const char *
begin(void *arg)
{
    struct farm_world *world = arg;

    return world_open(world, &transport_etcd) &&
                   etcd_plant(world, "www", &(struct engine_name){RECORD_KEYS, 7}, "there", 5) &&
                   etcd_plant(world, "www", &(struct engine_name){RECORD_STATUS, 7}, "s", 1)
               ? NULL
               : "no world";
}

static void
on_end_of_turn(void *arg)
{
    (void)arg;
}

/* Some milliseconds of the loop, with what would come later: the next try, the next heartbeat. */
static void
turn(struct farm_world *world, struct loop_timer *end, bool is_beating)
{
    struct etcd *etcd = (void *)world->hosts[1]->engine;
    bool is_bounded;

    etcd->again_ms = 0;
    etcd->own[RECORD_KEYS].due_ms = 0;
    if (is_beating)
        etcd->watch.beat_ms = 0;
    (void)loop_timer_set(etcd->turn, is_beating ? 0 : TURN_MS); /* it may fail, as the next one: */
    is_bounded = loop_timer_set(end, TURN_MS + 1);              /* then nothing may wake us */
    (void)event_base_loop(loop_base(world->loop),               /* what comes of it is seen */
                          is_bounded ? EVLOOP_ONCE : EVLOOP_NONBLOCK);
}

/* Has it come to what it would be without faults? */
static bool
is_mended(const struct farm_world *world)
{
    const struct host *host = world->hosts[1];

    return host_has(host, RECORD_KEYS, 7, "there") && host_has(host, RECORD_STATUS, 7, "s") &&
           host_has(host, RECORD_KEYS, 1, "mine") && host->whole[RECORD_STATUS] > 0 &&
           host_state(host).is_well;
}

static const char *
mend(struct farm_world *world, struct loop_timer *end, bool is_put)
{
    uint64_t end_ms = loop_now_ms(world->loop) + GIVE_UP_MS;
    bool done = is_put || host_put(world->hosts[1], RECORD_KEYS, "mine");

    while (done && !is_mended(world) && loop_now_ms(world->loop) < end_ms) {
        if (!host_has(world->hosts[1], RECORD_STATUS, 7, "s")) /* we may have found no memory */
            host_list(world->hosts[1], RECORD_STATUS);
        if (!host_has(world->hosts[1], RECORD_KEYS, 7, "there") ||
            !host_has(world->hosts[1], RECORD_KEYS, 1, "mine"))
            host_list(world->hosts[1], RECORD_KEYS);
        turn(world, end, false);
    }
    return done && is_mended(world) ? NULL : "not mended";
}

/* R-ENGINE-9. */
static const char *
work_with(struct farm_world *world, struct loop_timer *end)
{
    struct err err = {""};
    const char *wrong = NULL;
    bool is_put = false;

    if (host_start(world, 1, "www", &err)) {
        is_put = host_put(world->hosts[1], RECORD_KEYS, "mine");
        host_list(world->hosts[1], RECORD_STATUS);
        for (unsigned i = 0; i < TURNS && !(is_put && is_mended(world)); i++)
            turn(world, end, false);
        for (unsigned i = 0; i < BEATS; i++)
            turn(world, end, true);
        (void)fault_disarm(); /* asked again by the caller */
        wrong = mend(world, end, is_put);
    } else if (world->hosts[1] != NULL && err.text[0] == '\0') {
        wrong = "not started, without a word";
    }
    host_stop(world, 1);
    return wrong;
}

static const char *
work(void *arg)
{
    struct farm_world *world = arg;
    struct loop_timer *end = loop_timer_new(world->loop, on_end_of_turn, NULL, NULL);
    const char *wrong = end == NULL ? NULL : work_with(world, end);

    loop_timer_free(&end);
    return wrong;
}

static const char *
end(void *arg)
{
    return world_close(arg) ? NULL : "called from within a call";
}

/* In a process of its own, as most of the time is waited away; all share one etcd. */
static bool
run_part(size_t part)
{
    static const struct fault_case one = {begin, work, end, NULL};
    static struct farm_world world;
    size_t calls;

    if (!etcd_shared_use((unsigned)part * WORLDS) || begin(&world) != NULL ||
        work(&world) != NULL || end(&world) != NULL)
        return false; /* what libraries open once is open now */
    if (fault_each_of(&one, &world, &calls, part, PARTS) != 0)
        return false;
    printf("# part %zu of %u: up to call %zu\n", part + 1, PARTS, calls);
    client_close(&etcd_shared.client);
    return calls >= 60;
}

static void
test_each_failure(void **state)
{
    pid_t pids[PARTS];
    int status;

    (void)state;
    assert_true(nodes_open(&etcd_shared.nodes, 1));
    (void)fflush(stdout);
    for (size_t i = 0; i < PARTS; i++) {
        pids[i] = fork();
        assert_int_not_equal(pids[i], -1);
        if (pids[i] == 0) {
            status = run_part(i) ? 0 : 1;
            (void)fflush(stdout);
            _exit(status);
        }
    }
    for (size_t i = 0; i < PARTS; i++) {
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
}

static int
close_nodes(void **state)
{
    (void)state;
    nodes_close(&etcd_shared.nodes);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_each_failure, close_nodes),
    };

    if (!nodes_are_here()) {
        printf("1..0 # SKIP etcd is not here\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
