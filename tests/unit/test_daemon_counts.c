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

#include "daemon/counts.h"
#include "sys/sys.h"

static const uint8_t names[2][KEY_NAME_LEN] = {{1, 1, 1, 1, 1, 1, 1, 1, 1}, {2, 2, 2, 2}};

struct world {
    char folder[32], ring[64], count[64];
    struct key keys[2];
    struct keyset set;
    struct counts gone;
    struct counts_view view;
};

static bool
world_open(struct world *world)
{
    char path[64];

    *world = (struct world){.folder = "/tmp/stek-counts-XXXXXX"};
    if (mkdtemp(world->folder) == NULL)
        return false;
    (void)snprintf(world->ring, sizeof world->ring, "%s/www.r1", world->folder);
    (void)snprintf(path, sizeof path, "%s/count", world->folder);
    (void)snprintf(world->count, sizeof world->count, "%s/count/www", world->folder);
    for (size_t i = 0; i < 2; i++)
        memcpy(world->keys[i].name, names[i], KEY_NAME_LEN);
    world->set = (struct keyset){.keys = world->keys, .key_count = 2};
    return mkdir(path, 0700) == 0 && mkdir(world->count, 0700) == 0;
}

static void
world_close(struct world *world)
{
    char command[64];

    counts_view_free(&world->view);
    counts_free(&world->gone);
    (void)snprintf(command, sizeof command, "rm -rf %s", world->folder);
    (void)!system(command);
}

static bool
gather(struct world *world, uint64_t boot_s)
{
    counts_view_free(&world->view);
    return counts_gather(&world->gone, &world->view, world->count, &world->set, boot_s, NULL);
}

static unsigned
files(const struct world *world)
{
    struct stat stat_of;
    char command[96];
    FILE *pipe;
    unsigned count = 0;

    if (stat(world->count, &stat_of) != 0)
        return 0;
    (void)snprintf(command, sizeof command, "ls %s", world->count);
    pipe = popen(command, "r");
    for (int c; pipe != NULL && (c = fgetc(pipe)) != EOF;)
        count += c == '\n';
    if (pipe != NULL)
        (void)pclose(pipe);
    return count;
}

/* A server that seals three times and opens once with the first key. */
static struct counters *
serve(const struct world *world)
{
    struct counters *counters = counters_open(world->ring);
    uint64_t now = sys_boot_s();

    if (counters == NULL)
        return NULL;
    counters_enter(counters, names[0], now + 1000, now);
    for (int i = 0; i < 3; i++) {
        counters_add(counters, STEK_SEALED, 1);
        (void)counters_use(counters, STEK_SEALED, names[0], now);
    }
    counters_add(counters, STEK_OPENED, 1);
    (void)counters_use(counters, STEK_OPENED, names[0], now);
    counters_add(counters, STEK_FULL_NO_KEY, 1);
    return counters;
}

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
    assert_true(counts_gather(&world.gone, NULL, world.count, &world.set, later, NULL));
    assert_int_equal(files(&world), 0);
    assert_int_equal(world.gone.keys[0].sealed, 3);
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
    assert_true(put(&world, "1-1.c1", ""));
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

static void
test_no_folder(void **state)
{
    struct world world;
    struct err err = {""};

    (void)state;
    assert_true(world_open(&world));
    assert_int_equal(rmdir(world.count), 0);
    assert_false(counts_gather(&world.gone, &world.view, world.count, &world.set, 0, &err));
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
        cmocka_unit_test(test_no_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
