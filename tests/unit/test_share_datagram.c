/* Sealed datagrams: known answers computed apart by libcrypto, every byte damaged, other farms,
 * keysets and times, sizes, and which are fresh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "share/datagram.h"
#include "share_support.h"

#define FRONT_LEN 42 /* of keyset "www" */
#define OTHER_LEN (FRONT_LEN + RECORD_SALT_LEN + 16)

/* One farm, its hosts 7 and 8. */
struct pair {
    struct farm farm;
    struct datagram_end seven, eight;
    uint8_t sealed[DATAGRAM_MAX + 1];
    size_t len;
};

static bool
pair_open(struct pair *pair, uint64_t number)
{
    *pair = (struct pair){
        .seven = {.farm = &pair->farm, .keyset = "www", .host = 7},
        .eight = {.farm = &pair->farm, .keyset = "www", .host = 8},
    };
    return farm_of(&pair->farm, number, NOW_MS);
}

static bool
say(struct pair *pair, const char *text, uint64_t now_ms)
{
    static const uint8_t salt[RECORD_SALT_LEN] = {5};

    return datagram_seal(&pair->seven, pair->sealed, &pair->len, salt, (const uint8_t *)text,
                         strlen(text), now_ms, NULL);
}

/* The verdict, where nothing came out; RECORD_OPENED also if something did. */
static enum record_verdict
refused_as(const struct datagram_end *end, const uint8_t *bytes, size_t len, uint64_t now_ms)
{
    struct datagram out = {.sender = 99, .len = 1, .body = "x"};
    enum record_verdict verdict = datagram_open(end, &out, bytes, len, now_ms);

    return out.sender == 99 && out.len == 1 && out.body[0] == 'x' ? verdict : RECORD_OPENED;
}

/* R-DATAGRAM-1: by clocks that are apart, and over midnight; of the largest body, and of none. */
static void
test_round_trip(void **state)
{
    const uint64_t midnight_ms = (NOW_MS / DAY_MS + 1) * DAY_MS;
    static char large[DATAGRAM_BODY_MAX + 2];
    struct pair pair;
    struct datagram out;

    (void)state;
    assert_true(pair_open(&pair, 1));
    assert_true(say(&pair, "hello", NOW_MS));
    assert_int_equal(pair.len, OTHER_LEN + 5);
    for (int apart = -600; apart <= 600; apart += 200) {
        uint64_t now_ms = NOW_MS + (uint64_t)(apart * 1000);

        assert_int_equal(datagram_open(&pair.eight, &out, pair.sealed, pair.len, now_ms),
                         RECORD_OPENED);
        assert_true(out.sender == 7 && out.time_ms == NOW_MS && out.len == 5);
        assert_memory_equal(out.body, "hello", 5);
        assert_true(out.from_ms == (NOW_MS / DAY_MS - 1) * DAY_MS &&
                    out.until_ms == now_ms + KEY_SKEW_MS);
    }
    assert_true(say(&pair, "", midnight_ms + 1000));
    assert_int_equal(datagram_open(&pair.eight, &out, pair.sealed, pair.len, midnight_ms - 1000),
                     RECORD_OPENED);
    assert_int_equal(out.len, 0);
    memset(large, 'x', sizeof large - 1);
    assert_false(say(&pair, large, midnight_ms));
    large[DATAGRAM_BODY_MAX] = '\0';
    assert_true(say(&pair, large, midnight_ms));
    assert_true(pair.len <= DATAGRAM_MAX);
    assert_int_equal(datagram_open(&pair.eight, &out, pair.sealed, pair.len, midnight_ms),
                     RECORD_OPENED);
    assert_int_equal(out.len, DATAGRAM_BODY_MAX);
    assert_memory_equal(out.body, large, DATAGRAM_BODY_MAX);
}

/* As the header says, put together apart. */
static void
test_known_answer(void **state)
{
    uint8_t expected[OTHER_LEN + 5], info[HKDF_INFO_MAX], key[32], salt[RECORD_SALT_LEN] = {5};
    struct writer w = writer_of(expected, sizeof expected), i = writer_of(info, sizeof info);
    struct pair pair;
    SECRET(day);

    (void)state;
    assert_true(pair_open(&pair, 1));
    write_bytes(&w, "stkd\1", 5);
    write_bytes(&w, pair.farm.id, sizeof pair.farm.id);
    write_u64(&w, 7);
    write_u64(&w, NOW_MS);
    write_bytes(&w, "\3wwwh", 5);
    write_bytes(&w, salt, sizeof salt);
    put_field(&i, "stek1", 5);
    put_field(&i, "datagram", 8);
    put_field(&i, expected, FRONT_LEN);
    put_field(&i, salt, sizeof salt);
    assert_true(farm_secret(&pair.farm, &day, NOW_MS / DAY_MS));
    assert_true(expand(key, day.bytes, info, i.len));
    assert_true(gcm_seal(expected + w.len, key, expected, w.len, (const uint8_t *)"hello", 5));
    assert_true(say(&pair, "hello", NOW_MS));
    assert_int_equal(pair.len, sizeof expected);
    assert_memory_equal(pair.sealed, expected, sizeof expected);
}

