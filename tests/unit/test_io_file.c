/* Files, folders, the lock and the socket of a daemon: what is taken, what is refused and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/file.h"
#include "io/listen.h"
#include "io/log.h"
#include "io/moment.h"
#include "io/process.h"

static char folder[32];

/* A path in the test's folder; the last two calls' results hold. */
static const char *
in_folder(const char *name)
{
    static char paths[2][128];
    static unsigned turn;

    turn = !turn;
    (void)snprintf(paths[turn], sizeof paths[turn], "%s/%s", folder, name);
    return paths[turn];
}

static bool
put(const char *name, const char *text)
{
    FILE *file = fopen(in_folder(name), "w");
    bool ok = file != NULL && fputs(text, file) >= 0;

    return file != NULL && fclose(file) == 0 && ok;
}

static int
setup(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/stek-io-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int
teardown(void **state)
{
    char command[64];

    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static void
test_read(void **state)
{
    struct err err = {""};
    char *text = NULL;
    size_t len = 0;

    (void)state;
    assert_true(put("five", "12345"));
    assert_int_equal(file_read(&text, &len, in_folder("five"), 5, &err), FILE_READ);
    assert_int_equal(len, 5);
    assert_string_equal(text, "12345");
    free(text);
    text = NULL;
    assert_int_equal(file_read(&text, &len, in_folder("five"), 4, &err), FILE_FAILED);
    assert_non_null(strstr(err.text, "five: longer than 4 bytes"));
    assert_int_equal(file_read(&text, &len, in_folder("none"), 4, &err), FILE_ABSENT);
    assert_int_equal(file_read(&text, &len, folder, 4, &err), FILE_FAILED);
    assert_non_null(strstr(err.text, ": not a regular file"));
    assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0); /* must not wait for a writer */
    assert_int_equal(file_read(&text, &len, in_folder("pipe"), 4, &err), FILE_FAILED);
    assert_null(text);
}

static void
test_absolute(void **state)
{
    struct err err = {""};
    char *path, here[PATH_MAX];

    (void)state;
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(folder), 0);
    path = file_absolute("not-there-yet", &err);
    assert_non_null(path);
    assert_string_equal(path, in_folder("not-there-yet"));
    free(path);
    path = file_absolute("./..//../", &err);
    assert_string_equal(path, "/");
    free(path);
    path = file_absolute("/not-there-yet", &err);
    assert_string_equal(path, "/not-there-yet");
    free(path);
    assert_null(file_absolute("no/such/folder", &err));
    assert_int_equal(chdir(here), 0);
}

static mode_t
mode_of(const char *path)
{
    struct stat stat_of;

    return lstat(path, &stat_of) == 0 ? stat_of.st_mode & 07777 : 0;
}

static void
test_folders(void **state)
{
    struct err err = {""};
    mode_t old = umask(077);

    (void)state;
    assert_true(dir_ensure(in_folder("run"), 0755, &err));
    assert_int_equal(mode_of(in_folder("run")), 0755);
    assert_int_equal(chmod(in_folder("run"), 0700), 0);
    assert_true(dir_ensure(in_folder("run"), 0755, &err));
    assert_int_equal(mode_of(in_folder("run")), 0700);
    assert_false(dir_ensure(in_folder("no/run"), 0755, &err));
    assert_true(dir_make(in_folder("count"), 02750, (gid_t)-1, &err));
    assert_int_equal(mode_of(in_folder("count")), 02750);
    assert_true(dir_make(in_folder("count"), 02700, getegid(), &err));
    assert_int_equal(mode_of(in_folder("count")), 02700);
    assert_int_equal(symlink("count", in_folder("link")), 0);
    assert_false(dir_make(in_folder("link"), 0700, (gid_t)-1, &err));
    assert_true(dir_remove(in_folder("count"), &err));
    assert_true(dir_remove(in_folder("count"), &err));
    (void)umask(old);
}

static void
test_ours(void **state)
{
    struct err err = {""};

    (void)state;
    assert_true(dir_check_ours(folder, &err));
    assert_int_equal(mkdir(in_folder("open"), 0700), 0);
    assert_int_equal(chmod(in_folder("open"), 0770), 0);
    assert_false(dir_check_ours(in_folder("open"), &err));
    assert_non_null(strstr(err.text, "others may write in it"));
    assert_true(put("file", ""));
    assert_false(dir_check_ours(in_folder("file"), &err));
    if (geteuid() == 0) {
        assert_int_equal(chmod(in_folder("open"), 0700), 0);
        assert_int_equal(chown(in_folder("open"), 65534, 65534), 0);
        assert_false(dir_check_ours(in_folder("open"), &err));
        assert_non_null(strstr(err.text, "belongs to user 65534"));
    }
}

struct seen {
    unsigned count, most;
};

static bool
count_name(void *arg, const char *name)
{
    struct seen *seen = arg;

    (void)name;
    return ++seen->count < seen->most;
}

static void
test_list(void **state)
{
    struct err err = {""};
    struct seen seen = {0, 10};

    (void)state;
    assert_true(put("a", "") && put("b", "") && put(".hidden", ""));
    assert_true(dir_list(folder, count_name, &seen, &err));
    assert_int_equal(seen.count, 2);
    seen = (struct seen){0, 1};
    assert_true(dir_list(folder, count_name, &seen, &err));
    assert_int_equal(seen.count, 1);
    assert_false(dir_list(in_folder("none"), count_name, &seen, &err));
    assert_true(file_remove(in_folder("a"), &err));
    assert_true(file_remove(in_folder("a"), &err));
    assert_false(file_remove(folder, &err));
}

