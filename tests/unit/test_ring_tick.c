/* A ring that comes later, that is made anew, that comes to somebody else: what a path names from
 * one tick to the next, and what stays in use meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stek/stek.h>

#include "ring_support.h"

static bool
open_writer(struct ring_writer *writer, const struct scratch *scratch, uint32_t capacity)
{
    return ring_writer_open(writer, scratch->ring, capacity, NO_GROUP, NULL);
}

/* A ring with these keys, and no writer. */
static bool
make_ring(const struct scratch *scratch, const struct keyset *set)
{
    struct ring_writer writer;
    bool done = open_writer(&writer, scratch, 64) && ring_store(&writer, set, 0);

    if (done)
        ring_writer_close(&writer);
    return done;
}

/* A server may start first: nothing to be had until there is a ring, and then all of it. */
static void
test_ring_comes_later(void **state)
{
    struct scratch scratch;
    struct stek_ring *ring;
    int renew = 42;
    KEYSET(set);
    STEK_KEY(key);
    STEK_INFO(info);

    (void)state;
    assert_true(scratch_open(&scratch));
    errno = 77;
    assert_int_equal(stek_ring_open(&ring, scratch.ring), STEK_OK);
    assert_int_equal(errno, 77);
    assert_true(ring_keys(&set, 2));
    assert_int_equal(stek_ring_sealing_key(ring, &key, RING_S), STEK_NO_RING);
    assert_int_equal(stek_ring_opening_key(ring, &key, &renew, set.keys[0].name, RING_S),
                     STEK_NO_RING);
    assert_int_equal(stek_ring_info(ring, &info, RING_S), STEK_NO_RING);
    assert_int_equal(stek_ring_tick(ring, RING_S), STEK_NO_RING);
    assert_int_equal(renew, 42);
    assert_true(make_ring(&scratch, &set));
    errno = 77;
    assert_int_equal(stek_ring_tick(ring, RING_S), STEK_OK);
    assert_int_equal(stek_ring_sealing_key(ring, &key, RING_S), STEK_OK);
    assert_int_equal(errno, 77);
    assert_memory_equal(key.name, set.keys[0].name, STEK_NAME_LEN);
    assert_memory_equal(key.secret, set.keys[0].secret.bytes, STEK_SECRET_LEN);
    stek_ring_close(&ring);
    scratch_close(&scratch);
}

/* Capacity has changed, so the ring is another file; the old one stays mapped until the close. */
static void
test_made_anew(void **state)
{
    struct scratch scratch;
    struct stek_ring *ring, *same;
    struct ring_writer writer;
    KEYSET(first);
    KEYSET(second);
    STEK_KEY(key);

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_true(ring_keys(&first, 1));
    assert_true(make_ring(&scratch, &first));
    assert_int_equal(stek_ring_open(&ring, scratch.ring), STEK_OK);
    same = stek_ring_ref(ring);
    assert_ptr_equal(same, ring);
    assert_int_equal(unlink(scratch.ring), 0);
    assert_true(open_writer(&writer, &scratch, 300));
    assert_true(ring_keys(&second, 2));
    assert_true(ring_store(&writer, &second, 3600));
    assert_int_equal(stek_ring_sealing_key(ring, &key, RING_S + 3600), STEK_NO_KEY);
    assert_int_equal(stek_ring_tick(ring, RING_S), STEK_OK);
    stek_ring_close(&ring);
    assert_int_equal(stek_ring_sealing_key(same, &key, RING_S + 3600), STEK_OK);
    assert_memory_equal(key.name, second.keys[1].name, STEK_NAME_LEN);
    stek_ring_close(&same);
    ring_writer_close(&writer);
    scratch_close(&scratch);
}

/* What tick says is what is wrong with the path now; what was mapped before stays in use. */
static void
test_tick_tells_of_the_path(void **state)
{
    struct scratch scratch;
    struct stek_ring *ring;
    uint8_t *bytes;
    size_t len = 0;
    KEYSET(set);
    STEK_KEY(key);

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_true(ring_keys(&set, 1));
    assert_true(make_ring(&scratch, &set));
    bytes = file_read(scratch.ring, &len);
    assert_non_null(bytes);
    assert_int_equal(stek_ring_open(&ring, scratch.ring), STEK_OK);
    assert_int_equal(stek_ring_tick(ring, RING_S), STEK_OK);
    assert_int_equal(unlink(scratch.ring), 0);
    assert_int_equal(stek_ring_tick(ring, RING_S), STEK_NO_RING);
    assert_true(file_make(scratch.ring, bytes, len, 0404));
    assert_int_equal(stek_ring_tick(ring, RING_S), STEK_UNSAFE_RING);
    assert_true(file_make(scratch.ring, "not a ring", 10, 0400));
    assert_int_equal(stek_ring_tick(ring, RING_S), STEK_FOREIGN_RING);
    bytes[24] ^= 1; /* of another boot */
    assert_true(file_make(scratch.ring, bytes, len, 0400));
    assert_int_equal(stek_ring_tick(ring, RING_S), STEK_NO_RING);
    assert_int_equal(stek_ring_sealing_key(ring, &key, RING_S), STEK_OK);
    bytes[24] ^= 1;
    assert_true(file_make(scratch.ring, bytes, len, 0400));
    assert_int_equal(stek_ring_tick(ring, RING_S), STEK_OK);
    assert_int_equal(stek_ring_sealing_key(ring, &key, RING_S), STEK_OK);
    free(bytes);
    stek_ring_close(&ring);
    scratch_close(&scratch);
}

static int
make_ring_of(void *arg)
{
    KEYSET(set);

    return ring_keys(&set, 2) && make_ring(arg, &set) ? 0 : 1;
}

/* R-RING-5: the folder and the ring in it have come to another user: the first one's ring stays.
 * Only root can give a folder away. */
static void
test_another_owner(void **state)
{
    struct scratch scratch, inner;
    struct stek_ring *ring;
    KEYSET(set);
    STEK_KEY(key);

    (void)state;
    assert_true(scratch_open(&scratch));
    inner = scratch;
    (void)snprintf(inner.ring, sizeof inner.ring, "%.80s/www.r1", scratch.other);
    assert_int_equal(mkdir(scratch.other, 0755), 0);
    assert_true(ring_keys(&set, 1));
    assert_true(make_ring(&inner, &set));
    assert_int_equal(stek_ring_open(&ring, inner.ring), STEK_OK);
    if (geteuid() == 0) {
        assert_int_equal(unlink(inner.ring), 0);
        assert_int_equal(chown(scratch.other, NOBODY, NOBODY), 0);
        assert_int_equal(child_run(make_ring_of, &inner, NOBODY), 0);
        assert_int_equal(stek_ring_tick(ring, RING_S), STEK_UNSAFE_RING);
        assert_int_equal(stek_ring_sealing_key(ring, &key, RING_S), STEK_OK);
        assert_memory_equal(key.name, set.keys[0].name, STEK_NAME_LEN);
        stek_ring_close(&ring);
        assert_int_equal(stek_ring_open(&ring, inner.ring), STEK_OK); /* root gave it away */
    }
    stek_ring_close(&ring);
    scratch_close(&scratch);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ring_comes_later),
        cmocka_unit_test(test_made_anew),
        cmocka_unit_test(test_tick_tells_of_the_path),
        cmocka_unit_test(test_another_owner),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