/* What it is about is seen from outside, as far as it is long enough. */
static void
test_type(void **state)
{
    struct pair pair;
    uint64_t sender = 0;

    (void)state;
    assert_true(pair_open(&pair, 1));
    assert_true(say(&pair, "hello", NOW_MS));
    assert_int_equal(datagram_type(&sender, pair.sealed, pair.len), 'h');
    assert_int_equal(datagram_type(&sender, pair.sealed, FRONT_LEN), 'h');
    assert_true(sender == 7);
    for (size_t len = 0; len < FRONT_LEN; len++)
        assert_int_equal(datagram_type(&sender, pair.sealed, len), 0);
    assert_true(say(&pair, "", NOW_MS + 1));
    assert_int_equal(datagram_type(&sender, pair.sealed, pair.len), 0);
}

/* R-DATAGRAM-2: every bit, and every length. */
static void
test_damage(void **state)
{
    struct pair pair;

    (void)state;
    assert_true(pair_open(&pair, 1));
    assert_true(say(&pair, "hello", NOW_MS));
    for (size_t i = 0; i < pair.len; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            enum record_verdict verdict;

            pair.sealed[i] ^= (uint8_t)(1U << bit);
            verdict = refused_as(&pair.eight, pair.sealed, pair.len, NOW_MS);
            assert_true(verdict != RECORD_OPENED && verdict != RECORD_FAILED);
            pair.sealed[i] ^= (uint8_t)(1U << bit);
        }
    for (size_t len = 0; len < pair.len; len++)
        assert_int_equal(refused_as(&pair.eight, pair.sealed, len, NOW_MS),
                         len < OTHER_LEN ? RECORD_MALFORMED : RECORD_FORGED);
    assert_int_equal(refused_as(&pair.eight, pair.sealed, pair.len + 1, NOW_MS), RECORD_FORGED);
    assert_int_equal(refused_as(&pair.eight, pair.sealed, 0, NOW_MS), RECORD_MALFORMED);
}

/* R-DATAGRAM-2 R-DATAGRAM-3: each with its own cause; what only a member can have is said of
 * members only. */
static void
test_causes(void **state)
{
    static const struct {
        int64_t apart_s;
        enum record_verdict verdict, forged;
    } times[] = {
        {-86400 * 3, RECORD_DAY_OVER, RECORD_DAY_OVER},
        {-601, RECORD_AHEAD, RECORD_FORGED},
        {-600, RECORD_OPENED, RECORD_FORGED},
        {600, RECORD_OPENED, RECORD_FORGED},
        {601, RECORD_BEHIND, RECORD_FORGED},
        {86400 * 3, RECORD_DAY_OVER, RECORD_DAY_OVER},
        {(int64_t)86400 * 36500, RECORD_DAY_OVER, RECORD_DAY_OVER},
    };
    struct datagram_end other;
    struct pair pair, stranger;

    (void)state;
    assert_true(pair_open(&pair, 1) && pair_open(&stranger, 2));
    assert_true(say(&pair, "hello", NOW_MS));
    assert_int_equal(refused_as(&stranger.eight, pair.sealed, pair.len, NOW_MS), RECORD_FARM);
    assert_int_equal(refused_as(&pair.seven, pair.sealed, pair.len, NOW_MS), RECORD_KNOWN);
    other = pair.eight;
    memcpy(other.keyset, "ww", 3);
    assert_int_equal(refused_as(&other, pair.sealed, pair.len, NOW_MS), RECORD_KEYSET);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        uint64_t now_ms = NOW_MS + (uint64_t)(times[i].apart_s * 1000);

        assert_int_equal(refused_as(&pair.eight, pair.sealed, pair.len, now_ms), times[i].verdict);
        pair.sealed[pair.len - 1] ^= 1;
        assert_int_equal(refused_as(&pair.eight, pair.sealed, pair.len, now_ms), times[i].forged);
        pair.sealed[pair.len - 1] ^= 1;
    }
    pair.sealed[4] = 2;
    assert_int_equal(refused_as(&pair.eight, pair.sealed, pair.len, NOW_MS), RECORD_VERSION);
    assert_true(say(&pair, "hello", NOW_MS + 1));
    assert_false(say(&pair, "too early", NOW_MS - 5 * DAY_MS));
    memcpy(pair.seven.keyset, "W", 2);
    assert_false(say(&pair, "no keyset", NOW_MS + 1));
}

