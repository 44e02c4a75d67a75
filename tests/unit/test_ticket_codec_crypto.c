/* Whole tickets and the functions they are made with: the bytes are those of docs/tickets.md, no
 * key is used twice, and functions that fail, or are not what they should be, do no harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>

#include "base/memcheck.h"
#include "codec_support.h"

#define LEN 100U
#define TICKET_LEN (LEN + STEK_TICKET_OVERHEAD)

static int
setup(void **state)
{
    static struct codec_place place; /* cmocka hands a pointer on */

    *state = &place;
    return codec_place_open(&place) ? 0 : -1;
}

static int
teardown(void **state)
{
    codec_place_close(*state);
    return 0;
}

static enum stek_status
seal(const struct stek_codec *codec, uint8_t ticket[TICKET_LEN], const uint8_t session[LEN])
{
    struct stek_handshake handshake = handshake_of(1, 0);
    size_t len;

    return stek_ticket_seal(codec, &handshake, ticket, &len, TICKET_LEN, session, LEN);
}

/* libcrypto's HKDF-Expand. */
static bool
expand(uint8_t out[32], const uint8_t *secret, const uint8_t *info, size_t info_len)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    char digest[] = "SHA256", mode[] = "EXPAND_ONLY";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MODE, mode, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)secret, 32),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info, info_len),
        OSSL_PARAM_construct_end()};
    bool done = EVP_KDF_derive(ctx, out, 32, params) == 1;

    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return done;
}

/* The whole ticket, made of libcrypto alone; random bytes are 'r', the context is 31 zeros and 1,
 * all is at NOW_S. */
static bool
expected(uint8_t out[TICKET_LEN], const struct key *ring_key, const uint8_t session[LEN])
{
    uint8_t salting_info[] = "\0\5stek1\0\4test\0\4salt\0\x20"
                             "................................";
    uint8_t once_info[] = "\0\5stek1\0\4test\0\6ticket\0\x20"
                          "................................"
                          "\0\x10"
                          "................";
    const struct {
        uint8_t start[8], end[8];
    } times = {{0, 0, 0, 0, 0x65, 0x53, 0xf1, 0x00},  /* 1,700,000,000 */
               {0, 0, 0, 0, 0x65, 0x54, 0x99, 0xc0}}; /* and 43,200 */
    uint8_t context[32] = {[31] = 1}, salting[32], once[32], hash[32], nonce[12] = {0};
    const struct stek_gcm gcm = {.key = once,
                                 .nonce = nonce,
                                 .aad = out,
                                 .aad_len = 32,
                                 .text = out + 32,
                                 .text_len = LEN + 16,
                                 .tag = out + TICKET_LEN - 16};

    memcpy(salting_info + 21, context, 32);
    memcpy(once_info + 23, context, 32);
    memcpy(out, ring_key->name, 16);
    memset(out + 16, 'r', 16);
    memcpy(out + 32, session, LEN);
    memcpy(out + 32 + LEN, &times, 16);
    if (!expand(salting, ring_key->secret.bytes, salting_info, sizeof salting_info - 1) ||
        HMAC(EVP_sha256(), salting, 32, out + 16, 16 + LEN + 16, hash, NULL) == NULL)
        return false;
    memcpy(out + 16, hash, 16);
    memcpy(once_info + 57, hash, 16);
    return expand(once, ring_key->secret.bytes, once_info, sizeof once_info - 1) &&
           codec_gcm(&gcm, 1);
}

static void
test_bytes(void **state)
{
    const struct codec_place *place = *state;
    uint8_t session[LEN], ticket[TICKET_LEN], want[TICKET_LEN];
    uint64_t rng = rng_seed();

    codec_calls.is_stuck = true;
    rng_fill(&rng, session, sizeof session);
    assert_int_equal(seal(&place->codec, ticket, session), STEK_OK);
    assert_true(expected(want, &place->set.keys[0], session));
    assert_memory_equal(ticket, want, sizeof want);
}

/* R-TICKET-4: the salts, of which each makes a key, are all different, with random bytes that are
 * always the same, too; but those of the same text at the same time. */
static void
test_salts(void **state)
{
    const struct codec_place *place = *state;
    enum { COUNT = 2000 };
    uint8_t session[LEN] = {0}, ticket[TICKET_LEN], twin[TICKET_LEN];
    uint64_t salts[COUNT][2];

    for (size_t i = 0; i < COUNT; i++) {
        codec_calls.is_stuck = i >= COUNT / 2;
        session[LEN - 1] = codec_calls.is_stuck ? (uint8_t)i : 0;
        session[0] = codec_calls.is_stuck ? (uint8_t)(i >> 8) : 0;
        assert_int_equal(seal(&place->codec, ticket, session), STEK_OK);
        memcpy(salts[i], ticket + STEK_NAME_LEN, sizeof salts[i]);
    }
    for (size_t i = 0; i < COUNT; i++)
        for (size_t j = 0; j < i; j++)
            assert_true(salts[i][0] != salts[j][0] && salts[i][1] != salts[j][1]);
    assert_int_equal(seal(&place->codec, twin, session), STEK_OK);
    assert_memory_equal(twin, ticket, sizeof twin);
}

