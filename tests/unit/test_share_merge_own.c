/* What a host's own record gives back to it, and which revocations records carry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

/* Our own record comes back: what was lost is there again, what is here stays as it is, though the
 * record has other times for it. */
static void
test_back(void **state)
{
    struct key moved = key_by(1, 0, US), lost = key_by(2, 100, US), theirs = key_by(3, 0, PEER);
    bool refused = true;
    uint64_t before;
    KEYSET(set);
    KEYSET(said);
    SECRET_BUF(bytes);

    (void)state;
    assert_true(add(&said, &moved) && add(&said, &lost));
    assert_true(merge_own(&bytes, &said, US, NOW_MS, NULL));
    assert_true(add(&set, &moved) && add(&set, &theirs));
    keyset_shift_own(&set, US, 300, true, NOW_MS);
    before = keyset_find(&set, moved.name)->seal_from;
    assert_int_equal(merge_back(&set, &refused, US, bytes.bytes, bytes.len, NOW_MS, NULL),
                     KEYSET_CHANGED);
    assert_false(refused);
    assert_int_equal(set.key_count, 3);
    assert_int_equal(keyset_find(&set, moved.name)->seal_from, before);
    assert_true(key_same(keyset_find(&set, lost.name), &lost));
    assert_int_equal(merge_back(&set, &refused, US, bytes.bytes, bytes.len, NOW_MS, NULL),
                     KEYSET_SAME);
    assert_false(refused);
}

/* Equal for equal revocations, whoever says them, in whatever order they came; else different. */
static void
test_withdrawn(void **state)
{
    struct key one = key_by(1, 0, US), other = key_by(2, 0, PEER);
    uint64_t first;
    KEYSET(a);
    KEYSET(b);
    SECRET_BUF(bytes);

    (void)state;
    assert_true(add(&a, &one) && add(&a, &other) && add(&b, &other));
    assert_int_equal(merge_withdrawn(&a), 0);
    assert_int_equal(keyset_revoke(&a, one.name, true, NOW_MS, NULL), KEYSET_CHANGED);
    first = merge_withdrawn(&a);
    assert_int_not_equal(first, 0);
    assert_int_equal(keyset_revoke(&a, other.name, true, NOW_MS, NULL), KEYSET_CHANGED);
    assert_int_not_equal(merge_withdrawn(&a), first);
    assert_int_equal(keyset_revoke(&b, other.name, true, NOW_MS, NULL), KEYSET_CHANGED);
    assert_int_not_equal(merge_withdrawn(&a), merge_withdrawn(&b));
    assert_int_equal(
        keyset_revoke_name(&b, one.name, one.open_until + KEYSET_LINGER_S, NOW_MS, NULL),
        KEYSET_CHANGED);
    assert_int_equal(merge_withdrawn(&a), merge_withdrawn(&b));
    first = merge_withdrawn(&a);
    assert_int_equal(keyset_revoke_mark(&a, NOW_MS - 9, NOW_S + 9999, NOW_MS, NULL),
                     KEYSET_CHANGED);
    assert_int_not_equal(merge_withdrawn(&a), first);
    assert_true(merge_own(&bytes, &a, PEER, NOW_MS, NULL));
    assert_int_equal(merge_withdrawn_in(bytes.bytes, bytes.len, NOW_MS), merge_withdrawn(&a));
    assert_int_equal(merge_withdrawn_in(bytes.bytes, bytes.len - 1, NOW_MS), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_back),
        cmocka_unit_test(test_withdrawn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
