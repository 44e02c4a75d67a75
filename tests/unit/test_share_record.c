/* Sealed records: known answers computed apart by libcrypto, every byte damaged, other farms and
 * days, sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "share_support.h"

#define HEAD_LEN 42 /* of keyset "www" */
#define FRONT_LEN (HEAD_LEN + RECORD_SALT_LEN)

static bool
opens_as(const struct farm *farm, const uint8_t *bytes, size_t len, const char *text)
{
    struct record_head head;
    SECRET_BUF(content);

    return record_unseal(&content, &head, farm, bytes, len) == RECORD_OPENED &&
           content.len == strlen(text) && memcmp(content.bytes, text, content.len) == 0;
}

/* The verdict, where nothing came out; RECORD_OPENED also if something did. */
static enum record_verdict
refused_as(const struct farm *farm, const uint8_t *bytes, size_t len)
{
    struct record_head head = {.sender = 9};
    SECRET_BUF(content);
    enum record_verdict verdict = record_unseal(&content, &head, farm, bytes, len);

    return content.bytes == NULL && head.sender == 9 ? verdict : RECORD_OPENED;
}

/* R-RECORD-1. */
static void
test_round_trip(void **state)
{
    struct record_head head = head_of(7, RECORD_STATUS, NOW_MS), back;
    FARM(farm);
    SECRET_BUF(sealed);
    SECRET_BUF(content);

    (void)state;
    assert_true(farm_of(&farm, 1, NOW_MS));
    assert_true(seal_text(&sealed, &farm, &head, "hello"));
    assert_int_equal(sealed.len, FRONT_LEN + 5 + 16);
    assert_int_equal(record_unseal(&content, &back, &farm, sealed.bytes, sealed.len),
                     RECORD_OPENED);
    assert_int_equal(content.len, 5);
    assert_memory_equal(content.bytes, "hello", 5);
    assert_int_equal(back.kind, RECORD_STATUS);
    assert_int_equal(back.sender, 7);
    assert_int_equal(back.sequence, NOW_MS);
    assert_string_equal(back.keyset, "www");
    assert_memory_equal(back.farm, farm.id, sizeof farm.id);
}

/* The front and the key, as the header says, put together apart. */
static bool
seal_apart(uint8_t out[FRONT_LEN + 5 + 16], const struct farm *farm, const uint8_t salt[16])
{
    uint8_t info[HKDF_INFO_MAX], key[32];
    struct writer w = writer_of(out, FRONT_LEN), i = writer_of(info, sizeof info);
    SECRET(day);

    write_bytes(&w, "stkr\1\1", 6);
    write_bytes(&w, farm->id, sizeof farm->id);
    write_u64(&w, 0x1122334455667788);
    write_u64(&w, NOW_MS + 5);
    write_bytes(&w, "\3www", 4);
    write_bytes(&w, salt, 16);
    put_field(&i, "stek1", 5);
    put_field(&i, "record", 6);
    put_field(&i, out, HEAD_LEN);
    put_field(&i, salt, 16);
    return farm_secret(farm, &day, NOW_MS / DAY_MS) && expand(key, day.bytes, info, i.len) &&
           gcm_seal(out + FRONT_LEN, key, out, FRONT_LEN, (const uint8_t *)"hello", 5);
}

static void
test_known_answer(void **state)
{
    struct record_head head = head_of(0x1122334455667788, RECORD_KEYS, NOW_MS + 5);
    uint8_t salt[RECORD_SALT_LEN], expected[FRONT_LEN + 5 + 16];
    uint64_t rng = head.sequence;
    FARM(farm);
    SECRET_BUF(sealed);

    (void)state;
    rng_fill(&rng, salt, sizeof salt);
    assert_true(farm_of(&farm, 1, NOW_MS));
    assert_true(seal_text(&sealed, &farm, &head, "hello"));
    assert_true(seal_apart(expected, &farm, salt));
    assert_int_equal(sealed.len, sizeof expected);
    assert_memory_equal(sealed.bytes, expected, sizeof expected);
}

/* R-RECORD-2: every bit, and every length. */
static void
test_damage(void **state)
{
    struct record_head head = head_of(7, RECORD_KEYS, NOW_MS);
    FARM(farm);
    SECRET_BUF(sealed);

    (void)state;
    assert_true(farm_of(&farm, 1, NOW_MS));
    assert_true(seal_text(&sealed, &farm, &head, "hello"));
    assert_true(secret_buf_reserve(&sealed, sealed.len + 1));
    for (size_t i = 0; i < sealed.len; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            sealed.bytes[i] ^= (uint8_t)(1U << bit);
            assert_int_not_equal(refused_as(&farm, sealed.bytes, sealed.len), RECORD_OPENED);
            assert_int_not_equal(refused_as(&farm, sealed.bytes, sealed.len), RECORD_FAILED);
            sealed.bytes[i] ^= (uint8_t)(1U << bit);
        }
    for (size_t len = 0; len < sealed.len; len++) {
        enum record_verdict verdict = refused_as(&farm, sealed.bytes, len);

        assert_int_equal(verdict, len < FRONT_LEN + 16 ? RECORD_MALFORMED : RECORD_FORGED);
    }
    assert_int_equal(refused_as(&farm, sealed.bytes, sealed.len + 1), RECORD_FORGED);
    assert_true(opens_as(&farm, sealed.bytes, sealed.len, "hello"));
}

