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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_times_move),
        cmocka_unit_test(test_nothing_to_move),
        cmocka_unit_test(test_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
