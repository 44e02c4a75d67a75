/* What servers count is summed, also of those that are gone; their files go in time, and rubbish in
 * the folder does no harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "counts_support.h"

static void
test_servers_come_and_go(void **state)
{
    struct world world;
    struct counters *first, *second;
    uint64_t now = sys_boot_s();

    (void)state;
    assert_true(world_open(&world));
    first = serve(&world);
    second = serve(&world);
    assert_non_null(first);
    assert_non_null(second);
    assert_true(gather(&world, now));
    assert_int_equal(world.view.server_count, 2);
    assert_int_equal(world.view.servers[0].pid, getpid());
    assert_int_equal(world.view.servers[0].events[STEK_SEALED], 3);
    assert_int_equal(world.view.sum.events[STEK_SEALED], 6);
    assert_int_equal(world.view.sum.events[STEK_FULL_NO_KEY], 2);
    assert_int_equal(world.view.sum.keys[0].sealed, 6);
    assert_int_equal(world.view.sum.keys[0].opened, 2);
    assert_int_equal(world.view.sum.keys[1].sealed, 0);
    /* one ends: it still counts */
    counters_close(second);
    assert_true(gather(&world, now));
    assert_int_equal(world.view.server_count, 1);
    assert_int_equal(world.view.sum.events[STEK_SEALED], 6);
    assert_int_equal(files(&world), 2);
    /* its file goes after a while: it still counts */
    assert_true(gather(&world, now + COUNTS_IDLE_S + 5));
    assert_int_equal(files(&world), 1);
    assert_int_equal(world.view.sum.events[STEK_SEALED], 6);
    assert_int_equal(world.view.sum.keys[0].sealed, 6);
    assert_true(gather(&world, now + COUNTS_IDLE_S + 5));
    assert_int_equal(world.view.sum.events[STEK_SEALED], 6);
    counters_close(first);
    world_close(&world);
}

/* A total for a key lasts as long as the key. */
static void
test_keys_come_and_go(void **state)
{
    struct world world;
    uint64_t later = sys_boot_s() + COUNTS_IDLE_S + 5;

    (void)state;
    assert_true(world_open(&world));
    counters_close(serve(&world));
    assert_true(counts_gather(&world.past, NULL, world.count, &world.set, later, NULL));
    assert_int_equal(files(&world), 0);
    assert_int_equal(world.past.gone.keys[0].sealed, 3);
    world.set = (struct keyset){.keys = &world.keys[1], .key_count = 1};
    assert_true(gather(&world, later));
    assert_int_equal(world.view.sum.key_count, 1);
    assert_int_equal(world.view.sum.keys[0].sealed, 0);
    assert_int_equal(world.view.sum.events[STEK_SEALED], 3);
    world.set.key_count = 0;
    assert_true(gather(&world, later));
    assert_int_equal(world.view.sum.key_count, 0);
    assert_int_equal(world.view.sum.events[STEK_SEALED], 3);
    world_close(&world);
}

static bool
put(const struct world *world, const char *name, const char *bytes)
{
    char path[128];
    FILE *file;
    bool ok;

    (void)snprintf(path, sizeof path, "%s/%s", world->count, name);
    file = fopen(path, "w");
    ok = file != NULL && fputs(bytes, file) >= 0;
    return file != NULL && fclose(file) == 0 && ok;
}

static void
test_rubbish(void **state)
{
    struct world world;
    struct counters *server;
    char path[128];

    (void)state;
    assert_true(world_open(&world));
    assert_true(put(&world, "1-0123456789abcdef.c1", ""));
    assert_true(put(&world, "notes", "not counters"));
    (void)snprintf(path, sizeof path, "%s/folder", world.count);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof path, "%s/link", world.count);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    (void)snprintf(path, sizeof path, "%s/pipe", world.count);
    assert_int_equal(mkfifo(path, 0600), 0);
    server = serve(&world);
    assert_true(gather(&world, sys_boot_s() + COUNTS_IDLE_S + 5));
    assert_int_equal(world.view.server_count, 1);
    assert_int_equal(world.view.sum.events[STEK_SEALED], 3);
    assert_int_equal(files(&world), 6);
    counters_close(server);
    world_close(&world);
}

/* Files whose names end so, after the numbers from one to another. */
static bool
put_many(const struct world *world, const char *end, unsigned from, unsigned to)
{
    char name[64];
    bool ok = true;

    for (unsigned i = from; ok && i < to; i++) {
        (void)snprintf(name, sizeof name, "%u%s", i, end);
        ok = put(world, name, "");
    }
    return ok;
}