/* Times go forward with a clock that stands or steps back, but not with one that was mad. */
static void
test_times(void **state)
{
    static const struct {
        uint64_t now_ms, time_ms;
    } steps[] = {
        {NOW_MS, NOW_MS},
        {NOW_MS, NOW_MS + 1},
        {NOW_MS - 1000, NOW_MS + 2},
        {NOW_MS + 10, NOW_MS + 10},
        {NOW_MS - DAY_MS / 2, NOW_MS - DAY_MS / 2},
    };
    struct datagram out;
    struct pair pair;

    (void)state;
    assert_true(pair_open(&pair, 1));
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        assert_true(say(&pair, "hello", steps[i].now_ms));
        assert_int_equal(datagram_open(&pair.eight, &out, pair.sealed, pair.len, steps[i].now_ms),
                         RECORD_OPENED);
        assert_int_equal(out.time_ms, steps[i].time_ms);
    }
}

/* R-DATAGRAM-4: against a list of all that came. */
static void
test_fresh(void **state)
{
    static uint64_t came[2000];
    struct datagram_window window = {0};
    uint64_t rng = rng_seed(), last = 0;
    size_t fresh = 0;

    (void)state;
    for (size_t i = 0; i < sizeof came / sizeof came[0]; i++) {
        bool expected = true;

        came[i] = NOW_MS + i / 4 + rng_below(&rng, 100);
        for (size_t j = 0; j < i; j++)
            expected = expected && came[j] != came[i];
        expected = expected && came[i] + 64 > last;
        assert_int_equal(datagram_is_fresh(&window, came[i]), expected);
        last = came[i] > last ? came[i] : last;
        fresh += expected ? 1 : 0;
    }
    assert_true(fresh > 100 && fresh < 2000);
    assert_true(datagram_is_fresh(&window, NOW_MS + DAY_MS));
    assert_false(datagram_is_fresh(&window, NOW_MS + DAY_MS));
    assert_true(datagram_is_fresh(&window, NOW_MS + DAY_MS - 63));
    assert_false(datagram_is_fresh(&window, NOW_MS + DAY_MS - 64));
}

/* R-DATAGRAM-5: what we sealed is ours, all of it, also of an earlier run; what our twin seals is
 * not, whether its clock is ahead or behind. */
static void
test_twin(void **state)
{
    struct datagram_end twin = {.keyset = "www", .host = 7};
    static uint8_t ours[3 * DATAGRAM_SENT_MAX][OTHER_LEN + 1];
    uint8_t salt[RECORD_SALT_LEN] = {6}, bytes[DATAGRAM_MAX];
    struct datagram out;
    struct pair pair;
    size_t len;

    (void)state;
    assert_true(pair_open(&pair, 1));
    twin.farm = &pair.farm;
    assert_true(say(&pair, "x", NOW_MS));
    assert_int_equal(refused_as(&twin, pair.sealed, pair.len, NOW_MS), RECORD_KNOWN);
    for (size_t i = 0; i < 3 * DATAGRAM_SENT_MAX; i++) {
        assert_true(say(&pair, "x", NOW_MS + 10 * i) && pair.len == sizeof ours[i]);
        memcpy(ours[i], pair.sealed, sizeof ours[i]);
        for (size_t j = 0; j <= i; j++)
            assert_int_equal(refused_as(&pair.seven, ours[j], sizeof ours[j], NOW_MS),
                             RECORD_KNOWN);
    }
    for (size_t i = 3 * DATAGRAM_SENT_MAX - 20; i < 3 * DATAGRAM_SENT_MAX + 5; i++) {
        assert_true(datagram_seal(&twin, bytes, &len, salt, NULL, 0, NOW_MS + 10 * i + 5, NULL));
        assert_int_equal(datagram_open(&pair.seven, &out, bytes, len, NOW_MS), RECORD_OPENED);
        assert_int_equal(out.sender, 7);
        bytes[len - 1] ^= 1;
        assert_int_equal(refused_as(&pair.seven, bytes, len, NOW_MS), RECORD_FORGED);
    }
    farm_wipe(&pair.farm);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_twin),         cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_known_answer), cmocka_unit_test(test_type),
        cmocka_unit_test(test_damage),       cmocka_unit_test(test_causes),
        cmocka_unit_test(test_times),        cmocka_unit_test(test_fresh),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
