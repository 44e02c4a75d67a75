/* R-KEYSET-7: keys that come late wait a while, so that hosts which learn them a moment later open
 * their tickets; but no key waits while nothing else seals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "keys_support.h"

#define OLD 1
#define LATE 2

/* The id of the key that seals at NOW_S + at; 0: none. */
static unsigned
sealing(const struct keyset *set, const struct policy *policy, int64_t at)
{
    const struct key *key = keyset_sealing(set, policy, 7, NOW_S + (uint64_t)at);

    return key == NULL ? 0 : (unsigned)key->name[0] << 8 | key->name[1];
}

static bool
add(struct keyset *set, uint16_t id, int64_t from, uint32_t flags)
{
    struct key key = key_of(id, from);

    key.made_ms = NOW_MS - 10000000;
    key.flags = flags & KEY_MADE_FLAGS;
    return keyset_add(set, &key, NOW_MS, NULL) == KEYSET_CHANGED &&
           ((flags & KEY_CONFIRMED) == 0 ||
            keyset_confirm(set, key.name, key.open_until, NOW_MS, NULL) == KEYSET_CHANGED);
}

/* One key seals, and then a late one comes, at NOW. */
static bool
learn(struct keyset *set, const struct policy *policy, int64_t old_from, uint32_t old_flags,
      int64_t late_from, uint32_t late_flags)
{
    KEYSET(was);

    if ((old_flags != KEY_REVOKED && !add(set, OLD, old_from, old_flags)) ||
        !keyset_copy(&was, set) || !add(set, LATE, late_from, late_flags))
        return false;
    keyset_hold(set, &was, policy, 7, NOW_S);
    return true;
}

