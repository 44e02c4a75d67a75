/* What is unsafe, foreign or damaged is refused with a plain status, and gives nobody a key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stek/stek.h>

#include "ring_support.h"

/* Open and tick of what stands at the ring's path. */
static enum stek_status
open_status(const char *path, enum stek_status *tick)
{
    struct stek_ring *ring;
    enum stek_status status = stek_ring_open(&ring, path);

    *tick = status;
    if (status == STEK_OK) {
        *tick = stek_ring_tick(ring, RING_S);
        stek_ring_close(&ring);
    }
    return status;
}

/* R-RING-5: what is unsafe or foreign is refused; what stekd has yet to fill is waited for. */
static void
test_unfit(void **state)
{
    struct scratch scratch;
    enum stek_status tick;
    char below[120];
    uint8_t *bytes;
    size_t len = 0;
    struct ring_writer writer;

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_true(ring_writer_open(&writer, scratch.ring, 64, NO_GROUP, NULL));
    ring_writer_close(&writer);
    assert_int_equal(open_status(scratch.ring, &tick), STEK_OK);
    assert_int_equal(tick, STEK_OK);
    assert_int_equal(chmod(scratch.ring, 0404), 0);
    assert_int_equal(open_status(scratch.ring, &tick), STEK_UNSAFE_RING);
    bytes = file_read(scratch.ring, &len);
    assert_non_null(bytes);
    for (size_t cut = 0; cut < len; cut += 4096) {
        assert_true(file_make(scratch.other, bytes, cut, 0400));
        assert_int_equal(open_status(scratch.other, &tick), STEK_FOREIGN_RING);
    }
    bytes[24] ^= 1; /* of another boot */
    assert_true(file_make(scratch.other, bytes, len, 0400));
    assert_int_equal(open_status(scratch.other, &tick), STEK_OK);
    assert_int_equal(tick, STEK_NO_RING);
    memset(bytes, 0, 4096); /* not formatted */
    assert_true(file_make(scratch.other, bytes, len, 0400));
    assert_int_equal(open_status(scratch.other, &tick), STEK_OK);
    assert_int_equal(tick, STEK_NO_RING);
    free(bytes);
    (void)snprintf(below, sizeof below, "%s/x", scratch.other); /* a file is no folder */
    errno = 0;
    assert_int_equal(open_status(below, &tick), STEK_SYSTEM);
    assert_int_equal(errno, ENOTDIR);
    scratch_close(&scratch);
}

/* R-RING-5: damaged memory must not make anybody seal or open with a key of zeros. */
static void
test_key_of_zeros(void **state)
{
    struct scratch scratch;
    struct stek_ring *ring;
    struct ring_writer writer;
    const struct image_half *half;
    uint32_t bucket = 0;
    int renew;
    KEYSET(set);
    STEK_KEY(key);

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_true(ring_writer_open(&writer, scratch.ring, 64, NO_GROUP, NULL));
    assert_true(ring_keys(&set, 1));
    assert_true(ring_store(&writer, &set, 0));
    assert_int_equal(stek_ring_open(&ring, scratch.ring), STEK_OK);
    half = image_current(&writer.image);
    assert_true(image_seek(half, &bucket, set.keys[0].name));
    for (int i = 3; i >= 0; i--) {
        assert_int_equal(stek_ring_sealing_key(ring, &key, RING_S), STEK_OK);
        atomic_store(&half->slots[bucket].secret[i], 0);
    }
    assert_int_equal(stek_ring_sealing_key(ring, &key, RING_S), STEK_NO_KEY);
    assert_int_equal(stek_ring_opening_key(ring, &key, &renew, set.keys[0].name, RING_S),
                     STEK_NO_KEY);
    stek_ring_close(&ring);
    ring_writer_close(&writer);
    scratch_close(&scratch);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unfit),
        cmocka_unit_test(test_key_of_zeros),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
