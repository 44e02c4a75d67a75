/* Others remove, replace, cut short or overwrite a ring while stekd and a server have it: the
 * server keeps or gets back every key, who starts now finds the same ring, and stekd says what it
 * mended, or what stands in the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/process.h"
#include "service_support.h"

#define GARBAGE_LEN 8192

/* True if the path names the ring that the server has, in which this key opens. */
static bool
finds_same(const struct world *world, const struct revoke_name *key)
{
    struct world again = *world;
    bool found;

    again.ring = NULL;
    if (stek_ring_open(&again.ring, world->ring_path) != STEK_OK)
        return false;
    found = opens(&again, key) && sys_map_is(&world->service->writer.file.map, world->ring_path);
    stek_ring_close(&again.ring);
    return found;
}

static bool
put_other(const char *path)
{
    FILE *file = fopen(path, "w");

    return file != NULL && fputs("something else", file) >= 0 && fclose(file) == 0;
}

/* Its name is gone, or it has another one: it gets it back. */
static void
test_removed(void **state)
{
    struct world world;
    struct revoke_name key;
    char elsewhere[96];

    (void)state;
    assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
    key = sealing(&world);
    (void)snprintf(elsewhere, sizeof elsewhere, "%s.moved", world.ring_path);
    for (int moved = 0; moved <= 1; moved++) {
        assert_int_equal(moved ? rename(world.ring_path, elsewhere) : unlink(world.ring_path), 0);
        service_tick(world.service, world.now);
        assert_string_equal(world.service->last_error.text, "");
        assert_true(finds_same(&world, &key));
        assert_int_equal(count_lines(&world, "was removed, and has its name back"),
                         (size_t)moved + 1);
    }
    world_close(&world);
}

/* What has its name now is somebody's: it is left alone, and told; meanwhile the keys go on. */
static void
test_replaced(void **state)
{
    struct world world;
    struct revoke_name key;
    char other[96];

    (void)state;
    assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
    (void)snprintf(other, sizeof other, "%s.other", world.ring_path);
    assert_true(put_other(other));
    assert_int_equal(rename(other, world.ring_path), 0);
    run(&world, 2 * 3600 * 1000);
    assert_non_null(strstr(world.service->last_error.text, "was replaced by another file"));
    assert_int_equal(count_lines(&world, "was replaced by another file"), 1);
    key = sealing(&world);
    assert_true(is_name(&key));
    assert_int_equal(rename(world.ring_path, other), 0);
    run(&world, SERVICE_LOOK_MS);
    assert_string_equal(world.service->last_error.text, "");
    assert_true(finds_same(&world, &key));
    world_close(&world);
}

/* Without either of its names it cannot come back: it is told, and who has it is served. */
static void
test_gone(void **state)
{
    struct world world;
    struct revoke_name key;
    char spare[96];

    (void)state;
    assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
    (void)snprintf(spare, sizeof spare, "%s/.www.r1", world.folder);
    assert_int_equal(unlink(spare), 0);
    assert_int_equal(unlink(world.ring_path), 0);
    run(&world, 2 * 3600 * 1000);
    assert_non_null(strstr(world.service->last_error.text, "was removed"));
    key = sealing(&world);
    assert_true(is_name(&key));
    world_close(&world);
}

/* Removed while no stekd runs: then another ring is wanted, of another size perhaps. */
static void
test_removed_for_good(void **state)
{
    struct world world;
    struct err err = {""};

    (void)state;
    assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
    service_close(&world.service);
    assert_int_equal(unlink(world.ring_path), 0);
    world.config.capacity = 2048;
    world.service = service_open(&world.config, &world.env, world.now, &err);
    assert_non_null(world.service);
    assert_true(world.service->is_ring_new);
    assert_int_equal(service_capacity(world.service), 2048);
    world_close(&world);
}

static bool
write_garbage(const char *path, off_t at)
{
    static uint8_t garbage[GARBAGE_LEN];
    int fd = open(path, O_WRONLY);
    bool done;

    memset(garbage, 0xa5, sizeof garbage);
    done = fd >= 0 && pwrite(fd, garbage, sizeof garbage, at) == (ssize_t)sizeof garbage;
    if (fd >= 0)
        (void)close(fd);
    return done;
}

/* A third hand has them: lengths in which nothing, a part of the header, the header alone, a half,
 * and all but a byte is left. */
static const off_t lengths[] = {0, 100, 4096, 5000, 200000, -1};

static bool
cut(const char *path, off_t len)
{
    struct stat stat;

    if (lstat(path, &stat) != 0)
        return false;
    return truncate(path, len < 0 ? stat.st_size + len : len) == 0;
}

/* All keys are there again with the next tick, for the server that had mapped it. */
static void
test_cut(void **state)
{
    struct world world;
    struct revoke_name key;
    struct err err = {""};
    struct stat before, after;

    (void)state;
    assert_true(process_outlive_cut_files(&err));
    assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
    key = sealing(&world);
    assert_int_equal(lstat(world.ring_path, &before), 0);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        assert_true(cut(world.ring_path, lengths[i]));
        service_tick(world.service, world.now);
        assert_string_equal(world.service->last_error.text, "");
        assert_true(opens(&world, &key));
        assert_true(finds_same(&world, &key));
        assert_int_equal(lstat(world.ring_path, &after), 0);
        assert_int_equal(before.st_size, after.st_size);
        assert_int_equal(count_lines(&world, "was cut short or written over"), i + 1);
    }
    run(&world, 24 * 3600 * 1000);
    assert_false(opens(&world, &key));
    world_close(&world);
}

static void
test_overwritten(void **state)
{
    struct world world;
    struct revoke_name key;

    (void)state;
    assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
    key = sealing(&world);
    assert_true(write_garbage(world.ring_path, 0));
    service_tick(world.service, world.now);
    assert_string_equal(world.service->last_error.text, "");
    assert_true(opens(&world, &key));
    assert_true(finds_same(&world, &key));
    world_close(&world);
}

/* R-SERVICE-3: an order that comes between a cut and the next tick is carried out none the less. */
static void
test_order_in_between(void **state)
{
    struct world world;
    struct revoke_name key, fresh;
    struct revoke_order order = {.names = &key, .name_count = 1, .only = true};
    struct revoke_result result = {0};
    struct err err = {""};

    (void)state;
    assert_true(process_outlive_cut_files(&err));
    assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        run(&world, 4 * 3600 * 1000);
        key = sealing(&world);
        assert_true(cut(world.ring_path, lengths[i]));
        assert_int_equal(service_revoke(world.service, &result, &order, world.now, &err),
                         SERVICE_DONE);
        revoke_result_free(&result);
        assert_false(opens(&world, &key));
        fresh = sealing(&world);
        assert_true(is_name(&fresh) && opens(&world, &fresh));
        assert_true(finds_same(&world, &fresh));
    }
    world_close(&world);
}

/* What is removed by us leaves no name. */
static void
test_retired(void **state)
{
    struct world world;
    char spare[96];

    (void)state;
    assert_true(world_open(&world, RING_CAPACITY_DEFAULT));
    (void)snprintf(spare, sizeof spare, "%s/.www.r1", world.folder);
    assert_int_equal(access(spare, F_OK), 0);
    service_retire(&world.service, world.now);
    assert_int_not_equal(access(spare, F_OK), 0);
    assert_int_not_equal(access(world.ring_path, F_OK), 0);
    world_close(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_removed),
        cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_gone),
        cmocka_unit_test(test_removed_for_good),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_overwritten),
        cmocka_unit_test(test_order_in_between),
        cmocka_unit_test(test_retired),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
