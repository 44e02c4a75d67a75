/* Whichever allocation or system call fails while a ring is opened, read, written or closed, alone
 * or with all that follow: no crash, no wrong key, no descriptor left open, nothing half-made left,
 * and the keys that were there are there still. The address sanitizer's build sees leaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stek/stek.h>

#include "fault.h"
#include "ring_support.h"

struct place {
    struct scratch scratch;
    const char *path; /* of the ring, as a server opens it */
    bool stored;      /* the work said that it stored both keys */
};

static bool
is_key(const struct stek_key *key, uint16_t id)
{
    struct key want = key_of(id, 0);

    return memcmp(key->name, want.name, sizeof key->name) == 0 &&
           memcmp(key->secret, want.secret.bytes, sizeof key->secret) == 0;
}

/* Keys 1 to `count` into the ring. */
static bool
write_keys(struct place *place, uint16_t count)
{
    struct ring_writer writer;
    bool done;
    KEYSET(set);

    if (!ring_keys(&set, count) ||
        !ring_writer_open(&writer, place->scratch.ring, 64, NO_GROUP, NULL))
        return false;
    done = ring_store(&writer, &set, 0);
    ring_writer_close(&writer);
    return done;
}

/* NULL, or what is wrong with key `id` as the server sees it; with `must`, it has to be there. */
static const char *
look(struct stek_ring *ring, uint16_t id, bool must)
{
    enum stek_status status;
    int renew;
    STEK_KEY(key);

    status = stek_ring_opening_key(ring, &key, &renew, key_of(id, 0).name, RING_S);
    if (status != STEK_OK)
        return must ? "a key is lost" : NULL;
    return is_key(&key, id) ? NULL : "a wrong key opens";
}

/* Without faults: key 1 is in the ring, and key 2 if it should be. */
static const char *
look_afresh(const struct place *place, bool two)
{
    struct stek_ring *ring = NULL;
    const char *wrong;

    if (stek_ring_open(&ring, place->scratch.ring) != STEK_OK)
        return "the ring cannot be opened any more";
    wrong = look(ring, 1, true);
    if (wrong == NULL)
        wrong = look(ring, 2, two);
    stek_ring_close(&ring);
    return wrong;
}

/* What is in the folder beside the ring, the folder of counters, and a link. */
static const char *
look_for_rest(const struct place *place)
{
    DIR *dir = opendir(place->scratch.folder);
    const char *wrong = NULL;
    const struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, "www.r1") != 0 &&
            strcmp(entry->d_name, "count") != 0 && strcmp(entry->d_name, "other") != 0)
            wrong = "something half-made is left";
    if (dir != NULL)
        (void)closedir(dir);
    return wrong;
}

/* ---- a server ---- */

static const char *
read_ring(void *arg)
{
    const struct place *place = arg;
    struct stek_ring *ring = NULL;
    const char *wrong = NULL;
    STEK_KEY(key);

    if (stek_ring_open(&ring, place->path) != STEK_OK)
        return ring != NULL ? "a ring though it could not be opened" : NULL;
    (void)stek_ring_tick(ring, RING_S); /* whether it finds the ring is what fails */
    if (stek_ring_sealing_key(ring, &key, RING_S) == STEK_OK && !is_key(&key, 1))
        wrong = "a wrong key seals";
    if (wrong == NULL)
        wrong = look(ring, 1, false);
    stek_ring_count(ring, STEK_SEALED, key.name);
    stek_ring_close(&ring);
    return wrong;
}

static const char *
after_reading(void *arg)
{
    const char *wrong = look_for_rest(arg);

    return wrong != NULL ? wrong : look_afresh(arg, false);
}

/* Counters take calls of their own: a folder for them. */
static bool
make_count(const struct place *place)
{
    char path[120];

    (void)snprintf(path, sizeof path, "%s/count", place->scratch.folder);
    if (mkdir(path, 0755) != 0)
        return false;
    (void)snprintf(path, sizeof path, "%s/count/www", place->scratch.folder);
    return mkdir(path, 0755) == 0;
}

