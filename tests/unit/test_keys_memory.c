/* With no memory left, whichever the allocation, nothing changes, nothing leaks and an error says
 * so. Linked with --wrap=calloc, through which all of libstek's memory comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "keys/encode.h"
#include "keys_support.h"

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

static size_t calls_left = SIZE_MAX; /* of calloc that succeed; a wrapper has no argument for it */

void *
__wrap_calloc(size_t count, size_t size)
{
    if (calls_left == 0)
        return NULL;
    calls_left--;
    return __real_calloc(count, size);
}

/* A keyset whose arrays are all full, so that one more item of each kind takes memory. */
static bool
fill(struct keyset *set)
{
    bool good = true;

    for (uint16_t i = 1; i <= 16; i++) {
        struct key key = key_of(i, 0), gone = key_of((uint16_t)(i + 100), 0);

        good &= keyset_add(set, &key, NOW_MS, NULL) == KEYSET_CHANGED;
        good &= keyset_confirm(set, key.name, key.open_until, NOW_MS, NULL) == KEYSET_CHANGED;
        good &= keyset_revoke_name(set, gone.name, NOW_S + 9, NOW_MS, NULL) == KEYSET_CHANGED;
    }
    return good;
}

/* One more of each kind; `merge` takes in what an empty keyset got. */
static enum keyset_change
one_more(struct keyset *set, unsigned kind, struct err *err)
{
    struct key key = key_of(50, 0), known = key_of(1, 0);

    switch (kind) {
    case 0: return keyset_add(set, &key, NOW_MS, err);
    case 1: return keyset_confirm(set, key.name, key.open_until, NOW_MS, err);
    case 2: return keyset_revoke_name(set, key.name, key.open_until, NOW_MS, err);
    case 3: return keyset_revoke(set, known.name, false, NOW_MS, err);
    default: key.flags = KEY_REVOKED; return keyset_add(set, &key, NOW_MS, err);
    }
}

static void
test_events(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 5; kind++) {
        enum keyset_change change = KEYSET_REFUSED;
        struct dump before, after;
        KEYSET(set);

        assert_true(fill(&set));
        before = dump_of(&set);
        for (size_t n = 0; change == KEYSET_REFUSED && n < 20; n++) {
            struct err err = {{0}};

            calls_left = n;
            change = one_more(&set, kind, &err);
            calls_left = SIZE_MAX;
            if (change == KEYSET_REFUSED) {
                after = dump_of(&set);
                assert_true(dump_equal(&before, &after));
                assert_non_null(strstr(err.text, "no memory"));
            }
            assert_true(n > 0 || change == KEYSET_REFUSED);
        }
        assert_int_equal(change, KEYSET_CHANGED);
    }
}

/* A merge that ran out of memory is made whole by the next one. */
static void
test_merge(void **state)
{
    struct dump whole, merged;
    KEYSET(from);

    (void)state;
    assert_true(fill(&from));
    whole = dump_of(&from);
    for (size_t n = 0; n < 3; n++) {
        struct err err = {{0}};
        KEYSET(set);

        calls_left = n;
        (void)keyset_merge(&set, &from, NOW_MS, &err); /* some parts may be in */
        calls_left = SIZE_MAX;
        assert_non_null(strstr(err.text, "no memory"));
        assert_int_equal(keyset_merge(&set, &from, NOW_MS, NULL), KEYSET_CHANGED);
        merged = dump_of(&set);
        assert_true(dump_equal(&whole, &merged));
    }
}

/* Many keys come in all or, without memory, not at all: none is left between two places. */
static void
test_many(void **state)
{
    static struct key keys[80];
    enum keyset_change change = KEYSET_REFUSED;
    struct dump before, after;
    size_t n;
    KEYSET(set);

    (void)state;
    assert_true(fill(&set));
    before = dump_of(&set);
    for (uint16_t i = 0; i < 80; i++)
        keys[i] = key_of((uint16_t)(i + 200), 0);
    for (n = 0; change == KEYSET_REFUSED && n < 20; n++) {
        struct err err = {{0}};

        calls_left = n;
        change = keyset_add_all(&set, keys, 80, NOW_MS, &err);
        calls_left = SIZE_MAX;
        if (change == KEYSET_REFUSED) {
            after = dump_of(&set);
            assert_true(dump_equal(&before, &after));
            assert_non_null(strstr(err.text, "no memory"));
        }
    }
    assert_true(n > 4); /* two lists, the marks, and the keys' array */
    assert_int_equal(change, KEYSET_CHANGED);
    assert_int_equal(set.key_count, 96);
}

static void
test_copy_and_coding(void **state)
{
    unsigned done = 0;
    KEYSET(set);

    (void)state;
    assert_true(fill(&set));
    for (size_t n = 0; n < 10; n++) {
        bool copied, coded, decoded = false;
        KEYSET(copy);
        KEYSET(again);
        SECRET_BUF(bytes);

        calls_left = n;
        copied = keyset_copy(&copy, &set);
        calls_left = n;
        coded = encode_keyset(&bytes, &set, NULL);
        calls_left = n;
        if (coded)
            decoded = decode_keyset(&again, bytes.bytes, bytes.len, NOW_MS, NULL);
        calls_left = SIZE_MAX;
        assert_int_equal(copied, n >= 3); /* three arrays */
        assert_int_equal(coded, n >= 1);
        assert_true(copied || copy.keys == NULL);
        assert_true(coded || bytes.bytes == NULL);
        assert_true(decoded || again.keys == NULL);
        done += decoded;
    }
    assert_true(done > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_copy_and_coding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
