/* A stekd at work gets another configuration: what is new begins, what is gone is destroyed, the
 * rest keeps its keys; and whatever is wrong with it leaves all as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/report.h"
#include "daemon/stekd.h"

struct world {
    char folder[32], config[64], run[64];
    struct stekd *stekd;
};

static void
drop_line(void *arg, bool is_warning, const char *line)
{
    (void)arg;
    (void)is_warning;
    (void)line;
}

static bool
put(const struct world *world, const char *text)
{
    FILE *file = fopen(world->config, "w");
    bool ok = file != NULL && fputs(text, file) >= 0;

    return file != NULL && fclose(file) == 0 && ok;
}

/* `text` NULL: no file, so that the built-in configuration applies. */
static bool
world_open(struct world *world, const char *text)
{
    struct stekd_options options = {.config_path = world->config, .run_dir = world->run};
    const struct log log = {.sink = drop_line};
    struct config config = {0};
    struct err err;

    *world = (struct world){.folder = "/tmp/stek-reload-XXXXXX"};
    if (mkdtemp(world->folder) == NULL)
        return false;
    (void)snprintf(world->config, sizeof world->config, "%s/stekd.conf", world->folder);
    (void)snprintf(world->run, sizeof world->run, "%s/run", world->folder);
    if (text != NULL && !put(world, text))
        return false;
    if (!config_load(&config, world->config, true, &err))
        return false;
    world->stekd = stekd_start(&options, &config, &log, &err);
    config_free(&config);
    return world->stekd != NULL;
}

static void
world_close(struct world *world)
{
    char command[64];

    stekd_stop(&world->stekd);
    (void)snprintf(command, sizeof command, "rm -rf %s", world->folder);
    (void)!system(command);
}

static bool
has_ring(const struct world *world, const char *name)
{
    char path[128];

    (void)snprintf(path, sizeof path, "%s/%s.r1", world->run, name);
    return access(path, F_OK) == 0;
}

static void
test_reload(void **state)
{
    struct world world;
    const struct service *mail;
    uint8_t before[KEY_NAME_LEN];
    struct err err = {""};

    (void)state;
    assert_true(world_open(&world, "keyset www { }\nkeyset mail { }\n"));
    mail = world.stekd->services[1];
    memcpy(before, mail->sealing, sizeof before);
    assert_true(put(&world, "keyset imap { }\nkeyset mail { rotate = 2h }\n"));
    assert_true(stekd_reload(world.stekd, &err));
    assert_int_equal(world.stekd->count, 2);
    assert_string_equal(world.stekd->services[0]->config.name, "imap");
    assert_ptr_equal(world.stekd->services[1], mail);
    assert_int_equal(mail->config.policy.rotate_s, 7200);
    assert_memory_equal(before, mail->sealing, sizeof before);
    assert_true(has_ring(&world, "imap"));
    assert_false(has_ring(&world, "www"));
    world_close(&world);
}

/* One keyset of several that cannot be had, at any place, and none is. */
static void
test_all_or_nothing(void **state)
{
    static const char *const bad[] = {
        "keyset new { }\nkeyset www { capacity = 64 }\n",
        "keyset www { capacity = 64 }\nkeyset new { }\n",
        "keyset new { }\nkeyset blocked { }\nkeyset www { }\n",
        "keyset blocked { }\nkeyset www { }\nkeyset new { }\n",
        "keyset new { }\nkeyset www { lifetime = 8d }\n",
        "keyset new {",
        "",
    };
    struct world world;
    char path[128];
    FILE *file;
    struct err err;

    (void)state;
    assert_true(world_open(&world, "keyset www { }\n"));
    (void)snprintf(path, sizeof path, "%s/blocked.r1", world.run);
    file = fopen(path, "w"); /* no ring, so that none can be made there */
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_true(put(&world, bad[i]));
        err.text[0] = '\0';
        assert_false(stekd_reload(world.stekd, &err));
        assert_true(err.text[0] != '\0');
        assert_int_equal(world.stekd->count, 1);
        assert_string_equal(world.stekd->services[0]->config.name, "www");
        assert_int_equal(world.stekd->services[0]->config.policy.lifetime_s, 43200);
        assert_true(has_ring(&world, "www"));
        assert_false(has_ring(&world, "new"));
    }
    world_close(&world);
}

/* A file that is gone for a moment does not destroy what was in it. */
static void
test_file_gone(void **state)
{
    struct world world;
    struct err err = {""};

    (void)state;
    assert_true(world_open(&world, "keyset www { }\n"));
    assert_int_equal(unlink(world.config), 0);
    assert_false(stekd_reload(world.stekd, &err));
    assert_non_null(strstr(err.text, "No such file or directory"));
    assert_true(has_ring(&world, "www"));
    world_close(&world);
}

/* True if the status names this file as the configuration; NULL: none, the built-in one. */
static bool
tells_config(const struct world *world, const char *path)
{
    json_t *root = report_status(world->stekd, stekd_now(world->stekd));
    const json_t *config = json_object_get(root, "config");
    bool ok = path == NULL ? json_is_null(config)
                           : json_is_string(config) && strcmp(json_string_value(config), path) == 0;

    json_decref(root);
    return ok;
}

/* Where there was no file there need not be one; when one comes, it holds from then on. The status
 * tells which it is. */
static void
test_built_in(void **state)
{
    struct world world;
    struct err err = {""};

    (void)state;
    assert_true(world_open(&world, NULL));
    assert_string_equal(world.stekd->services[0]->config.name, "default");
    assert_true(stekd_reload(world.stekd, &err));
    assert_true(tells_config(&world, NULL));
    assert_true(put(&world, "keyset default { }\nkeyset www { }\n"));
    assert_true(tells_config(&world, NULL));
    assert_true(stekd_reload(world.stekd, &err));
    assert_true(tells_config(&world, world.config));
    assert_int_equal(world.stekd->count, 2);
    assert_int_equal(unlink(world.config), 0);
    assert_false(stekd_reload(world.stekd, &err));
    assert_int_equal(world.stekd->count, 2);
    world_close(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reload),
        cmocka_unit_test(test_all_or_nothing),
        cmocka_unit_test(test_file_gone),
        cmocka_unit_test(test_built_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
