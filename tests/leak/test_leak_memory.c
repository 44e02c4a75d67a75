/* Each path of libstek that touches a secret leaves no copy of it on the stack or on the heap, but
 * where it belongs: in the keyset's array of keys. The whole process is searched.
 *
 * That a lost wipe is seen was tried: without the wipe in items_free() test_add, test_merge and
 * test_forget fail; without that in secret_buf_free() test_coding does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stek/stek.h>

#include "../ctime/plain_hmac.h"
#include "keys/encode.h"
#include "needle.h"
#include "ring_support.h"
#include "source/source.h"

#define OTHERS 40 /* more keys, so that arrays grow */

struct work {
    uint64_t seed;
    struct needle needle;  /* of the key that the work is done with */
    struct needle derived; /* of what was derived from it */
    struct keyset set;
    struct scratch scratch;
    struct stek_ring *ring;
};

/* The key that is searched for: no copy of its secret is in the program. */
static void
the_key(struct key *key, const struct work *work)
{
    uint64_t rng = work->seed;

    *key = key_of(1, 0);
    rng_fill(&rng, key->secret.bytes, sizeof key->secret.bytes);
}

static bool
prepare(void *arg)
{
    struct work *work = arg;
    KEY(key);

    the_key(&key, work);
    work->needle = needle_of(key.secret.bytes);
    return true;
}

static bool
add(void *arg)
{
    struct work *work = arg;
    KEY(key);

    the_key(&key, work);
    if (keyset_add(&work->set, &key, NOW_MS, NULL) != KEYSET_CHANGED)
        return false;
    for (uint16_t i = 0; i < OTHERS; i++) {
        struct key other = key_of((uint16_t)(2 + i), 3600);

        if (keyset_add(&work->set, &other, NOW_MS, NULL) != KEYSET_CHANGED)
            return false;
    }
    return true;
}

static bool
add_in_vain(void *arg)
{
    struct work *work = arg;
    KEY(twin);

    the_key(&twin, work);
    twin.name[5] ^= 1;
    return keyset_add(&work->set, &twin, NOW_MS, NULL) == KEYSET_REFUSED;
}

static bool
merge(void *arg)
{
    struct work *work = arg;
    KEYSET(into);
    KEYSET(copy);

    if (keyset_merge(&into, &work->set, NOW_MS, NULL) != KEYSET_CHANGED)
        return false;
    return keyset_merge(&into, &work->set, NOW_MS, NULL) == KEYSET_SAME &&
           keyset_copy(&copy, &into);
}

static bool
expire(void *arg)
{
    struct work *work = arg;

    return keyset_expire(&work->set, NOW_MS + (3600 + 43200) * 1000) && work->set.key_count > 0;
}

static bool
revoke_it(void *arg)
{
    struct work *work = arg;

    return keyset_revoke(&work->set, key_of(1, 0).name, true, NOW_MS, NULL) == KEYSET_CHANGED;
}

static bool
code(void *arg)
{
    struct work *work = arg;
    bool good = true;
    KEYSET(back);
    SECRET_BUF(bytes);

    if (!encode_keyset(&bytes, &work->set, NULL) ||
        !decode_keyset(&back, bytes.bytes, bytes.len, NOW_MS, NULL))
        return false;
    for (size_t len = 0; len < bytes.len; len += 50) {
        KEYSET(refused);

        good = good && !decode_keyset(&refused, bytes.bytes, len, NOW_MS, NULL);
    }
    return good && secret_buf_reserve(&bytes, 2 * bytes.cap);
}

static bool
write_ring(void *arg)
{
    struct work *work = arg;
    struct ring_writer writer;
    KEYSET(back);
    bool done = ring_writer_open(&writer, work->scratch.ring, 64, NO_GROUP, NULL) &&
                ring_store(&writer, &work->set, 0) &&
                ring_writer_load(&writer, &back, NOW_MS, NULL) && back.key_count > OTHERS;

    ring_writer_close(&writer);
    return done;
}

static bool
read_ring(void *arg)
{
    struct work *work = arg;
    int renew;
    STEK_KEY(key);
    STEK_KEY(again);

    return stek_ring_open(&work->ring, work->scratch.ring) == STEK_OK &&
           stek_ring_sealing_key(work->ring, &key, RING_S) == STEK_OK &&
           stek_ring_opening_key(work->ring, &again, &renew, key.name, RING_S) == STEK_OK &&
           stek_ring_opening_key(work->ring, &again, &renew, key.name, RING_S + 99999) ==
               STEK_NO_KEY;
}

static bool
derive(void *arg)
{
    struct work *work = arg;
    SECRET(out);
    STEK_KEY(key);

    if (stek_ring_sealing_key(work->ring, &key, RING_S) != STEK_OK ||
        stek_key_derive(&key, out.bytes, "product", "use", NULL, plain_hmac) != STEK_OK)
        return false;
    work->derived = needle_of(out.bytes);
    return true;
}

static bool
make(void *arg)
{
    struct work *work = arg;
    struct key_material fresh = {0};
    bool done = source_random.get(&fresh, NULL);

    work->needle = needle_of(fresh.secret.bytes);
    secret_wipe(&fresh.secret);
    return done;
}

static bool
forget(void *arg)
{
    struct work *work = arg;

    keyset_free(&work->set);
    return true;
}

