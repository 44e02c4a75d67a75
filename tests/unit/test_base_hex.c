/* Hex and base64: every byte and digit, every invalid one, every length; against libcrypto. Inputs
 * are marked unknown, so that a memcheck build under valgrind also proves constant time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/hex.h"
#include "base/memcheck.h"

#define ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

static bool
all_equal(const uint8_t *bytes, size_t len, uint8_t value)
{
    bool equal = true;

    MEM_DEFINE(bytes, len);
    for (size_t i = 0; i < len; i++)
        equal &= bytes[i] == value;
    return equal;
}

static void
test_hex_of_every_byte(void **state)
{
    (void)state;
    for (unsigned value = 0; value < 256; value++) {
        const char digits[] = "0123456789abcdef";
        uint8_t in = (uint8_t)value, out = 0;
        char text[HEX_LEN(1)], upper[2];

        MEM_UNDEFINE(&in, 1);
        assert_ptr_equal(hex_encode(text, &in, 1), text);
        MEM_DEFINE(text, sizeof text);
        assert_int_equal(text[0], digits[value / 16]);
        assert_int_equal(text[1], digits[value % 16]);
        assert_int_equal(text[2], '\0');
        upper[0] = (char)toupper(text[0]);
        upper[1] = (char)toupper(text[1]);
        MEM_UNDEFINE(text, 2);
        assert_true(hex_decode(&out, 1, text, 2));
        MEM_DEFINE(&out, 1);
        assert_int_equal(out, value);
        assert_true(hex_decode(&out, 1, upper, 2));
        assert_int_equal(out, value);
    }
}

static void
test_hex_refuses(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        for (size_t place = 0; place < 4; place++) {
            char text[4] = {'4', '2', 'a', 'F'};
            uint8_t out[2] = {0xee, 0xee};
            bool valid;

            text[place] = (char)c;
            valid = hex_decode(out, sizeof out, text, sizeof text);
            assert_int_equal(valid, isxdigit(c) != 0);
            if (!valid)
                assert_true(all_equal(out, sizeof out, 0)); /* wiped */
        }
    }
}

static void
test_hex_lengths(void **state)
{
    const char text[] = "00112233445566";
    uint8_t out[3];

    (void)state;
    for (size_t len = 0; len <= 14; len++) {
        bool valid;

        memset(out, 0xee, sizeof out);
        valid = hex_decode(out, sizeof out, text, len);
        assert_int_equal(valid, len == 6);
        if (!valid)
            assert_true(all_equal(out, sizeof out, 0));
    }
    assert_true(hex_decode(out, 0, text, 0));
}

static void
test_base64_of_every_byte_and_length(void **state)
{
    uint8_t in[64], out[64];
    char text[BASE64_LEN(64)];
    unsigned char reference[BASE64_LEN(64)];

    (void)state;
    for (unsigned start = 0; start < 256; start++) {
        size_t len = start % 65, out_len = 99;
        size_t text_len = BASE64_LEN(len) - 1;

        for (size_t i = 0; i < len; i++)
            in[i] = (uint8_t)(start + 37 * i);
        (void)EVP_EncodeBlock(reference, in, (int)len); /* the length is known */
        MEM_UNDEFINE(in, len);
        assert_ptr_equal(base64_encode(text, in, len), text);
        MEM_DEFINE(text, sizeof text);
        MEM_DEFINE(in, len);
        assert_string_equal(text, (const char *)reference);
        MEM_UNDEFINE(text, text_len);
        assert_true(base64_decode(out, len, &out_len, text, text_len));
        MEM_DEFINE(out, len);
        assert_int_equal(out_len, len);
        assert_memory_equal(out, in, len);
    }
}

static void
test_base64_of_every_digit(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        for (size_t place = 0; place < 4; place++) {
            char text[9] = "AAAABBBB";
            uint8_t out[6];
            size_t out_len = 99;
            const char *at = c == 0 ? NULL : strchr(ALPHABET, c);
            bool valid;

            memset(out, 0xee, sizeof out);
            text[place] = (char)c;
            valid = base64_decode(out, sizeof out, &out_len, text, 8);
            assert_int_equal(valid, at != NULL);
            if (valid) {
                unsigned bits = (unsigned)out[0] << 16 | (unsigned)out[1] << 8 | out[2];

                assert_int_equal(bits, (unsigned)(at - ALPHABET) << (18 - 6 * place));
            } else {
                assert_int_equal(out_len, 99);
                assert_true(all_equal(out, sizeof out, 0));
            }
        }
    }
}

static void
test_base64_refuses(void **state)
{
    /* AB==, AAB=: bits beyond the last byte; AA== is the one text of a zero byte */
    static const char *const texts[] = {
        "A",     "AA",   "AAA",      "AAAAA",    "A===",  "====",     "=AAA",
        "A=AA",  "AA=A", "AA==AAAA", "AAA=AAAA", "AAAA=", "AAAA====", "AA A",
        "AAA\n", "AAA-", "AAA_",     "AB==",     "AAB=",
    };
    uint8_t out[6];
    size_t out_len = 99;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        memset(out, 0xee, sizeof out);
        assert_false(base64_decode(out, sizeof out, &out_len, texts[i], strlen(texts[i])));
        assert_int_equal(out_len, 99);
        assert_true(all_equal(out, sizeof out, 0));
    }
    memset(out, 0xee, sizeof out); /* six bytes do not fit into five */
    assert_false(base64_decode(out, 5, &out_len, "AAAAAAAA", 8));
    assert_true(all_equal(out, 5, 0));
    assert_int_equal(out[5], 0xee);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hex_of_every_byte),
        cmocka_unit_test(test_hex_refuses),
        cmocka_unit_test(test_hex_lengths),
        cmocka_unit_test(test_base64_of_every_byte_and_length),
        cmocka_unit_test(test_base64_of_every_digit),
        cmocka_unit_test(test_base64_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
