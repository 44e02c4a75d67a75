/* A keyset as bytes: one content has one encoding, and what is not exactly one is refused whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hex.h"
#include "keys/encode.h"
#include "keys_support.h"

#define KEY_LEN 71      /* whose maker is that of the one before */
#define MADE_KEY_LEN 79 /* whose maker is told */
#define FLAGS_AT 70
#define NAMED_LEN 24

/* Two keys, one confirmed; a revocation and a mark that concern neither. */
static bool
fill(struct keyset *set)
{
    struct key first = key_of(1, 0), second = key_of(2, 3600), gone = key_of(3, 0);

    first.made_ms = NOW_MS + 1;
    second.made_ms = NOW_MS + 2;
    second.maker = 0x0102030405060708;
    second.flags = KEY_EMERGENCY;
    return keyset_add(set, &second, NOW_MS, NULL) == KEYSET_CHANGED &&
           keyset_add(set, &first, NOW_MS, NULL) == KEYSET_CHANGED &&
           keyset_confirm(set, first.name, first.open_until, NOW_MS, NULL) == KEYSET_CHANGED &&
           keyset_revoke_name(set, gone.name, NOW_S + 9, NOW_MS, NULL) == KEYSET_CHANGED &&
           keyset_revoke_mark(set, NOW_MS, NOW_S + 99, NOW_MS, NULL) == KEYSET_CHANGED;
}

static bool
is_empty(const struct keyset *set)
{
    return set->keys == NULL && set->confirmations == NULL && set->revocations == NULL &&
           (set->key_count | set->confirmation_count | set->revocation_count) == 0 &&
           set->mark.until == 0 && set->newest_ms == 0;
}

/* True if it is refused, saying so with this word, and nothing is left. */
static bool
is_refused(const struct secret_buf *bytes, const char *word)
{
    struct err err = {{0}};
    KEYSET(set);

    return !decode_keyset(&set, bytes->bytes, bytes->len, NOW_MS, &err) && is_empty(&set) &&
           strstr(err.text, word) != NULL;
}

static void
test_round_trip(void **state)
{
    struct dump before, after;
    KEYSET(set);
    KEYSET(again);
    SECRET_BUF(bytes);

    (void)state;
    assert_true(fill(&set));
    assert_true(encode_keyset(&bytes, &set, NULL));
    assert_int_equal(bytes.len,
                     1 + 2 + KEY_LEN + MADE_KEY_LEN + 2 + NAMED_LEN + 2 + NAMED_LEN + 16);
    assert_true(decode_keyset(&again, bytes.bytes, bytes.len, NOW_MS, NULL));
    before = dump_of(&set);
    after = dump_of(&again);
    assert_true(dump_equal(&before, &after));
}

/* The format is for ever: these bytes, put together apart from this code, must stay what is written
 * and read. */
static const char golden[] = "01"
                             "0001"
                             "82a3537ff0dbce7eec35d69edc3a189e"
                             "2bb80d537b1da3e38bd30361aa855686"
                             "bde0eacd7162fef6a25fe97bf527a25b"
                             "0000018bcfe56801000000006553f10000119400a8c0821122334455667788"
                             "0001"
                             "82a3537ff0dbce7eec35d69edc3a189e000000006554ab54"
                             "0001"
                             "d9298a10d1b0735837dc4bd85dac641b000000006553f13c"
                             "0000018bcfe56800000000006553f15a";

static void
test_golden(void **state)
{
    uint8_t bytes[sizeof golden / 2];
    SECRET_BUF(written);
    KEYSET(set);

    (void)state;
    assert_true(hex_decode(bytes, sizeof bytes, golden, strlen(golden)));
    assert_true(decode_keyset(&set, bytes, sizeof bytes, NOW_MS, NULL));
    assert_int_equal(set.key_count, 1);
    assert_memory_equal(set.keys[0].name, bytes + 3, KEY_NAME_LEN);
    assert_memory_equal(set.keys[0].secret.bytes, bytes + 19, SECRET_LEN);
    assert_int_equal(set.keys[0].made_ms, NOW_MS + 1);
    assert_int_equal(set.keys[0].seal_from, NOW_S);
    assert_int_equal(set.keys[0].seal_until, NOW_S + 4500);
    assert_int_equal(set.keys[0].open_until, NOW_S + 47700);
    assert_int_equal(set.keys[0].maker, 0x1122334455667788);
    assert_int_equal(set.keys[0].flags, KEY_EACH | KEY_CONFIRMED);
    assert_int_equal(set.revocations[0].until, NOW_S + 60);
    assert_int_equal(set.mark.made_ms, NOW_MS);
    assert_int_equal(set.mark.until, NOW_S + 90);
    assert_true(encode_keyset(&written, &set, NULL));
    assert_int_equal(written.len, sizeof bytes);
    assert_memory_equal(written.bytes, bytes, sizeof bytes);
}

