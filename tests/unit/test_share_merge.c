/* What a keys record says, and what of a peer's word enters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "keys/encode.h"
#include "share/merge.h"
#include "share_support.h"

#define US 1
#define PEER 7

static struct key
key_by(uint16_t id, int64_t from, uint64_t maker)
{
    struct key key = key_of(id, from);

    key.maker = maker;
    return key;
}

static bool
add(struct keyset *set, const struct key *key)
{
    return keyset_add(set, key, NOW_MS + KEY_SKEW_MS, NULL) == KEYSET_CHANGED;
}

/* Take in what `set` holds, as if PEER had said it. */
static enum keyset_change
hear(struct keyset *ours, const struct keyset *set, bool *refused, struct err *err)
{
    SECRET_BUF(bytes);

    if (!encode_keyset(&bytes, set, NULL))
        return KEYSET_REFUSED;
    return merge_peer(ours, refused, PEER, bytes.bytes, bytes.len, NOW_MS, err);
}

/* Our keys alone; of confirmations those that matter; all revocations. */
static void
test_own(void **state)
{
    struct key ours = key_by(1, 3600, US), old = key_by(2, -4000, US), theirs = key_by(3, 10, PEER),
               gone = key_by(4, 0, PEER);
    KEYSET(set);
    KEYSET(said);
    SECRET_BUF(bytes);

    (void)state;
    assert_true(add(&set, &ours) && add(&set, &old) && add(&set, &theirs) && add(&set, &gone));
    assert_int_equal(keyset_confirm(&set, ours.name, ours.open_until, NOW_MS, NULL),
                     KEYSET_CHANGED);
    assert_int_equal(keyset_confirm(&set, old.name, old.open_until, NOW_MS, NULL), KEYSET_CHANGED);
    assert_int_equal(keyset_confirm(&set, theirs.name, theirs.open_until, NOW_MS, NULL),
                     KEYSET_CHANGED);
    assert_int_equal(keyset_confirm(&set, gone.name, gone.open_until, NOW_MS, NULL),
                     KEYSET_CHANGED);
    assert_int_equal(keyset_revoke(&set, gone.name, true, NOW_MS, NULL), KEYSET_CHANGED);
    assert_true(content_of(&bytes, &set, US, NOW_MS));
    assert_true(decode_keyset(&said, bytes.bytes, bytes.len, NOW_MS, NULL));
    assert_int_equal(said.key_count, 2);
    assert_non_null(keyset_find(&said, ours.name));
    assert_non_null(keyset_find(&said, old.name));
    assert_int_equal(said.confirmation_count, 2);
    assert_memory_equal(said.confirmations[0].name, ours.name, KEY_NAME_LEN);
    assert_memory_equal(said.confirmations[1].name, theirs.name, KEY_NAME_LEN);
    assert_int_equal(said.revocation_count, 1);
    assert_int_equal(set.key_count, 4); /* as it was */
    assert_int_equal(set.confirmation_count, 4);
}

/* R-MERGE-2: a peer confirms, revokes and carries keys that it did not make; what is nobody's does
 * not enter. */
static void
test_who_may_say_what(void **state)
{
    struct key ours = key_by(1, 0, US), third = key_by(2, 0, 9), own = key_by(3, 0, PEER),
               none = key_by(4, 0, 0);
    struct err err = {{0}};
    bool refused = false;
    KEYSET(set);
    KEYSET(said);

    (void)state;
    assert_true(add(&set, &ours));
    assert_true(add(&said, &third) && add(&said, &own) && add(&said, &none));
    assert_int_equal(keyset_confirm(&said, ours.name, ours.open_until, NOW_MS, NULL),
                     KEYSET_CHANGED);
    assert_int_equal(hear(&set, &said, &refused, &err), KEYSET_CHANGED);
    assert_true(refused);
    assert_non_null(strstr(err.text, "which host made it"));
    assert_int_equal(set.key_count, 3);
    assert_non_null(keyset_find(&set, own.name));
    assert_true(key_same(keyset_find(&set, third.name), &third));
    assert_int_equal(keyset_find(&set, ours.name)->flags, KEY_CONFIRMED);
    keyset_free(&said);
    assert_int_equal(keyset_revoke_name(&said, ours.name, NOW_S + 99, NOW_MS, NULL),
                     KEYSET_CHANGED);
    assert_int_equal(hear(&set, &said, &refused, NULL), KEYSET_CHANGED);
    assert_false(refused);
    assert_int_equal(keyset_find(&set, ours.name)->flags, KEY_CONFIRMED | KEY_REVOKED);
    assert_int_equal(hear(&set, &said, &refused, NULL), KEYSET_SAME);
}

