/* Files of counters: whole from their first moment, read without being mapped, alive as long as
 * somebody holds them, and closed without harm to what else has the number of their descriptor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>

#include "ring_support.h"
#include "sys/sys.h"

#define LEN 5000

/* The only file in the folder whose name ends in .c1, hidden ones counted; "" unless it is one. */
static void
find_file(char out[400], const char *folder)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    int count = 0;

    out[0] = '\0';
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        count++;
        (void)snprintf(out, 400, "%s/%s", folder, entry->d_name);
    }
    if (dir != NULL)
        (void)closedir(dir);
    if (count != 1 || strcmp(out + strlen(out) - 3, ".c1") != 0)
        out[0] = '\0';
}

static void
test_created_read_closed(void **state)
{
    struct scratch scratch;
    struct sys_counters file;
    char path[400];
    uint8_t bytes[LEN];
    bool alive = false;
    struct stat stat;
    mode_t old = umask(077); /* which must not keep the folder's group out */

    (void)state;
    assert_true(scratch_open(&scratch));
    errno = 77;
    assert_true(sys_counters_create(&file, scratch.folder, LEN));
    assert_int_equal(errno, 77);
    (void)umask(old);
    find_file(path, scratch.folder);
    assert_int_equal(lstat(path, &stat), 0);
    assert_int_equal(stat.st_mode & 07777, 0640);
    assert_true(stat.st_blocks * 512 >= LEN);
    ((uint8_t *)file.map.base)[4321] = 5;
    assert_true(sys_counters_read(bytes, LEN, &alive, path, NULL));
    assert_true(alive);
    assert_int_equal(bytes[4321], 5);
    errno = 77;
    sys_counters_close(&file);
    assert_int_equal(errno, 77);
    assert_true(sys_counters_read(bytes, LEN, &alive, path, NULL));
    assert_false(alive);
    assert_int_equal(bytes[4321], 5);
    scratch_close(&scratch);
}

static void
test_no_folder(void **state)
{
    struct scratch scratch;
    struct sys_counters file = {.fd = 42};

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_false(sys_counters_create(&file, scratch.other, LEN));
    assert_true(file_make(scratch.other, "", 0, 0600));
    assert_false(sys_counters_create(&file, scratch.other, LEN));
    assert_int_equal(symlink(scratch.folder, scratch.ring), 0);
    assert_false(sys_counters_create(&file, scratch.ring, LEN));
    assert_int_equal(file.fd, 42);
    scratch_close(&scratch);
}

static int
create_limited(void *arg)
{
    struct sys_counters file;

    if (!file_limit(LEN - 1))
        return 1;
    return sys_counters_create(&file, arg, LEN) ? 2 : errno == EFBIG ? 0 : 3;
}

/* Where files may not grow so large nothing is counted, and no signal ends the server. */
static void
test_limited_size(void **state)
{
    struct scratch scratch;

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_int_equal(child_run(create_limited, scratch.folder, 0), 0);
    assert_int_equal(rmdir(scratch.folder), 0); /* nothing was left in it */
}

struct held {
    struct sys_counters file;
    int go[2]; /* the child lives until this pipe ends */
};

static int
hold(void *arg)
{
    struct held *held = arg;
    char byte;

    (void)close(held->go[1]);
    return read(held->go[0], &byte, 1) == 0 ? 0 : 1;
}

/* A forked child goes on counting in the file when the opener has closed it. */
static void
test_child_holds_it(void **state)
{
    struct scratch scratch;
    struct held held;
    char path[400];
    uint8_t bytes[LEN];
    bool alive = false;
    pid_t pid;
    int status;

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_int_equal(pipe(held.go), 0);
    assert_true(sys_counters_create(&held.file, scratch.folder, LEN));
    find_file(path, scratch.folder);
    pid = child_fork();
    if (pid == 0)
        _exit(hold(&held));
    (void)close(held.go[0]);
    sys_counters_close(&held.file);
    assert_true(sys_counters_read(bytes, LEN, &alive, path, NULL));
    assert_true(alive);
    (void)close(held.go[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(sys_counters_read(bytes, LEN, &alive, path, NULL));
    assert_false(alive);
    scratch_close(&scratch);
}

/* Servers close every descriptor when they become daemons; the number then is another file's. */
static void
test_stolen_descriptor(void **state)
{
    struct scratch scratch;
    struct sys_counters file;
    int other, number;

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_true(sys_counters_create(&file, scratch.folder, LEN));
    number = file.fd;
    assert_int_equal(close(number), 0);
    assert_true(file_make(scratch.other, "", 0, 0600)); /* on the same device */
    other = open(scratch.other, O_RDWR | O_CLOEXEC);
    assert_int_equal(dup2(other, number), number);
    ((uint8_t *)file.map.base)[1] = 1; /* counting goes on */
    sys_counters_close(&file);
    assert_int_equal(fcntl(number, F_GETFD) >= 0, 1);
    (void)close(number);
    if (other != number)
        (void)close(other);
    scratch_close(&scratch);
}

static void
test_read_refuses(void **state)
{
    struct scratch scratch;
    uint8_t bytes[LEN] = {0};
    bool alive;
    struct err err = {0};

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_false(sys_counters_read(bytes, LEN, &alive, scratch.ring, &err));
    assert_non_null(strstr(err.text, "No such file"));
    assert_true(file_make(scratch.ring, bytes, LEN - 1, 0600));
    assert_false(sys_counters_read(bytes, LEN, &alive, scratch.ring, &err));
    assert_non_null(strstr(err.text, "not a file of counters"));
    assert_int_equal(symlink(scratch.ring, scratch.other), 0);
    assert_false(sys_counters_read(bytes, LEN, &alive, scratch.other, &err));
    assert_int_equal(unlink(scratch.other), 0);
    assert_int_equal(mkfifo(scratch.other, 0600), 0);
    assert_false(sys_counters_read(bytes, LEN, &alive, scratch.other, &err));
    scratch_close(&scratch);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_created_read_closed), cmocka_unit_test(test_no_folder),
        cmocka_unit_test(test_limited_size),        cmocka_unit_test(test_child_holds_it),
        cmocka_unit_test(test_stolen_descriptor),   cmocka_unit_test(test_read_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
