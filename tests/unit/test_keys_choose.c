/* Which key seals, and which keys an order to revoke one takes with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "keys_support.h"

#define CONFIRMED KEY_CONFIRMED
#define EMERGENCY KEY_EMERGENCY

/* The id of the key that seals at NOW_S + at; 0: none. */
static unsigned
sealing(const struct keyset *set, const struct policy *policy, uint64_t maker, int64_t at)
{
    const struct key *key = keyset_sealing(set, policy, maker, NOW_S + (uint64_t)at);

    return key == NULL ? 0 : (unsigned)key->name[0] << 8 | key->name[1];
}

/* Add a key that seals for an hour and a quarter from NOW_S + from on; `flags` may confirm it. */
static bool
add(struct keyset *set, uint16_t id, int64_t from, uint32_t flags, uint64_t maker)
{
    struct key key = key_of(id, from);

    key.seal_until += 900;
    key.open_until += 900;
    key.flags = flags & KEY_MADE_FLAGS;
    key.maker = maker;
    if (keyset_add(set, &key, NOW_MS, NULL) != KEYSET_CHANGED)
        return false;
    return (flags & CONFIRMED) == 0 ||
           keyset_confirm(set, key.name, key.open_until, NOW_MS, NULL) == KEYSET_CHANGED;
}

static void
test_the_rule(void **state)
{
    static const struct {
        const char *what;
        struct {
            uint16_t id;
            int16_t from;
            uint32_t flags;
        } keys[3];
        int64_t at;
        unsigned seals;
    } cases[] = {
        {"not before its time", {{1, 0, CONFIRMED}}, -1, 0},
        {"from its time on", {{1, 0, CONFIRMED}}, 0, 1},
        {"up to its end", {{1, 0, CONFIRMED}}, 4499, 1},
        {"not at its end", {{1, 0, CONFIRMED}}, 4500, 0},
        {"unconfirmed: held back", {{1, 0, 0}}, 899, 0},
        {"unconfirmed: after patience", {{1, 0, 0}}, 900, 1},
        {"the newest", {{2, -3600, CONFIRMED}, {1, 0, CONFIRMED}}, 0, 1},
        {"the old one while the new one waits", {{1, -3600, CONFIRMED}, {2, 0, 0}}, 899, 1},
        {"the new one when it has waited", {{1, -3600, CONFIRMED}, {2, 0, 0}}, 900, 2},
        {"its own seal_from counts, not the effective", {{1, 0, 0}, {2, 600, CONFIRMED}}, 900, 2},
        {"ties: the lowest name", {{7, 0, CONFIRMED}, {5, 0, CONFIRMED}, {6, 0, 0}}, 1000, 5},
        {"emergency: at once", {{1, 0, EMERGENCY}}, 0, 1},
        {"emergency: not before another", {{2, -3600, CONFIRMED}, {1, 0, EMERGENCY}}, 0, 2},
        {"emergency: while none other may", {{1, -600, EMERGENCY}, {2, 0, 0}}, 899, 1},
        {"emergency: ends with the first other", {{1, -600, EMERGENCY}, {2, 0, 0}}, 900, 2},
        {"emergency: the newest of two", {{1, -600, EMERGENCY}, {2, 0, EMERGENCY}}, 1, 2},
        {"each: not where there is one key for all", {{1, 0, KEY_EACH | CONFIRMED}}, 10, 0},
    };
    const struct policy policy = policy_of(3600, 900, 43200);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        KEYSET(set);

        for (size_t k = 0; k < 3 && cases[i].keys[k].id != 0; k++)
            assert_true(
                add(&set, cases[i].keys[k].id, cases[i].keys[k].from, cases[i].keys[k].flags, k));
        if (sealing(&set, &policy, 0, cases[i].at) != cases[i].seals)
            fail_msg("%s: it is not key %u", cases[i].what, cases[i].seals);
    }
}

static void
test_each_seals_with_its_own(void **state)
{
    struct policy policy = policy_of(3600, 900, 43200);
    KEYSET(set);

    (void)state;
    policy.each = true;
    assert_true(add(&set, 1, 0, KEY_EACH, 11) && add(&set, 2, 0, KEY_EACH, 22));
    assert_true(add(&set, 3, 600, KEY_EACH, 22));
    assert_true(add(&set, 4, -600, KEY_EMERGENCY | KEY_EACH, 33));
    assert_int_equal(sealing(&set, &policy, 11, 0), 1); /* no confirmation is waited for */
    assert_int_equal(sealing(&set, &policy, 22, 0), 2);
    assert_int_equal(sealing(&set, &policy, 22, 600), 3);
    assert_int_equal(sealing(&set, &policy, 33, 600), 4);
    assert_int_equal(sealing(&set, &policy, 44, 600), 0);
}

