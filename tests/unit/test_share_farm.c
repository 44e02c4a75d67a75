/* The farm secret: its days follow from each other one way, hosts that slept catch up, and nothing
 * but time that a peer vouches for wipes a day. Known answers are computed by libcrypto's HKDF. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "share_support.h"

#define TODAY (NOW_MS / DAY_MS)
#define KEEP 2

static bool
same_day(const struct farm *a, const struct farm *b, uint64_t day)
{
    SECRET(x);
    SECRET(y);

    return farm_secret(a, &x, day) && farm_secret(b, &y, day) &&
           secret_equal(x.bytes, y.bytes, sizeof x.bytes);
}

static bool
has_day(const struct farm *farm, uint64_t day)
{
    SECRET(secret);

    return farm_secret(farm, &secret, day);
}

/* S(d + 1) as the header says, apart from the code. */
static bool
step_apart(uint8_t out[32], const uint8_t secret[32], const uint8_t id[FARM_ID_LEN], uint64_t day)
{
    uint8_t info[HKDF_INFO_MAX], number[8];
    struct writer w = writer_of(info, sizeof info), n = writer_of(number, sizeof number);

    write_u64(&n, day);
    put_field(&w, "stek1", 5);
    put_field(&w, "farm day", 8);
    put_field(&w, id, FARM_ID_LEN);
    put_field(&w, number, sizeof number);
    return expand(out, secret, info, w.len);
}

/* R-FARM-1, with answers that are known otherwise. */
static void
test_known_answers(void **state)
{
    uint8_t expected[32];
    FARM(farm);
    SECRET(told);

    (void)state;
    assert_true(farm_of(&farm, 1, NOW_MS));
    assert_int_equal(farm.first.number, TODAY - 1);
    memcpy(expected, farm.first.secret.bytes, sizeof expected);
    for (uint64_t day = TODAY; day < TODAY + 5; day++) {
        assert_true(step_apart(expected, expected, farm.id, day));
        assert_true(farm_secret(&farm, &told, day));
        assert_memory_equal(told.bytes, expected, sizeof expected);
    }
}

/* R-FARM-1: at once, day by day, after weeks of sleep, and with a clock that goes back and
 * forth. */
static void
test_ways_to_a_day(void **state)
{
    uint64_t rng = rng_seed();
    bool changed;
    FARM(daily);
    FARM(sleeper);
    FARM(restless);

    (void)state;
    assert_true(farm_of(&daily, 1, NOW_MS));
    assert_true(farm_of(&sleeper, 1, NOW_MS));
    assert_true(farm_of(&restless, 1, NOW_MS));
    for (uint64_t day = 0; day < 60; day++) {
        farm_saw(&daily, TODAY + day);
        assert_true(farm_advance(&daily, &changed, KEEP, NOW_MS + day * DAY_MS, NULL));
        assert_true(
            farm_advance(&restless, &changed, KEEP, NOW_MS + rng_below(&rng, 100) * DAY_MS, NULL));
        assert_true(same_day(&daily, &sleeper, TODAY + day));
        assert_true(same_day(&daily, &restless, TODAY + day));
        assert_true(same_day(&daily, &restless, TODAY + day + 1));
    }
    assert_true(farm_advance(&sleeper, &changed, KEEP, NOW_MS + 60 * DAY_MS, NULL));
    assert_false(changed); /* no peer has said that this is the day */
    assert_int_equal(sleeper.near.number, TODAY + 59);
    assert_true(same_day(&daily, &sleeper, TODAY + 60));
}

/* R-FARM-2, R-FARM-3: an old day is wiped once our clock and a peer agree that it is over. */
static void
test_wiped_with_a_peer(void **state)
{
    bool changed = true;
    FARM(farm);

    (void)state;
    assert_true(farm_of(&farm, 1, NOW_MS));
    assert_true(farm_advance(&farm, &changed, KEEP, NOW_MS + 10 * DAY_MS, NULL));
    assert_false(changed);
    assert_true(has_day(&farm, TODAY - 1));
    farm_saw(&farm, TODAY + 10);
    farm_saw(&farm, TODAY + 3); /* a later record of an earlier day takes nothing back */
    assert_true(farm_advance(&farm, &changed, KEEP, NOW_MS + 10 * DAY_MS, NULL));
    assert_true(changed);
    assert_int_equal(farm.first.number, TODAY + 10 - KEEP);
    assert_false(has_day(&farm, TODAY + 10 - KEEP - 1));
    assert_true(has_day(&farm, TODAY + 10 - KEEP));
    assert_true(has_day(&farm, TODAY + 11)); /* clocks that are ahead */
    assert_true(farm_advance(&farm, &changed, KEEP, NOW_MS + 10 * DAY_MS, NULL));
    assert_false(changed);
}

