/* What the directory engine promises beyond test_share_engine.c: whole files for every reader; it
 * outlives folders that are not there, go, come back, are full or not writable, and says so; it
 * works without inotify, reads mounted Secrets as they are, and reads no file twice for nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "engine_directory_support.h"

#define KEYS RECORD_KEYS

/* Calls that fail, and those that are counted: wrappers have no argument for it. */
static struct {
    bool no_inotify, no_openat2;
    size_t reads;
} fault;

int __real_inotify_init1(int flags);
int __wrap_inotify_init1(int flags);
ssize_t __real_read(int fd, void *out, size_t len);
ssize_t __wrap_read(int fd, void *out, size_t len);
long __real_syscall(long number, long a, long b, long c, long d);
long __wrap_syscall(long number, long a, long b, long c, long d);

int
__wrap_inotify_init1(int flags)
{
    errno = EMFILE;
    return fault.no_inotify ? -1 : __real_inotify_init1(flags);
}

ssize_t
__wrap_read(int fd, void *out, size_t len)
{
    fault.reads++;
    return __real_read(fd, out, len);
}

long
__wrap_syscall(long number, long a, long b, long c, long d)
{
    errno = ENOSYS;
    return fault.no_openat2 && number == SYS_openat2 ? -1 : __real_syscall(number, a, b, c, d);
}

static int
setup(void **state)
{
    static struct farm_world world;

    *state = &world;
    fault.no_inotify = fault.no_openat2 = false;
    return world_open(&world, &transport_directory) ? 0 : 1;
}

static int
teardown(void **state)
{
    return world_close(*state) ? 0 : 1;
}

/* Names are read back as they were written, and nothing else is a name. */
static void
test_names(void **state)
{
    static const char *const wrong[] = {"",
                                        "0",
                                        "00000000000000ab",
                                        "00000000000000ab.keys.www",
                                        "00000000000000ab.keys.www.stkr2",
                                        "00000000000000AB.keys.www.stkr",
                                        "00000000000000ab.key.www.stkr",
                                        "0000000000000ab.keys.www.stkr",
                                        "00000000000000ab.keys.ww.stkr",
                                        "00000000000000ab.keys.wwww.stkr",
                                        "000000000000000ab.keys.www.stkr",
                                        "..data",
                                        ".00000000000000ab.keys.www.stkr.tmp",
                                        "00000000000000ab.keys..stkr"};
    char keyset[RECORD_KEYSET_MAX + 1] = "", text[DIRECTORY_NAME_LEN];
    struct engine_name name = {KEYS, 0}, back;

    (void)state;
    for (size_t len = 0; len < RECORD_KEYSET_MAX; len++) {
        keyset[len] = "a.-_9"[len % 5];
        for (unsigned kind = RECORD_KEYS; kind <= RECORD_STATUS; kind++) {
            name = (struct engine_name){(enum record_kind)kind, UINT64_MAX / (len + 1)};
            directory_name_write(text, &name, keyset);
            assert_true(directory_name_read(&back, text, keyset));
            assert_true(back.kind == name.kind && back.sender == name.sender);
            assert_true(strlen(text) < DIRECTORY_NAME_LEN && text[0] != '.');
        }
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(directory_name_read(&back, wrong[i], "www"));
}

/* Reads the file again and again until the pipe ends; returns how often it was not whole. */
static int
watch_whole(const char *path, int until)
{
    int bad = 0;
    char bytes[4096], end;

    while (read(until, &end, 1) < 0) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t got = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);

        if (fd >= 0)
            (void)close(fd);
        bad += got != 3000 || bytes[0] != bytes[2999] ? 1 : 0;
    }
    return bad > 100 ? 100 : bad;
}

/* R-ENGINE-2: a reader at any moment finds the old record or the new one, of mode 0600 or, in a
 * folder that gives its group, 0640. */
