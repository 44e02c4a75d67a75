/* The way to a file is gone name by name, and no name that another user may have put there is
 * followed. Only root can make what belongs to others; the decision itself is tried by all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>

#include "ring_support.h"
#include "sys/folder.h"

#define ADMIN 11 /* some users */
#define SERVER 12
#define OTHER 13

static struct stat
stat_of(mode_t mode, uid_t owner)
{
    struct stat stat = {.st_mode = mode, .st_uid = owner};

    return stat;
}

/* R-RING-5, of the way to a ring: a folder's mode and owner, a name's owner, and the answer to
 * SERVER. */
static void
test_whom_we_trust(void **state)
{
    static const struct {
        mode_t mode;
        uid_t folder, named;
        bool trusted;
    } cases[] = {
        {0755, 0, OTHER, true},       /* /run/stek: root gave it away */
        {0755, OTHER, SERVER, true},  /* who owns the way was asked where the way began */
        {01777, 0, OTHER, false},     /* /tmp/stek, made by anybody */
        {01777, 0, SERVER, true},     /* by us */
        {01777, OTHER, 0, true},      /* by root */
        {01777, ADMIN, ADMIN, true},  /* by who could have written it all the same */
        {01777, ADMIN, OTHER, false}, /* by nobody of these */
        {0775, ADMIN, OTHER, false},  /* the group may write it */
        {0775, ADMIN, ADMIN, true},   {0757, ADMIN, OTHER, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stat folder = stat_of(S_IFDIR | cases[i].mode, cases[i].folder);
        struct stat named = stat_of(S_IFDIR | 0700, cases[i].named);

        print_message("# case %zu\n", i);
        assert_int_equal(folder_trusts(&folder, &named, SERVER, true), cases[i].trusted);
        /* one of many, for all that can be seen from a user namespace */
        assert_int_equal(folder_trusts(&folder, &named, SERVER, false),
                         cases[i].named == 0 || cases[i].mode == 0755);
    }
}

/* Where `path` leads, by what a plain open() finds: true if both are one folder. */
static bool
leads_to(const char *path, const char *where)
{
    struct folder folder;
    struct stat stat;
    bool same;

    if (folder_open(&folder, path, NULL) != SYS_OPENED || lstat(where, &stat) != 0)
        return false;
    same = folder.stat.st_dev == stat.st_dev && folder.stat.st_ino == stat.st_ino &&
           strcmp(folder.base, "ring") == 0;
    folder_close(&folder);
    return same;
}

static enum sys_open
open_of(const char *path)
{
    struct folder folder = {.fd = 42};
    enum sys_open result = folder_open(&folder, path, NULL);

    if (result == SYS_OPENED)
        folder_close(&folder);
    return result;
}

static void
test_ways(void **state)
{
    struct scratch scratch;
    char path[300], link[96], inner[96];

    (void)state;
    assert_true(scratch_open(&scratch));
    (void)snprintf(inner, sizeof inner, "%.31s/inner", scratch.folder);
    (void)snprintf(link, sizeof link, "%.31s/link", scratch.folder);
    assert_int_equal(mkdir(inner, 0700), 0);
    (void)snprintf(path, sizeof path, "%s//./inner/../inner/ring", scratch.folder);
    assert_true(leads_to(path, inner));
    assert_true(leads_to("/ring", "/"));
    assert_true(leads_to("ring", "."));
    assert_true(leads_to("../ring", ".."));
    assert_int_equal(symlink(inner, link), 0); /* a whole path */
    (void)snprintf(path, sizeof path, "%s/ring", link);
    assert_true(leads_to(path, inner));
    assert_int_equal(unlink(link), 0);
    assert_int_equal(symlink("./inner/..//inner/", link), 0);
    assert_true(leads_to(path, inner));
    (void)snprintf(path, sizeof path, "%s/../ring", link);
    assert_true(leads_to(path, scratch.folder));
    (void)snprintf(path, sizeof path, "/proc/self/root%s/ring", inner); /* no link by its text */
    assert_true(leads_to(path, inner));
    scratch_close(&scratch);
}

static void
test_no_way(void **state)
{
    struct scratch scratch;
    char path[120], link[96];

    (void)state;
    assert_true(scratch_open(&scratch));
    (void)snprintf(link, sizeof link, "%.31s/link", scratch.folder);
    (void)snprintf(path, sizeof path, "%.95s/ring", link);
    assert_int_equal(open_of(path), SYS_ABSENT);
    assert_int_equal(symlink("link", link), 0); /* in a circle */
    assert_int_equal(open_of(path), SYS_UNSAFE);
    assert_int_equal(unlink(link), 0);
    assert_true(file_make(link, "", 0, 0600)); /* a file is no folder */
    assert_int_equal(open_of(path), SYS_FAILED);
    assert_int_equal(errno, ENOTDIR);
    (void)snprintf(path, sizeof path, "%.95s/on/ring", link);
    assert_int_equal(open_of(path), SYS_FAILED);
    assert_int_equal(errno, ENOTDIR);
    scratch_close(&scratch);
}

static void
test_too_long(void **state)
{
    static char path[PATH_MAX + 8];

    (void)state;
    memset(path, 'a', NAME_MAX + 1); /* one name */
    memcpy(path + NAME_MAX + 1, "/ring", 6);
    assert_int_equal(open_of(path), SYS_FAILED);
    assert_int_equal(errno, ENAMETOOLONG);
    memset(path, '/', PATH_MAX);
    memcpy(path + PATH_MAX, "ring", 5);
    assert_int_equal(open_of(path), SYS_FAILED);
    assert_int_equal(errno, ENAMETOOLONG);
    assert_true(leads_to(path + 1, "/"));
}

/* R-RING-5: what another user has planted is refused and named, be it a folder or a link to one: by
 * readers, by who counts, and by the writer, whose ring nobody would trust. */
static void
test_planted(void **state)
{
    struct scratch scratch;
    struct sys_counters counters;
    struct sys_owned owned;
    char planted[96], path[120], ring[130];
    struct folder folder = {.fd = 42};
    struct err err = {0};

    (void)state;
    assert_true(scratch_open(&scratch));
    (void)snprintf(planted, sizeof planted, "%.31s/stek", scratch.folder);
    (void)snprintf(path, sizeof path, "%.95s/count", planted);
    assert_int_equal(chmod(scratch.folder, 01777), 0);
    assert_int_equal(mkdir(planted, 0755), 0);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(open_of(path), SYS_OPENED);
    if (geteuid() == 0) { /* nobody else can give it away */
        assert_int_equal(chown(planted, NOBODY, NOBODY), 0);
        assert_int_equal(folder_open(&folder, path, &err), SYS_UNSAFE);
        assert_non_null(strstr(err.text, "user 65534 may have put \"stek\" there"));
        assert_int_equal(folder.fd, 42);
        assert_false(sys_counters_create(&counters, path, 4096));
        err = (struct err){0};
        (void)snprintf(ring, sizeof ring, "%.119s/ring", path);
        assert_false(sys_owned_open(&owned, ring, 4096, NO_GROUP, &err));
        assert_non_null(strstr(err.text, "may have put"));
        assert_int_equal(chmod(scratch.folder, 0755), 0); /* then it was root that put it there */
        assert_int_equal(open_of(path), SYS_OPENED);
        assert_true(sys_counters_create(&counters, path, 4096));
        sys_counters_close(&counters);
        assert_true(sys_owned_open(&owned, ring, 4096, NO_GROUP, NULL));
        sys_owned_close(&owned);
    }
    scratch_close(&scratch);
}

static void
test_planted_link(void **state)
{
    struct scratch scratch;
    char link[96], path[120], inner[96];

    (void)state;
    assert_true(scratch_open(&scratch));
    (void)snprintf(inner, sizeof inner, "%.31s/inner", scratch.folder);
    (void)snprintf(link, sizeof link, "%.31s/link", scratch.folder);
    (void)snprintf(path, sizeof path, "%.95s/ring", link);
    assert_int_equal(chmod(scratch.folder, 01777), 0);
    assert_int_equal(mkdir(inner, 0700), 0);
    assert_int_equal(symlink(inner, link), 0);
    assert_int_equal(open_of(path), SYS_OPENED);
    if (geteuid() == 0) {
        assert_int_equal(lchown(link, NOBODY, NOBODY), 0);
        assert_int_equal(open_of(path), SYS_UNSAFE);
    }
    scratch_close(&scratch);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whom_we_trust), cmocka_unit_test(test_ways),
        cmocka_unit_test(test_no_way),        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_planted),       cmocka_unit_test(test_planted_link),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