/* R-FARM-3: our clock alone, or a peer's alone, wipes nothing. */
static void
test_mad_clocks(void **state)
{
    struct err err;
    bool changed;
    FARM(ours);
    FARM(theirs);
    FARM(fresh);

    (void)state;
    assert_true(farm_of(&fresh, 1, NOW_MS));
    assert_true(farm_of(&ours, 1, NOW_MS));
    farm_saw(&ours, TODAY);
    assert_true(farm_advance(&ours, &changed, KEEP, NOW_MS + 3000 * DAY_MS, NULL));
    assert_false(farm_advance(&ours, &changed, KEEP, NOW_MS + 40000 * DAY_MS, &err));
    assert_non_null(strstr(err.text, "set the clock"));
    assert_false(farm_advance(&ours, &changed, KEEP, 0, &err));
    assert_non_null(strstr(err.text, "before the farm's oldest secret"));
    assert_true(farm_advance(&ours, &changed, KEEP, NOW_MS + DAY_MS, NULL));
    assert_false(changed);
    assert_int_equal(ours.near.number, TODAY);
    assert_true(same_day(&ours, &fresh, TODAY - 1));
    assert_true(farm_of(&theirs, 1, NOW_MS));
    farm_saw(&theirs, TODAY + 3000);
    assert_true(farm_advance(&theirs, &changed, KEEP, NOW_MS, NULL));
    assert_false(changed);
    assert_true(same_day(&theirs, &fresh, TODAY - 1));
    assert_false(farm_secret(&fresh, &ours.first.secret, TODAY + 2 * FARM_STEPS_MAX));
}

static void
test_days_that_are_kept(void **state)
{
    struct policy hour = policy_of(3600, 900, 43200), longest = policy_of(2592000, 648000, 604800);

    (void)state;
    assert_int_equal(farm_keep_days(&hour), 2);
    assert_int_equal(farm_keep_days(&longest), 106); /* 97.5 days and 20 min, and one more */
}

/* A rekey is a new farm: the days of both have nothing in common. */
static void
test_rekey(void **state)
{
    FARM(old);
    FARM(fresh);

    (void)state;
    assert_true(farm_of(&old, 1, NOW_MS));
    assert_true(farm_of(&fresh, 2, NOW_MS));
    assert_memory_not_equal(old.id, fresh.id, sizeof old.id);
    assert_false(same_day(&old, &fresh, TODAY));
}

static void
test_weak_material(void **state)
{
    uint8_t id[FARM_ID_LEN] = {0}, good[FARM_ID_LEN];
    uint64_t rng = 7;
    struct err err;
    FARM(farm);
    SECRET(secret);

    (void)state;
    rng_fill(&rng, good, sizeof good);
    assert_false(farm_create(&farm, good, &secret, NOW_MS, &err));
    assert_non_null(strstr(err.text, "secret is weak"));
    rng_fill(&rng, secret.bytes, sizeof secret.bytes);
    assert_false(farm_create(&farm, id, &secret, NOW_MS, &err));
    assert_non_null(strstr(err.text, "id is weak"));
    assert_false(farm_create(&farm, good, &secret, DAY_MS, &err));
    assert_non_null(strstr(err.text, "1970"));
    assert_int_equal(farm.first.number, 0);
    assert_true(farm_create(&farm, good, &secret, NOW_MS, &err));
}

/* R-FARM-4. */
static void
test_file(void **state)
{
    bool changed;
    FARM(farm);
    FARM(back);
    SECRET_BUF(text);

    (void)state;
    assert_true(farm_of(&farm, 1, NOW_MS));
    assert_true(farm_advance(&farm, &changed, KEEP, NOW_MS, NULL));
    assert_true(farm_encode(&text, &farm, NULL));
    assert_int_equal(text.bytes[0], '#');
    assert_int_equal(text.bytes[text.len - 1], '\n');
    assert_true(farm_decode(&back, (const char *)text.bytes, text.len, NULL));
    assert_memory_equal(back.id, farm.id, sizeof farm.id);
    assert_int_equal(back.first.number, TODAY - 1);
    assert_int_equal(back.peer_day, 0);
    assert_true(same_day(&back, &farm, TODAY - 1));
    assert_true(same_day(&back, &farm, TODAY + 1));
}

/* R-FARM-4: each character of the line changed, and the file cut short anywhere. */
static void
test_damaged_file(void **state)
{
    size_t start;
    struct err err = {{0}};
    FARM(farm);
    FARM(back);
    SECRET_BUF(text);

    (void)state;
    assert_true(farm_of(&farm, 1, NOW_MS));
    assert_true(farm_encode(&text, &farm, NULL));
    start = text.len - 1;
    while (text.bytes[start - 1] != '\n')
        start--;
    for (size_t i = start; i < text.len - 1; i++) {
        uint8_t was = text.bytes[i];

        for (unsigned bit = 0; bit < 8; bit++) {
            text.bytes[i] = was ^ (uint8_t)(1U << bit);
            assert_false(farm_decode(&back, (const char *)text.bytes, text.len, &err));
        }
        text.bytes[i] = was;
    }
    assert_non_null(strstr(err.text, "damaged"));
    for (size_t len = 0; len < text.len - 1; len++)
        assert_false(farm_decode(&back, (const char *)text.bytes, len, &err));
    assert_true(farm_decode(&back, (const char *)text.bytes, text.len - 1, &err)); /* no line end */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),      cmocka_unit_test(test_ways_to_a_day),
        cmocka_unit_test(test_wiped_with_a_peer),  cmocka_unit_test(test_mad_clocks),
        cmocka_unit_test(test_days_that_are_kept), cmocka_unit_test(test_rekey),
        cmocka_unit_test(test_weak_material),      cmocka_unit_test(test_file),
        cmocka_unit_test(test_damaged_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