static void
test_a_revoked_key_hands_over(void **state)
{
    const struct policy policy = policy_of(3600, 900, 43200);
    KEYSET(set);

    (void)state;
    assert_true(add(&set, 1, -3600, CONFIRMED, 0) && add(&set, 2, 0, CONFIRMED, 0));
    assert_int_equal(sealing(&set, &policy, 0, 10), 2);
    assert_int_equal(keyset_revoke(&set, key_of(2, 0).name, true, NOW_MS + 10000, NULL),
                     KEYSET_CHANGED);
    assert_int_equal(sealing(&set, &policy, 0, 10), 1);
    assert_false(keyset_may_seal(keyset_find(&set, key_of(2, 0).name), &policy, NOW_S + 10));
}

static bool
is_revoked(const struct keyset *set, uint16_t id)
{
    const struct key *key = keyset_find(set, key_of(id, 0).name);

    return key != NULL && (key->flags & KEY_REVOKED) != 0;
}

/* Six keys, an hour apart: three have sealed, the fourth does, two are to come. */
static bool
add_hours(struct keyset *set)
{
    bool added = true;

    for (int64_t i = 0; i < 6; i++) {
        struct key key = key_of((uint16_t)(i + 1), (i - 3) * 3600);

        key.seal_until += 900;
        key.made_ms = (key.seal_from - 5400) * 1000;
        added &= keyset_add(set, &key, NOW_MS, NULL) == (i < 5 ? KEYSET_CHANGED : KEYSET_REFUSED);
    }
    return added;
}

static void
test_revoke_takes_what_sealed_since(void **state)
{
    KEYSET(set);

    (void)state;
    assert_true(add_hours(&set)); /* the sixth is made 10 min and more ahead: refused */
    /* the third could open from -2.5 h on: the first sealed until -1.75 h */
    assert_int_equal(keyset_revoke(&set, key_of(3, 0).name, false, NOW_MS, NULL), KEYSET_CHANGED);
    for (uint16_t id = 1; id <= 4; id++)
        assert_true(is_revoked(&set, id));
    assert_false(is_revoked(&set, 5)); /* still to come */
    assert_int_equal(keyset_revoke(&set, key_of(3, 0).name, false, NOW_MS, NULL), KEYSET_SAME);
}

static void
test_revoke_spares_what_sealed_before(void **state)
{
    KEYSET(set);

    (void)state;
    assert_true(add_hours(&set));
    /* the fifth can open from -0.5 h on: the second sealed until -0.75 h */
    assert_int_equal(keyset_revoke(&set, key_of(5, 0).name, false, NOW_MS, NULL), KEYSET_CHANGED);
    assert_true(is_revoked(&set, 5) && is_revoked(&set, 4) && is_revoked(&set, 3));
    assert_false(is_revoked(&set, 2) || is_revoked(&set, 1));
}

static void
test_revoke_only_one_or_none(void **state)
{
    struct err err = {{0}};
    KEYSET(set);

    (void)state;
    assert_true(add_hours(&set));
    assert_int_equal(keyset_revoke(&set, key_of(2, 0).name, true, NOW_MS, NULL), KEYSET_CHANGED);
    for (uint16_t id = 1; id <= 5; id++)
        assert_int_equal(is_revoked(&set, id), id == 2);
    assert_int_equal(keyset_revoke(&set, key_of(7, 0).name, true, NOW_MS, &err), KEYSET_REFUSED);
    assert_non_null(strstr(err.text, "not known"));
}

/* W is above all that was ever seen, and lasts as long as a key made elsewhere just now. */
static void
test_mark_all(void **state)
{
    const struct policy policy = policy_of(3600, 900, 43200);
    struct key ahead = key_of(1, 0), unknown = key_of(2, 5400);
    struct mark mark;
    KEYSET(set);

    (void)state;
    mark = keyset_mark_all(&set, &policy, NOW_MS);
    assert_int_equal(mark.made_ms, NOW_MS);
    unknown.seal_until += 900;
    unknown.open_until += 900;
    assert_true(mark.until >= unknown.open_until);
    ahead.made_ms = NOW_MS + 1000;
    ahead.open_until = ahead.seal_until + POLICY_LIFETIME_MAX_S; /* another policy's */
    assert_int_equal(keyset_add(&set, &ahead, NOW_MS, NULL), KEYSET_CHANGED);
    mark = keyset_mark_all(&set, &policy, NOW_MS);
    assert_int_equal(mark.made_ms, NOW_MS + 1000);
    assert_int_equal(mark.until, ahead.open_until + KEYSET_LINGER_S);
    assert_int_equal(keyset_revoke_mark(&set, mark.made_ms, mark.until, NOW_MS, NULL),
                     KEYSET_CHANGED);
    assert_true(is_revoked(&set, 1));
    assert_int_equal(keyset_add(&set, &unknown, NOW_MS, NULL), KEYSET_CHANGED);
    assert_true(is_revoked(&set, 2));
    assert_int_equal(keyset_revoke(&set, unknown.name, false, NOW_MS, NULL), KEYSET_SAME);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_rule),
        cmocka_unit_test(test_each_seals_with_its_own),
        cmocka_unit_test(test_a_revoked_key_hands_over),
        cmocka_unit_test(test_revoke_takes_what_sealed_since),
        cmocka_unit_test(test_revoke_spares_what_sealed_before),
        cmocka_unit_test(test_revoke_only_one_or_none),
        cmocka_unit_test(test_mark_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
