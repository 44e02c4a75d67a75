/* Secrets wipe themselves, compare in constant time, and weak ones are told from random ones. Bytes
 * are marked unknown, so that a memcheck build under valgrind also proves constant time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/memcheck.h"
#include "base/secret.h"

static bool
is_zero(const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    uint8_t any = 0;

    MEM_DEFINE(bytes, len);
    for (size_t i = 0; i < len; i++)
        any |= at[i];
    return any == 0;
}

static void
test_wipe(void **state)
{
    struct secret secret;
    uint8_t bytes[5] = {1, 2, 3, 4, 5};

    (void)state;
    memset(secret.bytes, 0xee, sizeof secret.bytes);
    secret_wipe(&secret);
    assert_true(is_zero(secret.bytes, sizeof secret.bytes));
    secret_wipe_bytes(bytes, 4);
    assert_true(is_zero(bytes, 4));
    assert_int_equal(bytes[4], 5);
}

static void
test_equal(void **state)
{
    uint8_t a[40], b[40];

    (void)state;
    for (size_t len = 0; len <= sizeof a; len++) {
        memset(a, 0x5a, sizeof a);
        memset(b, 0x5a, sizeof b);
        MEM_UNDEFINE(a, len);
        assert_true(secret_equal(a, b, len));
        for (size_t bit = 0; bit < 8 * len; bit++) {
            b[bit / 8] ^= (uint8_t)(1U << bit % 8);
            assert_false(secret_equal(a, b, len));
            b[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
        if (len < sizeof a)
            b[len] ^= 1; /* beyond: not looked at */
        assert_true(secret_equal(a, b, len));
    }
}

/* Well-mixed bytes (splitmix64), the same in each run, so that nothing here is left to luck. */
static void
fill(uint64_t *seed, uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint64_t x = *seed += 0x9e3779b97f4a7c15U;

        x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9U;
        x = (x ^ x >> 27) * 0x94d049bb133111ebU;
        bytes[i] = (uint8_t)(x >> 56);
    }
}

static bool
is_weak(const uint8_t *bytes, size_t len)
{
    uint8_t copy[32];

    memcpy(copy, bytes, len);
    MEM_UNDEFINE(copy, len);
    return secret_is_weak(copy, len);
}

static void
test_uniform_is_weak(void **state)
{
    (void)state;
    for (unsigned value = 0; value < 256; value++) {
        uint8_t bytes[32];

        memset(bytes, (int)value, sizeof bytes);
        assert_true(is_weak(bytes, 32));
        assert_true(is_weak(bytes, 16));
    }
}

/* Random bytes that stop short, at either end, filled up with one value. */
static void
test_short_is_weak(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (unsigned round = 0; round < 1000; round++) {
        uint8_t bytes[32], pad = (uint8_t)(round % 4 == 0 ? round : 0);
        size_t run = 8 + round % 25;

        fill(&seed, bytes, sizeof bytes);
        memset(bytes, pad, run);
        assert_true(is_weak(bytes, 32));
        fill(&seed, bytes, sizeof bytes);
        memset(bytes + 32 - run, pad, run);
        assert_true(is_weak(bytes, 32));
        memset(bytes + 8, pad, 8);
        assert_true(is_weak(bytes, 16));
    }
}

static void
test_repeated_is_weak(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (size_t period = 1; period <= 24; period++) {
        uint8_t bytes[32];

        fill(&seed, bytes, sizeof bytes);
        for (size_t i = period; i < 32; i++)
            bytes[i] = bytes[i - period];
        assert_true(is_weak(bytes, 32));
        if (period <= 8)
            assert_true(is_weak(bytes, 16));
    }
}

static void
test_counted_is_weak(void **state)
{
    (void)state;
    for (unsigned start = 0; start < 256; start += 5) {
        for (unsigned step = 0; step < 256; step++) {
            uint8_t bytes[32];

            for (unsigned i = 0; i < 32; i++)
                bytes[i] = (uint8_t)(start + i * step);
            assert_true(is_weak(bytes, 32));
            assert_true(is_weak(bytes, 16));
            for (unsigned i = 0; i < 32; i++) /* 16-bit numbers, counted */
                bytes[i] = i % 2 == 0 ? (uint8_t)start : (uint8_t)(start + i / 2 * step);
            assert_true(is_weak(bytes, 32));
        }
    }
}

static void
test_digits_are_weak(void **state)
{
    const char text[] = "31415926535897932384626433832795028841971";

    (void)state;
    assert_true(is_weak((const uint8_t *)text, 32));
}

static void
test_other_lengths_are_weak(void **state)
{
    uint64_t seed = 1;
    uint8_t bytes[64];

    (void)state;
    fill(&seed, bytes, sizeof bytes);
    for (size_t len = 0; len <= sizeof bytes; len++)
        if (len != 16 && len != 32)
            assert_true(secret_is_weak(bytes, len));
}

static void
test_random_is_not_weak(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (unsigned round = 0; round < 100000; round++) {
        uint8_t bytes[32];

        fill(&seed, bytes, sizeof bytes);
        assert_false(is_weak(bytes, 32));
        assert_false(is_weak(bytes, 16));
    }
}

static void
test_buffers(void **state)
{
    struct secret_buf buf = {0};

    (void)state;
    secret_buf_free(&buf);
    assert_true(secret_buf_init(&buf, 0));
    secret_buf_free(&buf);
    assert_null(buf.bytes);
    assert_true(secret_buf_reserve(&buf, 4));
    memcpy(buf.bytes, "abcd", 4);
    buf.len = 4;
    assert_true(secret_buf_reserve(&buf, 3));
    assert_int_equal(buf.cap, 4);
    assert_true(secret_buf_reserve(&buf, 4096));
    assert_int_equal(buf.cap, 4096);
    assert_int_equal(buf.len, 4);
    assert_memory_equal(buf.bytes, "abcd", 4);
    assert_true(is_zero(buf.bytes + 4, 4092));
    secret_buf_free(&buf);
    assert_int_equal(buf.len | buf.cap, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wipe),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_uniform_is_weak),
        cmocka_unit_test(test_short_is_weak),
        cmocka_unit_test(test_repeated_is_weak),
        cmocka_unit_test(test_counted_is_weak),
        cmocka_unit_test(test_digits_are_weak),
        cmocka_unit_test(test_other_lengths_are_weak),
        cmocka_unit_test(test_random_is_not_weak),
        cmocka_unit_test(test_buffers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
