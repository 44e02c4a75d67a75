/* The promises of keyset.h under random events; STEK_SEED, which each run prints, repeats it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "keys/encode.h"
#include "keys_support.h"

#define UNIVERSE 12 /* keys that may ever be met in one round */
#define ROUNDS 3000

static uint64_t seed; /* set by main, read by the tests */

/* Good keys whose times overlap and end at different times, some before NOW. */
static void
make_universe(struct key keys[UNIVERSE], uint64_t *rng)
{
    for (uint16_t i = 0; i < UNIVERSE; i++) {
        struct key key = key_of((uint16_t)rng_next(rng), 0);
        struct key_material fresh = material_of(rng);

        key.secret = fresh.secret;
        memcpy(key.name + 2, fresh.name, sizeof key.name - 2);
        key.made_ms = NOW_MS - 5000 + rng_below(rng, 10000);
        key.seal_from = NOW_S - 50 + rng_below(rng, 50) / 10 * 10; /* ties are wanted */
        key.seal_until = key.seal_from + 1 + rng_below(rng, 100);
        key.open_until = key.seal_until + rng_below(rng, 100);
        key.flags = rng_below(rng, 4) == 0 ? KEY_EMERGENCY : 0;
        key.maker = rng_below(rng, 3);
        keys[i] = key;
    }
}

/* Let one random event happen; true if it was as it should. */
static bool
happen(struct keyset *set, const struct key keys[UNIVERSE], uint64_t *rng, uint64_t now_ms)
{
    const struct key *key = &keys[rng_below(rng, UNIVERSE)];
    uint64_t until = rng_below(rng, 3) == 0 ? NOW_S + rng_below(rng, 200) : key->open_until;

    switch (rng_below(rng, 8)) {
    case 0: return keyset_confirm(set, key->name, until, now_ms, NULL) != KEYSET_REFUSED;
    case 1: return keyset_revoke_name(set, key->name, until, now_ms, NULL) != KEYSET_REFUSED;
    case 2:
        return rng_below(rng, 4) > 0 ||
               keyset_revoke_mark(set, key->made_ms, until, now_ms, NULL) != KEYSET_REFUSED;
    default: return keyset_add(set, key, now_ms, NULL) != KEYSET_REFUSED;
    }
}

static bool
happen_often(struct keyset *set, const struct key keys[UNIVERSE], uint64_t *rng, uint64_t now_ms)
{
    bool good = true;

    for (uint64_t n = rng_below(rng, 30); n > 0; n--)
        good &= happen(set, keys, rng, now_ms);
    return good;
}

/* set = a + b */
static bool
unite(struct keyset *set, const struct keyset *a, const struct keyset *b, uint64_t now_ms)
{
    return keyset_merge(set, a, now_ms, NULL) != KEYSET_REFUSED &&
           keyset_merge(set, b, now_ms, NULL) != KEYSET_REFUSED;
}

static bool
same(const struct keyset *a, const struct keyset *b)
{
    struct dump x = dump_of(a), y = dump_of(b);

    return dump_equal(&x, &y);
}

/* R-KEYSET-1: also where parts have ended between the events and the merge. */
static void
test_merge_is_a_union(void **state)
{
    uint64_t rng = seed;

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct key keys[UNIVERSE];
        uint64_t later_ms = NOW_MS + rng_below(&rng, 3) * rng_below(&rng, 60000);
        KEYSET(a);
        KEYSET(b);
        KEYSET(c);
        KEYSET(ab);
        KEYSET(ba);
        KEYSET(bc);
        KEYSET(ab_c);
        KEYSET(a_bc);

        make_universe(keys, &rng);
        assert_true(happen_often(&a, keys, &rng, NOW_MS));
        assert_true(happen_often(&b, keys, &rng, NOW_MS));
        assert_true(happen_often(&c, keys, &rng, NOW_MS));
        assert_true(unite(&ab, &a, &b, later_ms) && unite(&ba, &b, &a, later_ms));
        assert_true(same(&ab, &ba));
        assert_true(unite(&bc, &b, &c, later_ms));
        assert_true(unite(&ab_c, &ab, &c, later_ms) && unite(&a_bc, &a, &bc, later_ms));
        assert_true(same(&ab_c, &a_bc));
        assert_int_equal(keyset_merge(&ab_c, &a_bc, later_ms, NULL), KEYSET_SAME);
        assert_int_equal(keyset_merge(&ab_c, &b, later_ms, NULL), KEYSET_SAME);
        assert_int_equal(keyset_merge(&ab_c, &ab_c, later_ms, NULL), KEYSET_SAME);
        assert_true(same(&ab_c, &a_bc));
    }
}