static void
test_whole(void **state)
{
    struct farm_world *world = *state;
    struct path path = path_of(world, "www", KEYS, 1);
    char text[3001] = "";
    struct stat stat;
    int pipes[2], status;
    pid_t reader;

    assert_true(host_start(world, 1, "www", NULL));
    memset(text, 'a', 3000);
    assert_true(host_put(world->hosts[1], KEYS, text));
    assert_true(reaches_all(world, KEYS, 1, text));
    assert_int_equal(pipe2(pipes, O_NONBLOCK), 0);
    (void)fflush(stdout); /* the child has a copy */
    reader = fork();
    if (reader == 0) {
        (void)close(pipes[1]); /* of ours */
        _exit(watch_whole(path.text, pipes[0]));
    }
    for (unsigned round = 0; round < 100; round++) {
        memset(text, 'b' + (int)(round % 20), 3000);
        assert_true(host_put(world->hosts[1], KEYS, text));
        assert_true(reaches_all(world, KEYS, 1, text));
    }
    assert_int_equal(close(pipes[1]), 0);
    assert_int_equal(waitpid(reader, &status, 0), reader);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    (void)close(pipes[0]); /* read */
    assert_true(lstat(path.text, &stat) == 0 && (stat.st_mode & 07777) == 0600);
    assert_int_equal(chmod(world->path, 02770), 0);
    assert_true(host_put(world->hosts[1], KEYS, "for the group"));
    assert_true(reaches_all(world, KEYS, 1, "for the group"));
    assert_true(lstat(path.text, &stat) == 0 && (stat.st_mode & 07777) == 0640);
}

/* R-ENGINE-6 R-ENGINE-7: the folder comes late, goes, is replaced; what was put meanwhile arrives,
 * lists complete all the time, and the state says it. */
static void
test_folder_comes_and_goes(void **state)
{
    struct farm_world *world = *state;
    char aside[80];

    (void)snprintf(aside, sizeof aside, "%s/aside", world->folder);
    assert_int_equal(rmdir(world->path), 0);
    assert_true(host_start(world, 1, "www", NULL) && host_start(world, 2, "www", NULL));
    assert_true(host_put(world->hosts[1], KEYS, "early"));
    assert_true(list_ends(world->hosts[2], KEYS));
    assert_int_equal(world->hosts[2]->whole[KEYS], 0);
    assert_true(says(world->hosts[1], false, world->path));
    assert_true(world->hosts[1]->states > 0);
    assert_true(host_state(world->hosts[1]).since_ms <= loop_now_ms(world->loop));
    assert_int_equal(mkdir(world->path, 0700), 0);
    assert_true(reaches_all(world, KEYS, 1, "early"));
    assert_true(says(world->hosts[1], true, "well"));
    assert_int_equal(rename(world->path, aside), 0);
    assert_true(says(world->hosts[2], false, "No such file"));
    assert_true(host_put(world->hosts[1], KEYS, "meanwhile"));
    assert_int_equal(mkdir(world->path, 0700), 0);
    assert_true(reaches_all(world, KEYS, 1, "meanwhile"));
    assert_true(says(world->hosts[2], true, "well"));
    assert_true(file_is(path_of(world, "www", KEYS, 1).text, "meanwhile"));
}

/* R-ENGINE-6 R-ENGINE-7: no room; then what is in the way cannot be removed; and all is well again.
 * The old record stays until there is a new one. */
