/* What every engine promises (engine.h), in the same cases for each of them: records reach all, are
 * replaced, come back when they are lost, are listed, and nothing that lies about does harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine_directory_support.h"
#ifdef STEK_ETCD
#include "engine_etcd_support.h"
#endif
#include "engine_peers_support.h"

static const struct transport *const all_transports[] = {
    &transport_directory, &transport_list, &transport_list6, &transport_group,
#ifdef STEK_ETCD
    &transport_etcd,
#endif
};

#define TRANSPORTS_MAX (sizeof all_transports / sizeof all_transports[0])

/* Those that can be tried here. */
static const struct transport *transports[TRANSPORTS_MAX];
static size_t transport_count;

/* R-ENGINE-1 R-ENGINE-2: to a second host, also what replaces it; each change once at least. */
static void
test_put(void **state)
{
    static struct farm_world world;

    (void)state;
    for (size_t i = 0; i < transport_count; i++) {
        assert_true(world_open(&world, transports[i]));
        assert_true(host_start(&world, 1, "www", NULL) && host_start(&world, 2, "www", NULL));
        assert_true(host_put(world.hosts[1], RECORD_KEYS, "one"));
        assert_true(reaches_all(&world, RECORD_KEYS, 1, "one"));
        assert_true(host_put(world.hosts[1], RECORD_KEYS, "another"));
        assert_true(reaches_all(&world, RECORD_KEYS, 1, "another"));
        assert_true(host_put(world.hosts[1], RECORD_KEYS, "another")); /* again */
        assert_true(host_put(world.hosts[1], RECORD_KEYS, "skipped, or not"));
        assert_true(host_put(world.hosts[1], RECORD_KEYS, "third"));
        assert_true(reaches_all(&world, RECORD_KEYS, 1, "third"));
        assert_true(world_close(&world));
    }
}

/* R-ENGINE-2: two that write, each its own; and another keyset's host, who hears of neither. */
static void
test_two_writers(void **state)
{
    static struct farm_world world;

    (void)state;
    for (size_t i = 0; i < transport_count; i++) {
        assert_true(world_open(&world, transports[i]));
        assert_true(host_start(&world, 1, "www", NULL) && host_start(&world, 2, "www", NULL));
        for (unsigned round = 0; round < 20; round++) {
            char a[16], b[16];

            (void)snprintf(a, sizeof a, "a%u", round);
            (void)snprintf(b, sizeof b, "b%u", round);
            assert_true(host_put(world.hosts[1], RECORD_KEYS, a));
            assert_true(host_put(world.hosts[2], RECORD_KEYS, b));
            assert_true(reaches_all(&world, RECORD_KEYS, 1, a));
            assert_true(reaches_all(&world, RECORD_KEYS, 2, b));
        }
        assert_true(host_start(&world, 3, "ww", NULL)); /* its name begins like the other */
        assert_true(list_ends(world.hosts[3], RECORD_KEYS));
        assert_int_equal(world.hosts[3]->told, 0);
        assert_int_equal(world.hosts[3]->whole[RECORD_KEYS], transports[i]->needs_others ? 0 : 1);
        assert_true(world_close(&world));
    }
}

/* R-ENGINE-2 R-ENGINE-4: who starts late gets all that is there, also of hosts that are gone. */
static void
test_late(void **state)
{
    static struct farm_world world;

    (void)state;
    for (size_t i = 0; i < transport_count; i++) {
        assert_true(world_open(&world, transports[i]));
        assert_true(host_start(&world, 1, "www", NULL) && host_start(&world, 2, "www", NULL));
        assert_true(host_put(world.hosts[1], RECORD_KEYS, "of one that is gone"));
        assert_true(reaches_all(&world, RECORD_KEYS, 1, "of one that is gone"));
        host_stop(&world, 1);
        assert_true(host_put(world.hosts[2], RECORD_KEYS, "of one that is there"));
        assert_true(host_start(&world, 3, "www", NULL));
        assert_true(reaches_all(&world, RECORD_KEYS, 2, "of one that is there"));
        assert_true(reaches_all(&world, RECORD_KEYS, 1, "of one that is gone"));
        assert_true(world_close(&world));
    }
}

/* A list was whole, or one that is asked for now is: a busy machine may be late with some. */
static bool
is_whole_in_time(struct host *host, enum record_kind kind)
{
    uint64_t end_ms = loop_now_ms(host->world->loop) + GIVE_UP_MS;

    while (host->whole[kind] == 0 && loop_now_ms(host->world->loop) < end_ms)
        if (!list_ends(host, kind))
            return false;
    return host->whole[kind] > 0;
}

/* R-ENGINE-2 R-ENGINE-4: statuses are told to those who ask, all of them, each time; ours too. Keys
 * that are known are told again in a list. */