/* The same content by another way: each event again, in random order, from nothing. */
static bool
replay(struct keyset *set, const struct keyset *from, uint64_t *rng, uint64_t now_ms)
{
    size_t keys = from->key_count, confirmations = from->confirmation_count;
    size_t revocations = from->revocation_count;
    size_t total = keys + confirmations + revocations + 1, start, step = 1;

    if (total > 1) /* 101 is prime and above `total`, so each index is met */
        step = 1 + rng_below(rng, 100);
    start = rng_below(rng, 101);
    for (size_t n = 0; n < 101; n++) {
        size_t i = (start + n * step) % 101;
        enum keyset_change change = KEYSET_SAME;

        if (i < keys)
            change = keyset_add(set, &from->keys[i], now_ms, NULL);
        else if (i < keys + confirmations)
            change = keyset_confirm(set, from->confirmations[i - keys].name,
                                    from->confirmations[i - keys].until, now_ms, NULL);
        else if (i < total - 1)
            change =
                keyset_revoke_name(set, from->revocations[i - keys - confirmations].name,
                                   from->revocations[i - keys - confirmations].until, now_ms, NULL);
        else if (i == total - 1)
            change = keyset_revoke_mark(set, from->mark.made_ms, from->mark.until, now_ms, NULL);
        if (change == KEYSET_REFUSED)
            return false;
    }
    return true;
}

/* R-KEYSET-4: however the content came together, the choice is the same; and so it is after a way
 * over the wire. */
static void
test_same_content_same_sealing_key(void **state)
{
    const struct policy policy = policy_of(40, 10, 100);
    uint64_t rng = seed + 1;

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct key keys[UNIVERSE];
        KEYSET(a);
        KEYSET(b);
        KEYSET(c);
        SECRET_BUF(bytes);

        make_universe(keys, &rng);
        assert_true(happen_often(&a, keys, &rng, NOW_MS));
        (void)keyset_expire(&a, NOW_MS); /* whether anything was over does not matter */
        assert_true(replay(&b, &a, &rng, NOW_MS));
        assert_true(encode_keyset(&bytes, &a, NULL));
        assert_true(decode_keyset(&c, bytes.bytes, bytes.len, NOW_MS, NULL));
        for (uint64_t t = NOW_S; t < NOW_S + 120; t += 7) {
            const struct key *x = keyset_sealing(&a, &policy, 1, t);
            const struct key *y = keyset_sealing(&b, &policy, 2, t);
            const struct key *z = keyset_sealing(&c, &policy, 3, t);

            assert_true((x == NULL) == (y == NULL) && (x == NULL) == (z == NULL));
            assert_true(x == NULL || (key_same(x, y) && key_same(x, z)));
        }
    }
}

/* R-KEYSET-5, R-KEYSET-6: damaged in one random way, a key is refused and nothing changes. */
static void
test_bad_keys_change_nothing(void **state)
{
    uint64_t rng = seed + 2;

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct key keys[UNIVERSE], bad;
        struct dump before, after;
        KEYSET(set);

        make_universe(keys, &rng);
        for (unsigned i = 1; i < UNIVERSE; i++) /* the first one stays unknown */
            assert_int_not_equal(keyset_add(&set, &keys[i], NOW_MS, NULL), KEYSET_REFUSED);
        assert_true(set.key_count > 0);
        bad = keys[0];
        bad.open_until = NOW_S + 1000;
        switch (rng_below(&rng, 8)) {
        case 0: memset(bad.secret.bytes + rng_below(&rng, 16), 0, 16); break;
        case 1: memcpy(bad.secret.bytes + 16, bad.secret.bytes, 16); break;
        case 2: bad.secret = set.keys[rng_below(&rng, set.key_count)].secret; break;
        case 3: bad.made_ms = NOW_MS + KEY_SKEW_MS + 1 + rng_below(&rng, 1U << 30); break;
        case 4: bad.seal_until = bad.seal_from - rng_below(&rng, 9); break;
        case 5: bad.seal_until = bad.open_until + 1 + rng_below(&rng, 9); break;
        case 6: bad.open_until += KEY_TIME_MAX; break;
        default: memcpy(bad.name, set.keys[rng_below(&rng, set.key_count)].name, 16); break;
        }
        before = dump_of(&set);
        assert_int_equal(keyset_add(&set, &bad, NOW_MS, NULL), KEYSET_REFUSED);
        assert_int_equal(keyset_revoke_mark(&set, NOW_MS + KEY_SKEW_MS + 1 + rng_below(&rng, 9999),
                                            NOW_S + 100, NOW_MS, NULL),
                         KEYSET_REFUSED);
        after = dump_of(&set);
        assert_true(dump_equal(&before, &after));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge_is_a_union),
        cmocka_unit_test(test_same_content_same_sealing_key),
        cmocka_unit_test(test_bad_keys_change_nothing),
    };

    seed = rng_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
