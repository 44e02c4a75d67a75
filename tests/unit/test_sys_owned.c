/* A file of our own: made whole or not at all, in one hand at a time, opened again by its owner
 * though its mode forbids it, and left alone where it is not ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ring_support.h"
#include "sys/sys.h"

#define LEN 10000

static mode_t
mode_of(const char *path)
{
    struct stat stat;

    return lstat(path, &stat) == 0 ? stat.st_mode & 07777 : 0;
}

static bool
is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static void
test_created_when_published(void **state)
{
    struct scratch scratch;
    struct sys_owned file;
    struct stat stat;
    char fresh[120];

    (void)state;
    assert_true(scratch_open(&scratch));
    (void)snprintf(fresh, sizeof fresh, "%s.new", scratch.ring);
    errno = 77;
    assert_true(sys_owned_open(&file, scratch.ring, LEN, NO_GROUP, NULL));
    assert_int_equal(errno, 77);
    assert_true(file.created);
    assert_int_equal(file.map.len, LEN);
    assert_false(is_there(scratch.ring));
    memcpy(file.map.base, "mine", 4);
    errno = 77;
    assert_true(sys_owned_publish(&file, scratch.ring, NULL));
    assert_int_equal(errno, 77);
    assert_false(is_there(fresh));
    assert_int_equal(mode_of(scratch.ring), 0400);
    assert_int_equal(lstat(scratch.ring, &stat), 0);
    assert_true(stat.st_blocks * 512 >= LEN); /* no page is missing when it is written to */
    sys_owned_close(&file);
    assert_int_equal(file.fd, -1);
    sys_owned_close(&file);
    assert_true(sys_owned_open(&file, scratch.ring, 2 * LEN, NO_GROUP, NULL));
    assert_false(file.created);
    assert_int_equal(file.map.len, LEN);
    assert_memory_equal(file.map.base, "mine", 4);
    sys_owned_close(&file);
    scratch_close(&scratch);
}

/* R-RING-6, of the file: the second one is refused, and told what to do, until the first ends. */
static void
test_one_at_a_time(void **state)
{
    struct scratch scratch;
    struct sys_owned first, second = {.fd = 42};
    struct err err = {0};

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_true(sys_owned_open(&first, scratch.ring, LEN, NO_GROUP, NULL));
    assert_false(sys_owned_open(&second, scratch.ring, LEN, NO_GROUP, &err)); /* not yet named */
    assert_non_null(strstr(err.text, "another stekd"));
    assert_true(sys_owned_publish(&first, scratch.ring, NULL));
    err = (struct err){0};
    assert_false(sys_owned_open(&second, scratch.ring, LEN, NO_GROUP, &err));
    assert_non_null(strstr(err.text, "another stekd"));
    assert_int_equal(second.fd, 42);
    sys_owned_close(&first);
    assert_true(sys_owned_open(&second, scratch.ring, LEN, NO_GROUP, NULL));
    sys_owned_close(&second);
    scratch_close(&scratch);
}

static int
open_again(void *arg)
{
    const char *path = arg;
    struct sys_owned file, second;
    int tries = 3;

    while (tries-- > 0) {
        if (!sys_owned_open(&file, path, LEN, NO_GROUP, NULL))
            return 1;
        if (!sys_owned_publish(&file, path, NULL))
            return 2;
        if (sys_owned_open(&second, path, LEN, NO_GROUP, NULL)) /* is in our hands */
            return 3;
        if (mode_of(path) != 0400)
            return 4;
        ((uint8_t *)file.map.base)[7]++;
        sys_owned_close(&file);
    }
    return 0;
}

/* Without root's rights a file of mode 0400 cannot be opened for writing, not even by its owner. */
static void
test_owner_opens_again(void **state)
{
    struct scratch scratch;
    uint8_t *bytes;
    size_t len;

    (void)state;
    assert_true(scratch_open(&scratch));
    if (geteuid() == 0)
        assert_int_equal(chown(scratch.folder, NOBODY, NOBODY), 0);
    assert_int_equal(child_run(open_again, scratch.ring, geteuid() == 0 ? NOBODY : 0), 0);
    bytes = file_read(scratch.ring, &len);
    assert_non_null(bytes);
    assert_int_equal(bytes[7], 3);
    free(bytes);
    scratch_close(&scratch);
}

