/* Where the clock was set, every time of a keyset moves by that: what is left of each stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "keys_support.h"

/* Keys, one confirmed, one revoked by name, one by the mark. */
static bool
fill(struct keyset *set)
{
    for (uint16_t i = 0; i < 4; i++) {
        struct key key = key_of(i, 100 * i);

        key.made_ms += i;
        if (keyset_add(set, &key, NOW_MS, NULL) != KEYSET_CHANGED)
            return false;
    }
    return keyset_confirm(set, set->keys[3].name, set->keys[3].open_until, NOW_MS, NULL) ==
               KEYSET_CHANGED &&
           keyset_revoke_name(set, set->keys[1].name, NOW_S + 99999, NOW_MS, NULL) ==
               KEYSET_CHANGED &&
           keyset_revoke_mark(set, NOW_MS, NOW_S + 99999, NOW_MS, NULL) == KEYSET_CHANGED;
}

static bool
is_moved(uint64_t was, uint64_t is, int64_t by)
{
    return is == was + (uint64_t)by;
}

static bool
is_key_moved(const struct key *was, const struct key *is, int64_t by_s)
{
    return is_moved(was->made_ms, is->made_ms, by_s * 1000) &&
           is_moved(was->seal_from, is->seal_from, by_s) &&
           is_moved(was->seal_until, is->seal_until, by_s) &&
           is_moved(was->open_until, is->open_until, by_s) && was->flags == is->flags &&
           ((was->flags & KEY_REVOKED) != 0 || /* wiped */
            memcmp(&was->secret, &is->secret, sizeof was->secret) == 0);
}

static void
test_all_times_move(void **state)
{
    static const int64_t steps[] = {1, -1, 3600, -108000, 1000000000, -1690000000};

    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        int64_t by = steps[i];
        struct dump before, back;
        KEYSET(was);
        KEYSET(is);

        assert_true(fill(&was) && keyset_copy(&is, &was));
        keyset_shift(&is, by);
        for (size_t j = 0; j < was.key_count; j++) {
            assert_true(is_key_moved(&was.keys[j], &is.keys[j], by));
            assert_true(key_check(&is.keys[j], NULL));
        }
        assert_true(is_moved(was.confirmations[0].until, is.confirmations[0].until, by));
        assert_true(is_moved(was.revocations[0].until, is.revocations[0].until, by));
        assert_true(is_moved(was.mark.until, is.mark.until, by));
        assert_true(is_moved(was.mark.made_ms, is.mark.made_ms, by * 1000));
        assert_true(is_moved(was.newest_ms, is.newest_ms, by * 1000));
        keyset_shift(&is, -by);
        before = dump_of(&was);
        back = dump_of(&is);
        assert_true(dump_equal(&before, &back));
    }
}

/* No mark comes of none. */
static void
test_nothing_to_move(void **state)
{
    struct dump before, after;
    KEYSET(set);

    (void)state;
    before = dump_of(&set);
    keyset_shift(&set, 3600);
    after = dump_of(&set);
    assert_true(dump_equal(&before, &after));
}

/* Times stop at 1970, in order, and at the end of time; nothing overflows. */
static void
test_bounds(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        const int64_t steps[] = {-(int64_t)NOW_S - 50, INT64_MIN, INT64_MAX};
        KEYSET(set);

        assert_true(fill(&set));
        keyset_shift(&set, steps[i]);
        for (size_t j = 0; j < set.key_count; j++)
            assert_true(key_check(&set.keys[j], NULL));
        assert_int_equal(set.keys[0].seal_from, 0);
        assert_int_equal(set.keys[0].made_ms, 0);
        assert_true(set.mark.until > 0);
        keyset_shift(&set, steps[2]);
        assert_true(set.keys[0].open_until <= KEY_TIME_MAX);
        assert_true(set.mark.until <= KEY_TIME_MAX);
    }
}

/* A keyset of two makers: keys 0 and 1 are ours (7), 2 and 3 another's. */
static bool
fill_farm(struct keyset *set, uint64_t now_ms)
{
    for (uint16_t i = 0; i < 4; i++) {
        struct key key = key_of(i, 100 * i);

        key.made_ms = now_ms + i;
        key.maker = i < 2 ? 7 : 8;
        if (keyset_add(set, &key, now_ms, NULL) != KEYSET_CHANGED)
            return false;
    }
    return keyset_confirm(set, set->keys[0].name, set->keys[0].open_until, now_ms, NULL) ==
               KEYSET_CHANGED &&
           keyset_revoke_name(set, set->keys[1].name, set->keys[1].open_until + KEYSET_LINGER_S,
                              now_ms, NULL) == KEYSET_CHANGED;
}

