/* What is revoked stands in its file, as long as it counts, and comes back from there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/revoked_file.h"
#include "ring_support.h"

#define LATER_S 1000U

struct place {
    struct scratch scratch;
    struct farm_paths paths;
    struct revoked_file file;
    struct keyset set;
    struct err warning, err;
    char aside[128];
};

static const uint8_t name[KEY_NAME_LEN] = {7, 8, 9};

static int
setup(void **state)
{
    static struct place place;
    char farm[128];

    *state = &place;
    place = (struct place){.paths = {.farm = ""}};
    keyset_init(&place.set);
    if (!scratch_open(&place.scratch))
        return 1;
    (void)snprintf(farm, sizeof farm, "%s/www.farm", place.scratch.folder);
    (void)snprintf(place.aside, sizeof place.aside, "%s/www.revoked.bad", place.scratch.folder);
    if (!farm_paths_set(&place.paths, "www", farm, &place.err))
        return 1;
    revoked_file_open(&place.file, &place.warning, &place.paths);
    return 0;
}

static int
teardown(void **state)
{
    struct place *place = *state;

    revoked_file_close(&place->file);
    keyset_free(&place->set);
    scratch_close(&place->scratch);
    return 0;
}

/* As another stekd, which knows nothing but the file. */
static void
begin_anew(struct place *place)
{
    revoked_file_close(&place->file);
    keyset_free(&place->set);
    keyset_init(&place->set);
    revoked_file_open(&place->file, &place->warning, &place->paths);
}

static bool
is_revoked(const struct keyset *set)
{
    for (size_t i = 0; i < set->revocation_count; i++)
        if (memcmp(set->revocations[i].name, name, sizeof name) == 0)
            return true;
    return false;
}

static bool
withdraw(struct place *place)
{
    return keyset_revoke_name(&place->set, name, NOW_S + LATER_S, NOW_MS, NULL) == KEYSET_CHANGED;
}

static bool
keep(struct place *place, uint64_t now_ms)
{
    return revoked_file_keep(&place->file, &place->set, now_ms, &place->err);
}

static bool
hold(struct place *place, uint64_t now_ms)
{
    return revoked_file_hold(&place->file, &place->set, now_ms, &place->err);
}

/* R-REVOKED-1: it is there at the next start; what is over is not, and then there is no file. */
static void
test_kept(void **state)
{
    struct place *place = *state;
    const char *path = place->paths.revoked;
    struct stat stat, same;

    assert_true(keep(place, NOW_MS));
    assert_int_not_equal(access(path, F_OK), 0); /* nothing to say */
    assert_true(withdraw(place));
    assert_int_equal(keyset_revoke_mark(&place->set, NOW_MS, NOW_S + 2 * LATER_S, NOW_MS, NULL),
                     KEYSET_CHANGED);
    assert_true(keep(place, NOW_MS));
    assert_int_equal(lstat(path, &stat), 0);
    assert_int_equal(stat.st_mode & 07777, 0600);
    assert_true(keep(place, NOW_MS)); /* all is there already */
    assert_int_equal(lstat(path, &same), 0);
    assert_true(stat.st_ino == same.st_ino);
    begin_anew(place);
    assert_string_equal(place->warning.text, "");
    assert_true(hold(place, NOW_MS));
    assert_true(is_revoked(&place->set));
    assert_true(place->set.mark.made_ms == NOW_MS);
    assert_true(place->set.mark.until == NOW_S + 2 * LATER_S);
    /* the name goes, then the mark */
    (void)keyset_expire(&place->set, NOW_MS + 1000 * LATER_S);
    assert_true(keep(place, NOW_MS + 1000 * LATER_S));
    begin_anew(place);
    assert_true(hold(place, NOW_MS + 1000 * LATER_S));
    assert_false(is_revoked(&place->set));
    assert_true(place->set.mark.made_ms == NOW_MS);
    (void)keyset_expire(&place->set, NOW_MS + 2000 * LATER_S);
    assert_true(keep(place, NOW_MS + 2000 * LATER_S));
    assert_int_not_equal(access(path, F_OK), 0);
}

/* R-REVOKED-2: told while it cannot be written, and written as soon as it can. */
static void
test_not_written(void **state)
{
    struct place *place = *state;
    char moved[64];

    (void)snprintf(moved, sizeof moved, "%s-", place->scratch.folder);
    assert_true(withdraw(place));
    assert_int_equal(rename(place->scratch.folder, moved), 0);
    for (int i = 0; i < 2; i++) {
        place->err.text[0] = '\0';
        assert_false(keep(place, NOW_MS));
        assert_true(err_says(&place->err, "what is revoked is not saved: "));
        assert_true(err_says(&place->err, place->paths.revoked));
    }
    assert_int_equal(rename(moved, place->scratch.folder), 0);
    assert_true(keep(place, NOW_MS));
    begin_anew(place);
    assert_true(hold(place, NOW_MS) && is_revoked(&place->set));
}

