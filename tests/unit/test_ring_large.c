/* A ring of very many keys is stored and loaded without a look at each pair of keys, and without a
 * second look at any. Linked with --wrap=secret_equal, which counts looks at secrets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "image_support.h"

#define KEYS 20000U

bool __real_secret_equal(const void *a, const void *b, size_t len);
bool __wrap_secret_equal(const void *a, const void *b, size_t len);

static size_t looks; /* a wrapper has no argument for it */

bool
__wrap_secret_equal(const void *a, const void *b, size_t len)
{
    looks++;
    return __real_secret_equal(a, b, len);
}

/* Each third one confirmed, each hundredth one of this host. */
static bool
make_keys(struct keyset *set)
{
    struct key *keys = calloc(KEYS, sizeof *keys);
    bool done = keys != NULL;

    for (uint16_t i = 0; i < KEYS && done; i++) {
        keys[i] = key_of(i, i % 7200 - 3600);
        keys[i].maker = i % 100 != 0;
    }
    done = done && keyset_add_all(set, keys, KEYS, NOW_MS, NULL) == KEYSET_CHANGED;
    for (size_t i = 0; i < set->key_count && done; i += 3)
        done = keyset_confirm(set, set->keys[i].name, set->keys[i].open_until, NOW_MS, NULL) ==
               KEYSET_CHANGED;
    free(keys);
    return done && set->key_count == KEYS;
}

static bool
are_same(const struct keyset *a, const struct keyset *b)
{
    if (a->key_count != b->key_count || a->confirmation_count != b->confirmation_count)
        return false;
    for (size_t i = 0; i < a->key_count; i++)
        if (!key_same(&a->keys[i], &b->keys[i]) || a->keys[i].flags != b->keys[i].flags)
            return false;
    return memcmp(a->confirmations, b->confirmations,
                  a->confirmation_count * sizeof *a->confirmations) == 0;
}

/* R-RING-2 */
static void
test_large(void **state)
{
    struct scratch scratch;
    struct ring_writer writer;
    struct err err = {{0}};
    uint64_t flips;
    KEYSET(set);
    KEYSET(back);

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_true(make_keys(&set));
    assert_true(ring_writer_open(&writer, scratch.ring, KEYS, NO_GROUP, NULL));
    looks = 0;
    assert_true(ring_store(&writer, &set, 0));
    assert_in_range(looks, 0, KEYS); /* nothing to compare with is there */
    looks = 0;
    flips = atomic_load(&writer.image.header->flip);
    assert_true(ring_store(&writer, &set, 0)); /* the same */
    assert_in_range(looks, 0, KEYS + 10);
    assert_int_equal(atomic_load(&writer.image.header->flip), flips);
    looks = 0;
    assert_int_equal(keyset_revoke_name(&set, set.keys[5].name, NOW_S + 9999999, NOW_MS, NULL),
                     KEYSET_CHANGED);
    assert_true(ring_store(&writer, &set, 0)); /* one differs */
    assert_in_range(looks, 0, KEYS + 10);
    looks = 0;
    assert_true(ring_writer_load(&writer, &back, NOW_MS, &err));
    assert_in_range(looks, 0, KEYS);
    assert_string_equal(err.text, "");
    assert_true(are_same(&set, &back));
    assert_true(halves_are_equal(&writer.image));
    ring_writer_close(&writer);
    scratch_close(&scratch);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_large)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