/* However many others put there: what is not named as counters are hides no server. */
static void
test_junk_hides_nothing(void **state)
{
    enum { SERVERS = 8 };
    struct counters *servers[SERVERS];
    struct err err = {""};
    struct world world;

    (void)state;
    assert_true(world_open(&world));
    for (unsigned i = 0; i < SERVERS; i++) {
        assert_true(put_many(&world, ".junk", i * 1000, (i + 1) * 1000));
        servers[i] = serve(&world);
        assert_non_null(servers[i]);
    }
    assert_true(put_many(&world, "-0123456789abcdef.c", 0, 1000));
    assert_true(put_many(&world, "-0123456789ABCDEF.c1", 0, 1000));
    assert_true(put_many(&world, "-0123456789abcdef0.c1", 0, 1000));
    assert_true(counts_gather(&world.past, &world.view, world.count, &world.set, 0, &err));
    assert_string_equal(err.text, "");
    assert_int_equal(world.view.server_count, SERVERS);
    assert_int_equal(world.view.sum.events[STEK_SEALED], 3 * SERVERS);
    for (unsigned i = 0; i < SERVERS; i++)
        counters_close(servers[i]);
    world_close(&world);
}

/* More files than are read: it is told, and no sum goes back, whichever files they were. */
static void
test_too_many(void **state)
{
    struct counters *server;
    struct err err = {""};
    struct world world;

    (void)state;
    assert_true(world_open(&world));
    server = serve(&world);
    assert_non_null(server);
    assert_true(put_many(&world, "-0123456789abcdef.c1", 0, COUNTS_FILES_MAX - 1));
    assert_true(counts_gather(&world.past, &world.view, world.count, &world.set, 0, &err));
    assert_string_equal(err.text, "");
    assert_int_equal(world.view.sum.events[STEK_SEALED], 3);
    counts_view_free(&world.view);
    assert_true(put_many(&world, "-fedcba9876543210.c1", 0, COUNTS_FILES_MAX));
    assert_true(counts_gather(&world.past, &world.view, world.count, &world.set, 0, &err));
    assert_non_null(strstr(err.text, "over 4096 files of counters"));
    assert_int_equal(world.view.sum.events[STEK_SEALED], 3);
    assert_int_equal(world.view.sum.keys[0].sealed, 3);
    counters_close(server);
    world_close(&world);
}

/* Somebody removes a server's file, or the whole folder: sums stay, and go on from there. */
static void
test_no_sum_goes_back(void **state)
{
    struct counters *server;
    struct world world;
    char command[96];

    (void)state;
    assert_true(world_open(&world));
    counters_close(serve(&world));
    assert_true(gather(&world, 0));
    (void)snprintf(command, sizeof command, "rm %s/*.c1", world.count);
    assert_int_equal(system(command), 0);
    assert_true(gather(&world, 0));
    assert_int_equal(world.view.sum.events[STEK_SEALED], 3);
    assert_int_equal(world.view.sum.keys[0].sealed, 3);
    server = serve(&world);
    assert_non_null(server);
    for (unsigned i = 0; i < 7; i++)
        counters_add(server, STEK_SEALED, 1);
    assert_true(gather(&world, 0));
    assert_int_equal(world.view.sum.events[STEK_SEALED], 10);
    (void)snprintf(command, sizeof command, "rm -r %s", world.count);
    assert_int_equal(system(command), 0);
    assert_false(gather(&world, 0));
    assert_int_equal(world.view.sum.events[STEK_SEALED], 10);
    assert_int_equal(world.view.sum.keys[0].sealed, 3);
    assert_int_equal(world.view.server_count, 0);
    counters_close(server);
    world_close(&world);
}

/* A file that lies can do no more than that. */
static void
test_liars(void **state)
{
    struct counters *first, *second;
    struct world world;

    (void)state;
    assert_true(world_open(&world));
    first = serve(&world);
    second = serve(&world);
    assert_true(first != NULL && second != NULL);
    first->at->events[STEK_SEALED] = UINT64_MAX - 1;
    assert_true(gather(&world, 0));
    assert_int_equal(world.view.sum.events[STEK_SEALED], UINT64_MAX);
    assert_int_equal(world.view.sum.events[STEK_OPENED], 2);
    counters_close(first);
    counters_close(second);
    world_close(&world);
}

static void
test_no_folder(void **state)
{
    struct world world;
    struct err err = {""};

    (void)state;
    assert_true(world_open(&world));
    assert_int_equal(rmdir(world.count), 0);
    assert_false(counts_gather(&world.past, &world.view, world.count, &world.set, 0, &err));
    assert_non_null(strstr(err.text, "No such file or directory"));
    assert_null(world.view.servers);
    world_close(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_servers_come_and_go),
        cmocka_unit_test(test_keys_come_and_go),
        cmocka_unit_test(test_rubbish),
        cmocka_unit_test(test_junk_hides_nothing),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_no_sum_goes_back),
        cmocka_unit_test(test_liars),
        cmocka_unit_test(test_no_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