/* R-REVOKED-3: once; what can be read holds, and stands in a new file. */
static void
test_damaged(void **state)
{
    static const char half[] = "stek-revoked1\n07080900000000000000000000000000 1700001000\n0708";
    struct place *place = *state;
    uint8_t *aside;
    size_t len = 0;

    assert_true(file_make(place->paths.revoked, half, sizeof half - 1, 0600));
    begin_anew(place);
    assert_true(err_says(&place->warning, "line 3 is damaged") &&
                err_says(&place->warning, place->aside));
    assert_true(hold(place, NOW_MS) && is_revoked(&place->set));
    aside = file_read(place->aside, &len);
    assert_true(aside != NULL && len == sizeof half - 1 && memcmp(aside, half, len) == 0);
    free(aside);
    assert_true(keep(place, NOW_MS));
    begin_anew(place);
    assert_string_equal(place->warning.text, "");
    assert_true(hold(place, NOW_MS) && is_revoked(&place->set));
}

/* R-REVOKED-3: what cannot be read now is not written over, and told; it is read when it can be. */
static void
test_not_read(void **state)
{
    static const char text[] = "stek-revoked1\n07080900000000000000000000000000 1700001000\nend\n";
    struct place *place = *state;

    assert_int_equal(mkdir(place->paths.revoked, 0700), 0);
    begin_anew(place);
    assert_string_equal(place->warning.text, ""); /* a tick tells */
    assert_false(hold(place, NOW_MS));
    assert_true(err_says(&place->err, "what was revoked is not known: ") &&
                err_says(&place->err, "not a regular file"));
    assert_int_equal(keyset_revoke_mark(&place->set, NOW_MS, NOW_S + 9, NOW_MS, NULL),
                     KEYSET_CHANGED);
    assert_false(keep(place, NOW_MS));
    assert_true(err_says(&place->err, "what is revoked is not saved: "));
    assert_int_equal(rmdir(place->paths.revoked), 0); /* it was left alone */
    assert_true(file_make(place->paths.revoked, text, sizeof text - 1, 0600));
    assert_true(hold(place, NOW_MS) && is_revoked(&place->set));
    assert_true(keep(place, NOW_MS));
    begin_anew(place);
    assert_true(hold(place, NOW_MS) && is_revoked(&place->set));
    assert_true(place->set.mark.made_ms == NOW_MS);
}

/* A clock that is behind, as at the start of a machine that has none of its own: the revocation of
 * all keys waits for it, and is in the file all the while. */
static void
test_clock_behind(void **state)
{
    struct place *place = *state;
    uint64_t behind_ms = NOW_MS - 2 * KEY_SKEW_MS;

    assert_int_equal(keyset_revoke_mark(&place->set, NOW_MS, NOW_S + LATER_S, NOW_MS, NULL),
                     KEYSET_CHANGED);
    assert_true(keep(place, NOW_MS));
    for (int i = 0; i < 2; i++) {
        begin_anew(place);
        assert_false(hold(place, behind_ms));
        assert_true(err_says(&place->err, "does not hold yet") &&
                    err_says(&place->err, "10 min ahead"));
        assert_true(place->set.mark.made_ms == 0);
        assert_true(i > 0 || withdraw(place)); /* and what is revoked meanwhile is added */
        assert_true(is_revoked(&place->set));
        assert_true(keep(place, behind_ms));
    }
    assert_true(hold(place, NOW_MS));
    assert_true(place->set.mark.made_ms == NOW_MS && is_revoked(&place->set));
}

/* A mark that was told by a clock that was ahead moves with that clock, or it would strike when its
 * time comes; one that was told by another does not. */
static void
test_clock_set_back(void **state)
{
    struct place *place = *state;
    uint64_t ahead_ms = NOW_MS + 10 * KEY_SKEW_MS;
    struct mark mark, other = {.made_ms = NOW_MS + 1, .until = NOW_S + LATER_S};

    assert_int_equal(
        keyset_revoke_mark(&place->set, ahead_ms, ahead_ms / 1000 + LATER_S, ahead_ms, NULL),
        KEYSET_CHANGED);
    assert_true(keep(place, ahead_ms));
    mark = place->set.mark;
    revoked_file_shift(&place->file, &other, -10 * (int64_t)KEY_SKEW_MS / 1000, NOW_MS);
    assert_true(place->file.kept.mark.made_ms == ahead_ms);
    revoked_file_shift(&place->file, &mark, -10 * (int64_t)KEY_SKEW_MS / 1000, NOW_MS);
    keyset_shift_own(&place->set, 1, -10 * (int64_t)KEY_SKEW_MS / 1000, true, NOW_MS);
    assert_true(keep(place, NOW_MS));
    begin_anew(place);
    assert_true(hold(place, NOW_MS));
    assert_true(place->set.mark.made_ms == NOW_MS && place->set.mark.until == NOW_S + LATER_S);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_written, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clock_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clock_set_back, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