static void
test_when(void **state)
{
    const uint32_t none = KEY_REVOKED; /* no old key at all */
    const struct {
        const char *what;
        uint64_t patience_s;
        int64_t old_from;
        uint32_t old_flags;
        int64_t late_from;
        uint32_t late_flags;
        int64_t from; /* when the late one takes over */
    } cases[] = {
        {"confirmed before", 900, -2000, KEY_CONFIRMED, -10, KEY_CONFIRMED, 30},
        {"patience is over", 900, -2000, KEY_CONFIRMED, -900, 0, 30},
        {"patience is nearly over", 900, -2000, KEY_CONFIRMED, -890, 0, 30},
        {"patience lasts longer", 900, -2000, KEY_CONFIRMED, -800, 0, 100},
        {"patience is short", 12, -2000, KEY_CONFIRMED, -100, 0, 12},
        {"in the second that it begins", 900, -2000, KEY_CONFIRMED, 0, KEY_CONFIRMED, 30},
        {"not late", 900, -2000, KEY_CONFIRMED, 1, KEY_CONFIRMED, 1},
        {"the old one ends before", 900, -3590, KEY_CONFIRMED, -10, KEY_CONFIRMED, 10},
        {"no other", 900, 0, none, -10, KEY_CONFIRMED, 0},
        {"no other that seals yet", 900, 5, KEY_CONFIRMED, -10, KEY_CONFIRMED, 0},
        {"an emergency key seals", 900, -100, KEY_EMERGENCY, -10, KEY_CONFIRMED, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct policy policy = policy_of(3600, cases[i].patience_s, 43200);
        KEYSET(set);

        print_message("# %s\n", cases[i].what);
        assert_true(learn(&set, &policy, cases[i].old_from, cases[i].old_flags, cases[i].late_from,
                          cases[i].late_flags));
        assert_int_equal(keyset_sealing(&set, &policy, 7, NOW_S + (uint64_t)cases[i].from)->name[1],
                         LATE);
        if (cases[i].from > 0)
            assert_int_equal(sealing(&set, &policy, cases[i].from - 1), OLD);
    }
}

/* Its own mode's keys and emergency keys wait for nobody. */
static void
test_not_these(void **state)
{
    struct policy policy = policy_of(3600, 900, 43200);
    KEYSET(set);
    KEYSET(was);

    (void)state;
    assert_true(add(&set, OLD, -100, KEY_CONFIRMED));
    assert_true(keyset_copy(&was, &set));
    assert_true(add(&set, 3, -10, KEY_EMERGENCY) && add(&set, 4, -10, KEY_EACH));
    keyset_hold(&set, &was, &policy, 7, NOW_S);
    for (size_t i = 0; i < set.key_count; i++)
        assert_int_equal(set.keys[i].held_until, 0);
}

/* Confirmed after it came: all have it, so it seals at once; being told so once more changes
 * nothing, nor do other events before. */
static void
test_confirmed_later(void **state)
{
    struct policy policy = policy_of(3600, 900, 43200);
    struct key late = key_of(LATE, -890);
    KEYSET(set);

    (void)state;
    assert_true(learn(&set, &policy, -2000, KEY_CONFIRMED, -890, 0));
    assert_int_equal(keyset_revoke_mark(&set, 1, NOW_S + 99, NOW_MS, NULL), KEYSET_CHANGED);
    assert_int_equal(sealing(&set, &policy, 0), OLD);
    assert_int_equal(keyset_confirm(&set, late.name, late.open_until, NOW_MS, NULL),
                     KEYSET_CHANGED);
    assert_int_equal(sealing(&set, &policy, 0), LATE);
    keyset_free(&set);
    assert_true(learn(&set, &policy, -2000, KEY_CONFIRMED, -890, KEY_CONFIRMED));
    assert_int_equal(keyset_confirm(&set, late.name, late.open_until + 9, NOW_MS, NULL),
                     KEYSET_CHANGED);
    assert_int_equal(keyset_revoke_mark(&set, 1, NOW_S + 99, NOW_MS, NULL), KEYSET_CHANGED);
    assert_int_equal(sealing(&set, &policy, 29), OLD);
}

/* What seals meanwhile is revoked: the late one seals at once. */
static void
test_release(void **state)
{
    struct policy policy = policy_of(3600, 900, 43200);
    struct key old = key_of(OLD, 0);
    KEYSET(set);

    (void)state;
    assert_true(learn(&set, &policy, -2000, KEY_CONFIRMED, -10, KEY_CONFIRMED));
    keyset_release(&set, &policy, 7, NOW_S);
    assert_int_equal(sealing(&set, &policy, 0), OLD);
    assert_int_equal(keyset_revoke(&set, old.name, true, NOW_MS, NULL), KEYSET_CHANGED);
    assert_int_equal(sealing(&set, &policy, 0), 0);
    keyset_release(&set, &policy, 7, NOW_S);
    assert_int_equal(sealing(&set, &policy, 0), LATE);
}

/* Our clock is set: it waits as long as before, whoever made it. */
static void
test_shift(void **state)
{
    struct policy policy = policy_of(3600, 900, 43200);
    struct key late = key_of(LATE, 0);
    KEYSET(set);

    (void)state;
    for (int64_t step = -500; step <= 500; step += 1000) {
        keyset_free(&set);
        assert_true(learn(&set, &policy, -2000, KEY_CONFIRMED, -10, KEY_CONFIRMED));
        keyset_shift_own(&set, 9, step, true, NOW_MS);
        assert_int_equal(keyset_find(&set, late.name)->held_until, NOW_S + 30 + (uint64_t)step);
        assert_int_equal(keyset_find(&set, late.name)->seal_from, NOW_S - 10);
        keyset_shift(&set, -step);
        assert_int_equal(keyset_find(&set, late.name)->held_until, NOW_S + 30);
    }
    keyset_release(&set, &policy, 7, NOW_S + 99999);
    keyset_shift(&set, 500);
    assert_int_equal(keyset_find(&set, late.name)->held_until, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_when),
        cmocka_unit_test(test_not_these),
        cmocka_unit_test(test_confirmed_later),
        cmocka_unit_test(test_release),
        cmocka_unit_test(test_shift),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
