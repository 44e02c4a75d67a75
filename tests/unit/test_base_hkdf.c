/* HKDF over the HMAC that is passed in: the vectors of RFC 5869, and of RFC 4231 for that HMAC. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/hex.h"
#include "base/hkdf.h"
#include "base/memcheck.h"

#define BYTES_MAX 160

/* Bytes given in hex. */
struct bytes {
    uint8_t at[BYTES_MAX];
    size_t len;
};

static struct bytes
bytes_of(const char *hex)
{
    struct bytes bytes = {.len = strlen(hex) / 2};

    if (!hex_decode(bytes.at, bytes.len, hex, strlen(hex)))
        bytes.len = BYTES_MAX + 1; /* equals no vector's length */
    return bytes;
}

static int
hmac(uint8_t out[HKDF_HASH_LEN], const uint8_t *in, size_t in_len, const uint8_t *key,
     size_t key_len)
{
    return HMAC(EVP_sha256(), key, (int)key_len, in, in_len, out, NULL) != NULL;
}

/* Fails from its second block on. */
static int
hmac_fails_late(uint8_t out[HKDF_HASH_LEN], const uint8_t *in, size_t in_len, const uint8_t *key,
                size_t key_len)
{
    if (in[in_len - 1] != 1)
        return 0;
    return hmac(out, in, in_len, key, key_len);
}

static int
hmac_fails_dirty(uint8_t out[HKDF_HASH_LEN], const uint8_t *in, size_t in_len, const uint8_t *key,
                 size_t key_len)
{
    (void)in, (void)in_len, (void)key, (void)key_len;
    memset(out, 0xee, HKDF_HASH_LEN);
    return -1; /* not 1, though true */
}

#define AA20 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define AA131 AA20 AA20 AA20 AA20 AA20 AA20 "aaaaaaaaaaaaaaaaaaaaaa"

static void
test_rfc4231(void **state)
{
    static const struct {
        const char *key, *data, *out;
    } cases[] = {
        {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {AA20,
         "dddddddddddddddddddddddddddddddddddddddddddddddddd"
         "dddddddddddddddddddddddddddddddddddddddddddddddddd",
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {"0102030405060708090a0b0c0d0e0f10111213141516171819",
         "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
         "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
         "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        {AA131,
         "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a"
         "65204b6579202d2048617368204b6579204669727374",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {AA131,
         "5468697320697320612074657374207573696e672061206c6172676572207468"
         "616e20626c6f636b2d73697a65206b657920616e642061206c61726765722074"
         "68616e20626c6f636b2d73697a6520646174612e20546865206b6579206e6565"
         "647320746f20626520686173686564206265666f7265206265696e6720757365"
         "642062792074686520484d414320616c676f726974686d2e",
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes key = bytes_of(cases[i].key), data = bytes_of(cases[i].data);
        struct bytes want = bytes_of(cases[i].out);
        uint8_t out[HKDF_HASH_LEN];

        assert_int_equal(want.len, HKDF_HASH_LEN);
        assert_int_equal(hmac(out, data.at, data.len, key.at, key.len), 1);
        assert_memory_equal(out, want.at, sizeof out);
    }
}

static void
test_rfc5869(void **state)
{
    static const struct {
        const char *in, *salt, *info, *prk, *out;
    } cases[] = {
        {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
         "f0f1f2f3f4f5f6f7f8f9", "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
         "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
        {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627"
         "28292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
         "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f8081828384858687"
         "88898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
         "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7"
         "d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
         "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
         "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
         "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
         "cc30c58179ec3e87c14c01d5c1f3434f1d87"},
        {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
         "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
         "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes in = bytes_of(cases[i].in), salt = bytes_of(cases[i].salt);
        struct bytes info = bytes_of(cases[i].info), want_prk = bytes_of(cases[i].prk);
        struct bytes want = bytes_of(cases[i].out);
        uint8_t prk[HKDF_HASH_LEN], out[BYTES_MAX];

        assert_true(
            hkdf_extract(prk, salt.len > 0 ? salt.at : NULL, salt.len, in.at, in.len, hmac));
        assert_memory_equal(prk, want_prk.at, sizeof prk);
        for (size_t len = 0; len <= want.len; len++) { /* each length is a prefix of the longer */
            assert_true(hkdf_expand(out, len, prk, sizeof prk, info.len > 0 ? info.at : NULL,
                                    info.len, hmac));
            assert_memory_equal(out, want.at, len);
        }
    }
}

static bool
is_wiped(const uint8_t *bytes, size_t len)
{
    uint8_t any = 0;

    MEM_DEFINE(bytes, len);
    for (size_t i = 0; i < len; i++)
        any |= bytes[i];
    return any == 0;
}

static void
test_failures_leave_nothing(void **state)
{
    static uint8_t out[256 * HKDF_HASH_LEN];
    uint8_t prk[HKDF_HASH_LEN] = {1}, info[HKDF_INFO_MAX + 1] = {2};

    (void)state;
    memset(out, 0xee, 64);
    assert_false(hkdf_expand(out, 64, prk, sizeof prk, info, 3, hmac_fails_late));
    assert_true(is_wiped(out, 64));
    memset(out, 0xee, 64);
    assert_false(hkdf_expand(out, 64, prk, sizeof prk, info, 3, hmac_fails_dirty));
    assert_true(is_wiped(out, 64));
    memset(out, 0xee, 64);
    assert_false(hkdf_expand(out, 64, prk, sizeof prk, info, HKDF_INFO_MAX + 1, hmac));
    assert_true(is_wiped(out, 64));
    memset(out, 0xee, sizeof out);
    assert_false(hkdf_expand(out, 255 * HKDF_HASH_LEN + 1, prk, sizeof prk, info, 3, hmac));
    assert_true(is_wiped(out, 255 * HKDF_HASH_LEN + 1));
    assert_false(hkdf_extract(prk, NULL, 0, info, 3, hmac_fails_dirty));
    assert_true(is_wiped(prk, sizeof prk));
}

static void
test_longest(void **state)
{
    static uint8_t out[255 * HKDF_HASH_LEN];
    uint8_t prk[HKDF_HASH_LEN] = {1}, info[HKDF_INFO_MAX] = {2}, last[HKDF_HASH_LEN];
    uint8_t block[HKDF_HASH_LEN + HKDF_INFO_MAX + 1];

    (void)state;
    assert_true(hkdf_expand(out, sizeof out, prk, sizeof prk, info, sizeof info, hmac));
    memcpy(block, out + 253 * HKDF_HASH_LEN, HKDF_HASH_LEN); /* T(255) of T(254), by hand */
    memcpy(block + HKDF_HASH_LEN, info, sizeof info);
    block[sizeof block - 1] = 255;
    assert_int_equal(hmac(last, block, sizeof block, prk, sizeof prk), 1);
    assert_memory_equal(out + 254 * HKDF_HASH_LEN, last, sizeof last);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc4231),
        cmocka_unit_test(test_rfc5869),
        cmocka_unit_test(test_failures_leave_nothing),
        cmocka_unit_test(test_longest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