/* All but when it was made; that is not in the future. */
static bool
is_own_moved(const struct key *was, const struct key *is, int64_t by_s)
{
    uint64_t now_ms = NOW_MS + (uint64_t)(by_s * 1000);
    struct key same = *is;

    same.made_ms = was->made_ms + (uint64_t)(by_s * 1000);
    return is_key_moved(was, &same, by_s) &&
           (is->made_ms == was->made_ms || (by_s < 0 && is->made_ms == now_ms));
}

/* In a farm our own keys move, with all that concerns them lasting as long as they do; others' stay
 * as their makers told them. */
static void
test_own_move(void **state)
{
    static const int64_t steps[] = {61, -61, 86400, -10800};

    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        int64_t by = steps[i];
        KEYSET(was);
        KEYSET(is);

        assert_true(fill_farm(&was, NOW_MS) && keyset_copy(&is, &was));
        keyset_shift_own(&is, 7, by, true, NOW_MS + (uint64_t)(by * 1000));
        for (size_t j = 0; j < 4; j++)
            assert_true(is_own_moved(&was.keys[j], &is.keys[j], j < 2 ? by : 0));
        assert_true(is.confirmations[0].until >= is.keys[0].open_until);
        assert_true(is.revocations[0].until >= is.keys[1].open_until + KEYSET_LINGER_S);
        assert_true(is.newest_ms >= is.keys[3].made_ms);
        assert_int_equal(is.newest_ms, is.keys[3].made_ms);
    }
}

#define AHEAD_S 7200U
#define AHEAD_MS ((uint64_t)AHEAD_S * 1000)

/* Made at NOW and 5 s, by a clock that is so far ahead. */
static struct key
key_by_clock(uint64_t maker, uint64_t ahead_s)
{
    struct key key = key_of(9, (int64_t)ahead_s);

    key.made_ms = NOW_MS + ahead_s * 1000 + 5000;
    key.maker = maker;
    return key;
}

/* Our clock was two hours ahead, and so is all that we made by it: once it is right, fresh keys are
 * not made ahead any more, which others would refuse, and a revocation of all that they refused
 * comes to be one of now. What a mark did not withdraw before, it does not after. */
static void
test_own_were_ahead(void **state)
{
    struct key key = key_by_clock(7, AHEAD_S);
    KEYSET(set);

    (void)state;
    assert_int_equal(
        keyset_revoke_mark(&set, NOW_MS + AHEAD_MS, NOW_S + 99999, NOW_MS + AHEAD_MS, NULL),
        KEYSET_CHANGED);
    assert_int_equal(keyset_add(&set, &key, NOW_MS + AHEAD_MS, NULL), KEYSET_CHANGED);
    assert_int_equal(set.keys[0].flags, 0);
    keyset_shift_own(&set, 7, -(int64_t)AHEAD_S, true, NOW_MS + 6000);
    assert_int_equal(set.mark.made_ms, NOW_MS);
    assert_int_equal(set.keys[0].flags, 0);
    assert_int_equal(set.newest_ms, NOW_MS + 5000);
    assert_int_equal(keyset_made_ms(&set, NOW_MS + 7000), NOW_MS + 7000);
    /* a mark of the others: it holds for what was made before it by the right clock */
    assert_int_equal(keyset_revoke_mark(&set, NOW_MS + 4000, NOW_S + 99999, NOW_MS + 6000, NULL),
                     KEYSET_CHANGED);
    assert_int_equal(set.keys[0].flags, 0);
    keyset_shift_own(&set, 7, -100, true, NOW_MS - 94000);
    assert_int_equal(set.keys[0].flags, 0);
    assert_int_equal(set.keys[0].made_ms, NOW_MS + 4001);
    keyset_shift_own(&set, 7, 100, true,
                     NOW_MS + 6000); /* nor is it lifted over one not known yet */
    assert_int_equal(set.keys[0].made_ms, NOW_MS + 4001);
}

/* Our clock is a day behind, and others' keys say so: no older mark withdraws what we made after
 * it, then or when the clock is right again. */
