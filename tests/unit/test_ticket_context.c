/* The context is the chain of HMACs that stek/ticket.h describes: fields of different kinds, order
 * or boundaries never equal each other, and names count whatever their order. The expected values
 * were computed apart from this code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <stek/ticket.h>
#include <string.h>

#include "base/hex.h"

static int
hmac(uint8_t out[STEK_HASH_LEN], const uint8_t *in, size_t in_len, const uint8_t *key,
     size_t key_len)
{
    return HMAC(EVP_sha256(), key, (int)key_len, in, in_len, out, NULL) != NULL;
}

static int
hmac_broken(uint8_t out[STEK_HASH_LEN], const uint8_t *in, size_t in_len, const uint8_t *key,
            size_t key_len)
{
    (void)out, (void)in, (void)in_len, (void)key, (void)key_len;
    return 0;
}

static void
test_fields(void **state)
{
    char hex[HEX_LEN(STEK_HASH_LEN)];
    struct stek_context context;

    (void)state;
    stek_context_init(&context);
    assert_int_equal(stek_context_add(&context, STEK_FIELD_SNI, "www.example.com", 15, hmac),
                     STEK_OK);
    assert_string_equal(hex_encode(hex, context.hash, sizeof context.hash),
                        "26a5bbfe84dd931e2c780866170ffc208e199cb7e6401e95102379170f51a69d");
    assert_int_equal(stek_context_add(&context, STEK_FIELD_LABEL, NULL, 0, hmac), STEK_OK);
    assert_string_equal(hex_encode(hex, context.hash, sizeof context.hash),
                        "891b2263e49e51284ae37e495ae5720e4ec25755ebfa8c9159851f5b23ee6d6b");
}

static void
test_longest_field(void **state)
{
    char hex[HEX_LEN(STEK_HASH_LEN)];
    struct stek_context context;
    uint8_t *bytes = calloc(1, 65536);

    (void)state;
    assert_non_null(bytes);
    for (size_t i = 0; i < 65535; i++)
        bytes[i] = (uint8_t)i;
    stek_context_init(&context);
    assert_int_equal(stek_context_add(&context, STEK_FIELD_LABEL, bytes, 65535, hmac), STEK_OK);
    assert_string_equal(hex_encode(hex, context.hash, sizeof context.hash),
                        "cf67f809c460fe030d1f1e37e3ffca9def4628d14bfcc2ddd8733ea3d83cc1f2");
    assert_int_equal(stek_context_add(&context, STEK_FIELD_LABEL, bytes, 65536, hmac),
                     STEK_BAD_ARGUMENT);
    free(bytes);
}

static struct stek_name
name_of(const char *text, int type)
{
    return (struct stek_name){(const uint8_t *)text, strlen(text), type};
}

static void
test_names(void **state)
{
    static const uint8_t ip[] = {192, 0, 2, 1};
    char hex[HEX_LEN(STEK_HASH_LEN)];
    struct stek_name names[] = {
        {ip, sizeof ip, 7},
        name_of("www.example.com", 2),
        name_of("example.com", 2),
        name_of("www.example.com", 2),
    };
    struct stek_context context;

    (void)state;
    stek_context_init(&context);
    assert_int_equal(stek_context_names(&context, names, 4, hmac), STEK_OK);
    assert_string_equal(hex_encode(hex, context.hash, sizeof context.hash),
                        "8474edb8510bf6224321e99cf38ff1a3ed3cd841c38b6104a804b66c5b3ed181");
}

static struct stek_context
context_of_names(struct stek_name *names, size_t count)
{
    struct stek_context context;

    stek_context_init(&context);
    if (stek_context_names(&context, names, count, hmac) != STEK_OK)
        stek_context_init(&context);
    return context;
}

static void
test_names_differ(void **state)
{
    struct stek_name a[] = {name_of("a", 2), name_of("b", 2)}, b[] = {name_of("ab", 2)};
    struct stek_name c[] = {name_of("a", 2), name_of("b", 255)};
    struct stek_context contexts[4], zero;

    (void)state;
    contexts[0] = context_of_names(a, 2);
    contexts[1] = context_of_names(b, 1);
    contexts[2] = context_of_names(c, 2);
    contexts[3] = context_of_names(NULL, 0);
    stek_context_init(&zero);
    for (size_t i = 0; i < 4; i++) {
        assert_memory_not_equal(&contexts[i], &zero, sizeof zero);
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(&contexts[i], &contexts[j], sizeof zero);
    }
}

static void
test_failure_changes_nothing(void **state)
{
    struct stek_name names[] = {name_of("a", 2), name_of("b", 256)};
    struct stek_context context, before;

    (void)state;
    stek_context_init(&context);
    assert_int_equal(stek_context_add(&context, STEK_FIELD_SNI, "a", 1, hmac), STEK_OK);
    before = context;
    assert_int_equal(stek_context_add(&context, STEK_FIELD_SNI, "a", 1, hmac_broken),
                     STEK_NO_CRYPTO);
    assert_int_equal(stek_context_names(&context, names, 1, hmac_broken), STEK_NO_CRYPTO);
    assert_int_equal(stek_context_names(&context, names, 2, hmac), STEK_BAD_ARGUMENT);
    assert_int_equal(stek_context_add(&context, (enum stek_field)0, "a", 1, hmac),
                     STEK_BAD_ARGUMENT);
    assert_int_equal(stek_context_add(&context, (enum stek_field)6, "a", 1, hmac),
                     STEK_BAD_ARGUMENT);
    assert_memory_equal(&context, &before, sizeof before);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_longest_field),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_names_differ),
        cmocka_unit_test(test_failure_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
