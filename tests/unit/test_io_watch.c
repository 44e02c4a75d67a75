/* Watches of folders: who is told what, that a storm costs few wake-ups, and that a loop needs one
 * inotify instance for all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/watch.h"

#define MANY 200U /* more than a user may have instances */

/* A watch, and what it was told. */
struct seen {
    struct watch *watch;
    unsigned told;
    char name[16];
    struct seen *ends; /* a watch that ends when this one is told */
};

static void
on_name(void *arg, const char *name)
{
    struct seen *seen = arg;

    seen->told++;
    (void)snprintf(seen->name, sizeof seen->name, "%s", name == NULL ? "all" : name);
    if (seen->ends != NULL)
        watch_free(&seen->ends->watch);
}

static bool
make_file(const char *path)
{
    FILE *file = fopen(path, "w");

    return file != NULL && fputs("x", file) >= 0 && fclose(file) == 0;
}

/* Make a file, and turn the loop until nothing is left to be told. */
static bool
touch(struct loop *loop, const char *folder, const char *name)
{
    char path[96];

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return make_file(path) && event_base_loop(loop_base(loop), EVLOOP_NONBLOCK) >= 0 &&
           remove(path) == 0 && event_base_loop(loop_base(loop), EVLOOP_NONBLOCK) >= 0;
}

static size_t
count_instances(void)
{
    DIR *dir = opendir("/proc/self/fd");
    const struct dirent *entry;
    size_t count = 0;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char path[300], target[64] = "";

        (void)snprintf(path, sizeof path, "/proc/self/fd/%s", entry->d_name);
        if (readlink(path, target, sizeof target - 1) > 0 && strstr(target, "inotify") != NULL)
            count++;
    }
    if (dir != NULL)
        (void)closedir(dir);
    return count;
}

static void
test_each_is_told_of_its_folder(void **state)
{
    char one[] = "/tmp/stek-watch-XXXXXX", two[] = "/tmp/stek-watch-XXXXXX";
    struct seen first = {.told = 0}, again = {.told = 0}, other = {.told = 0};
    struct loop *loop = loop_new(NULL);
    unsigned told;

    (void)state;
    assert_non_null(loop);
    assert_non_null(mkdtemp(one));
    assert_non_null(mkdtemp(two));
    first.watch = watch_new(loop, one, on_name, &first, NULL);
    again.watch = watch_new(loop, one, on_name, &again, NULL);
    other.watch = watch_new(loop, two, on_name, &other, NULL);
    assert_true(first.watch != NULL && again.watch != NULL && other.watch != NULL);
    assert_true(touch(loop, one, "a"));
    assert_string_equal(first.name, "a");
    assert_string_equal(again.name, "a");
    assert_int_equal(other.told, 0);
    assert_true(touch(loop, two, "b"));
    assert_string_equal(other.name, "b");
    told = again.told;
    watch_free(&first.watch); /* the other one on that folder goes on */
    assert_null(first.watch);
    assert_true(touch(loop, one, "c"));
    assert_true(again.told > told);
    assert_string_equal(first.name, "a");
    watch_free(&again.watch);
    watch_free(&other.watch);
    assert_int_equal(count_instances(), 0);
    loop_free(&loop);
    (void)rmdir(one);
    (void)rmdir(two);
}

static void
test_one_may_end_another(void **state)
{
    char folder[] = "/tmp/stek-watch-XXXXXX";
    struct seen a = {.told = 0}, b = {.told = 0};
    struct loop *loop = loop_new(NULL);

    (void)state;
    assert_non_null(mkdtemp(folder));
    a.watch = watch_new(loop, folder, on_name, &a, NULL);
    b.watch = watch_new(loop, folder, on_name, &b, NULL);
    a.ends = &b;
    b.ends = &a; /* whichever is told first */
    assert_true(touch(loop, folder, "f"));
    assert_true((a.told == 0) != (b.told == 0));
    assert_true((a.watch == NULL) != (b.watch == NULL));
    a.ends = a.watch == NULL ? NULL : &a; /* and itself */
    b.ends = b.watch == NULL ? NULL : &b;
    assert_true(touch(loop, folder, "g"));
    assert_true(a.watch == NULL && b.watch == NULL);
    assert_int_equal(count_instances(), 0);
    loop_free(&loop);
    (void)rmdir(folder);
}

