/* What a keyset takes, in which order it may come, and what it refuses without a change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memcheck.h"
#include "keys_support.h"

/* The secrets are marked unknown: in a memcheck build nothing may depend on them. */
static void
test_keys_are_sorted_found_and_copied(void **state)
{
    KEYSET(set);
    KEYSET(copy);

    (void)state;
    for (uint16_t i = 0; i < 200; i++) { /* 77 and 200 have no common factor: each id once */
        struct key key = key_of((uint16_t)(i * 77 % 200 + 1), 0);

        MEM_UNDEFINE(&key.secret, sizeof key.secret);
        assert_int_equal(keyset_add(&set, &key, NOW_MS, NULL), KEYSET_CHANGED);
        assert_int_equal(keyset_add(&set, &key, NOW_MS, NULL), KEYSET_SAME);
    }
    assert_int_equal(set.key_count, 200);
    for (uint16_t i = 0; i < 200; i++) {
        struct key key = key_of((uint16_t)(i + 1), 0);

        assert_true(key_same(&set.keys[i], &key));
        assert_ptr_equal(keyset_find(&set, key.name), &set.keys[i]);
    }
    assert_null(keyset_find(&set, key_of(201, 0).name));
    assert_true(keyset_copy(&copy, &set));
    assert_int_equal(copy.key_count, 200);
    assert_true(copy.keys != set.keys);
    for (size_t i = 0; i < 200; i++)
        assert_true(key_same(&copy.keys[i], &set.keys[i]));
    assert_int_equal(copy.newest_ms, set.newest_ms);
}

/* R-KEYSET-5, R-KEYSET-6, prior-art P1 (duplicates; weak bytes: test_keys_key) */
static void
test_refused_keys_change_nothing(void **state)
{
    static const char *const words[] = {"weak",   "other content", "another key's", "order",
                                        "10 min", "other content", "flag",          "name"};
    struct key first = key_of(1, 0);
    struct dump before, after;
    KEYSET(set);

    (void)state;
    assert_int_equal(keyset_add(&set, &first, NOW_MS, NULL), KEYSET_CHANGED);
    before = dump_of(&set);
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct key key = key_of(i == 1 || i == 5 ? 1 : 2, 0);
        struct err err = {{0}};

        switch (i) {
        case 0: memset(key.secret.bytes, 0, SECRET_LEN); break;
        case 1: key.secret.bytes[0] ^= 1; break;
        case 2: key.secret = first.secret; break;
        case 3: key.seal_until = key.seal_from; break;
        case 4: key.made_ms = NOW_MS + KEY_SKEW_MS + 1; break;
        case 5: key.open_until++; break;
        case 6: key.flags = 1U << 20; break;
        default: memset(key.name, 0, KEY_NAME_LEN); break;
        }
        assert_int_equal(keyset_add(&set, &key, NOW_MS, &err), KEYSET_REFUSED);
        assert_non_null(strstr(err.text, words[i]));
        after = dump_of(&set);
        assert_true(dump_equal(&before, &after));
    }
}

static void
test_made_ahead_up_to_the_skew(void **state)
{
    struct key key = key_of(1, 0);
    KEYSET(set);

    (void)state;
    key.made_ms = NOW_MS + KEY_SKEW_MS;
    assert_int_equal(keyset_add(&set, &key, NOW_MS, NULL), KEYSET_CHANGED);
    assert_int_equal(keyset_made_ms(&set, NOW_MS), NOW_MS + KEY_SKEW_MS + 1);
    assert_int_equal(keyset_made_ms(&set, NOW_MS + 2 * KEY_SKEW_MS), NOW_MS + 2 * KEY_SKEW_MS);
}

/* R-KEYSET-2 */
static void
test_expiry(void **state)
{
    struct key key = key_of(1, 0);
    uint64_t end_ms = key.open_until * 1000;
    KEYSET(set);

    (void)state;
    assert_int_equal(keyset_add(&set, &key, end_ms, NULL), KEYSET_SAME);
    assert_int_equal(set.key_count, 0);
    assert_int_equal(keyset_add(&set, &key, end_ms - 1, NULL), KEYSET_CHANGED);
    assert_int_equal(keyset_confirm(&set, key.name, key.open_until, NOW_MS, NULL), KEYSET_CHANGED);
    assert_true(keyset_may_open(&set.keys[0], key.open_until - 1));
    assert_false(keyset_may_open(&set.keys[0], key.open_until));
    assert_false(keyset_expire(&set, end_ms - 1));
    assert_true(keyset_expire(&set, end_ms));
    assert_int_equal(set.key_count | set.confirmation_count, 0);
    MEM_DEFINE(set.keys, sizeof *set.keys);
    for (size_t i = 0; i < sizeof *set.keys; i++) /* wiped where it stood */
        assert_int_equal(((const uint8_t *)set.keys)[i], 0);
    assert_int_equal(set.newest_ms, NOW_MS);
    assert_false(keyset_expire(&set, end_ms));
}