/* How many descriptors a hardened process may have, if that was set to `soft` before and cannot
 * be set above `hard`; 0 where something failed. */
static unsigned
descriptors_of(unsigned soft, unsigned hard)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        struct rlimit limit = {.rlim_cur = soft, .rlim_max = hard};
        bool ok = setrlimit(RLIMIT_NOFILE, &limit) == 0 && process_harden(NULL) &&
                  getrlimit(RLIMIT_NOFILE, &limit) == 0;

        _exit(ok ? (int)(limit.rlim_cur / 10) : 0);
    }
    return waitpid(child, &status, 0) == child && WIFEXITED(status)
               ? (unsigned)WEXITSTATUS(status) * 10
               : 0;
}

/* False under valgrind, which keeps this limit to itself. */
static bool
can_limit(void)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        const struct rlimit limit = {.rlim_cur = 30, .rlim_max = 60};

        _exit(setrlimit(RLIMIT_NOFILE, &limit) == 0 || errno != EPERM ? 0 : 1);
    }
    return waitpid(child, &status, 0) != child || status == 0;
}

static void
test_descriptors(void **state)
{
    struct rlimit limit;

    (void)state;
    if (!can_limit())
        return;
    assert_int_equal(descriptors_of(30, 60), 60);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < PROCESS_FDS * 2)
        return; /* only root could set what follows */
    assert_int_equal(descriptors_of(30, PROCESS_FDS * 2), PROCESS_FDS / 10 * 10);
    assert_int_equal(descriptors_of(PROCESS_FDS + 100, PROCESS_FDS + 200), 1120);
}

/* Try to take the lock in another process: 1 taken, 2 told our id, 3 something else. */
static int
try_elsewhere(const char *path)
{
    pid_t parent = getpid(), child = fork();
    int status = 0;

    if (child == 0) {
        struct pid_lock lock = {.fd = -1};
        pid_t other;
        int result = 3;

        if (pid_lock_open(&lock, &other, path, NULL))
            result = 1;
        else if (other == parent)
            result = 2;
        pid_lock_close(&lock);
        _exit(result);
    }
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

static void
test_lock(void **state)
{
    struct pid_lock lock = {.fd = -1};
    struct err err = {""};
    pid_t other = 77;
    char path[64];

    (void)state;
    (void)snprintf(path, sizeof path, "%s", in_folder("pid"));
    assert_true(put("pid", "4194304999\nrubbish of a dead one")); /* nobody holds it */
    assert_true(pid_lock_open(&lock, &other, path, &err));
    assert_int_equal(try_elsewhere(path), 2);
    pid_lock_close(&lock);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(try_elsewhere(path), 1);
    pid_lock_close(&lock);
    assert_false(pid_lock_open(&lock, &other, in_folder("no/pid"), &err));
    assert_int_equal(other, -1);
    assert_non_null(strstr(err.text, "No such file"));
}

static void
test_listen(void **state)
{
    struct err err = {""};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[64], longest[200];
    int fd, client;

    (void)state;
    (void)snprintf(path, sizeof path, "%s", in_folder("socket"));
    fd = listen_unix(path, &err);
    assert_true(fd >= 0);
    assert_int_equal(mode_of(path), 0600);
    memcpy(address.sun_path, path, strlen(path));
    client = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    close(client);
    /* in use: left alone */
    assert_int_equal(listen_unix(path, &err), -1);
    assert_non_null(strstr(err.text, "another program listens there"));
    /* stale: replaced */
    close(fd);
    fd = listen_unix(path, &err);
    assert_true(fd >= 0);
    close(fd);
    /* of another kind: left alone */
    assert_true(put("file", "precious"));
    assert_int_equal(listen_unix(in_folder("file"), &err), -1);
    assert_int_equal(access(in_folder("file"), F_OK), 0);
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(listen_unix(longest, &err), -1);
    assert_non_null(strstr(err.text, "longer than the 107 bytes"));
}

static void
keep(void *arg, bool is_warning, const char *line)
{
    (void)snprintf(arg, LOG_LINE_MAX, "%s%s", is_warning ? "W " : "I ", line);
}

/* No input forges a line or commands a terminal. */
static void
test_log(void **state)
{
    char line[LOG_LINE_MAX], longest[2 * LOG_LINE_MAX];
    const struct log log = {.sink = keep, .arg = line};

    (void)state;
    log_info(&log, "keyset %s: %d", "a\nstekd: forged\033[2J", 5);
    assert_string_equal(line, "I keyset a?stekd: forged?[2J: 5");
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    log_warn(&log, "%s", longest);
    assert_int_equal(strlen(line), LOG_LINE_MAX - 1);
}

static void
test_moment(void **state)
{
    char text[MOMENT_LEN];

    (void)state;
    assert_string_equal(moment_text(text, 0), "1970-01-01T00:00:00Z");
    assert_string_equal(moment_text(text, 1700000000), "2023-11-14T22:13:20Z");
    assert_string_equal(moment_text(text, 253402300799), "9999-12-31T23:59:59Z");
    assert_string_equal(moment_text(text, UINT64_MAX), "18446744073709551615");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_absolute, setup, teardown),
        cmocka_unit_test_setup_teardown(test_folders, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ours, setup, teardown),
        cmocka_unit_test_setup_teardown(test_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lock, setup, teardown),
        cmocka_unit_test_setup_teardown(test_listen, setup, teardown),
        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_moment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
