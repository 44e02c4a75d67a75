/* Whichever allocation or system call fails in the directory engine: start() and put() say no and
 * leave everything as it was, or what was put and what is there arrives as soon as calls work
 * again; no descriptor stays open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine_directory_support.h"
#include "fault.h"

#define TURNS 3U /* of the loop, with a fault */
#define TRIES 200U

static const struct engine_name seven = {RECORD_KEYS, 7};

static const char *
begin(void *arg)
{
    struct farm_world *world = arg;

    return world_open(world, &transport_directory) &&
                   directory_plant(world, "www", &seven, "there", 5) &&
                   directory_plant(world, "www", &(struct engine_name){RECORD_STATUS, 7}, "s", 1)
               ? NULL
               : "no world";
}

/* A turn of the loop, with the poll that would come in a second. */
static void
turn(struct farm_world *world)
{
    struct host *host = world->hosts[1];
    struct directory *directory = (void *)host->engine;

    directory->poll_ms = 0;
    directory->own[RECORD_KEYS].due_ms = 0;
    host_list(host, RECORD_KEYS);
    (void)event_base_loop(loop_base(world->loop), EVLOOP_NONBLOCK); /* what comes of it is seen */
}

/* Has it come to what it would be without faults? */
static bool
is_mended(const struct farm_world *world)
{
    const struct host *host = world->hosts[1];

    return host_has(host, RECORD_KEYS, 7, "there") && host->whole[RECORD_KEYS] > 0 &&
           file_is(path_of(world, "www", RECORD_KEYS, 1).text, "mine") && host_state(host).is_well;
}

static const char *
mend(struct farm_world *world, bool is_put)
{
    bool done = is_put || host_put(world->hosts[1], RECORD_KEYS, "mine");

    for (unsigned i = 0; done && i < TRIES && !is_mended(world); i++)
        turn(world);
    return done && is_mended(world) ? NULL : "not mended";
}

/* R-ENGINE-9. */
static const char *
work(void *arg)
{
    struct farm_world *world = arg;
    struct err err = {""};
    const char *wrong = NULL;
    bool is_put = false;

    if (host_start(world, 1, "www", &err)) {
        is_put = host_put(world->hosts[1], RECORD_KEYS, "mine");
        host_list(world->hosts[1], RECORD_STATUS);
        for (unsigned i = 0; i < TURNS; i++)
            turn(world);
        (void)fault_disarm(); /* asked again by the caller */
        wrong = mend(world, is_put);
    } else if (world->hosts[1] != NULL && err.text[0] == '\0') {
        wrong = "not started, without a word";
    }
    host_stop(world, 1);
    return wrong;
}

static const char *
end(void *arg)
{
    return world_close(arg) ? NULL : "called from within a call";
}

static void
test_each_failure(void **state)
{
    static const struct fault_case one = {begin, work, end, NULL};
    static struct farm_world world;
    size_t calls;

    (void)state;
    assert_int_equal(fault_each(&one, &world, &calls), 0);
    assert_true(calls >= 20);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