/* A writer that died between naming a ring and dropping its first name leaves both: the ring must
 * not be touched through the other one, which readers have mapped. */
static void
test_leftovers(void **state)
{
    struct scratch scratch;
    struct sys_owned file;
    char fresh[120];
    struct stat stat;

    (void)state;
    assert_true(scratch_open(&scratch));
    (void)snprintf(fresh, sizeof fresh, "%s.new", scratch.ring);
    assert_true(file_make(fresh, "half made", 9, 0600));
    assert_true(sys_owned_open(&file, scratch.ring, LEN, NO_GROUP, NULL));
    assert_true(file.created);
    assert_int_equal(((uint8_t *)file.map.base)[0], 0);
    assert_true(sys_owned_publish(&file, scratch.ring, NULL));
    sys_owned_close(&file);
    assert_int_equal(link(scratch.ring, fresh), 0);
    assert_true(sys_owned_open(&file, scratch.ring, LEN, NO_GROUP, NULL));
    assert_false(is_there(fresh));
    sys_owned_close(&file);
    /* and where the ring's own name is gone: */
    assert_int_equal(link(scratch.ring, scratch.other), 0);
    assert_int_equal(rename(scratch.ring, fresh), 0);
    assert_true(sys_owned_open(&file, scratch.ring, LEN / 2, NO_GROUP, NULL));
    assert_true(file.created);
    assert_true(sys_owned_publish(&file, scratch.ring, NULL));
    assert_int_equal(lstat(scratch.other, &stat), 0);
    assert_int_equal(stat.st_size, LEN);
    assert_int_equal(stat.st_nlink, 1);
    sys_owned_close(&file);
    scratch_close(&scratch);
}

/* Publishing replaces nothing. */
static void
test_publish_replaces_nothing(void **state)
{
    struct scratch scratch;
    struct sys_owned file;
    uint8_t *bytes;
    size_t len;
    struct err err = {0};

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_true(sys_owned_open(&file, scratch.ring, LEN, NO_GROUP, NULL));
    assert_true(file_make(scratch.ring, "older", 5, 0400));
    assert_false(sys_owned_publish(&file, scratch.ring, &err));
    assert_non_null(strstr(err.text, scratch.ring));
    bytes = file_read(scratch.ring, &len);
    assert_non_null(bytes);
    assert_int_equal(len, 5);
    free(bytes);
    sys_owned_close(&file);
    scratch_close(&scratch);
}

static int
open_limited(void *arg)
{
    struct sys_owned file;
    struct err err = {0};

    if (!file_limit(LEN - 1))
        return 1;
    if (sys_owned_open(&file, arg, LEN, NO_GROUP, &err))
        return 2;
    return strstr(err.text, "allocate") != NULL && strstr(err.text, "too large") != NULL ? 0 : 3;
}

/* Where files may not grow so large the writer is told, not killed: for a new one, which leaves
 * nothing behind, and for one that is there, which stays as it is. */
static void
test_limited_size(void **state)
{
    struct scratch scratch;
    struct sys_owned file;
    char fresh[120];

    (void)state;
    assert_true(scratch_open(&scratch));
    (void)snprintf(fresh, sizeof fresh, "%s.new", scratch.ring);
    assert_int_equal(child_run(open_limited, scratch.ring, 0), 0);
    assert_false(is_there(fresh));
    assert_false(is_there(scratch.ring));
    assert_true(sys_owned_open(&file, scratch.ring, LEN, NO_GROUP, NULL));
    assert_true(sys_owned_publish(&file, scratch.ring, NULL));
    memcpy(file.map.base, "mine", 4);
    sys_owned_close(&file);
    assert_int_equal(child_run(open_limited, scratch.ring, 0), 0);
    assert_true(sys_owned_open(&file, scratch.ring, LEN, NO_GROUP, NULL));
    assert_memory_equal(file.map.base, "mine", 4);
    sys_owned_close(&file);
    scratch_close(&scratch);
}

