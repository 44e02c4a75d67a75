/* Keys for each use are HKDF-Expand over length-prefixed fields, and weak results are refused. The
 * expected values were computed apart from this code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stek/stek.h>
#include <string.h>

#include "base/hex.h"

#define SECRET_HEX "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
#define CONTEXT_HEX "ea7792a26f405e2ae9c6f49ca93bbe6076ceac0a1fc53d83426c7d7f2d9377e4"

static int
hmac(uint8_t out[STEK_HASH_LEN], const uint8_t *in, size_t in_len, const uint8_t *key,
     size_t key_len)
{
    return HMAC(EVP_sha256(), key, (int)key_len, in, in_len, out, NULL) != NULL;
}

static int
hmac_fails(uint8_t out[STEK_HASH_LEN], const uint8_t *in, size_t in_len, const uint8_t *key,
           size_t key_len)
{
    (void)out, (void)in, (void)in_len, (void)key, (void)key_len;
    return 0;
}

static int
hmac_gives_zeros(uint8_t out[STEK_HASH_LEN], const uint8_t *in, size_t in_len, const uint8_t *key,
                 size_t key_len)
{
    (void)in, (void)in_len, (void)key, (void)key_len;
    memset(out, 0, STEK_HASH_LEN);
    return 1;
}

static int
hmac_gives_its_key(uint8_t out[STEK_HASH_LEN], const uint8_t *in, size_t in_len, const uint8_t *key,
                   size_t key_len)
{
    (void)in, (void)in_len;
    memcpy(out, key, key_len < STEK_HASH_LEN ? key_len : STEK_HASH_LEN);
    return 1;
}

static void
test_vectors(void **state)
{
    uint8_t context[STEK_HASH_LEN], out[STEK_HASH_LEN];
    char hex[HEX_LEN(STEK_HASH_LEN)];
    STEK_KEY(key);

    (void)state;
    assert_true(hex_decode(key.secret, sizeof key.secret, SECRET_HEX, 64));
    assert_true(hex_decode(context, sizeof context, CONTEXT_HEX, 64));
    assert_int_equal(stek_key_derive(&key, out, "openssl", "enc", NULL, hmac), STEK_OK);
    assert_string_equal(hex_encode(hex, out, sizeof out),
                        "386932371d52f71be89272ef07c8288a66bce7e4efabc28dbc69feb15b7e1727");
    assert_int_equal(stek_key_derive(&key, out, "openssl", "mac", context, hmac), STEK_OK);
    assert_string_equal(hex_encode(hex, out, sizeof out),
                        "db1c1fc1294b8d56705ef7eea135cb0ea42cbc78a8efda729a61c2429426cf7a");
}

static void
test_weak_results_are_refused(void **state)
{
    uint8_t out[STEK_HASH_LEN] = "as it was before", before[STEK_HASH_LEN];
    STEK_KEY(key);

    (void)state;
    memcpy(before, out, sizeof before);
    assert_true(hex_decode(key.secret, sizeof key.secret, SECRET_HEX, 64));
    assert_int_equal(stek_key_derive(&key, out, "a", "b", NULL, hmac_fails), STEK_NO_CRYPTO);
    assert_int_equal(stek_key_derive(&key, out, "a", "b", NULL, hmac_gives_zeros), STEK_NO_CRYPTO);
    assert_int_equal(stek_key_derive(&key, out, "a", "b", NULL, hmac_gives_its_key),
                     STEK_NO_CRYPTO);
    assert_memory_equal(out, before, sizeof before);
}

static void
test_arguments(void **state)
{
    uint8_t out[STEK_HASH_LEN];
    char name[66];
    STEK_KEY(key);

    (void)state;
    memset(name, 'x', sizeof name);
    name[65] = '\0';
    assert_int_equal(stek_key_derive(&key, out, name, "b", NULL, hmac), STEK_BAD_ARGUMENT);
    assert_int_equal(stek_key_derive(&key, out, "a", name, NULL, hmac), STEK_BAD_ARGUMENT);
    name[64] = '\0';
    assert_int_equal(stek_key_derive(&key, out, name, name, NULL, hmac), STEK_OK);
    key.size = sizeof key - 1;
    assert_int_equal(stek_key_derive(&key, out, "a", "b", NULL, hmac), STEK_BAD_ARGUMENT);
}

static void
test_fields_do_not_run_together(void **state)
{
    uint8_t a[STEK_HASH_LEN], b[STEK_HASH_LEN];
    STEK_KEY(key);

    (void)state;
    assert_true(hex_decode(key.secret, sizeof key.secret, SECRET_HEX, 64));
    assert_int_equal(stek_key_derive(&key, a, "ab", "c", NULL, hmac), STEK_OK);
    assert_int_equal(stek_key_derive(&key, b, "a", "bc", NULL, hmac), STEK_OK);
    assert_memory_not_equal(a, b, sizeof a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_weak_results_are_refused),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_fields_do_not_run_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
