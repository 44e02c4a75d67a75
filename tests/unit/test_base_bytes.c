/* Readers and writers never leave their bounds, and a failure sticks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/bytes.h"

static void
test_round_trip(void **state)
{
    uint8_t bytes[64], copy[3] = {0};
    struct writer w = writer_of(bytes, sizeof bytes);
    struct reader r;

    (void)state;
    write_u8(&w, 0x01);
    write_u16(&w, 0x0203);
    write_u32(&w, 0x04050607);
    write_u64(&w, 0x08090a0b0c0d0e0fU);
    write_uint(&w, 0x101112, 3);
    write_bytes(&w, "abc", 3);
    assert_false(w.failed);
    assert_int_equal(w.len, 21);
    for (uint8_t i = 0; i < 18; i++) /* big-endian, nothing in between */
        assert_int_equal(bytes[i], i + 1);
    r = reader_of(bytes, w.len);
    assert_int_equal(read_u8(&r), 0x01);
    assert_int_equal(read_u16(&r), 0x0203);
    assert_int_equal(read_u32(&r), 0x04050607);
    assert_int_equal(read_u64(&r), 0x08090a0b0c0d0e0fU);
    assert_int_equal(read_uint(&r, 3), 0x101112);
    assert_false(reader_done(&r));
    read_copy(&r, copy, sizeof copy);
    assert_memory_equal(copy, "abc", 3);
    assert_true(reader_done(&r));
}

static void
test_reads_stop_at_the_end(void **state)
{
    (void)state;
    for (size_t len = 0; len < 8; len++) {
        uint8_t *exact = malloc(len + (len == 0)); /* a read past it is the sanitizers' to see */
        struct reader r = reader_of(exact, len);

        assert_non_null(exact);
        memset(exact, 0xff, len);
        assert_int_equal(read_u64(&r), 0);
        assert_true(r.failed);
        free(exact);
    }
}

static void
test_failed_reads_stay_failed(void **state)
{
    const uint8_t bytes[4] = {1, 2, 3, 4};
    uint8_t copy[2] = {9, 9};
    struct reader r = reader_of(bytes, sizeof bytes), sub;

    (void)state;
    assert_int_equal(read_u64(&r), 0);
    assert_int_equal(read_u8(&r), 0); /* though a byte is there */
    assert_null(read_bytes(&r, 0));
    read_copy(&r, copy, sizeof copy);
    assert_int_equal(copy[0] | copy[1], 0);
    assert_false(reader_done(&r));
    sub = read_sub(&r, 0);
    assert_true(sub.failed);
    r = reader_of(bytes, sizeof bytes);
    assert_null(read_bytes(&r, SIZE_MAX));
    assert_true(r.failed);
}

static void
test_sub_readers(void **state)
{
    const uint8_t bytes[4] = {1, 2, 3, 4};
    struct reader r = reader_of(bytes, sizeof bytes), sub = read_sub(&r, 3);

    (void)state;
    assert_int_equal(read_u16(&sub), 0x0102);
    assert_int_equal(read_u16(&sub), 0); /* does not go on into what follows */
    assert_true(sub.failed);
    assert_int_equal(read_u8(&r), 4);
    assert_true(reader_done(&r));
    sub = read_sub(&r, 1);
    assert_true(sub.failed && r.failed);
    r = reader_of(NULL, 0);
    sub = read_sub(&r, 0); /* nothing of nothing is fine */
    assert_true(reader_done(&sub) && reader_done(&r));
}

static void
test_writes_stop_at_the_end(void **state)
{
    uint8_t bytes[8] = {0};
    struct writer w = writer_of(bytes, 6);

    (void)state;
    write_u32(&w, 0x01010101);
    write_u32(&w, 0xffffffff);
    assert_true(w.failed);
    write_u8(&w, 0xff); /* though there is room */
    assert_true(w.failed);
    assert_int_equal(w.len, 4);
    for (size_t i = 4; i < sizeof bytes; i++)
        assert_int_equal(bytes[i], 0);
    w = writer_of(NULL, 0);
    write_bytes(&w, NULL, 0);
    assert_false(w.failed);
    write_u8(&w, 1);
    assert_true(w.failed);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_reads_stop_at_the_end),
        cmocka_unit_test(test_failed_reads_stay_failed),
        cmocka_unit_test(test_sub_readers),
        cmocka_unit_test(test_writes_stop_at_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