static void
test_not_writable(void **state)
{
    struct farm_world *world = *state;
    struct path path = path_of(world, "www", KEYS, 1);
    struct path fresh = path_in(world, ".0000000000000001.keys.www.stkr.tmp");
    struct rlimit limit, small;

    assert_true(host_start(world, 1, "www", NULL) && host_start(world, 2, "www", NULL));
    assert_true(host_put(world->hosts[1], KEYS, "old"));
    assert_true(reaches_all(world, KEYS, 1, "old"));
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR && getrlimit(RLIMIT_FSIZE, &limit) == 0);
    small = (struct rlimit){.rlim_cur = 5, .rlim_max = limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_true(host_put(world->hosts[1], KEYS, "new and longer"));
    assert_true(says(world->hosts[1], false, "make room"));
    assert_true(file_is(path.text, "old"));
    assert_int_not_equal(access(fresh.text, F_OK), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_true(reaches_all(world, KEYS, 1, "new and longer"));
    assert_true(says(world->hosts[1], true, "well"));
    assert_int_equal(mkdir(fresh.text, 0700), 0);
    assert_true(host_put(world->hosts[1], KEYS, "newer"));
    assert_true(says(world->hosts[1], false, "not written"));
    assert_int_equal(rmdir(fresh.text), 0);
    assert_true(reaches_all(world, KEYS, 1, "newer"));
    assert_true(says(world->hosts[1], true, "well"));
}

/* Without inotify all comes by polling, also what is written in place with the same length; the
 * state says why it is slower. */
static void
test_poll(void **state)
{
    static const struct engine_name seven = {KEYS, 7}, one = {KEYS, 1};
    struct farm_world *world = *state;

    fault.no_inotify = true;
    assert_true(host_start(world, 1, "www", NULL) && host_start(world, 2, "www", NULL));
    assert_true(host_put(world->hosts[1], KEYS, "polled"));
    assert_true(reaches_all(world, KEYS, 1, "polled"));
    assert_true(says(world->hosts[2], true, "within a second only"));
    assert_true(directory_plant(world, "www", &seven, "AAAA", 4));
    assert_true(reaches_all(world, KEYS, 7, "AAAA"));
    assert_true(directory_plant(world, "www", &seven, "BBBB", 4));
    assert_true(reaches_all(world, KEYS, 7, "BBBB"));
    assert_true(directory_plant(world, "www", &one, NULL, 0));
    world->hosts[2]->seen[KEYS][1].len = 0; /* forget it */
    assert_true(host_put(world->hosts[2], KEYS, "x"));
    do
        assert_true(list_ends(world->hosts[2], KEYS));
    while (!host_has(world->hosts[2], KEYS, 1, "polled"));
}

/* A Secret as it is mounted: NAME leads to ..data/NAME, ..data to a folder of now. */
static bool
secret_swap(const struct farm_world *world, const char *version, const char *text)
{
    char folder[40], file[80];
    struct path real = path_in(world, "..data"), fresh = path_in(world, "..data_tmp");

    (void)snprintf(folder, sizeof folder, "..%s", version);
    (void)snprintf(file, sizeof file, "%s/0000000000000007.keys.www.stkr", folder);
    return mkdir(path_in(world, folder).text, 0700) == 0 &&
           file_write(path_in(world, file).text, text, strlen(text)) &&
           symlink(folder, fresh.text) == 0 && rename(fresh.text, real.text) == 0;
}

/* Secrets are read, and read again when they are swapped, also without openat2; links that lead out
 * never. Who only reads says so, and writes nothing. */
static void
test_secret(void **state)
{
    struct farm_world *world = *state;
    struct engine_option options[] = {{"path", world->path}, {"read_only", "true"}};
    struct path out = path_of(world, "www", KEYS, 8), up = path_of(world, "www", KEYS, 9);

    assert_true(engine_directory.check(options, 2, NULL));
    assert_true(secret_swap(world, "2026_1", "first"));
    assert_int_equal(
        symlink("..data/0000000000000007.keys.www.stkr", path_of(world, "www", KEYS, 7).text), 0);
    assert_true(file_write(path_in(world, "../outside").text, "outside", 7));
    assert_int_equal(symlink(path_in(world, "../outside").text, out.text), 0);
    assert_int_equal(symlink("..data/../../outside", up.text), 0);
    assert_true(host_start(world, 1, "www", NULL));
    fault.no_openat2 = true;
    assert_true(reaches_all(world, KEYS, 7, "first"));
    assert_true(secret_swap(world, "2026_2", "second"));
    assert_true(reaches_all(world, KEYS, 7, "second"));
    assert_true(says(world->hosts[1], false, "leads out of the folder"));
    fault.no_openat2 = false;
    assert_true(secret_swap(world, "2026_3", "third"));
    assert_true(reaches_all(world, KEYS, 7, "third"));
    assert_true(list_ends(world->hosts[1], KEYS));
    assert_true(world->hosts[1]->seen[KEYS][8].told == 0 &&
                world->hosts[1]->seen[KEYS][9].told == 0);
    assert_int_equal(unlink(out.text), 0);
    assert_int_equal(unlink(up.text), 0);
    assert_true(says(world->hosts[1], true, "well"));
}

/* Adds what makes a host read only. */
static size_t
options_read_only(struct farm_world *world, struct engine_option *out)
{
    out[0] = (struct engine_option){"path", world->path};
    out[1] = (struct engine_option){"read_only", "true"};
    return 2;
}

static void
test_read_only(void **state)
{
    static const struct engine_name seven = {KEYS, 7};
    struct farm_world *world = *state;
    struct transport reader = transport_directory;

    reader.options = options_read_only;
    world->transport = &reader;
    assert_true(host_start(world, 1, "www", NULL));
    world->transport = &transport_directory;
    assert_true(host_put(world->hosts[1], KEYS, "nowhere"));
    assert_true(says(world->hosts[1], true, "only read"));
    assert_true(host_put(world->hosts[1], KEYS, "nowhere again"));
    assert_true(directory_plant(world, "www", &seven, "seen", 4));
    assert_true(reaches_all(world, KEYS, 7, "seen"));
    assert_int_not_equal(access(path_of(world, "www", KEYS, 1).text, F_OK), 0);
    assert_int_equal(world->hosts[1]->states, 1);
}

/* One of the twins says that there is another one. */
static bool
one_says(void *arg)
{
    const struct farm_world *world = arg;

    return strstr(host_state(world->hosts[1]).text, "somebody else writes") != NULL ||
           strstr(host_state(world->hosts[3]).text, "somebody else writes") != NULL;
}

/* R-ENGINE-7: two that write the same record stop fighting for it, and say it. Only files that are
 * no records are told of; once they are gone, all is well. */
static void
test_state(void **state)
{
    struct farm_world *world = *state;
    struct path bad = path_of(world, "www", KEYS, 203);
    struct host *twin;

    assert_true(host_start(world, 1, "www", NULL));
    twin = world->hosts[1];
    world->hosts[1] = NULL;
    world->hosts[3] = twin;
    assert_true(host_start(world, 1, "www", NULL) && host_start(world, 2, "www", NULL));
    assert_int_equal(mkfifo(bad.text, 0600), 0);
    assert_true(says(world->hosts[2], false, "not a regular file"));
    assert_int_equal(unlink(bad.text), 0);
    assert_true(says(world->hosts[2], true, "well"));
    assert_true(host_put(world->hosts[1], KEYS, "this") && host_put(twin, KEYS, "that"));
    assert_true(run_until(world->loop, one_says, world)); /* who gave up; the other's stands */
    assert_true(world->hosts[2]->told < 50);
}

/* R-ENGINE-5: a file is read when it changed, once more when clocks have gone on, and then not. */
static void
test_read_once(void **state)
{
    struct farm_world *world = *state;
    struct directory *directory;
    size_t settled = 0, before;

    for (uint64_t sender = 2; sender <= 51; sender++) {
        const struct engine_name name = {KEYS, sender};

        assert_true(directory_plant(world, "www", &name, "there", 5));
    }
    assert_true(host_start(world, 1, "www", NULL));
    directory = (void *)world->hosts[1]->engine;
    while (settled < 50) {
        assert_true(list_ends(world->hosts[1], RECORD_STATUS));
        settled = 0;
        for (size_t i = 0; i < directory->known.count; i++)
            settled += directory->known.items[i].due_ms == 0 ? 1 : 0;
    }
    assert_int_equal(world->hosts[1]->told, 50);
    before = fault.reads;
    for (unsigned scans = 0; scans < 3; scans++)
        assert_true(list_ends(world->hosts[1], RECORD_STATUS));
    assert_int_equal(fault.reads, before);
    directory->known.items[0].due_ms = UINT64_MAX - 1; /* a list before then does not count */
    assert_true(list_ends(world->hosts[1], KEYS));
    assert_true(directory->known.items[0].due_ms == UINT64_MAX - 1);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names), TEST(test_whole), TEST(test_folder_comes_and_goes),
        TEST(test_not_writable),      TEST(test_poll),  TEST(test_secret),
        TEST(test_read_only),         TEST(test_state), TEST(test_read_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