static void
test_group(void **state)
{
    struct scratch scratch;
    struct sys_owned file;
    struct stat stat;

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_true(sys_owned_open(&file, scratch.ring, LEN, getegid(), NULL));
    assert_true(sys_owned_publish(&file, scratch.ring, NULL));
    assert_int_equal(mode_of(scratch.ring), 0440);
    sys_owned_close(&file);
    assert_true(sys_owned_open(&file, scratch.ring, LEN, NO_GROUP, NULL));
    assert_int_equal(mode_of(scratch.ring), 0400); /* the configuration has changed */
    sys_owned_close(&file);
    if (geteuid() == 0) {
        assert_true(sys_owned_open(&file, scratch.ring, LEN, NOBODY, NULL));
        assert_int_equal(lstat(scratch.ring, &stat), 0);
        assert_int_equal(stat.st_gid, NOBODY);
        assert_int_equal(stat.st_mode & 07777, 0440);
        sys_owned_close(&file);
    }
    scratch_close(&scratch);
}

struct refused {
    const char *says;
    mode_t mode;
    size_t len;
};

/* R-RING-5, of the writer: what others may have written is refused and left as it is. */
static void
test_refused(void **state)
{
    static const struct refused cases[] = {{"written by others", 0620, 5},
                                           {"written by others", 0602, 5},
                                           {"read by everybody", 0604, 5},
                                           {"empty", 0600, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scratch scratch;
        struct sys_owned file;
        struct err err = {0};

        assert_true(scratch_open(&scratch));
        assert_true(file_make(scratch.ring, "other", cases[i].len, cases[i].mode));
        assert_false(sys_owned_open(&file, scratch.ring, LEN, NO_GROUP, &err));
        assert_non_null(strstr(err.text, cases[i].says));
        assert_int_equal(mode_of(scratch.ring), cases[i].mode);
        scratch_close(&scratch);
    }
}

static bool
is_refused(const char *path, const char *says)
{
    struct sys_owned file;
    struct err err = {0};

    if (sys_owned_open(&file, path, LEN, NO_GROUP, &err)) {
        sys_owned_close(&file);
        return false;
    }
    return strstr(err.text, says) != NULL;
}

static void
test_refused_kinds(void **state)
{
    struct scratch scratch;
    char path[120];

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_true(file_make(scratch.other, "other", 5, 0600));
    assert_int_equal(symlink(scratch.other, scratch.ring), 0);
    assert_true(is_refused(scratch.ring, "www.r1"));
    assert_int_equal(unlink(scratch.ring), 0);
    assert_int_equal(mkfifo(scratch.ring, 0600), 0);
    assert_true(is_refused(scratch.ring, "not a regular file"));
    assert_int_equal(unlink(scratch.ring), 0);
    assert_int_equal(mkdir(scratch.ring, 0700), 0);
    assert_true(is_refused(scratch.ring, "www.r1"));
    (void)snprintf(path, sizeof path, "%s/", scratch.folder);
    assert_true(is_refused(path, "not a file name"));
    (void)snprintf(path, sizeof path, "%s/no/ring", scratch.folder);
    assert_true(is_refused(path, "No such file"));
    assert_int_equal(chmod(scratch.folder, 0775), 0);
    assert_true(is_refused(scratch.ring, "others may write it"));
    assert_int_equal(chmod(scratch.folder, 0755), 0);
    if (geteuid() == 0) {
        assert_int_equal(rmdir(scratch.ring), 0);
        assert_true(file_make(scratch.ring, "other", 5, 0600));
        assert_int_equal(chown(scratch.ring, NOBODY, NOBODY), 0);
        assert_true(is_refused(scratch.ring, "another user"));
        assert_int_equal(chown(scratch.folder, NOBODY, NOBODY), 0);
        /* the way there may lead through a folder that all write (/tmp), which is told first */
        assert_true(is_refused(scratch.ring, "another user") ||
                    is_refused(scratch.ring, "may have put"));
    }
    scratch_close(&scratch);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_created_when_published),
        cmocka_unit_test(test_one_at_a_time),
        cmocka_unit_test(test_owner_opens_again),
        cmocka_unit_test(test_leftovers),
        cmocka_unit_test(test_publish_replaces_nothing),
        cmocka_unit_test(test_limited_size),
        cmocka_unit_test(test_group),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_refused_kinds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
