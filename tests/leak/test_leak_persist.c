/* stekd's service saves its keys and takes them up after a boot, and leaves no copy of a secret on
 * the stack or on the heap but in its keyset; of the key that they are saved under there is one
 * copy, and none when the service has ended. The whole process is searched.
 *
 * That a lost wipe is seen was tried: without the wipe of what is encoded, or of the key's file as
 * it was read, the test fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "needle.h"
#include "persist_support.h"

/* Told by needles: what was saved last, and the key that it was sealed under. */
static struct {
    struct needle file_key;
    struct needle keys[8];
    size_t count;
} told;

static bool
begin(void *arg)
{
    return saved_open(arg);
}

/* Keys are told from the file and the key file as a service would read them, and wiped. */
static bool
look(void *arg)
{
    const struct world *world = arg;
    SECRET(key);
    KEYSET(set);

    if (!key_file_read(&key, world->config.persist, NULL) ||
        !saved_read(world, &set, world->now.unix_ms))
        return false;
    told.file_key = needle_of(key.bytes);
    for (told.count = 0; told.count < set.key_count && told.count < 8; told.count++)
        told.keys[told.count] = needle_of(set.keys[told.count].secret.bytes);
    return told.count > 0;
}

static bool
work(void *arg)
{
    run(arg, (uint64_t)5 * 3600 * 1000);
    return true;
}

static bool
boot(void *arg)
{
    return reboot(arg, 60000);
}

static bool
end(void *arg)
{
    struct world *world = arg;

    service_close(&world->service);
    return true;
}

/* How many of the told keys are elsewhere than in the keyset. */
static size_t
count_strays(const struct service *service)
{
    size_t strays = 0;

    for (size_t i = 0; i < told.count; i++) {
        size_t here = service == NULL ? 0
                                      : needle_in(&told.keys[i], service->set.keys,
                                                  service->set.key_cap * sizeof(struct key));

        strays += needle_everywhere(&told.keys[i]) != here;
    }
    return strays;
}

static void
test_saved(void **state)
{
    static struct world world; /* large */

    (void)state;
    assert_true(needle_deep(begin, &world));
    assert_true(needle_deep(work, &world));
    assert_true(needle_deep(look, &world));
    assert_int_equal(count_strays(world.service), 0);
    assert_int_equal(needle_everywhere(&told.file_key), NEEDLE_RUNS);
    assert_true(needle_deep(boot, &world));
    assert_int_equal(count_lines(&world, "fresh keys"), 0);
    assert_int_equal(count_strays(world.service), 0);
    assert_int_equal(needle_everywhere(&told.file_key), NEEDLE_RUNS);
    assert_true(needle_deep(end, &world));
    assert_int_equal(count_strays(NULL), 0);
    assert_int_equal(needle_everywhere(&told.file_key), 0);
    world_close(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_saved)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
