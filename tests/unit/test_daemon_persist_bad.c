/* A file of saved keys that is not fit is refused with a reason, and stekd goes on; what cannot be
 * saved is destroyed; and where it is saved changes with the configuration. */
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

/* Saved in the default place, and no more after a restart: the file is told of. */
static void
test_left_behind(void **state)
{
    struct world world;
    struct err err = {""};

    (void)state;
    assert_true(saved_open(&world));
    service_close(&world.service);
    assert_int_equal(setenv("STATE_DIRECTORY", world.folder, 1), 0);
    world.config.persist_file[0] = '\0';
    world.service = service_open(&world.config, &world.env, world.now, &err);
    assert_non_null(world.service);
    service_close(&world.service);
    assert_int_equal(count_lines(&world, "is left of a time when its keys were saved"), 0);
    world.config.persist[0] = '\0';
    world.service = service_open(&world.config, &world.env, world.now, &err);
    assert_non_null(world.service);
    assert_int_equal(count_lines(&world, "/www.keys is left of a time when its keys were saved"),
                     1);
    assert_int_equal(unsetenv("STATE_DIRECTORY"), 0);
    world_close(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused), cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_salt),    cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_change),  cmocka_unit_test(test_left_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
