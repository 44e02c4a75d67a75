/* What a host of a farm keeps on disk comes back as it was, and what is no such thing is refused in
 * words that say what to do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/farm_file.h"
#include "ring_support.h"
#include "share/line.h"
#include "share_support.h"

struct place {
    struct scratch scratch;
    struct farm_paths paths;
    struct err warning, err;
};

static int
setup(void **state)
{
    static struct place place;
    char farm[128];

    *state = &place;
    place = (struct place){.paths = {.farm = ""}};
    if (!scratch_open(&place.scratch))
        return 1;
    (void)snprintf(farm, sizeof farm, "%s/www.farm", place.scratch.folder);
    return farm_paths_set(&place.paths, "www", farm, &place.err) ? 0 : 1;
}

static int
teardown(void **state)
{
    struct place *place = *state;

    scratch_close(&place->scratch);
    return 0;
}

static mode_t
mode_of(const char *path)
{
    struct stat stat;

    return lstat(path, &stat) == 0 ? stat.st_mode & 07777 : 0;
}

/* ---- where they are ---- */

static void
test_paths(void **state)
{
    struct place *place = *state;
    struct farm_paths paths;
    char longest[FARM_PATH_MAX + 8];

    assert_int_equal(unsetenv("STATE_DIRECTORY"), 0);
    assert_true(farm_paths_set(&paths, "www", "", NULL));
    assert_string_equal(paths.farm, "/var/lib/stek/www.farm");
    assert_string_equal(paths.host, "/var/lib/stek/www.host");
    assert_string_equal(paths.join, "/var/lib/stek/www.join");
    assert_string_equal(paths.folder, "/var/lib/stek/");
    assert_int_equal(setenv("STATE_DIRECTORY", "/srv/state", 1), 0);
    assert_true(farm_paths_set(&paths, "www", "", NULL));
    assert_string_equal(paths.farm, "/srv/state/www.farm");
    assert_true(farm_paths_set(&paths, "mail.v2", "/run/secrets/farm", NULL));
    assert_string_equal(paths.farm, "/run/secrets/farm");
    assert_string_equal(paths.host, "/run/secrets/mail.v2.host");
    assert_string_equal(paths.folder, "/run/secrets/");
    assert_true(farm_paths_set(&paths, "www", "/farm", NULL));
    assert_string_equal(paths.join, "/www.join");
    memset(longest, 'x', sizeof longest - 1);
    longest[0] = '/';
    longest[sizeof longest - 1] = '\0';
    assert_false(farm_paths_set(&paths, "www", longest, &place->err));
    assert_true(err_says(&place->err, "too long"));
    longest[FARM_PATH_MAX - 4] = '\0'; /* no room for the names beside it */
    longest[FARM_PATH_MAX - 6] = '/';
    assert_false(farm_paths_set(&paths, "www", longest, &place->err));
    assert_string_equal(paths.join, "/www.join"); /* as it was */
}

/* ---- the farm ---- */

/* R-FARMFILE-1 */
static void
test_farm(void **state)
{
    struct place *place = *state;
    FARM(farm);
    FARM(back);

    assert_int_equal(farm_file_load(&back, &place->warning, &place->paths, &place->err),
                     FARM_FILE_NONE);
    assert_string_equal(place->err.text, "");
    for (uint64_t number = 1; number <= 2; number++) { /* the second takes the first one's place */
        assert_true(farm_of(&farm, number, NOW_MS));
        assert_true(farm_file_save(&place->paths, &farm, &place->err));
        assert_int_equal(mode_of(place->paths.farm), 0600);
        assert_int_equal(farm_file_load(&back, &place->warning, &place->paths, &place->err),
                         FARM_FILE_LOADED);
        assert_string_equal(place->warning.text, "");
        assert_memory_equal(back.id, farm.id, FARM_ID_LEN);
        assert_int_equal(back.first.number, farm.first.number);
        assert_memory_equal(back.first.secret.bytes, farm.first.secret.bytes, SECRET_LEN);
    }
}