/* R-TICKET-6: the n-th call fails, for each n. */
static void
test_failing_calls(void **state)
{
    const struct codec_place *place = *state;
    static const uint8_t none[TICKET_LEN];
    uint8_t session[LEN], ticket[TICKET_LEN], out[TICKET_LEN] = {0}, back[LEN + 16] = {0};
    uint64_t rng = rng_seed();
    unsigned n;
    size_t len;

    rng_fill(&rng, session, sizeof session);
    assert_int_equal(seal(&place->codec, ticket, session), STEK_OK);
    for (n = 1;; n++) {
        codec_calls = (struct codec_calls){.fail_at = n};
        if (seal(&place->codec, out, session) == STEK_OK)
            break;
        MEM_DEFINE(out, sizeof out); /* it was wiped */
        assert_memory_equal(out, none, sizeof out);
    }
    assert_int_equal(n, 6); /* salt key, random, salt, key, cipher */
    for (n = 1;; n++) {
        struct stek_handshake handshake = handshake_of(1, 0);
        enum stek_status status;

        codec_calls = (struct codec_calls){.fail_at = n};
        status = stek_ticket_open(&place->codec, &handshake, back, &len, sizeof back, ticket,
                                  sizeof ticket);
        if (status == STEK_OK)
            break;
        assert_int_equal(status, n == 1 ? STEK_NO_CRYPTO : STEK_BAD_TICKET);
        MEM_DEFINE(back, sizeof back);
        assert_memory_equal(back, none, sizeof back);
    }
    assert_int_equal(n, 3); /* key, cipher */
    assert_memory_equal(back, session, sizeof session);
    assert_int_equal(codec_counted(place, STEK_FULL_NO_KEY), 5);
    assert_int_equal(codec_counted(place, STEK_FULL_CONTEXT), 2);
}

static int
do_nothing(const struct stek_gcm *gcm, void *ctx)
{
    (void)gcm, (void)ctx;
    return 1;
}

/* One that decrypts and believes every tag. */
static int
open_anything(const struct stek_gcm *gcm, void *ctx)
{
    (void)codec_open(gcm, ctx);
    return 1;
}

static int
hmac_of_zeros(uint8_t out[STEK_HASH_LEN], const uint8_t *in, size_t in_len, const uint8_t *key,
              size_t key_len)
{
    (void)in, (void)in_len, (void)key, (void)key_len;
    memset(out, 0, STEK_HASH_LEN);
    return 1;
}

static int
random_zeros(uint8_t *out, size_t len, void *ctx)
{
    (void)ctx;
    memset(out, 0, len);
    return 1;
}

/* R-TICKET-6: functions that only say that they are done. */
static void
test_functions_that_lie(void **state)
{
    const struct codec_place *place = *state;
    struct stek_codec codec = place->codec;
    static const uint8_t session[LEN] = {1}, none[TICKET_LEN];
    uint8_t ticket[TICKET_LEN];

    codec.seal = do_nothing;
    assert_int_equal(seal(&codec, ticket, session), STEK_NO_CRYPTO);
    MEM_DEFINE(ticket, sizeof ticket); /* it was wiped */
    assert_memory_equal(ticket, none, sizeof ticket);
    codec = place->codec;
    codec.hmac = hmac_of_zeros;
    assert_int_equal(seal(&codec, ticket, session), STEK_NO_CRYPTO);
}

static void
test_check(void **state)
{
    const struct codec_place *place = *state;
    struct stek_codec codec = place->codec;

    assert_int_equal(stek_codec_check(&codec), STEK_OK);
    for (unsigned n = 1; n <= 4; n++) {
        codec_calls = (struct codec_calls){.fail_at = n < 4 ? n : 20};
        assert_int_equal(stek_codec_check(&codec), STEK_NO_CRYPTO);
    }
    assert_int_equal(codec_calls.count, 20); /* HMAC, seal, open, 16 wrong tags, random */
    codec.seal = do_nothing;
    assert_int_equal(stek_codec_check(&codec), STEK_NO_CRYPTO);
    codec = place->codec;
    codec.open = open_anything;
    assert_int_equal(stek_codec_check(&codec), STEK_NO_CRYPTO);
    codec = place->codec;
    codec.hmac = hmac_of_zeros;
    assert_int_equal(stek_codec_check(&codec), STEK_NO_CRYPTO);
    codec = place->codec;
    codec.random = random_zeros;
    assert_int_equal(stek_codec_check(&codec), STEK_NO_CRYPTO);
    codec = place->codec;
    codec.size--;
    assert_int_equal(stek_codec_check(&codec), STEK_BAD_ARGUMENT);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_bytes), CASE(test_salts), CASE(test_failing_calls), CASE(test_functions_that_lie),
        CASE(test_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
