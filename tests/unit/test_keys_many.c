/* Many keys at once come in as they would one by one, and without a look at each pair of secrets.
 * Linked with --wrap=secret_equal, which then counts these looks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memcheck.h"
#include "keys/distinct.h"
#include "keys_support.h"

#define MARKS 300U

bool __real_secret_equal(const void *a, const void *b, size_t len);
bool __wrap_secret_equal(const void *a, const void *b, size_t len);

static size_t looks; /* a wrapper has no argument for it */

bool
__wrap_secret_equal(const void *a, const void *b, size_t len)
{
    looks++;
    return __real_secret_equal(a, b, len);
}

static bool
is_sorted(const uint64_t *marks, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (marks[i - 1] > marks[i])
            return false;
    return true;
}

/* Of each count, with no two alike and then with two: the first and the last bit tell them apart.
 * The marks are unknown in a memcheck build: nothing may depend on them but the answer. */
static void
test_distinct_marks(void **state)
{
    uint64_t rng = rng_seed(), marks[MARKS];

    (void)state;
    for (size_t count = 0; count <= MARKS; count++) {
        for (int twice = 0; twice <= 1; twice++) {
            size_t one = count > 1 ? rng_below(&rng, count) : 0;
            size_t other = count > 1 ? (one + 1 + rng_below(&rng, count - 1)) % count : 0;
            bool distinct;

            for (size_t i = 0; i < count; i++)
                marks[i] = rng_next(&rng);
            if (count > 1)
                marks[one] = marks[other] ^ (twice ? 0 : (uint64_t)1 << (rng_below(&rng, 2) * 63));
            MEM_UNDEFINE(marks, sizeof marks);
            distinct = distinct_marks(marks, count);
            MEM_DEFINE(marks, sizeof marks);
            assert_int_equal(distinct, count < 2 || !twice);
            assert_true(is_sorted(marks, count));
        }
    }
}

/* A key out of few names and few secrets, often with something wrong with it. */
static struct key
random_key(uint64_t *rng, uint64_t names, uint64_t secrets)
{
    struct key key = key_of((uint16_t)rng_below(rng, names), 60 * (int64_t)rng_below(rng, 3));

    key.secret = key_of((uint16_t)rng_below(rng, secrets), 0).secret;
    switch (rng_below(rng, 30)) {
    case 0: memset(key.secret.bytes, 7, SECRET_LEN); break;
    case 1: key.made_ms = NOW_MS + KEY_SKEW_MS + 1; break;
    case 2: key.open_until = NOW_S; break;
    case 3: key.flags = KEY_REVOKED; break;
    case 4: key.flags = KEY_CONFIRMED; break;
    case 5: key.made_ms = NOW_MS - 5000; break;
    default: break;
    }
    return key;
}

static void
random_set(struct keyset *set, uint64_t *rng)
{
    for (uint64_t i = rng_below(rng, 40); i > 0; i--) {
        struct key key = random_key(rng, 300, 60000);
        uint8_t name[KEY_NAME_LEN];

        (void)keyset_add(set, &key, NOW_MS, NULL); /* some are refused */
        memcpy(name, key_of((uint16_t)rng_below(rng, 300), 0).name, sizeof name);
        (void)keyset_confirm(set, name, NOW_S + 10, NOW_MS, NULL);
        if (rng_below(rng, 4) == 0)
            (void)keyset_revoke_name(set, name, NOW_S + 10, NOW_MS, NULL);
    }
    if (rng_below(rng, 3) == 0)
        (void)keyset_revoke_mark(set, NOW_MS - 5000, NOW_S + 10, NOW_MS, NULL);
}

/* R-KEYSET-5, for many at once: whatever is weak, ahead, over, revoked or there twice. */
static void
test_as_one_by_one(void **state)
{
    static struct key keys[100];
    uint64_t rng = rng_seed();

    (void)state;
    for (int round = 0; round < 600; round++) {
        size_t count = 60 + rng_below(&rng, 40);
        uint64_t secrets = round % 3 == 0 ? 500 : 60000; /* some alike; most likely none */
        bool changed = false, refused = false;
        enum keyset_change change;
        struct dump want, got;
        struct err err = {{0}};
        KEYSET(one);
        KEYSET(all);

        random_set(&one, &rng);
        assert_true(keyset_copy(&all, &one));
        for (size_t i = 0; i < count; i++) {
            keys[i] = random_key(&rng, 300, secrets);
            change = keyset_add(&one, &keys[i], NOW_MS, NULL);
            changed |= change == KEYSET_CHANGED;
            refused |= change == KEYSET_REFUSED;
        }
        change = keyset_add_all(&all, keys, count, NOW_MS, &err);
        assert_int_equal(change, changed ? KEYSET_CHANGED : refused ? KEYSET_REFUSED : KEYSET_SAME);
        assert_int_equal(err.text[0] != '\0', refused);
        want = dump_of(&one);
        got = dump_of(&all);
        assert_true(dump_equal(&want, &got));
    }
}

/* The number of looks at two secrets grows no faster than that of keys, in an empty set, in one
 * that has keys, and where all are known. */
static void
test_not_each_pair(void **state)
{
    static struct key keys[3000];
    KEYSET(set);

    (void)state;
    for (uint16_t i = 0; i < 3000; i++) {
        keys[i] = key_of((uint16_t)(i * 7919U), 0); /* in no order */
        MEM_UNDEFINE(&keys[i].secret, sizeof keys[i].secret);
    }
    looks = 0;
    assert_int_equal(keyset_add_all(&set, keys, 1000, NOW_MS, NULL), KEYSET_CHANGED);
    assert_int_equal(keyset_add_all(&set, keys + 500, 2500, NOW_MS, NULL), KEYSET_CHANGED);
    assert_int_equal(keyset_add_all(&set, keys, 3000, NOW_MS, NULL), KEYSET_SAME);
    assert_in_range(looks, 0, 3500);
    assert_int_equal(set.key_count, 3000);
    for (size_t i = 1; i < set.key_count; i++)
        assert_true(memcmp(set.keys[i - 1].name, set.keys[i].name, KEY_NAME_LEN) < 0);
}

/* R-KEYSET-5: a full keyset takes no more, and says so. */
static void
test_full(void **state)
{
    struct key *keys = calloc(KEYSET_KEYS_MAX + 100, sizeof *keys);
    struct err err = {{0}};
    uint64_t rng = 42;
    KEYSET(set);

    (void)state;
    assert_non_null(keys);
    for (size_t i = 0; i < KEYSET_KEYS_MAX + 100; i++) {
        keys[i] = key_of(1, 0);
        rng_fill(&rng, keys[i].name, sizeof keys[i].name);
        rng_fill(&rng, keys[i].secret.bytes, sizeof keys[i].secret.bytes);
    }
    assert_int_equal(keyset_add_all(&set, keys, KEYSET_KEYS_MAX + 100, NOW_MS, &err),
                     KEYSET_CHANGED);
    assert_int_equal(set.key_count, KEYSET_KEYS_MAX);
    assert_non_null(strstr(err.text, "full"));
    free(keys);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distinct_marks),
        cmocka_unit_test(test_as_one_by_one),
        cmocka_unit_test(test_not_each_pair),
        cmocka_unit_test(test_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
