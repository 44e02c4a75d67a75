/* What a host's own record gives back to it, and which revocations records carry. */
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

/* Carries what another made, but for the key of that number. */
static bool
carries(void *arg, const struct key *key)
{
    const struct key *not_that = arg;

    return key->maker != US && memcmp(key->name, not_that->name, KEY_NAME_LEN) != 0;
}

/* R-MERGE-2: a key that we carry says its maker; one that is over, revoked or carried by others
 * does not go out. It comes back to a host that lost its memory, and to its maker. */
static void
test_carried(void **state)
{
    struct key ours = key_by(1, 0, US), orphan = key_by(2, 100, PEER),
               over = key_by(3, -50000, PEER), gone = key_by(4, 0, PEER),
               others = key_by(5, 0, PEER);
    bool refused = true;
    KEYSET(set);
    KEYSET(back);
    KEYSET(makers);
    KEYSET(own);
    KEYSET(said);
    SECRET_BUF(bytes);

    (void)state;
    over.made_ms = NOW_MS - 60000 * (uint64_t)1000;
    assert_int_equal(keyset_add(&set, &over, NOW_MS - 50000 * (uint64_t)1000, NULL),
                     KEYSET_CHANGED);
    assert_true(add(&set, &ours) && add(&set, &orphan) && add(&set, &gone) && add(&set, &others));
    assert_int_equal(keyset_revoke(&set, gone.name, true, NOW_MS, NULL), KEYSET_CHANGED);
    assert_true(merge_own(&own, &set, US, carries, &others, NOW_MS, NULL));
    assert_true(encode_keyset(&bytes, &own, NULL));
    assert_true(decode_keyset(&said, bytes.bytes, bytes.len, NOW_MS, NULL));
    assert_int_equal(said.key_count, 2);
    assert_true(key_same(keyset_find(&said, ours.name), &ours));
    assert_true(key_same(keyset_find(&said, orphan.name), &orphan));
    assert_int_equal(merge_back(&back, &refused, US, bytes.bytes, bytes.len, NOW_MS, NULL),
                     KEYSET_CHANGED);
    assert_false(refused);
    assert_true(key_same(keyset_find(&back, orphan.name), &orphan));
    assert_int_equal(merge_peer(&makers, &refused, US, bytes.bytes, bytes.len, NOW_MS, NULL),
                     KEYSET_CHANGED);
    assert_false(refused);
    assert_true(key_same(keyset_find(&makers, orphan.name), &orphan));
}

/* R-MERGE-2: of a key that is carried times do not move what is here, and neither does it come back
 * where it was revoked; with another secret it is refused. */
static void
test_carried_again(void **state)
{
    struct key orphan = key_by(2, 0, PEER), gone = key_by(3, 0, PEER), twisted = key_by(4, 0, PEER);
    bool refused = true;
    struct err err = {{0}};
    KEYSET(set);
    KEYSET(said);
    SECRET_BUF(bytes);

    (void)state;
    orphan.made_ms = gone.made_ms = NOW_MS - 5000 * (uint64_t)1000;
    assert_true(add(&said, &orphan) && add(&said, &gone));
    assert_true(add(&set, &orphan) && add(&set, &gone));
    assert_int_equal(keyset_revoke(&set, gone.name, true, NOW_MS, NULL), KEYSET_CHANGED);
    keyset_shift_own(&set, PEER, 300, true, NOW_MS);
    assert_true(encode_keyset(&bytes, &said, NULL));
    assert_int_equal(merge_peer(&set, &refused, US, bytes.bytes, bytes.len, NOW_MS, NULL),
                     KEYSET_SAME);
    assert_false(refused);
    assert_int_equal(keyset_find(&set, orphan.name)->seal_from, orphan.seal_from + 300);
    assert_int_equal(keyset_find(&set, gone.name)->flags, KEY_REVOKED);
    assert_true(add(&set, &twisted));
    keyset_free(&said);
    twisted.secret.bytes[0] ^= 1;
    assert_true(add(&said, &twisted));
    secret_buf_free(&bytes);
    assert_true(encode_keyset(&bytes, &said, NULL));
    assert_int_equal(merge_peer(&set, &refused, US, bytes.bytes, bytes.len, NOW_MS, &err),
                     KEYSET_REFUSED);
    assert_true(refused);
    assert_non_null(strstr(err.text, "with other content"));
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
    assert_true(content_of(&bytes, &said, US, NOW_MS));
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
    KEYSET(said);
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
    assert_true(content_of(&bytes, &a, PEER, NOW_MS));
    assert_true(decode_keyset(&said, bytes.bytes, bytes.len, NOW_MS, NULL));
    assert_int_equal(merge_withdrawn(&said), merge_withdrawn(&a));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_back),
        cmocka_unit_test(test_carried),
        cmocka_unit_test(test_carried_again),
        cmocka_unit_test(test_withdrawn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
