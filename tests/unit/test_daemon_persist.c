/* Keys that are saved outlive a boot, for their time and no longer; what is not fit is refused with
 * a reason, and no file holds a key that is over or revoked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "persist_support.h"

#define HOUR_MS ((uint64_t)3600 * 1000)
#define FRESH "it begins with fresh keys: "

/* R-PERSIST-1 */
static void
test_reboot(void **state)
{
    struct world world;
    struct revoke_name key, old;
    uint64_t ends_ms;

    (void)state;
    assert_true(saved_open(&world));
    old = sealing(&world);
    run(&world, 5 * HOUR_MS);
    key = sealing(&world);
    ends_ms = keyset_find(&world.service->set, key.bytes)->open_until * 1000;
    assert_true(reboot(&world, HOUR_MS / 4));
    assert_true(opens(&world, &key) && opens(&world, &old));
    assert_int_equal(count_lines(&world, FRESH), 0);
    assert_int_equal(count_lines(&world, "keys taken over from"), 1);
    /* by Unix time it ends when it would have */
    run(&world, ends_ms - world.now.unix_ms - 1000);
    assert_true(opens(&world, &key));
    run(&world, 2000);
    assert_false(opens(&world, &key));
    world_close(&world);
}

/* R-PERSIST-1: the host was off for longer than any key lives. */
static void
test_long_off(void **state)
{
    struct world world;
    struct revoke_name key;

    (void)state;
    assert_true(saved_open(&world));
    key = sealing(&world);
    assert_true(reboot(&world, 48 * HOUR_MS));
    assert_false(opens(&world, &key));
    key = sealing(&world);
    assert_true(is_name(&key));
    world_close(&world);
}

/* A restart finds the ring, which knows better. */
static void
test_restart(void **state)
{
    struct world world;
    struct revoke_name key;
    struct err err = {""};

    (void)state;
    assert_true(saved_open(&world));
    key = sealing(&world);
    service_close(&world.service);
    assert_int_equal(truncate(world.config.persist_file, 7), 0);
    world.service = service_open(&world.config, &world.env, world.now, &err);
    assert_non_null(world.service);
    assert_true(opens(&world, &key));
    assert_int_equal(count_lines(&world, FRESH), 0);
    assert_true(reboot(&world, 1000)); /* and it was saved anew at once */
    assert_true(opens(&world, &key));
    world_close(&world);
}

/* R-PERSIST-3: looked at after each tick of two days, with a revocation now and then. */
static void
test_nothing_over(void **state)
{
    struct world world;
    const struct revoke_order order = {.all = true};
    struct revoke_result result;
    size_t over = 0, revoked = 0, missing = 0;

    (void)state;
    assert_true(saved_open(&world));
    for (unsigned i = 0; i < 1500; i++) {
        KEYSET(set);

        run(&world, 59000); /* what ended since the last look would still be taken */
        if (i % 300 == 299) {
            assert_int_equal(service_revoke(world.service, &result, &order, world.now, NULL),
                             SERVICE_DONE);
            revoke_result_free(&result);
        }
        assert_true(saved_read(&world, &set, world.now.unix_ms - 59000));
        for (size_t j = 0; j < set.key_count; j++)
            over += set.keys[j].open_until <= world.now.unix_ms / 1000;
        for (size_t j = 0; j < set.key_count; j++) {
            const struct key *key = keyset_find(&world.service->set, set.keys[j].name);

            revoked += key == NULL || (key->flags & KEY_REVOKED) != 0;
        }
        for (size_t j = 0; j < world.service->set.key_count; j++)
            missing += (world.service->set.keys[j].flags & KEY_REVOKED) == 0 &&
                       keyset_find(&set, world.service->set.keys[j].name) == NULL;
    }
    assert_int_equal(over, 0);
    assert_int_equal(revoked, 0);
    assert_int_equal(missing, 0);
    world_close(&world);
}

static void
test_revoked_stays_so(void **state)
{
    struct world world;
    struct revoke_name key;
    struct revoke_order order = {.names = &key, .name_count = 1};
    struct revoke_result result;

    (void)state;
    assert_true(saved_open(&world));
    key = sealing(&world);
    assert_int_equal(service_revoke(world.service, &result, &order, world.now, NULL), SERVICE_DONE);
    revoke_result_free(&result);
    assert_true(reboot(&world, 1000));
    assert_false(opens(&world, &key));
    world_close(&world);
}

