/* Whichever allocation or system call fails in an engine that needs no server: start() and put()
 * say no and leave everything as it was, or what was put and what others have arrives as soon as
 * calls work again; no descriptor stays open. (test_fault_etcd.c: the same of etcd.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine_directory_support.h"
#include "engine_peers_support.h"
#include "fault.h"

static const struct engine_name seven = {RECORD_KEYS, 7};

/* What differs between engines. */
struct subject {
    const char *name;
    const char *(*begin)(void *arg);
    unsigned turns;                                    /* of the loop, with a fault */
    void (*turn)(struct farm_world *world);            /* with what would come within a second */
    bool (*is_mended)(const struct farm_world *world); /* as it would be without faults */
};

/* ---- directory ---- */

static const char *
begin_directory(void *arg)
{
    struct farm_world *world = arg;

    return world_open(world, &transport_directory) &&
                   directory_plant(world, "www", &seven, "there", 5) &&
                   directory_plant(world, "www", &(struct engine_name){RECORD_STATUS, 7}, "s", 1)
               ? NULL
               : "no world";
}

static void
turn_directory(struct farm_world *world)
{
    struct host *host = world->hosts[1];
    struct directory *directory = (void *)host->engine;

    directory->poll_ms = 0;
    directory->own[RECORD_KEYS].due_ms = 0;
    host_list(host, RECORD_KEYS);
    (void)event_base_loop(loop_base(world->loop), EVLOOP_NONBLOCK); /* what comes of it is seen */
}

static bool
is_directory_mended(const struct farm_world *world)
{
    const struct host *host = world->hosts[1];

    return host_has(host, RECORD_KEYS, 7, "there") && host->whole[RECORD_KEYS] > 0 &&
           file_is(path_of(world, "www", RECORD_KEYS, 1).text, "mine") && host_state(host).is_well;
}

/* ---- peers ---- */

/* Two parts, so that they have to be put together. */
static char large[1500];

/* The keeper and host 1 list each other, and are in a group. */
static size_t
options_of_two(struct farm_world *world, struct engine_option *out)
{
    static char texts[3][ADDRESS_TEXT_MAX];

    peers_address(texts[0], world, world->starting);
    peers_address(texts[1], world, world->starting == 1 ? KEEPER : 1);
    peers_group(texts[2], world);
    out[0] = (struct engine_option){"listen", texts[0]};
    out[1] = (struct engine_option){"peers", texts[1]};
    out[2] = (struct engine_option){"multicast", texts[2]};
    out[3] = (struct engine_option){"interface", "lo"};
    return 4;
}

static bool
is_planted(void *arg)
{
    return host_has(arg, RECORD_KEYS, 7, "there");
}

static const char *
begin_peers(void *arg)
{
    static struct transport both;
    struct farm_world *world = arg;

    both = transport_list;
    both.options = options_of_two;
    memset(large, 'x', sizeof large - 1);
    if (!world_open(world, &both) || !world_plant(world, "www", &seven, "there") ||
        !host_put(world->hosts[KEEPER], RECORD_KEYS, large))
        return "no world";
    return run_until(world->loop, is_planted, world->hosts[KEEPER]) ? NULL : "nothing planted";
}

static void
turn_peers(struct farm_world *world)
{
    static const uint64_t ids[] = {1, KEEPER};

    for (size_t i = 0; i < 2; i++) {
        struct peers *peers = (void *)world->hosts[ids[i]]->engine;

        if (peers->troubles[PEERS_SOCKET].text[0] != '\0')
            peers->look_ms = 1;
        peers->trickle.at_ms = peers->trickle.begun_ms;
        peers->calm_until_ms = 0;
        peers->trickle.heard = 0;
        host_list(world->hosts[ids[i]], RECORD_KEYS);
    }
    (void)event_base_loop(loop_base(world->loop),
                          EVLOOP_ONCE | EVLOOP_NONBLOCK); /* what comes of it is seen */
}

static bool
is_peers_mended(const struct farm_world *world)
{
    const struct host *one = world->hosts[1], *keeper = world->hosts[KEEPER];

    return host_has(one, RECORD_KEYS, 7, "there") && host_has(one, RECORD_KEYS, KEEPER, large) &&
           one->whole[RECORD_KEYS] > 0 && host_has(keeper, RECORD_KEYS, 1, "mine");
}

/* ---- all of them ---- */

static const struct subject subjects[] = {
    {"directory", begin_directory, 3, turn_directory, is_directory_mended},
    {"peers", begin_peers, 4, turn_peers, is_peers_mended},
};

static const struct subject *subject;

static bool
is_mended_by_then(void *arg)
{
    if (!subject->is_mended(arg))
        subject->turn(arg);
    return subject->is_mended(arg);
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
        for (unsigned i = 0; i < subject->turns; i++)
            subject->turn(world);
        (void)fault_disarm(); /* asked again by the caller */
        if (!(is_put || host_put(world->hosts[1], RECORD_KEYS, "mine")) ||
            !run_until(world->loop, is_mended_by_then, world))
            wrong = "not mended";
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
    static struct farm_world world;
    size_t calls;

    (void)state;
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        struct fault_case one = {subjects[i].begin, work, end, NULL};

        subject = &subjects[i];
        assert_int_equal(fault_each(&one, &world, &calls), 0);
        printf("# %s: up to call %zu\n", subject->name, calls);
        assert_true(calls >= 20);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