static void
test_confirmation_before_and_after_its_key(void **state)
{
    struct key first = key_of(1, 0), second = key_of(2, 0);
    KEYSET(set);

    (void)state;
    first.flags = KEY_CONFIRMED; /* nothing that a key says of itself */
    assert_int_equal(keyset_add(&set, &first, NOW_MS, NULL), KEYSET_CHANGED);
    assert_int_equal(set.keys[0].flags, 0);
    assert_int_equal(keyset_confirm(&set, first.name, first.open_until, NOW_MS, NULL),
                     KEYSET_CHANGED);
    assert_int_equal(set.keys[0].flags, KEY_CONFIRMED);
    assert_int_equal(keyset_confirm(&set, first.name, first.open_until, NOW_MS, NULL), KEYSET_SAME);
    /* one that would end too early lasts as long as its key */
    assert_int_equal(keyset_confirm(&set, second.name, NOW_S + 1, NOW_MS, NULL), KEYSET_CHANGED);
    assert_int_equal(keyset_add(&set, &second, NOW_MS, NULL), KEYSET_CHANGED);
    assert_int_equal(set.keys[1].flags, KEY_CONFIRMED);
    assert_int_equal(set.confirmations[1].until, second.open_until);
    assert_int_equal(keyset_confirm(&set, key_of(3, 0).name, NOW_S, NOW_MS, NULL), KEYSET_SAME);
    assert_int_equal(set.confirmation_count, 2);
}

static bool
is_wiped_name(struct keyset *set, const struct key *key)
{
    const struct key *found = keyset_find(set, key->name);
    uint8_t any = 0;

    if (found == NULL || (found->flags & KEY_REVOKED) == 0 || keyset_may_open(found, NOW_S))
        return false;
    MEM_DEFINE(&found->secret, sizeof found->secret);
    for (size_t i = 0; i < SECRET_LEN; i++)
        any |= found->secret.bytes[i];
    return any == 0;
}

/* R-KEYSET-3 */
static void
test_revoked_before_and_after(void **state)
{
    struct key first = key_of(1, 0), second = key_of(2, 0);
    KEYSET(set);

    (void)state;
    assert_int_equal(keyset_add(&set, &first, NOW_MS, NULL), KEYSET_CHANGED);
    assert_int_equal(keyset_revoke_name(&set, first.name, NOW_S + 1, NOW_MS, NULL), KEYSET_CHANGED);
    assert_int_equal(keyset_revoke_name(&set, second.name, NOW_S + 1, NOW_MS, NULL),
                     KEYSET_CHANGED);
    assert_int_equal(keyset_add(&set, &second, NOW_MS, NULL), KEYSET_CHANGED);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(is_wiped_name(&set, i == 0 ? &first : &second));
        assert_int_equal(set.revocations[i].until, first.open_until + KEYSET_LINGER_S);
        assert_int_equal(keyset_add(&set, i == 0 ? &first : &second, NOW_MS, NULL), KEYSET_SAME);
        assert_true(is_wiped_name(&set, i == 0 ? &first : &second));
    }
    assert_false(keyset_expire(&set, first.open_until * 1000 - 1));
    assert_true(keyset_expire(&set, first.open_until * 1000));
    assert_int_equal(set.key_count, 0);
    assert_int_equal(keyset_add(&set, &first, first.open_until * 1000 - 1, NULL), KEYSET_CHANGED);
    assert_true(is_wiped_name(&set, &first)); /* the clock was set back */
    assert_true(keyset_expire(&set, (first.open_until + KEYSET_LINGER_S) * 1000));
    assert_int_equal(set.key_count | set.revocation_count, 0);
}

/* R-KEYSET-3 */
static void
test_mark_before_and_after(void **state)
{
    struct key old = key_of(1, 0), late = key_of(2, 0), fresh = key_of(3, 0);
    KEYSET(set);

    (void)state;
    old.made_ms = NOW_MS - 1;
    fresh.made_ms = NOW_MS + 1;
    assert_int_equal(keyset_add(&set, &old, NOW_MS, NULL), KEYSET_CHANGED);
    assert_int_equal(keyset_revoke_mark(&set, NOW_MS, NOW_S + 1, NOW_MS, NULL), KEYSET_CHANGED);
    assert_int_equal(keyset_revoke_mark(&set, NOW_MS - 1, NOW_S + 1, NOW_MS, NULL), KEYSET_SAME);
    assert_int_equal(keyset_add(&set, &late, NOW_MS, NULL), KEYSET_CHANGED);
    assert_int_equal(keyset_made_ms(&set, NOW_MS), NOW_MS + 1);
    assert_int_equal(keyset_add(&set, &fresh, NOW_MS, NULL), KEYSET_CHANGED);
    assert_true(is_wiped_name(&set, &old));
    assert_true(is_wiped_name(&set, &late));
    assert_false(is_wiped_name(&set, &fresh));
    assert_int_equal(set.mark.until, late.open_until + KEYSET_LINGER_S);
    assert_true(keyset_expire(&set, (late.open_until + KEYSET_LINGER_S) * 1000));
    assert_int_equal(set.mark.made_ms | set.mark.until, 0);
}