/* R-MERGE-2: over 10 min ahead is left out, the rest is taken; later it may do. */
static void
test_ahead(void **state)
{
    struct key early = key_by(1, 0, PEER), late = key_by(2, 0, PEER);
    struct err err = {{0}};
    bool refused = false;
    KEYSET(set);
    KEYSET(said);
    SECRET_BUF(bytes);

    (void)state;
    late.made_ms = NOW_MS + KEY_SKEW_MS + 1;
    assert_true(add(&said, &early) && add(&said, &late));
    assert_true(content_of(&bytes, &said, PEER, NOW_MS));
    assert_int_equal(merge_peer(&set, &refused, PEER, bytes.bytes, bytes.len, NOW_MS, &err),
                     KEYSET_CHANGED);
    assert_true(refused);
    assert_non_null(strstr(err.text, "10 min ahead"));
    assert_int_equal(set.key_count, 1);
    assert_int_equal(merge_peer(&set, &refused, PEER, bytes.bytes, bytes.len, NOW_MS, &err),
                     KEYSET_REFUSED);
    assert_int_equal(merge_peer(&set, &refused, PEER, bytes.bytes, bytes.len, NOW_MS + 1, &err),
                     KEYSET_CHANGED);
    assert_false(refused);
    assert_int_equal(set.key_count, 2);
    keyset_free(&said);
    said.mark = (struct mark){NOW_MS + KEY_SKEW_MS + 1, NOW_S + 99};
    assert_int_equal(hear(&set, &said, &refused, &err), KEYSET_REFUSED);
    assert_non_null(strstr(err.text, "ahead of our clock"));
    assert_int_equal(set.mark.until, 0);
}

/* keys = each: the maker's own, marked as such, opens here and does not seal. */
static void
test_each(void **state)
{
    struct policy policy = policy_of(3600, 900, 43200);
    struct key theirs = key_by(1, -10, PEER), ours = key_by(2, -20, US);
    bool refused = true;
    KEYSET(set);
    KEYSET(said);

    (void)state;
    policy.each = true;
    theirs.flags = ours.flags = KEY_EACH;
    assert_true(add(&set, &ours) && add(&said, &theirs));
    assert_int_equal(hear(&set, &said, &refused, NULL), KEYSET_CHANGED);
    assert_false(refused);
    assert_int_equal(keyset_find(&set, theirs.name)->flags, KEY_EACH);
    assert_int_equal(keyset_find(&set, theirs.name)->maker, PEER);
    assert_memory_equal(keyset_sealing(&set, &policy, US, NOW_S)->name, ours.name, KEY_NAME_LEN);
    assert_memory_equal(keyset_sealing(&set, &policy, PEER, NOW_S)->name, theirs.name,
                        KEY_NAME_LEN);
}

static void
test_malformed(void **state)
{
    struct key own = key_by(3, 0, PEER);
    struct err err = {{0}};
    bool refused = false;
    KEYSET(set);
    KEYSET(said);
    SECRET_BUF(bytes);

    (void)state;
    assert_true(add(&said, &own));
    assert_true(encode_keyset(&bytes, &said, NULL));
    for (size_t len = 0; len < bytes.len; len++) {
        refused = false;
        assert_int_equal(merge_peer(&set, &refused, PEER, bytes.bytes, len, NOW_MS, &err),
                         KEYSET_REFUSED);
        assert_true(refused);
    }
    assert_int_equal(set.key_count, 0);
}

/* R-MERGE-3: our clock was set, and all keys moved with it: the maker's times come back, of a
 * revoked one, too; what is ours stays moved. */
static void
test_moved_times(void **state)
{
    static const int64_t steps[] = {500, -500, 600, -40000};
    struct key theirs = key_by(1, 0, PEER), gone = key_by(2, 0, PEER), ours = key_by(3, 0, US);

    (void)state;
    theirs.made_ms = gone.made_ms = ours.made_ms = NOW_MS - 5000 * (uint64_t)1000;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        bool refused = true;
        KEYSET(set);
        KEYSET(said);

        assert_true(add(&set, &theirs) && add(&set, &gone) && add(&set, &ours));
        assert_true(add(&said, &theirs) && add(&said, &gone));
        assert_int_equal(keyset_confirm(&said, theirs.name, NOW_S + 5, NOW_MS, NULL),
                         KEYSET_CHANGED);
        assert_int_equal(keyset_revoke(&set, gone.name, true, NOW_MS, NULL), KEYSET_CHANGED);
        keyset_shift_own(&set, PEER, steps[i], true, NOW_MS);
        keyset_shift_own(&set, US, steps[i], true, NOW_MS);
        assert_int_equal(hear(&set, &said, &refused, NULL), KEYSET_CHANGED);
        assert_false(refused);
        assert_int_equal(keyset_find(&set, theirs.name)->made_ms, theirs.made_ms);
        assert_int_equal(keyset_find(&set, theirs.name)->seal_from, theirs.seal_from);
        assert_int_equal(keyset_find(&set, theirs.name)->open_until, theirs.open_until);
        assert_int_equal(keyset_find(&set, theirs.name)->flags, KEY_CONFIRMED);
        assert_int_equal(keyset_find(&set, gone.name)->open_until, gone.open_until);
        assert_int_equal(keyset_find(&set, gone.name)->flags, KEY_REVOKED);
        assert_true(set.revocations[0].until >= gone.open_until + KEYSET_LINGER_S);
        assert_true(keyset_find(&set, ours.name)->seal_from == ours.seal_from + (uint64_t)steps[i]);
        assert_int_equal(hear(&set, &said, &refused, NULL), KEYSET_SAME);
    }
}

