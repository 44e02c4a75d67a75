/* Which keys are fit for use: no weak material (prior-art P1), no times that no policy makes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memcheck.h"
#include "keys_support.h"

/* True if it is refused, with an error that names `word`. */
static bool
is_refused(const struct key *key, const char *word)
{
    struct err err = {{0}};

    return !key_check(key, &err) && strstr(err.text, word) != NULL && !key_check(key, NULL);
}

static void
test_good(void **state)
{
    struct key key = key_of(1, 0);

    (void)state;
    assert_true(key_check(&key, NULL));
    key.flags = KEY_EMERGENCY | KEY_EACH | KEY_CONFIRMED;
    assert_true(key_check(&key, NULL));
    key.open_until = key.seal_until;
    assert_true(key_check(&key, NULL));
    key.maker = UINT64_MAX;
    assert_true(key_check(&key, NULL));
}

/* R-KEYSET-5, prior-art P1: zero, short, repeated, patterned, counted. */
static void
test_weak_material(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 6; kind++) {
        struct key weak = key_of(1, 0);
        uint8_t *at = weak.secret.bytes;

        for (unsigned i = 0; i < SECRET_LEN; i++) {
            switch (kind) {
            case 0: at[i] = 0; break;
            case 1: at[i] = 0xff; break;
            case 2: at[i] = i < 24 ? at[i] : 0; break;
            case 3: at[i] = i >= 8 ? at[i] : 0; break;
            case 4: at[i] = at[i % 16]; break;
            default: at[i] = (uint8_t)(3 * i + 7); break;
            }
        }
        assert_true(is_refused(&weak, "secret"));
        weak = key_of(1, 0);
        for (unsigned i = 0; i < KEY_NAME_LEN; i++) {
            switch (kind) {
            case 0: weak.name[i] = 0; break;
            case 1: weak.name[i] = 'k'; break;
            case 2: weak.name[i] = i < 8 ? weak.name[i] : 0; break;
            case 3: weak.name[i] = i >= 8 ? weak.name[i] : 0; break;
            case 4: weak.name[i] = weak.name[i % 4]; break;
            default: weak.name[i] = (uint8_t)i; break;
            }
        }
        assert_true(is_refused(&weak, "name"));
    }
}

static void
test_flags(void **state)
{
    struct key key = key_of(1, 0);

    (void)state;
    for (unsigned bit = 4; bit < 32; bit++) {
        key.flags = (uint32_t)1 << bit;
        assert_true(is_refused(&key, "flag"));
    }
    key = key_of(1, 0);
    secret_wipe(&key.secret);
    MEM_DEFINE(&key.secret, sizeof key.secret);
    assert_true(is_refused(&key, "secret"));
    key.flags = KEY_REVOKED; /* a wiped name */
    assert_true(key_check(&key, NULL));
}

static void
test_times(void **state)
{
    struct key key;

    (void)state;
    key = key_of(1, 0);
    key.seal_until = key.seal_from;
    assert_true(is_refused(&key, "order"));
    key = key_of(1, 0);
    key.open_until = key.seal_until - 1;
    assert_true(is_refused(&key, "order"));
    key = key_of(1, 0);
    key.made_ms = KEY_TIME_MAX + 1;
    assert_true(is_refused(&key, "world"));
    key = key_of(1, 0);
    key.open_until = UINT64_MAX;
    assert_true(is_refused(&key, "world"));
    key = key_of(1, 0);
    key.seal_from = UINT64_MAX;
    assert_true(is_refused(&key, "order"));
}

static void
test_longest_times(void **state)
{
    const uint64_t rotate = POLICY_ROTATE_MAX_S;
    struct key key = key_of(1, 0);

    (void)state;
    key.seal_from = NOW_S + 2 * rotate;
    key.seal_until = key.seal_from + 2 * rotate;
    key.open_until = key.seal_until + POLICY_LIFETIME_MAX_S;
    assert_true(key_check(&key, NULL));
    key.open_until++;
    assert_true(is_refused(&key, "opens"));
    key.seal_until++;
    assert_true(is_refused(&key, "seals for"));
    key.seal_from++;
    assert_true(is_refused(&key, "made"));
}

static void
test_same(void **state)
{
    struct key a = key_of(1, 0), b = a;

    (void)state;
    assert_true(key_same(&a, &b));
    b.flags |= KEY_CONFIRMED;
    assert_true(key_same(&a, &b));
    for (unsigned field = 0; field < 8; field++) {
        b = a;
        switch (field) {
        case 0: b.name[15] ^= 1; break;
        case 1: b.secret.bytes[31] ^= 1; break;
        case 2: b.made_ms++; break;
        case 3: b.seal_from++; break;
        case 4: b.seal_until++; break;
        case 5: b.open_until++; break;
        case 6: b.maker++; break;
        default: b.flags ^= KEY_EMERGENCY; break;
        }
        assert_false(key_same(&a, &b));
        assert_int_equal(key_same_public(&a, &b), field == 1);
    }
}

static void
test_wipe(void **state)
{
    struct key key = key_of(1, 0), empty;

    (void)state;
    memset(&empty, 0, sizeof empty);
    key_wipe(&key);
    MEM_DEFINE(&key, sizeof key);
    assert_memory_equal(&key, &empty, sizeof key);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),          cmocka_unit_test(test_weak_material),
        cmocka_unit_test(test_flags),         cmocka_unit_test(test_times),
        cmocka_unit_test(test_longest_times), cmocka_unit_test(test_same),
        cmocka_unit_test(test_wipe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
