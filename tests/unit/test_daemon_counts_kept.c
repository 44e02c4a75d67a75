/* What servers counted is kept when their files go, and when the daemon is started anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "counts_support.h"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_daemon_comes_and_goes),
        cmocka_unit_test(test_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