static void
test_own_go_wrong(void **state)
{
    struct key ours = key_of(9, 0), theirs = key_of(10, 0);
    KEYSET(set);

    (void)state;
    ours.made_ms = theirs.made_ms = NOW_MS - 1000;
    ours.maker = 7;
    theirs.maker = 8;
    assert_int_equal(keyset_revoke_mark(&set, NOW_MS - 5000, NOW_S + 99999, NOW_MS, NULL),
                     KEYSET_CHANGED);
    assert_int_equal(keyset_add(&set, &ours, NOW_MS, NULL), KEYSET_CHANGED);
    assert_int_equal(keyset_add(&set, &theirs, NOW_MS, NULL), KEYSET_CHANGED);
    keyset_shift_own(&set, 7, -86400, false, NOW_MS - 86400000);
    assert_int_equal(keyset_made_ms(&set, NOW_MS - 86400000), NOW_MS - 86400000);
    keyset_shift_own(&set, 7, 86400, false, NOW_MS);
    assert_true(key_same(keyset_find(&set, ours.name), &ours));
    assert_true(key_same(keyset_find(&set, theirs.name), &theirs));
}

/* What was revoked while our clock was ahead is revoked by the right one, too. */
static void
test_own_were_revoked_ahead(void **state)
{
    struct key key = key_by_clock(7, AHEAD_S);
    const uint64_t then_ms = NOW_MS + AHEAD_MS + 6000;
    KEYSET(set);

    (void)state;
    assert_int_equal(keyset_add(&set, &key, then_ms, NULL), KEYSET_CHANGED);
    assert_int_equal(keyset_revoke_mark(&set, then_ms, NOW_S + 99999, then_ms, NULL),
                     KEYSET_CHANGED);
    keyset_shift_own(&set, 7, -(int64_t)AHEAD_S, false, NOW_MS + 9000);
    assert_int_equal(set.mark.made_ms, NOW_MS + 6000);
    assert_int_equal(set.keys[0].made_ms, NOW_MS + 5000);
}

/* All was revoked while our clock was two hours ahead: what others made after that, by the right
 * clock, is not revoked once ours is right, and may be learnt again; what they made before it is,
 * as is what was revoked by name, and what we made before. */
static void
test_others_are_spared(void **state)
{
    static const uint64_t made_ms[] = {NOW_MS - 1000, NOW_MS + 60000, NOW_MS + 60001};
    const uint64_t ahead_ms = (uint64_t)7200 * 1000, then_ms = NOW_MS + ahead_ms;
    struct key keys[3], ours = key_of(3, 7200);
    KEYSET(set);

    (void)state;
    ours.maker = 7;
    ours.made_ms = NOW_MS + 90000;
    assert_int_equal(keyset_add(&set, &ours, then_ms, NULL), KEYSET_CHANGED);
    assert_int_equal(keyset_revoke_mark(&set, then_ms, NOW_S + 99999, then_ms, NULL),
                     KEYSET_CHANGED);
    for (uint16_t i = 0; i < 3; i++) {
        keys[i] = key_of(i, 7200);
        keys[i].maker = 8;
        keys[i].made_ms = made_ms[i];
        assert_int_equal(keyset_add(&set, &keys[i], then_ms, NULL), KEYSET_CHANGED);
    }
    assert_int_equal(keyset_revoke_name(&set, keys[2].name, NOW_S + 99999, then_ms, NULL),
                     KEYSET_CHANGED);
    keyset_shift_own(&set, 7, -7200, false, NOW_MS + 120000);
    assert_int_equal(set.mark.made_ms, NOW_MS);
    assert_int_equal(set.key_count, 3);
    assert_int_equal(keyset_find(&set, ours.name)->flags, KEY_REVOKED);
    assert_in_range(keyset_find(&set, ours.name)->made_ms, 0, NOW_MS);
    assert_int_equal(keyset_find(&set, keys[0].name)->flags, KEY_REVOKED);
    assert_int_equal(keyset_find(&set, keys[2].name)->flags, KEY_REVOKED);
    assert_int_equal(keyset_add(&set, &keys[1], NOW_MS + 120000, NULL), KEYSET_CHANGED);
    assert_int_equal(keyset_find(&set, keys[1].name)->flags, 0);
}