static void
test_list(void **state)
{
    static struct farm_world world;

    (void)state;
    for (size_t i = 0; i < transport_count; i++) {
        const struct host *two;
        unsigned before;

        assert_true(world_open(&world, transports[i]));
        assert_true(host_start(&world, 1, "www", NULL) && host_start(&world, 2, "www", NULL));
        two = world.hosts[2];
        assert_true(host_put(world.hosts[1], RECORD_STATUS, "status of one"));
        assert_true(host_put(world.hosts[2], RECORD_STATUS, "status of two"));
        assert_true(host_put(world.hosts[1], RECORD_KEYS, "keys"));
        assert_true(reaches_all(&world, RECORD_KEYS, 1, "keys"));
        assert_null(two->seen[RECORD_STATUS][1].bytes); /* nobody asked */
        while (!host_has(two, RECORD_STATUS, 1, "status of one") ||
               !host_has(two, RECORD_STATUS, 2, "status of two"))
            assert_true(list_ends(world.hosts[2], RECORD_STATUS));
        before = two->seen[RECORD_STATUS][1].told;
        assert_true(list_ends(world.hosts[2], RECORD_STATUS));
        assert_true(two->seen[RECORD_STATUS][1].told > before);
        before = two->seen[RECORD_KEYS][1].told;
        assert_true(list_ends(world.hosts[2], RECORD_KEYS));
        assert_true(two->seen[RECORD_KEYS][1].told > before);
        assert_true(is_whole_in_time(world.hosts[2], RECORD_KEYS));
        assert_true(is_whole_in_time(world.hosts[2], RECORD_STATUS));
        assert_true(world_close(&world));
    }
}

/* Is the record there again, for one who asks twice? Once an engine may repeat what was before. */
static bool
is_back(void *arg)
{
    struct farm_world *world = arg;
    bool is_there = true;

    for (unsigned i = 0; i < 2 && is_there; i++) {
        free(world->hosts[2]->seen[RECORD_KEYS][1].bytes);
        world->hosts[2]->seen[RECORD_KEYS][1].bytes = NULL;
        is_there = list_ends(world->hosts[2], RECORD_KEYS) &&
                   host_has(world->hosts[2], RECORD_KEYS, 1, "mine");
    }
    return is_there;
}

/* R-ENGINE-3: our record is removed, or put back to an old or a foreign one: it is put again. */
static void
test_lost(void **state)
{
    static const struct engine_name one = {RECORD_KEYS, 1};
    static struct farm_world world;

    (void)state;
    for (size_t i = 0; i < transport_count; i++) {
        assert_true(world_open(&world, transports[i]));
        assert_true(host_start(&world, 1, "www", NULL) && host_start(&world, 2, "www", NULL));
        assert_true(host_put(world.hosts[1], RECORD_KEYS, "mine"));
        assert_true(reaches_all(&world, RECORD_KEYS, 1, "mine"));
        assert_true(world_plant(&world, "www", &one, NULL));
        assert_true(run_until(world.loop, is_back, &world));
        assert_true(world_plant(&world, "www", &one, "from a backup"));
        assert_true(run_until(world.loop, is_back, &world));
        assert_true(world_plant(&world, "www", &one, "MINE")); /* of the same length */
        assert_true(run_until(world.loop, is_back, &world));
        assert_true(world_close(&world));
    }
}

/* R-ENGINE-2: a record that goes and comes, or comes from elsewhere, in place or not. */
static void
test_foreign(void **state)
{
    static const struct engine_name seven = {RECORD_KEYS, 7};
    static struct farm_world world;

    (void)state;
    for (size_t i = 0; i < transport_count; i++) {
        assert_true(world_open(&world, transports[i]));
        assert_true(host_start(&world, 1, "www", NULL));
        assert_true(world_plant(&world, "www", &seven, "AAAA"));
        assert_true(reaches_all(&world, RECORD_KEYS, 7, "AAAA"));
        assert_true(world_plant(&world, "www", &seven, "BBBB"));
        assert_true(reaches_all(&world, RECORD_KEYS, 7, "BBBB"));
        assert_true(world_plant(&world, "www", &seven, NULL));
        assert_true(list_ends(world.hosts[1], RECORD_KEYS));
        assert_true(world_plant(&world, "www", &seven, "CCCC"));
        assert_true(reaches_all(&world, RECORD_KEYS, 7, "CCCC"));
        assert_true(world_close(&world));
    }
}

/* R-ENGINE-5: nothing that lies about is told, and what is beside it is. */
static void
test_litter(void **state)
{
    static struct farm_world world;
    static char large[RECORD_MAX + 2];

    (void)state;
    memset(large, 'x', sizeof large - 1);
    for (size_t i = 0; i < transport_count; i++) {
        size_t most = transports[i]->needs_others ? TEXT_MAX : RECORD_MAX;
        const struct host *one;

        assert_true(world_open(&world, transports[i]));
        assert_true(transports[i]->litter(&world));
        assert_true(host_start(&world, 1, "www", NULL) && host_start(&world, 2, "www", NULL));
        assert_false(host_put(world.hosts[1], RECORD_KEYS, large));
        assert_false(host_put(world.hosts[1], RECORD_KEYS, ""));
        large[most] = '\0';
        assert_true(host_put(world.hosts[1], RECORD_KEYS, large));
        assert_true(reaches_all(&world, RECORD_KEYS, 1, large));
        large[most] = 'x';
        assert_true(list_ends(world.hosts[1], RECORD_KEYS));
        one = world.hosts[1];
        assert_true(host_put(world.hosts[2], RECORD_KEYS, "well"));
        assert_true(reaches_all(&world, RECORD_KEYS, 2, "well"));
        for (size_t sender = 0; sender <= HOSTS_MAX; sender++)
            assert_true(sender == 1 || sender == 2 || one->seen[RECORD_KEYS][sender].told == 0);
        assert_true(world_close(&world));
    }
}