/* A wiped name that a ring or another keyset kept is a revocation too. */
static void
test_wiped_names_are_taken(void **state)
{
    struct key key = key_of(1, 0), wiped = key;
    KEYSET(set);
    KEYSET(live);

    (void)state;
    wiped.flags = KEY_REVOKED;
    memset(&wiped.secret, 0, sizeof wiped.secret);
    assert_int_equal(keyset_add(&set, &wiped, NOW_MS, NULL), KEYSET_CHANGED);
    assert_int_equal(set.revocation_count, 1);
    assert_int_equal(keyset_add(&set, &key, NOW_MS, NULL), KEYSET_SAME);
    assert_true(is_wiped_name(&set, &key));
    assert_int_equal(keyset_add(&live, &key, NOW_MS, NULL), KEYSET_CHANGED);
    assert_int_equal(keyset_add(&live, &wiped, NOW_MS, NULL), KEYSET_CHANGED);
    assert_true(is_wiped_name(&live, &key));
}

static void
test_limits(void **state)
{
    const uint64_t far = NOW_S + KEYSET_AHEAD_MAX_S;
    struct err err = {{0}};
    struct key key = key_of(9999, 0);
    struct dump before, after;
    KEYSET(set);

    (void)state;
    assert_int_equal(keyset_confirm(&set, key.name, far + 1, NOW_MS, &err), KEYSET_REFUSED);
    assert_int_equal(keyset_revoke_name(&set, key.name, far + 1, NOW_MS, &err), KEYSET_REFUSED);
    assert_int_equal(keyset_revoke_mark(&set, NOW_MS, far + 1, NOW_MS, &err), KEYSET_REFUSED);
    assert_int_equal(keyset_revoke_mark(&set, NOW_MS + KEY_SKEW_MS + 1, NOW_S + 9, NOW_MS, &err),
                     KEYSET_REFUSED);
    assert_int_equal(set.newest_ms, 0);
    for (uint16_t i = 0; i < KEYSET_REVOCATIONS_MAX; i++)
        assert_int_equal(keyset_revoke_name(&set, key_of(i, 0).name, far, NOW_MS, &err),
                         KEYSET_CHANGED);
    assert_int_equal(keyset_add(&set, &key, NOW_MS, NULL), KEYSET_CHANGED);
    before = dump_of(&set);
    assert_int_equal(keyset_revoke_name(&set, key.name, far, NOW_MS, &err), KEYSET_REFUSED);
    assert_non_null(strstr(err.text, "revoke all"));
    assert_int_equal(keyset_revoke(&set, key.name, true, NOW_MS, &err), KEYSET_REFUSED);
    key.flags = KEY_REVOKED;
    assert_int_equal(keyset_add(&set, &key, NOW_MS, &err), KEYSET_REFUSED);
    after = dump_of(&set);
    assert_true(dump_equal(&before, &after));
    assert_int_equal(keyset_revoke_mark(&set, NOW_MS, far, NOW_MS, &err), KEYSET_CHANGED);
    key.flags = 0;
    assert_true(is_wiped_name(&set, &key));
}

static void
test_merge_leaves_out_what_is_refused(void **state)
{
    struct key shared = key_of(1, 0), other = key_of(2, 0), good = key_of(3, 0);
    struct err err = {{0}};
    KEYSET(set);
    KEYSET(from);

    (void)state;
    assert_int_equal(keyset_add(&set, &shared, NOW_MS, NULL), KEYSET_CHANGED);
    assert_int_equal(keyset_merge(&set, &from, NOW_MS, &err), KEYSET_SAME);
    other.secret = shared.secret;
    other.made_ms = NOW_MS + 5;
    assert_int_equal(keyset_add(&from, &other, NOW_MS, NULL), KEYSET_CHANGED);
    assert_string_equal(err.text, "");
    assert_int_equal(keyset_merge(&set, &from, NOW_MS, &err), KEYSET_REFUSED);
    assert_non_null(strstr(err.text, "another key's"));
    assert_int_equal(set.newest_ms, NOW_MS); /* the refused one's `made` does not count */
    assert_int_equal(keyset_add(&from, &good, NOW_MS, NULL), KEYSET_CHANGED);
    assert_int_equal(keyset_merge(&set, &from, NOW_MS, &err), KEYSET_CHANGED);
    assert_int_equal(set.key_count, 2);
    assert_null(keyset_find(&set, other.name));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_are_sorted_found_and_copied),
        cmocka_unit_test(test_refused_keys_change_nothing),
        cmocka_unit_test(test_made_ahead_up_to_the_skew),
        cmocka_unit_test(test_expiry),
        cmocka_unit_test(test_confirmation_before_and_after_its_key),
        cmocka_unit_test(test_revoked_before_and_after),
        cmocka_unit_test(test_mark_before_and_after),
        cmocka_unit_test(test_wiped_names_are_taken),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_merge_leaves_out_what_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