static bool
leave_on_the_heap(void *arg)
{
    volatile uint8_t *block = malloc(200);
    KEY(key);

    the_key(&key, arg);
    if (block == NULL)
        return false;
    for (size_t i = 0; i < sizeof key.secret.bytes; i++)
        block[100 + i] = key.secret.bytes[i];
    free((void *)(uintptr_t)block);
    return true;
}

static bool
leave_on_the_stack(void *arg)
{
    volatile uint8_t copy[SECRET_LEN];
    KEY(key);

    the_key(&key, arg);
    for (size_t i = 0; i < sizeof copy; i++)
        copy[i] = key.secret.bytes[i];
    return copy[0] == key.secret.bytes[0];
}

/* What is where it may be. */
static size_t
in_keyset(const struct work *work)
{
    return needle_in(&work->needle, work->set.keys, work->set.key_cap * sizeof(struct key));
}

static int
setup(void **state)
{
    static struct work work; /* cmocka hands a pointer on */

    work = (struct work){.seed = rng_seed()};
    *state = &work;
    return scratch_open(&work.scratch) && needle_deep(prepare, &work) ? 0 : -1;
}

static int
teardown(void **state)
{
    struct work *work = *state;

    stek_ring_close(&work->ring);
    keyset_free(&work->set);
    scratch_close(&work->scratch);
    return 0;
}

/* The search finds a block that was freed, and what stood on the stack. */
static void
test_search(void **state)
{
    struct work *work = *state;

    assert_int_equal(needle_everywhere(&work->needle), 0);
    assert_true(needle_deep(leave_on_the_heap, work));
    assert_in_range(needle_everywhere(&work->needle), NEEDLE_RUNS, 1000);
    assert_true(needle_deep(prepare, work));
}

static void
test_search_stack(void **state)
{
    struct work *work = *state;

    work->seed ^= 77; /* another one: the heap still holds the last */
    assert_true(needle_deep(prepare, work));
    assert_int_equal(needle_everywhere(&work->needle), 0);
    assert_true(needle_deep(leave_on_the_stack, work));
    assert_in_range(needle_everywhere(&work->needle), NEEDLE_RUNS, 1000);
}

/* Below: what was left on purpose above is of other seeds. */
static void
fresh_seed(struct work *work)
{
    static uint64_t count; /* a secret of its own for each case */

    work->seed ^= ++count << 32;
    (void)needle_deep(prepare, work); /* always true */
}

static void
test_add(void **state)
{
    struct work *work = *state;

    fresh_seed(work);
    assert_true(needle_deep(add, work));
    assert_int_equal(in_keyset(work), NEEDLE_RUNS);
    assert_int_equal(needle_everywhere(&work->needle), NEEDLE_RUNS);
    assert_true(needle_deep(add_in_vain, work));
    assert_int_equal(needle_everywhere(&work->needle), NEEDLE_RUNS);
}

static void
test_merge(void **state)
{
    struct work *work = *state;

    fresh_seed(work);
    assert_true(needle_deep(add, work));
    assert_true(needle_deep(merge, work));
    assert_int_equal(in_keyset(work), NEEDLE_RUNS);
    assert_int_equal(needle_everywhere(&work->needle), NEEDLE_RUNS);
}

static void
test_expire(void **state)
{
    struct work *work = *state;

    fresh_seed(work);
    assert_true(needle_deep(add, work));
    assert_true(needle_deep(expire, work));
    assert_int_equal(needle_everywhere(&work->needle), 0);
}

static void
test_revoke(void **state)
{
    struct work *work = *state;

    fresh_seed(work);
    assert_true(needle_deep(add, work));
    assert_true(needle_deep(revoke_it, work));
    assert_int_equal(needle_everywhere(&work->needle), 0);
}

static void
test_forget(void **state)
{
    struct work *work = *state;

    fresh_seed(work);
    assert_true(needle_deep(add, work));
    assert_true(needle_deep(forget, work));
    assert_int_equal(needle_everywhere(&work->needle), 0);
}

static void
test_coding(void **state)
{
    struct work *work = *state;

    fresh_seed(work);
    assert_true(needle_deep(add, work));
    assert_true(needle_deep(code, work));
    assert_int_equal(in_keyset(work), NEEDLE_RUNS);
    assert_int_equal(needle_everywhere(&work->needle), NEEDLE_RUNS);
}

/* Store, load and close; then what a server does with the ring: read keys, derive. */
static void
test_ring(void **state)
{
    struct work *work = *state;

    fresh_seed(work);
    assert_true(needle_deep(add, work));
    assert_true(needle_deep(write_ring, work));
    assert_true(needle_deep(write_ring, work)); /* on what is there */
    assert_int_equal(needle_everywhere(&work->needle), NEEDLE_RUNS);
    assert_true(needle_deep(forget, work));
    assert_int_equal(needle_everywhere(&work->needle), 0);
    assert_true(needle_deep(read_ring, work));
    assert_int_equal(needle_everywhere(&work->needle), 0);
    assert_true(needle_deep(derive, work));
    assert_int_equal(needle_everywhere(&work->needle), 0);
    assert_int_equal(needle_everywhere(&work->derived), 0);
}

static void
test_source(void **state)
{
    struct work *work = *state;

    assert_true(needle_deep(make, work));
    assert_int_equal(needle_everywhere(&work->needle), 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_search), CASE(test_search_stack), CASE(test_add),    CASE(test_merge),
        CASE(test_expire), CASE(test_revoke),       CASE(test_forget), CASE(test_coding),
        CASE(test_ring),   CASE(test_source),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