/* R-ENGINE-2: ten hosts that all write come to have all; and how long each put took to all. */
static void
test_ten(void **state)
{
    static struct farm_world world;

    (void)state;
    for (size_t i = 0; i < transport_count; i++) {
        uint64_t worst_ms = 0;

        assert_true(world_open(&world, transports[i]));
        for (uint64_t host = 1; host <= 10; host++)
            assert_true(host_start(&world, host, "www", NULL));
        for (uint64_t host = 1; host <= 10; host++) {
            uint64_t begun_ms = loop_now_ms(world.loop), took_ms;

            assert_true(host_put(world.hosts[host], RECORD_KEYS, "here"));
            assert_true(reaches_all(&world, RECORD_KEYS, host, "here"));
            took_ms = loop_now_ms(world.loop) - begun_ms;
            worst_ms = took_ms > worst_ms ? took_ms : worst_ms;
        }
        printf("# %s: ten hosts, slowest of ten puts %llu ms\n", transport_name(transports[i]),
               (unsigned long long)worst_ms);
        assert_true(world_close(&world));
    }
}

/* R-ENGINE-2 R-ENGINE-4: 190 hosts' records, listed as a whole. */
static void
test_many(void **state)
{
    static struct farm_world world;
    struct answered statuses = {.kind = RECORD_STATUS};

    (void)state;
    for (size_t i = 0; i < transport_count; i++) {
        assert_true(world_open(&world, transports[i]));
        for (uint64_t sender = 2; sender <= 191; sender++) {
            const struct engine_name name = {RECORD_KEYS, sender};

            assert_true(world_plant(&world, "www", &name, "there"));
        }
        assert_true(host_start(&world, 1, "www", NULL));
        host_list(world.hosts[1], RECORD_KEYS);
        host_list(world.hosts[1], RECORD_STATUS); /* R-ENGINE-4: each is answered */
        for (uint64_t sender = 2; sender <= 191; sender++)
            assert_true(reaches_all(&world, RECORD_KEYS, sender, "there"));
        assert_true(list_ends(world.hosts[1], RECORD_KEYS));
        statuses.host = world.hosts[1];
        assert_true(run_until(world.loop, is_answered, &statuses));
        assert_true(world_close(&world));
    }
}

/* R-ENGINE-8: stopped at any moment, with a list asked for and something to write, an engine calls
 * nothing any more. NULL is taken. */
static void
test_stop(void **state)
{
    static struct farm_world world;

    (void)state;
    for (size_t i = 0; i < transport_count; i++) {
        struct engine *none = NULL;

        assert_true(world_open(&world, transports[i]));
        transports[i]->kind->stop(&none);
        assert_true(host_start(&world, 1, "www", NULL) && host_start(&world, 2, "www", NULL));
        assert_true(host_put(world.hosts[1], RECORD_KEYS, "lost, or not"));
        host_list(world.hosts[1], RECORD_KEYS);
        host_stop(&world, 1);
        assert_true(list_ends(world.hosts[2], RECORD_KEYS));
        assert_true(world_close(&world));
    }
}

/* The table: each engine is found by its name, and refuses to work without what it needs. */
static void
test_table(void **state)
{
    (void)state;
    assert_null(engine_kind_find("nowhere"));
    for (size_t i = 0; engine_kinds[i] != NULL; i++) {
        struct err err = {""};

        assert_ptr_equal(engine_kind_find(engine_kinds[i]->name), engine_kinds[i]);
        assert_false(engine_kinds[i]->check(NULL, 0, &err));
        assert_true(err.text[0] != '\0' && engine_kinds[i]->options[0].name != NULL);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put),    cmocka_unit_test(test_two_writers),
        cmocka_unit_test(test_late),   cmocka_unit_test(test_list),
        cmocka_unit_test(test_lost),   cmocka_unit_test(test_foreign),
        cmocka_unit_test(test_litter), cmocka_unit_test(test_ten),
        cmocka_unit_test(test_many),   cmocka_unit_test(test_stop),
        cmocka_unit_test(test_table),
    };

    for (size_t i = 0; i < TRANSPORTS_MAX; i++) {
        if (all_transports[i]->is_here == NULL || all_transports[i]->is_here())
            transports[transport_count++] = all_transports[i];
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