static void
test_empty(void **state)
{
    KEYSET(set);
    KEYSET(again);
    SECRET_BUF(bytes);

    (void)state;
    assert_true(encode_keyset(&bytes, &set, NULL));
    assert_int_equal(bytes.len, 23);
    assert_true(decode_keyset(&again, bytes.bytes, bytes.len, NOW_MS, NULL));
    assert_int_equal(again.key_count, 0);
}

static void
test_revoked_keys_are_not_written(void **state)
{
    struct key key = key_of(1, 0);
    KEYSET(set);
    KEYSET(again);
    SECRET_BUF(bytes);

    (void)state;
    assert_int_equal(keyset_add(&set, &key, NOW_MS, NULL), KEYSET_CHANGED);
    assert_int_equal(keyset_revoke(&set, key.name, true, NOW_MS, NULL), KEYSET_CHANGED);
    assert_true(encode_keyset(&bytes, &set, NULL));
    assert_int_equal(bytes.len, 23 + NAMED_LEN);
    assert_true(decode_keyset(&again, bytes.bytes, bytes.len, NOW_MS, NULL));
    assert_int_equal(again.key_count, 0);
    assert_int_equal(keyset_add(&again, &key, NOW_MS, NULL), KEYSET_CHANGED);
    assert_int_equal(again.keys[0].flags, KEY_REVOKED);
}

static void
test_what_is_over_is_left_out(void **state)
{
    struct key key = key_of(1, 0);
    KEYSET(set);
    KEYSET(again);
    SECRET_BUF(bytes);

    (void)state;
    assert_true(fill(&set));
    assert_true(encode_keyset(&bytes, &set, NULL));
    assert_true(decode_keyset(&again, bytes.bytes, bytes.len, key.open_until * 1000, NULL));
    assert_int_equal(again.key_count, 1); /* the second opens for an hour more */
    assert_int_equal(again.confirmation_count | again.revocation_count, 0);
    assert_int_equal(again.mark.made_ms | again.mark.until, 0);
}

static void
test_cut_short_or_too_long(void **state)
{
    KEYSET(set);
    SECRET_BUF(bytes);
    SECRET_BUF(more);

    (void)state;
    assert_true(fill(&set));
    assert_true(encode_keyset(&bytes, &set, NULL));
    for (size_t len = 0; len < bytes.len; len++) {
        struct secret_buf cut = {.bytes = malloc(len + (len == 0)), .len = len, .cap = len};

        assert_non_null(cut.bytes);
        memcpy(cut.bytes, bytes.bytes, len);
        assert_true(is_refused(&cut, len == 0 ? "empty" : "cut short"));
        free(cut.bytes);
    }
    assert_true(secret_buf_init(&more, bytes.len + 1));
    memcpy(more.bytes, bytes.bytes, bytes.len);
    more.len = bytes.len + 1;
    assert_true(is_refused(&more, "1 bytes too many"));
}

static void
test_changed_fields(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        const char *word;
    } cases[] = {
        {0, 2, "version 2"},
        {0, 0, "version 0"},
        {1, 0x10, "4098 keys"},
        {1, 0xff, "65282 keys"},
        {2, 3, "not sorted"},      /* what follows is no key */
        {3, 0xff, "not sorted"},   /* the first key's name goes behind the second's */
        {3 + FLAGS_AT, 4, "flag"}, /* one that the keyset sets, not the record */
        {3 + FLAGS_AT, 0x40, "flag"},
        {3 + 16 + 32, 0xff, "world"},
        {3 + 16 + 32 + 8, 1, "world"},
        {3 + KEY_LEN + 16 + 32 + 8, 0xff, "world"}, /* no sum overflows */
        {3 + 16 + 32 + 16, 0xff, "it seals for over"},
        {3 + 16 + 32 + 19, 0xff, "it opens for over"},
        {3 + KEY_LEN + MADE_KEY_LEN, 0x20, "confirmations"},
        {3 + KEY_LEN + MADE_KEY_LEN + 2 + NAMED_LEN, 0x20, "8193 revocations"},
    };
    KEYSET(set);
    SECRET_BUF(bytes);

    (void)state;
    assert_true(fill(&set));
    assert_true(encode_keyset(&bytes, &set, NULL));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t before = bytes.bytes[cases[i].at];

        bytes.bytes[cases[i].at] = cases[i].value;
        if (!is_refused(&bytes, cases[i].word))
            fail_msg("byte %zu = %u was taken, or refused in other words", cases[i].at,
                     cases[i].value);
        bytes.bytes[cases[i].at] = before;
    }
}