static void
test_reading(void **state)
{
    /* stek_ring_close() leaves a descriptor alone of which it cannot tell whose it is */
    const struct fault_case reading = {NULL, read_ring, after_reading, "fstat64"};
    struct place place = {.stored = false};
    size_t calls;

    (void)state;
    assert_true(scratch_open(&place.scratch) && make_count(&place));
    assert_true(write_keys(&place, 1));
    place.path = place.scratch.ring;
    assert_int_equal(fault_each(&reading, &place, &calls), 0);
    assert_true(calls > 5);
    scratch_close(&place.scratch);
}

/* The folder on the way to the ring is a link, which is read and judged, too. */
static void
test_reading_by_link(void **state)
{
    const struct fault_case reading = {NULL, read_ring, after_reading, "fstat64"};
    struct place place = {.stored = false};
    char path[120];
    size_t calls;

    (void)state;
    assert_true(scratch_open(&place.scratch) && make_count(&place));
    assert_true(write_keys(&place, 1));
    assert_int_equal(symlink(place.scratch.folder, place.scratch.other), 0);
    (void)snprintf(path, sizeof path, "%s/www.r1", place.scratch.other); /* fits */
    place.path = path;
    assert_int_equal(fault_each(&reading, &place, &calls), 0);
    assert_true(calls > 5);
    scratch_close(&place.scratch);
}

/* ---- its writer ---- */

static const char *
write_two(void *arg)
{
    struct place *place = arg;

    place->stored = write_keys(place, 2);
    return NULL;
}

/* A ring with one key, as it was before. */
static const char *
one_key(void *arg)
{
    return write_keys(arg, 1) ? NULL : "the ring takes no keys any more";
}

static const char *
after_writing(void *arg)
{
    const struct place *place = arg;
    const char *wrong = look_for_rest(place);

    return wrong != NULL ? wrong : look_afresh(place, place->stored);
}

static void
test_writing(void **state)
{
    const struct fault_case writing = {one_key, write_two, after_writing, NULL};
    struct place place = {.stored = false};
    size_t calls;

    (void)state;
    assert_true(scratch_open(&place.scratch));
    assert_int_equal(fault_each(&writing, &place, &calls), 0);
    assert_true(calls > 5);
    assert_true(place.stored);
    scratch_close(&place.scratch);
}

static const char *
no_ring(void *arg)
{
    const struct place *place = arg;

    return unlink(place->scratch.ring) == 0 || errno == ENOENT ? NULL : "the ring is not removed";
}

/* A ring that could not be made is not there, or only under the name that the next writer takes up
 * (see sys_owned_open); if it is there, it is a whole one. */
static const char *
after_making(void *arg)
{
    struct place *place = arg;
    struct stek_ring *ring = NULL;
    const char *wrong = NULL;

    if (stek_ring_open(&ring, place->scratch.ring) != STEK_OK)
        wrong = "what is there is no ring";
    stek_ring_close(&ring);
    if (wrong == NULL && place->stored)
        wrong = look_afresh(place, true);
    if (wrong == NULL && !write_keys(place, 2))
        wrong = "no ring can be made any more";
    if (wrong == NULL)
        wrong = look_for_rest(place);
    return wrong != NULL ? wrong : look_afresh(place, true);
}

static void
test_making(void **state)
{
    const struct fault_case making = {no_ring, write_two, after_making, NULL};
    struct place place = {.stored = false};
    size_t calls;

    (void)state;
    assert_true(scratch_open(&place.scratch));
    assert_int_equal(fault_each(&making, &place, &calls), 0);
    assert_true(calls > 5);
    assert_true(place.stored);
    scratch_close(&place.scratch);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_reading_by_link),
        cmocka_unit_test(test_writing),
        cmocka_unit_test(test_making),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