/* What we made while our clock was two hours ahead, three hours ago: others take no times that are
 * of before it was made, until it was made when it seals, or after the mark that it was made
 * after. */
static void
test_redate(void **state)
{
    struct key ours = key_of(9, 0);

    (void)state;
    ours.maker = 7;
    ours.made_ms = NOW_MS;
    for (uint64_t marked_ms = 0; marked_ms <= 7000000; marked_ms += 7000000) {
        KEYSET(set);
        KEYSET(peer);

        assert_int_equal(keyset_add(&set, &ours, NOW_MS, NULL), KEYSET_CHANGED);
        assert_int_equal(keyset_add(&peer, &ours, NOW_MS, NULL), KEYSET_CHANGED);
        if (marked_ms != 0)
            assert_int_equal(
                keyset_revoke_mark(&set, NOW_MS - marked_ms, NOW_S + 99999, NOW_MS, NULL),
                KEYSET_CHANGED);
        assert_false(keyset_is_misdated(&set, 7));
        keyset_shift_own(&set, 7, -7200, false, NOW_MS + 3600000);
        assert_int_equal(keyset_retime(&peer, &set.keys[0], NOW_MS, NULL), KEYSET_REFUSED);
        assert_false(keyset_is_misdated(&set, 8));
        assert_false(keyset_redate(&set, 8));
        assert_true(keyset_is_misdated(&set, 7));
        assert_true(keyset_redate(&set, 7));
        assert_int_equal(set.keys[0].made_ms,
                         marked_ms == 0 ? set.keys[0].seal_from * 1000 : NOW_MS - marked_ms + 1);
        assert_int_equal(set.keys[0].flags, 0);
        assert_int_equal(set.newest_ms, set.keys[0].made_ms);
        assert_false(keyset_is_misdated(&set, 7));
        assert_false(keyset_redate(&set, 7));
        assert_int_equal(keyset_retime(&peer, &set.keys[0], NOW_MS, NULL), KEYSET_CHANGED);
    }
}

/* All clocks were two hours ahead, and ours is right again before those of others, who will tell
 * their keys anew: until then, and after, keys can be made and revoked by the right time. */
static void
test_others_were_ahead(void **state)
{
    const uint64_t now_ms = NOW_MS + 6000;
    const struct policy policy = {.rotate_s = 3600, .lifetime_s = 7200, .patience_s = 900};
    struct key ahead = key_by_clock(8, AHEAD_S), right = key_by_clock(8, 0);
    KEYSET(set);

    (void)state;
    assert_int_equal(keyset_add(&set, &ahead, NOW_MS + AHEAD_MS, NULL), KEYSET_CHANGED);
    keyset_shift_own(&set, 7, -(int64_t)AHEAD_S, true, now_ms);
    assert_int_equal(keyset_made_ms(&set, now_ms), now_ms);
    assert_int_equal(keyset_mark_all(&set, &policy, now_ms).made_ms, now_ms);
    assert_int_equal(keyset_retime(&set, &right, now_ms, NULL), KEYSET_CHANGED);
    assert_int_equal(keyset_made_ms(&set, NOW_MS + 4000), NOW_MS + 5001);
    assert_int_equal(keyset_mark_all(&set, &policy, NOW_MS + 4000).made_ms, NOW_MS + 5000);
}

/* Keys of before a farm become this host's; others' and all else stay. */
static void
test_adopt(void **state)
{
    struct dump before, after;
    KEYSET(set);

    (void)state;
    assert_true(fill_farm(&set, NOW_MS));
    before = dump_of(&set);
    keyset_adopt(&set, 7, 9);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(set.keys[i].maker, i < 2 ? 9 : 8);
    keyset_adopt(&set, 5, 4);
    keyset_adopt(&set, 9, 7);
    after = dump_of(&set);
    assert_true(dump_equal(&before, &after));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_times_move), cmocka_unit_test(test_nothing_to_move),
        cmocka_unit_test(test_bounds),         cmocka_unit_test(test_own_move),
        cmocka_unit_test(test_own_were_ahead), cmocka_unit_test(test_others_were_ahead),
        cmocka_unit_test(test_own_go_wrong),   cmocka_unit_test(test_own_were_revoked_ahead),
        cmocka_unit_test(test_redate),         cmocka_unit_test(test_others_are_spared),
        cmocka_unit_test(test_adopt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