/* R-RECORD-2: each with its own cause, where the front shows it. */
static void
test_causes(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        enum record_verdict verdict;
    } cases[] = {
        {0, 'S', RECORD_MALFORMED}, {4, 2, RECORD_VERSION},    {4, 0, RECORD_VERSION},
        {5, 3, RECORD_MALFORMED},   {5, 0, RECORD_MALFORMED},  {5, RECORD_STATUS, RECORD_FORGED},
        {6, 0, RECORD_FARM},        {22, 1, RECORD_FORGED},    {30, 1, RECORD_AHEAD},
        {33, 0, RECORD_DAY_OVER},   {37, 0xee, RECORD_FORGED}, {38, 0, RECORD_MALFORMED},
        {38, 65, RECORD_MALFORMED}, {38, 2, RECORD_FORGED},    {39, 'W', RECORD_MALFORMED},
        {39, 'v', RECORD_FORGED},   {39, 0, RECORD_MALFORMED},
    };
    struct record_head head = head_of(7, RECORD_KEYS, NOW_MS);
    FARM(farm);
    SECRET_BUF(sealed);

    (void)state;
    assert_true(farm_of(&farm, 1, NOW_MS));
    assert_true(seal_text(&sealed, &farm, &head, "hello"));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t was = sealed.bytes[cases[i].at];

        sealed.bytes[cases[i].at] = cases[i].value;
        if (refused_as(&farm, sealed.bytes, sealed.len) != cases[i].verdict)
            fail_msg("byte %zu = %u: %s", cases[i].at, cases[i].value,
                     record_verdict_text(refused_as(&farm, sealed.bytes, sealed.len)));
        sealed.bytes[cases[i].at] = was;
    }
}

/* R-RECORD-3: of one text, a new salt, sequence, sender, kind or keyset makes another sealed one,
 * whose bytes tell nothing of the first. */
static void
test_no_key_twice(void **state)
{
    const uint8_t text[16] = {0};
    uint8_t salt[RECORD_SALT_LEN] = {1}, seen[6][sizeof text];
    FARM(farm);

    (void)state;
    assert_true(farm_of(&farm, 1, NOW_MS));
    for (size_t i = 0; i < 6; i++) {
        struct record_head head = head_of(7, RECORD_KEYS, NOW_MS);
        SECRET_BUF(sealed);

        salt[1] = i == 1;
        head.sequence += i == 2;
        head.sender += i == 3;
        head.kind = i == 4 ? RECORD_STATUS : RECORD_KEYS;
        head.keyset[2] = i == 5 ? 'x' : 'w';
        assert_true(record_seal(&sealed, &farm, &head, salt, text, sizeof text, NULL));
        memcpy(seen[i], sealed.bytes + FRONT_LEN, sizeof text);
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(seen[i], seen[j], sizeof text);
    }
}

/* R-RECORD-1: yesterday's and tomorrow's open, an old day's as long as it is kept. */
static void
test_days(void **state)
{
    bool changed;
    FARM(farm);
    FARM(later);
    SECRET_BUF(early);
    SECRET_BUF(late);
    struct record_head yesterday = head_of(7, RECORD_KEYS, NOW_MS - DAY_MS),
                       tomorrow = head_of(7, RECORD_KEYS, NOW_MS + DAY_MS),
                       before = head_of(7, RECORD_KEYS, NOW_MS - 2 * DAY_MS);

    (void)state;
    assert_true(farm_of(&farm, 1, NOW_MS));
    assert_true(farm_of(&later, 1, NOW_MS));
    assert_true(seal_text(&early, &farm, &yesterday, "y"));
    assert_true(seal_text(&late, &farm, &tomorrow, "t"));
    assert_true(opens_as(&farm, early.bytes, early.len, "y"));
    assert_true(opens_as(&farm, late.bytes, late.len, "t"));
    farm_saw(&later, NOW_MS / DAY_MS + 1);
    assert_true(farm_advance(&later, &changed, 1, NOW_MS + DAY_MS, NULL));
    assert_true(changed);
    assert_int_equal(refused_as(&later, early.bytes, early.len), RECORD_DAY_OVER);
    assert_true(opens_as(&later, late.bytes, late.len, "t"));
    secret_buf_free(&late);
    assert_false(seal_text(&late, &farm, &before, "b")); /* no secret for it */
}