/* Seal the world's keyset as some other file would be. */
static bool
put_saved(const struct world *world, const struct persist_head *head)
{
    uint8_t *bytes;
    size_t len;
    FILE *file = fopen(world->config.persist_file, "w");
    bool ok;
    SECRET(key);

    ok = file != NULL && key_file_read(&key, world->config.persist, NULL) &&
         persist_seal(&bytes, &len, head, &world->service->set, &key, NULL);
    if (ok) {
        ok = fwrite(bytes, 1, len, file) == len;
        free(bytes);
    }
    return file != NULL && fclose(file) == 0 && ok;
}

/* True if the next start begins with fresh keys and says so. */
static bool
refuses(struct world *world, uint64_t off_ms, const char *why)
{
    struct revoke_name key = sealing(world), fresh;
    size_t before = count_lines(world, FRESH);
    bool ok;

    if (!reboot(world, off_ms))
        return false;
    fresh = sealing(world);
    ok = !opens(world, &key) && is_name(&fresh) && count_lines(world, FRESH) == before + 1 &&
         strstr(world->lines[world->line_count - 1], "fresh keys") == NULL &&
         count_lines(world, why) > 0;
    if (!ok)
        printf("# not refused: %s\n", why);
    return ok;
}

/* R-PERSIST-2 */
static void
test_refused(void **state)
{
    const uint64_t now_ms = (uint64_t)time(NULL) * 1000;
    struct world world;
    struct persist_head head = {.keyset = "www", .written_ms = now_ms};
    FILE *file;

    (void)state;
    assert_true(saved_open(&world));
    head.saved_ms = world.now.unix_ms;
    assert_true(put_saved(&world, &head)); /* what is changed below is fit otherwise */
    assert_true(reboot(&world, 0));
    assert_int_equal(count_lines(&world, FRESH), 0);

    head.keyset = "mail";
    assert_true(put_saved(&world, &head));
    assert_true(refuses(&world, 0, "is of another keyset"));
    head.keyset = "www";
    head.written_ms = now_ms - HOUR_MS;
    assert_true(put_saved(&world, &head));
    assert_true(refuses(&world, 0, "an older copy may hold revoked keys"));
    head.written_ms = now_ms + HOUR_MS;
    assert_true(put_saved(&world, &head));
    assert_true(refuses(&world, 0, "an older copy may hold revoked keys"));
    head.written_ms = now_ms;
    head.saved_ms = world.now.unix_ms + HOUR_MS;
    assert_true(put_saved(&world, &head));
    assert_true(refuses(&world, 0, "is the clock right?"));
    head.saved_ms = world.now.unix_ms;
    assert_true(put_key(world.config.persist, 2));
    assert_true(refuses(&world, 0, "was written under another key"));
    file = fopen(world.config.persist_file, "w");
    assert_true(file != NULL && fputs("www 1234", file) > 0 && fclose(file) == 0);
    assert_true(refuses(&world, 0, "is no file of keys"));
    assert_true(refuses(&world, (uint64_t)0 - 2 * HOUR_MS, "is the clock right?"));
    assert_true(reboot(&world, 0)); /* and what came instead was saved */
    assert_int_equal(count_lines(&world, FRESH), 7);
    world_close(&world);
}

/* R-PERSIST-2: not one byte may differ, nor be missing or too many. */
static void
test_damaged(void **state)
{
    struct world world;
    struct persist_head head = {.keyset = "www"};
    char *text;
    uint8_t *bytes;
    size_t len, taken = 0;
    struct err err = {""};
    SECRET(key);
    KEYSET(set);

    (void)state;
    assert_true(saved_open(&world));
    assert_true(key_file_read(&key, world.config.persist, &err));
    assert_int_equal(file_read(&text, &len, world.config.persist_file, PERSIST_FILE_MAX, &err),
                     FILE_READ);
    bytes = (uint8_t *)text;
    assert_true(persist_open_sealed(&head, &set, bytes, len, &key, world.now.unix_ms, &err));
    assert_int_equal(set.key_count, world.service->set.key_count);
    for (size_t i = 0; i < len; i++) {
        KEYSET(none);

        bytes[i] ^= 1;
        taken += persist_open_sealed(&head, &none, bytes, len, &key, world.now.unix_ms, &err);
        bytes[i] ^= 1;
        taken += persist_open_sealed(&head, &none, bytes, i, &key, world.now.unix_ms, &err);
    }
    assert_int_equal(taken, 0);
    free(text);
    world_close(&world);
}

