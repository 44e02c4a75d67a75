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
    struct counts_past past;
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
    counts_past_free(&world->past);
    (void)snprintf(command, sizeof command, "rm -rf %s", world->folder);
    (void)!system(command);
}

static bool
gather(struct world *world, uint64_t boot_s)
{
    counts_view_free(&world->view);
    return counts_gather(&world->past, &world->view, world->count, &world->set, boot_s, NULL);
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
    counters_enter(counters, names[0], now + 100000, now);
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

/* What servers that are gone have counted outlives the daemon, and its file is no server. */
static void
test_daemon_comes_and_goes(void **state)
{
    struct world world;
    uint64_t now = sys_boot_s(), later = now + COUNTS_IDLE_S + 5;
    struct counters *server;

    (void)state;
    assert_true(world_open(&world));
    world.past.ring_path = world.ring;
    counters_close(serve(&world));
    server = serve(&world);
    assert_non_null(server);
    for (unsigned life = 0; life < 3; life++) {
        for (unsigned look = 0; look < 3; look++) {
            assert_true(gather(&world, later));
            assert_int_equal(world.view.sum.events[STEK_SEALED], 6);
            assert_int_equal(world.view.sum.keys[0].sealed, 6);
            assert_int_equal(world.view.sum.keys[0].opened, 2);
            assert_int_equal(world.view.server_count, 1);
            assert_int_equal(files(&world), 2); /* the server's, and ours */
        }
        counts_past_free(&world.past);
        later += COUNTS_IDLE_S + 5; /* so ours is put away into the next one's */
    }
    counters_close(server);
    world_close(&world);
}

/* Numbers that a server made up do not wrap what is kept, nor does a key of before stay in it. */
static void
test_kept(void **state)
{
    struct counters_total file = {
        .key_count = 2, .keys = {{.id = {1}, .open_until = 100}, {.id = {2}, .open_until = 50}}};
    struct counters_total out;
    struct world world;
    struct counters *kept;
    char command[128], path[128] = "";
    FILE *pipe;
    bool is_alive;

    (void)state;
    assert_true(world_open(&world));
    kept = counters_open_kept(world.ring);
    assert_non_null(kept);
    file.events[0] = file.keys[0].sealed = file.keys[1].sealed = UINT64_MAX - 1;
    for (int i = 0; i < 3; i++)
        counters_keep(kept, &file, 50);
    (void)snprintf(command, sizeof command, "ls %s/*", world.count);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_non_null(fgets(path, sizeof path, pipe));
    assert_int_equal(pclose(pipe), 0);
    path[strcspn(path, "\n")] = '\0';
    assert_true(counters_read(&out, &is_alive, path, NULL));
    assert_true(out.is_kept && is_alive);
    assert_true(out.events[0] == UINT64_MAX && out.events[1] == 0);
    assert_int_equal(out.key_count, 1);
    assert_true(out.keys[0].sealed == UINT64_MAX && out.keys[0].opened == 0);
    assert_true(out.keys[0].open_until == 100 && out.keys[0].last_at == 50);
    counters_close(kept);
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
        cmocka_unit_test(test_daemon_comes_and_goes),
        cmocka_unit_test(test_kept),
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