/* R-RECORD-2: a rekey is another farm, also if somebody puts the new id in front. */
static void
test_after_a_rekey(void **state)
{
    struct record_head head = head_of(7, RECORD_KEYS, NOW_MS);
    FARM(old);
    FARM(fresh);
    SECRET_BUF(sealed);

    (void)state;
    assert_true(farm_of(&old, 1, NOW_MS));
    assert_true(farm_of(&fresh, 2, NOW_MS));
    assert_true(seal_text(&sealed, &old, &head, "hello"));
    assert_int_equal(refused_as(&fresh, sealed.bytes, sealed.len), RECORD_FARM);
    memcpy(sealed.bytes + 6, fresh.id, sizeof fresh.id);
    assert_int_equal(refused_as(&fresh, sealed.bytes, sealed.len), RECORD_FORGED);
}

static void
test_sizes(void **state)
{
    size_t most = RECORD_MAX - RECORD_OVERHEAD_MAX;
    struct record_head head = head_of(7, RECORD_KEYS, NOW_MS), peeked;
    const uint8_t salt[RECORD_SALT_LEN] = {1};
    struct err err;
    FARM(farm);
    SECRET_BUF(content);
    SECRET_BUF(sealed);
    SECRET_BUF(back);

    (void)state;
    assert_true(farm_of(&farm, 1, NOW_MS));
    assert_true(secret_buf_init(&content, RECORD_MAX + 1));
    memset(head.keyset, 'k', RECORD_KEYSET_MAX);
    assert_false(record_seal(&sealed, &farm, &head, salt, content.bytes, most + 1, &err));
    assert_non_null(strstr(err.text, "holds up to"));
    assert_true(record_seal(&sealed, &farm, &head, salt, content.bytes, most, &err));
    assert_int_equal(sealed.len, RECORD_MAX);
    assert_int_equal(record_unseal(&back, &head, &farm, sealed.bytes, sealed.len), RECORD_OPENED);
    assert_int_equal(back.len, most);
    assert_int_equal(record_peek(&peeked, content.bytes, RECORD_MAX + 1), RECORD_TOO_LARGE);
    assert_int_equal(refused_as(&farm, content.bytes, RECORD_MAX + 1), RECORD_TOO_LARGE);
    secret_buf_free(&sealed);
    assert_true(seal_text(&sealed, &farm, &head, ""));
    assert_true(opens_as(&farm, sealed.bytes, sealed.len, ""));
}

static void
test_names_that_are_refused(void **state)
{
    static const char *const names[] = {"", "A", "a b", "a/b", "\x80"};
    struct err err;
    FARM(farm);
    SECRET_BUF(sealed);

    (void)state;
    assert_true(farm_of(&farm, 1, NOW_MS));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct record_head head = head_of(7, RECORD_KEYS, NOW_MS);
        const uint8_t salt[RECORD_SALT_LEN] = {1};

        memcpy(head.keyset, names[i], strlen(names[i]) + 1);
        assert_false(record_seal(&sealed, &farm, &head, salt, salt, 1, &err));
        assert_non_null(strstr(err.text, "names no keyset"));
    }
}

/* R-RECORD-5: it grows, and follows the clock; one of a clock that went mad does not count. */
static void
test_sequence(void **state)
{
    (void)state;
    assert_int_equal(record_sequence(0, NOW_MS), NOW_MS);
    assert_int_equal(record_sequence(NOW_MS - 1, NOW_MS), NOW_MS);
    assert_int_equal(record_sequence(NOW_MS, NOW_MS), NOW_MS + 1);
    assert_int_equal(record_sequence(NOW_MS + KEY_SKEW_MS, NOW_MS), NOW_MS + KEY_SKEW_MS + 1);
    assert_int_equal(record_sequence(NOW_MS + KEY_SKEW_MS + 1, NOW_MS), NOW_MS);
    assert_int_equal(record_sequence(UINT64_MAX, NOW_MS), NOW_MS);
}

static void
test_words(void **state)
{
    (void)state;
    for (int i = 0; i < RECORD_VERDICTS; i++)
        for (int j = 0; j < i; j++)
            assert_true(strcmp(record_verdict_word((enum record_verdict)i),
                               record_verdict_word((enum record_verdict)j)) != 0 &&
                        strcmp(record_verdict_text((enum record_verdict)i),
                               record_verdict_text((enum record_verdict)j)) != 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_known_answer),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_causes),
        cmocka_unit_test(test_no_key_twice),
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_after_a_rekey),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_names_that_are_refused),
        cmocka_unit_test(test_sequence),
        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