/* Refused whole, as is a key together with what revokes it: no honest host writes one. */
static void
test_bad_content(void **state)
{
    KEYSET(set);
    SECRET_BUF(bytes);
    uint8_t *keys, *revoked, *mark;

    (void)state;
    assert_true(fill(&set));
    assert_true(encode_keyset(&bytes, &set, NULL));
    keys = bytes.bytes + 3;
    revoked = keys + KEY_LEN + MADE_KEY_LEN + 2 + NAMED_LEN + 2;
    mark = revoked + NAMED_LEN;
    memcpy(revoked, keys, KEY_NAME_LEN);
    assert_true(is_refused(&bytes, "together with its revocation"));
    secret_buf_free(&bytes);
    assert_true(encode_keyset(&bytes, &set, NULL));
    keys = bytes.bytes + 3;
    mark = keys + KEY_LEN + MADE_KEY_LEN + 2 + 2 * NAMED_LEN + 2;
    mark[7]++; /* W is the first key's `made` now */
    assert_true(is_refused(&bytes, "together with its revocation"));
    mark[7]--;
    memset(mark + 8, 0, 8);
    assert_true(is_refused(&bytes, "no end"));
    memcpy(mark + 8, "\0\0\1", 3);
    assert_true(is_refused(&bytes, "longer than any key"));
    memcpy(keys + KEY_LEN + 16, keys + 16, SECRET_LEN);
    assert_true(is_refused(&bytes, "another key's"));
    memset(keys + 16, 0, SECRET_LEN);
    assert_true(is_refused(&bytes, "weak"));
    memcpy(keys + KEY_LEN, keys, KEY_NAME_LEN); /* even the same one twice */
    assert_true(is_refused(&bytes, "not sorted"));
}

/* The maker is told once; twice would be a second encoding of one content. */
static void
test_makers(void **state)
{
    KEYSET(set);
    KEYSET(again);
    SECRET_BUF(bytes);

    (void)state;
    for (uint16_t i = 0; i < 6; i++) {
        struct key key = key_of(i, 0);

        key.maker = i / 2 + 1U;
        assert_int_equal(keyset_add(&set, &key, NOW_MS, NULL), KEYSET_CHANGED);
    }
    assert_true(encode_keyset(&bytes, &set, NULL));
    assert_int_equal(bytes.len, 23 + 3 * (KEY_LEN + MADE_KEY_LEN));
    assert_true(decode_keyset(&again, bytes.bytes, bytes.len, NOW_MS, NULL));
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(again.keys[i].maker, i / 2 + 1);
    bytes.bytes[3 + FLAGS_AT + 8] = 0; /* the first one's: 0 stands before it already */
    assert_true(is_refused(&bytes, "maker twice"));
    bytes.bytes[3 + FLAGS_AT + 8] = 2; /* now the third one's says what is said */
    assert_true(is_refused(&bytes, "maker twice"));
}

/* Of parts: what is refused is left out, and the rest is there; malformed is malformed. */
static void
test_parts(void **state)
{
    struct err err = {{0}};
    bool refused = true;
    KEYSET(set);
    KEYSET(whole);
    KEYSET(part);
    KEYSET(none);
    SECRET_BUF(bytes);

    (void)state;
    assert_true(fill(&set));
    assert_true(encode_keyset(&bytes, &set, NULL));
    assert_true(decode_keyset_parts(&whole, &refused, bytes.bytes, bytes.len, NOW_MS, &err));
    assert_false(refused);
    assert_string_equal(err.text, "");
    memset(bytes.bytes + 3 + 16, 0, SECRET_LEN); /* of the first key */
    assert_true(decode_keyset_parts(&part, &refused, bytes.bytes, bytes.len, NOW_MS, &err));
    assert_true(refused);
    assert_non_null(strstr(err.text, "weak"));
    assert_int_equal(part.key_count, 1);
    assert_memory_equal(part.keys[0].name, set.keys[1].name, KEY_NAME_LEN);
    assert_int_equal(part.confirmation_count, 1);
    assert_int_equal(part.revocation_count, 1);
    assert_int_equal(part.mark.made_ms, NOW_MS);
    assert_false(decode_keyset_parts(&none, &refused, bytes.bytes, bytes.len - 1, NOW_MS, &err));
    assert_true(is_empty(&none));
}

static void
test_too_much_to_write(void **state)
{
    struct err err = {{0}};
    KEYSET(set);
    SECRET_BUF(bytes);

    (void)state;
    for (unsigned i = 0; i <= ENCODE_ITEMS_MAX; i++)
        assert_int_equal(keyset_confirm(&set, key_of((uint16_t)i, 0).name, NOW_S + 9, NOW_MS, NULL),
                         KEYSET_CHANGED);
    assert_false(encode_keyset(&bytes, &set, &err));
    assert_non_null(strstr(err.text, "4097 confirmations"));
    assert_int_equal(bytes.len, 0);
    set.confirmation_count--;
    assert_true(encode_keyset(&bytes, &set, &err));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_revoked_keys_are_not_written),
        cmocka_unit_test(test_what_is_over_is_left_out),
        cmocka_unit_test(test_cut_short_or_too_long),
        cmocka_unit_test(test_changed_fields),
        cmocka_unit_test(test_bad_content),
        cmocka_unit_test(test_makers),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_too_much_to_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