static void
test_many_need_one_instance(void **state)
{
    char folder[] = "/tmp/stek-watch-XXXXXX";
    struct seen all[MANY] = {{.told = 0}};
    struct loop *loop = loop_new(NULL);

    (void)state;
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < MANY; i++) {
        all[i].watch = watch_new(loop, folder, on_name, &all[i], NULL);
        assert_non_null(all[i].watch);
    }
    assert_int_equal(count_instances(), 1);
    assert_true(touch(loop, folder, "f"));
    for (size_t i = 0; i < MANY; i++) {
        assert_string_equal(all[i].name, "f");
        watch_free(&all[i].watch);
    }
    assert_int_equal(count_instances(), 0);
    loop_free(&loop);
    (void)rmdir(folder);
}

#define STORM 400U

static void
on_storm(void *arg, const char *name)
{
    bool *told = arg;
    unsigned number = name == NULL ? STORM : (unsigned)strtoul(name, NULL, 10);

    told[number < STORM ? number : STORM] = true;
}

/* Files come one by one, and the loop turns after each. Returns how many turns told of some. */
static unsigned
storm(struct loop *loop, const char *folder, const bool *told)
{
    unsigned turns = 0, before = 0;

    for (unsigned i = 0; i < STORM; i++) {
        char path[96];
        unsigned now = 0;

        (void)snprintf(path, sizeof path, "%s/%u", folder, i);
        if (!make_file(path) || event_base_loop(loop_base(loop), EVLOOP_NONBLOCK) < 0)
            return 0;
        for (unsigned n = 0; n < STORM; n++)
            now += told[n];
        turns += now > before ? 1 : 0;
        before = now;
    }
    return turns;
}

/* Much in a row is told together: readings are as few as time allows, and nothing is lost. */
static void
test_a_storm_is_told_together(void **state)
{
    char folder[] = "/tmp/stek-watch-XXXXXX";
    bool told[STORM + 1] = {false};
    struct loop *loop = loop_new(NULL);
    struct watch *watch;
    uint64_t begun_ms, took_ms;
    unsigned turns;

    (void)state;
    assert_non_null(mkdtemp(folder));
    watch = watch_new(loop, folder, on_storm, told, NULL);
    assert_non_null(watch);
    begun_ms = loop_now_ms(loop);
    turns = storm(loop, folder, told);
    took_ms = loop_now_ms(loop) - begun_ms;
    assert_in_range(turns, 1, 15 + took_ms / 20);
    while (memchr(told, 0, STORM) != NULL)
        assert_int_equal(event_base_loop(loop_base(loop), EVLOOP_ONCE), 0);
    watch_free(&watch);
    for (unsigned i = 0; i < STORM; i++) {
        char path[96];

        (void)snprintf(path, sizeof path, "%s/%u", folder, i);
        assert_int_equal(remove(path), 0);
    }
    assert_int_equal(count_instances(), 0);
    loop_free(&loop);
    (void)rmdir(folder);
}

static void
test_no_folder(void **state)
{
    struct loop *loop = loop_new(NULL);
    struct seen seen = {.told = 0};
    struct err err = {""};

    (void)state;
    assert_null(watch_new(loop, "/nonexistent/folder", on_name, &seen, &err));
    assert_string_equal(err.text, "/nonexistent/folder cannot be watched: "
                                  "No such file or directory");
    assert_int_equal(count_instances(), 0);
    loop_free(&loop);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_is_told_of_its_folder),
        cmocka_unit_test(test_one_may_end_another),
        cmocka_unit_test(test_many_need_one_instance),
        cmocka_unit_test(test_a_storm_is_told_together),
        cmocka_unit_test(test_no_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