/* Two files of one keyset share no salt, so no key and nonce. */
static void
test_salt(void **state)
{
    struct world world;
    struct persist_head head = {.keyset = "www"};
    uint8_t salts[2][PERSIST_SALT_LEN];
    struct err err = {""};

    (void)state;
    assert_true(saved_open(&world));
    for (size_t i = 0; i < 2; i++) {
        char *text;
        size_t len;
        SECRET(key);
        KEYSET(set);

        assert_true(restart(&world, &err));
        assert_true(key_file_read(&key, world.config.persist, &err));
        assert_int_equal(file_read(&text, &len, world.config.persist_file, PERSIST_FILE_MAX, &err),
                         FILE_READ);
        assert_true(
            persist_open_sealed(&head, &set, (uint8_t *)text, len, &key, world.now.unix_ms, &err));
        memcpy(salts[i], head.salt, sizeof salts[i]);
        free(text);
    }
    assert_memory_not_equal(salts[0], salts[1], PERSIST_SALT_LEN);
    world_close(&world);
}

/* The wall clock was set while stekd ran, which keeps to its own: in the file keys have the times of
 * the wall clock, by which the next boot counts, so that what is left to them stays. */
static void
test_held_clock(void **state)
{
    static const int64_t steps_ms[] = {7200000, -7200000};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct world world;
        struct clock clock = {.held_ms = 0};
        struct revoke_name key;
        uint64_t left_s;

        assert_true(saved_open(&world));
        world.service->clock = &clock;
        run(&world, HOUR_MS);
        key = sealing(&world);
        clock.held_ms = steps_ms[i];
        run(&world, 3 * HOUR_MS);
        left_s = keyset_find(&world.service->set, key.bytes)->open_until - world.now.unix_ms / 1000;
        clock.held_ms = 0;
        assert_true(reboot(&world, (uint64_t)steps_ms[i]));
        assert_true(opens(&world, &key));
        run(&world, left_s * 1000 - 2000);
        assert_true(opens(&world, &key));
        run(&world, 4000);
        assert_false(opens(&world, &key));
        world_close(&world);
    }
}

/* In a child: no file may grow. */
static int
save_without_room(struct world *world)
{
    struct rlimit limit = {.rlim_cur = 0, .rlim_max = RLIM_INFINITY};
    struct revoke_name key;

    if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 1;
    run(world, 2 * HOUR_MS);
    key = sealing(world);
    if (!is_name(&key) || access(world->config.persist_file, F_OK) == 0)
        return 2;
    if (strstr(world->service->last_error.text, "keys are not saved for after a boot: ") == NULL)
        return 3;
    limit.rlim_cur = RLIM_INFINITY;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 4;
    run(world, 10000);
    if (world->service->last_error.text[0] != '\0')
        return 5;
    return reboot(world, 1000) && opens(world, &key) ? 0 : 6;
}

/* R-PERSIST-3: what cannot be saved anew is destroyed, said, and tried again. */
static void
test_no_room(void **state)
{
    struct world world;
    int status;
    pid_t child;

    (void)state;
    assert_true(saved_open(&world));
    (void)fflush(stdout);
    child = fork();
    if (child == 0)
        _exit(save_without_room(&world));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    world_close(&world);
}

/* Saved from now on, elsewhere, no more; and a key that is not there changes nothing. */
static void
test_change(void **state)
{
    struct world world;
    struct config_keyset config;
    char first[CONFIG_PLACE_MAX + 1];
    struct revoke_name key;
    struct err err = {""};

    (void)state;
    assert_true(saved_open(&world));
    key = sealing(&world);
    config = world.config;
    (void)snprintf(first, sizeof first, "%s", config.persist_file);
    (void)snprintf(config.persist, sizeof config.persist, "%s/none", world.folder);
    assert_false(service_prepare(world.service, &config, &err));
    assert_non_null(strstr(err.text, "keyset www: persist: "));
    config = world.config;
    (void)snprintf(config.persist_file, sizeof config.persist_file, "%s/other", world.folder);
    assert_true(service_prepare(world.service, &config, &err));
    service_cancel(world.service);
    assert_int_equal(access(first, F_OK), 0);
    assert_true(service_prepare(world.service, &config, &err));
    service_change(world.service, &config, world.now);
    assert_int_not_equal(access(first, F_OK), 0);
    world.config = config;
    assert_true(reboot(&world, 1000));
    assert_true(opens(&world, &key));
    config.persist[0] = config.persist_file[0] = '\0';
    assert_true(service_prepare(world.service, &config, &err));
    service_change(world.service, &config, world.now);
    assert_int_not_equal(access(world.config.persist_file, F_OK), 0);
    assert_true(service_prepare(world.service, &world.config, &err));
    service_change(world.service, &world.config, world.now);
    assert_int_equal(access(world.config.persist_file, F_OK), 0);
    service_retire(&world.service, world.now);
    assert_int_not_equal(access(world.config.persist_file, F_OK), 0);
    world_close(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reboot),
        cmocka_unit_test(test_long_off),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_nothing_over),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_salt),
        cmocka_unit_test(test_held_clock),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_change),
        cmocka_unit_test(test_revoked_stays_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