/* R-FARMFILE-2 */
static void
test_damaged(void **state)
{
    struct place *place = *state;
    const char *path = place->paths.farm;
    uint8_t *bytes;
    size_t len = 0;
    FARM(farm);
    FARM(back);

    assert_true(farm_of(&farm, 1, NOW_MS) && farm_file_save(&place->paths, &farm, NULL));
    bytes = file_read(path, &len);
    assert_non_null(bytes);
    for (size_t cut = 0; cut < len - 1; cut += 7) { /* the last byte is the end of a line */
        uint8_t *now;
        size_t now_len = 0;

        assert_true(file_make(path, bytes, cut, 0600));
        assert_int_equal(farm_file_load(&back, &place->warning, &place->paths, &place->err),
                         FARM_FILE_BAD);
        assert_true(err_says(&place->err, path) && err_says(&place->err, "join anew"));
        assert_int_equal(back.first.number, 0);
        now = file_read(path, &now_len);
        assert_true(now != NULL && now_len == cut && memcmp(now, bytes, cut) == 0);
        free(now);
    }
    free(bytes);
    bytes = calloc(1, LINE_TEXT_MAX + 1);
    assert_true(bytes != NULL && file_make(path, bytes, LINE_TEXT_MAX + 1, 0600));
    free(bytes);
    assert_int_equal(farm_file_load(&back, &place->warning, &place->paths, &place->err),
                     FARM_FILE_BAD);
    assert_true(err_says(&place->err, "longer than"));
    assert_true(unlink(path) == 0 && mkfifo(path, 0600) == 0);
    assert_int_equal(farm_file_load(&back, &place->warning, &place->paths, &place->err),
                     FARM_FILE_BAD);
    assert_true(err_says(&place->err, "not a regular file"));
}

/* R-FARMFILE-3 */
static void
test_exposed(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0601};
    struct place *place = *state;
    const char *path = place->paths.farm;
    FARM(farm);
    FARM(back);

    assert_true(farm_of(&farm, 1, NOW_MS) && farm_file_save(&place->paths, &farm, NULL));
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_int_equal(farm_file_load(&back, &place->warning, &place->paths, &place->err),
                         FARM_FILE_LOADED);
        assert_true(err_says(&place->warning, path) && err_says(&place->warning, "chmod 0600"));
    }
    assert_int_equal(chmod(path, 0400), 0);
    assert_int_equal(farm_file_load(&back, &place->warning, &place->paths, NULL), FARM_FILE_LOADED);
    assert_string_equal(place->warning.text, "");
    if (geteuid() == 0) {
        assert_int_equal(chown(path, NOBODY, NOBODY), 0);
        assert_int_equal(farm_file_load(&back, &place->warning, &place->paths, NULL),
                         FARM_FILE_LOADED);
        assert_true(err_says(&place->warning, "chown"));
    }
    assert_int_equal(rename(path, place->scratch.other), 0); /* as a mounted Secret has it */
    assert_int_equal(symlink(place->scratch.other, path), 0);
    assert_int_equal(farm_file_load(&back, &place->warning, &place->paths, NULL), FARM_FILE_LOADED);
}

/* R-FARMFILE-2 */
static void
test_not_ours(void **state)
{
    struct place *place = *state;
    enum farm_file found;
    FARM(farm);
    FARM(back);

    if (geteuid() != 0) /* root can read all */
        return;
    assert_true(farm_of(&farm, 1, NOW_MS) && farm_file_save(&place->paths, &farm, NULL));
    assert_int_equal(seteuid(NOBODY), 0);
    found = farm_file_load(&back, &place->warning, &place->paths, &place->err);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(found, FARM_FILE_BAD);
    assert_true(err_says(&place->err, "Permission denied: give it to stekd's user"));
}

static void
test_not_saved(void **state)
{
    struct place *place = *state;
    FARM(farm);

    assert_true(farm_of(&farm, 1, NOW_MS));
    scratch_close(&place->scratch);
    assert_false(farm_file_save(&place->paths, &farm, &place->err));
    assert_true(err_says(&place->err, "not saved") && err_says(&place->err, place->paths.farm));
}

/* ---- this host's id ---- */

/* R-FARMFILE-4 */
static void
test_host(void **state)
{
    struct place *place = *state;
    uint64_t id = 0, again = 0;

    assert_true(farm_file_host(&id, &place->warning, &place->paths, &place->err));
    assert_string_equal(place->warning.text, "");
    assert_true(id != 0);
    assert_int_equal(mode_of(place->paths.host), 0600);
    assert_true(farm_file_host(&again, &place->warning, &place->paths, &place->err));
    assert_string_equal(place->warning.text, "");
    assert_true(id == again);
    assert_true(file_make(place->paths.host, "00000000000000ab", 16, 0644));
    assert_true(farm_file_host(&again, &place->warning, &place->paths, &place->err));
    assert_true(again == 0xab && place->warning.text[0] == '\0');
}

