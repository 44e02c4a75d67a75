/* What src/share takes from libcrypto: against published vectors, and that nothing of a failure is
 * left in its queue of errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "base/hex.h"
#include "io/crypt.h"
#include "share_support.h"

static void
from_hex(uint8_t *out, size_t len, const char *hex)
{
    (void)hex_decode(out, len, hex, strlen(hex)); /* a wrong one gives zeros */
}

/* RFC 4231, 4.3 and 4.7. */
static void
test_hmac(void **state)
{
    const char *text = "what do ya want for nothing?";
    const char *other = "Test Using Larger Than Block-Size Key - Hash Key First";
    uint8_t out[32], expected[32], key[131];

    (void)state;
    from_hex(expected, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_int_equal(
        crypt_hmac(out, (const uint8_t *)text, strlen(text), (const uint8_t *)"Jefe", 4), 1);
    assert_memory_equal(out, expected, 32);
    memset(key, 0xaa, sizeof key);
    from_hex(expected, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    assert_int_equal(crypt_hmac(out, (const uint8_t *)other, strlen(other), key, sizeof key), 1);
    assert_memory_equal(out, expected, 32);
}

/* As in the GCM specification (McGrew, Viega), cases 13 and 14: the nonce is zero there, too. */
static void
test_gcm(void **state)
{
    uint8_t text[16] = {0}, tag[16], expected[16];
    SECRET(key);
    struct crypt_gcm gcm = {.key = &key, .aad = text, .text = text, .tag = tag};

    (void)state;
    assert_true(crypt_seal(&gcm));
    from_hex(expected, 16, "530f8afbc74536b9a963b4f1c4cb738b");
    assert_memory_equal(tag, expected, 16);
    gcm.text_len = sizeof text;
    assert_true(crypt_seal(&gcm));
    from_hex(expected, 16, "cea7403d4d606b6e074ec5d3baf39d18");
    assert_memory_equal(text, expected, 16);
    from_hex(expected, 16, "d0d1c8a799996bf0265b98b5d48ab919");
    assert_memory_equal(tag, expected, 16);
    assert_int_equal(crypt_open(&gcm), CRYPT_OPENED);
    assert_int_equal(text[0] | text[15], 0);
    tag[15] ^= 1;
    assert_true(crypt_seal(&(struct crypt_gcm){&key, text, 0, text, 16, expected}));
    assert_int_equal(crypt_open(&gcm), CRYPT_FORGED);
    assert_int_equal(ERR_peek_error(), 0);
}

/* Bob of RFC 7748, 6.1; and that both sides agree. */
static void
test_x25519(void **state)
{
    uint8_t public_a[32], public_b[32], expected[32];
    uint64_t rng = 4;
    SECRET(a);
    SECRET(b);
    SECRET(shared);

    (void)state;
    from_hex(b.bytes, 32, "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
    from_hex(expected, 32, "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    assert_true(crypt_public(public_b, &b));
    assert_memory_equal(public_b, expected, 32);
    rng_fill(&rng, a.bytes, sizeof a.bytes);
    assert_true(crypt_public(public_a, &a));
    assert_true(crypt_shared(&shared, &a, public_b));
    assert_true(crypt_shared(&a, &b, public_a));
    assert_true(secret_equal(a.bytes, shared.bytes, 32));
}

/* A public key of small order makes a secret of zeros, which is no secret. */
static void
test_small_order(void **state)
{
    uint8_t zeros[32] = {0};
    uint64_t rng = 5;
    SECRET(a);
    SECRET(shared);

    (void)state;
    rng_fill(&rng, a.bytes, sizeof a.bytes);
    assert_false(crypt_shared(&shared, &a, zeros));
    zeros[0] = 1;
    assert_false(crypt_shared(&shared, &a, zeros));
    assert_true(shared.bytes[0] == 0 && shared.bytes[31] == 0);
    assert_int_equal(ERR_peek_error(), 0);
}

static void
test_derive(void **state)
{
    static const uint8_t large[HKDF_INFO_MAX];
    uint8_t expected[32], about[64];
    struct crypt_info info;
    struct writer w = writer_of(about, sizeof about);
    uint64_t rng = 6;
    SECRET(from);
    SECRET(out);

    (void)state;
    rng_fill(&rng, from.bytes, sizeof from.bytes);
    put_field(&w, "stek1", 5);
    put_field(&w, "purpose", 7);
    put_field(&w, "field", 5);
    put_field(&w, "", 0);
    assert_true(expand(expected, from.bytes, about, w.len));
    crypt_info_begin(&info, "purpose");
    crypt_info_add(&info, "field", 5);
    crypt_info_add(&info, "", 0);
    assert_true(crypt_derive(&out, &from, &info));
    assert_memory_equal(out.bytes, expected, 32);
    crypt_info_add(&info, large, sizeof large);
    assert_false(crypt_derive(&out, &from, &info)); /* too much, so not at all */
    assert_memory_equal(out.bytes, expected, 32);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hmac),   cmocka_unit_test(test_gcm),
        cmocka_unit_test(test_x25519), cmocka_unit_test(test_small_order),
        cmocka_unit_test(test_derive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