/* R-MERGE-3: a maker whose clock goes wrong, and far back, ends no key at others by that. */
static void
test_gone_back(void **state)
{
    static const int64_t back_s[] = {1200, 86400};
    struct key known = key_by(1, 0, PEER);

    (void)state;
    for (size_t i = 0; i < sizeof back_s / sizeof back_s[0]; i++) {
        bool refused; /* not if it were over by that */
        KEYSET(set);
        KEYSET(said);

        assert_true(add(&set, &known) && add(&said, &known));
        keyset_shift(&said, -back_s[i]);
        said.keys[0].made_ms = known.made_ms; /* others' keys are from its future */
        assert_int_equal(hear(&set, &said, &refused, NULL), i == 0 ? KEYSET_REFUSED : KEYSET_SAME);
        assert_true(key_same(&set.keys[0], &known));
    }
}

/* R-MERGE-3: times that were not all moved alike, another secret, a later making: refused. */
static void
test_other_content(void **state)
{
    struct key known = key_by(1, 0, PEER), cases[5];

    (void)state;
    for (size_t i = 0; i < 5; i++)
        cases[i] = known;
    cases[0].seal_until++;
    cases[1].seal_from -= 60;
    cases[2].secret.bytes[0] ^= 1;
    cases[3].open_until += 60;
    cases[4].made_ms += 1000;
    for (size_t i = 0; i < 5; i++) {
        struct err err = {{0}};
        bool refused = false;
        struct dump before, after;
        KEYSET(set);
        KEYSET(said);

        assert_true(add(&set, &known) && add(&said, &cases[i]));
        before = dump_of(&set);
        assert_int_equal(hear(&set, &said, &refused, &err), KEYSET_REFUSED);
        assert_true(refused);
        assert_non_null(strstr(err.text, "with other content"));
        after = dump_of(&set);
        assert_true(dump_equal(&before, &after));
    }
}

/* How large the sealed record is of a host that made all keys for two days, at its largest. */
static size_t
largest_record(const struct policy *policy, const struct farm *farm)
{
    uint64_t rng = 11;
    size_t largest = 0;
    KEYSET(set);

    for (uint64_t now_s = NOW_S; now_s < NOW_S + 2 * 86400; now_s += 1800) {
        struct record_head head = head_of(US, RECORD_KEYS, now_s * 1000);
        struct key_material fresh = material_of(&rng);
        uint64_t epoch;
        KEY(key);
        SECRET_BUF(content);
        SECRET_BUF(sealed);

        (void)keyset_expire(&set, now_s * 1000); /* whether anything was over does not matter */
        while (schedule_missing(&set, policy, US, now_s, &epoch))
            if (!host_make_epoch(&set, policy, &rng, US, epoch, now_s))
                return SIZE_MAX;
        schedule_make_rotation(&key, &set, policy, &fresh, US, now_s * 1000);
        if (now_s >= NOW_S + 86400 && now_s < NOW_S + 86400 + 3600 &&
            keyset_add(&set, &key, now_s * 1000, NULL) != KEYSET_CHANGED)
            return SIZE_MAX;
        if (!content_of(&content, &set, US, now_s * 1000) ||
            !record_seal(&sealed, farm, &head, fresh.name, content.bytes, content.len, NULL))
            return SIZE_MAX;
        largest = sealed.len > largest ? sealed.len : largest;
    }
    return largest;
}

/* R-MERGE-4. */
static void
test_small(void **state)
{
    struct policy policy = policy_default();
    size_t largest;
    FARM(farm);

    (void)state;
    assert_true(policy_resolve(&policy, 1024, NULL));
    assert_true(farm_of(&farm, 1, NOW_MS));
    largest = largest_record(&policy, &farm);
    print_message("# the largest record: %zu bytes\n", largest);
    assert_in_range(largest, 1000, RECORD_SMALL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own),       cmocka_unit_test(test_who_may_say_what),
        cmocka_unit_test(test_ahead),     cmocka_unit_test(test_each),
        cmocka_unit_test(test_malformed), cmocka_unit_test(test_moved_times),
        cmocka_unit_test(test_gone_back), cmocka_unit_test(test_other_content),
        cmocka_unit_test(test_small),

    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