/* R-FARMFILE-4 */
static void
test_host_not_kept(void **state)
{
    static const char *const wrong[] = {"", "0000000000000000\n", "00000000000000ag\n",
                                        "00000000000000a\n", "00000000000000abc\n"};
    struct place *place = *state;
    uint64_t id, again;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        id = again = 0;
        assert_true(file_make(place->paths.host, wrong[i], strlen(wrong[i]), 0600));
        assert_true(farm_file_host(&id, &place->warning, &place->paths, &place->err));
        assert_true(err_says(&place->warning, "remove it"));
        assert_true(farm_file_host(&again, &place->warning, &place->paths, &place->err));
        assert_true(id != 0 && again != 0 && id != again);
    }
    scratch_close(&place->scratch);
    id = 0;
    assert_true(farm_file_host(&id, &place->warning, &place->paths, &place->err));
    assert_true(id != 0 && err_says(&place->warning, "until stekd is started anew"));
}

/* ---- the request ---- */

static bool
ask(struct join *join)
{
    uint64_t rng = 5;
    SECRET(fresh);
    SECRET_BUF(line);

    rng_fill(&rng, fresh.bytes, sizeof fresh.bytes);
    return join_ask(join, &line, &fresh, 7, "web1", "www", NOW_S, NULL);
}

/* R-FARMFILE-5, R-JOIN-6 */
static void
test_join(void **state)
{
    struct place *place = *state;
    JOIN(join);
    JOIN(back);
    FARM(farm);
    FARM(got);
    SECRET_BUF(answer);

    assert_int_equal(farm_file_load_join(&back, &place->paths, NOW_S, NULL), FARM_FILE_NONE);
    assert_true(ask(&join) && farm_file_save_join(&place->paths, &join, &place->err));
    assert_int_equal(mode_of(place->paths.join), 0600);
    assert_int_equal(farm_file_load_join(&back, &place->paths, NOW_S + JOIN_LIFE_S - 1, NULL),
                     FARM_FILE_LOADED);
    assert_true(back.is_open && back.request.expires_s == join.request.expires_s);
    assert_true(farm_of(&farm, 1, NOW_MS));
    assert_true(join_answer(&answer, &join.request, &farm, "www", &farm.first.secret, &place->err));
    assert_true(
        join_finish(&back, &got, (const char *)answer.bytes, answer.len, NOW_S, &place->err));
    assert_memory_equal(got.id, farm.id, FARM_ID_LEN);
    assert_true(farm_file_drop_join(&place->paths, NULL));
    assert_int_equal(access(place->paths.join, F_OK), -1);
    assert_true(farm_file_drop_join(&place->paths, NULL));
}

/* R-FARMFILE-5 */
static void
test_join_over(void **state)
{
    struct place *place = *state;
    JOIN(join);
    JOIN(back);

    assert_true(ask(&join) && farm_file_save_join(&place->paths, &join, NULL));
    assert_int_equal(farm_file_load_join(&back, &place->paths, NOW_S + JOIN_LIFE_S, NULL),
                     FARM_FILE_NONE);
    assert_int_equal(access(place->paths.join, F_OK), -1);
    join.request.host = 8;
    join.private_key.bytes[5] ^= 1; /* of another request */
    assert_true(farm_file_save_join(&place->paths, &join, NULL));
    assert_int_equal(farm_file_load_join(&back, &place->paths, NOW_S, &place->err), FARM_FILE_BAD);
    assert_true(err_says(&place->err, "not that of its request") &&
                err_says(&place->err, "ask anew"));
    assert_true(file_make(place->paths.join, "stek-join1:AAAA\n", 16, 0600));
    assert_int_equal(farm_file_load_join(&back, &place->paths, NOW_S, &place->err), FARM_FILE_BAD);
    assert_false(back.is_open);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_paths),    CASE(test_farm),      CASE(test_damaged), CASE(test_exposed),
        CASE(test_not_ours), CASE(test_not_saved), CASE(test_host),    CASE(test_host_not_kept),
        CASE(test_join),     CASE(test_join_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
