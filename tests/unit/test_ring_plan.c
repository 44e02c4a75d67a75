/* What a ring is to hold: at every second to come, and just before, its readers choose the key that
 * the keyset would, no key lives longer by the change of clocks, and a ring too small gives up what
 * is cheapest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "image_support.h"
#include "ring/plan.h"

#define SPAN_S 400U /* keys of the tests live around NOW_S */

static struct ring_writer
writer_in(void *memory, uint32_t capacity)
{
    struct ring_writer writer = {.file.fd = -1, .is_new = true};

    image_format(&writer.image, memory, capacity, this_boot);
    return writer;
}

/* Keys whose times and kinds are all mixed up; some revoked, some confirmed. */
static void
random_keyset(struct keyset *set, uint64_t *rng, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct key key = key_of((uint16_t)rng_next(rng), 0);

        key.made_ms = NOW_MS - 100000;
        key.seal_from = NOW_S - 100 + rng_below(rng, 250);
        key.seal_until = key.seal_from + 1 + rng_below(rng, 100);
        key.open_until = key.seal_until + rng_below(rng, 100);
        key.maker = rng_below(rng, 3);
        if (rng_below(rng, 4) == 0)
            key.flags |= KEY_EMERGENCY;
        if (rng_below(rng, 6) == 0)
            key.flags |= KEY_EACH;
        (void)keyset_add(set, &key, NOW_MS, NULL); /* those that are over are not wanted */
        if (rng_below(rng, 2) == 0)
            (void)keyset_confirm(set, key.name, key.open_until, NOW_MS, NULL);
        if (rng_below(rng, 8) == 0)
            (void)keyset_revoke_name(set, key.name, key.open_until, NOW_MS, NULL);
    }
}

/* The first second from `now` on at which readers of the ring would choose another key than the
 * keyset; 0: none. `shift_s` is Unix minus ring time. */
static uint64_t
first_difference(const struct image *image, const struct keyset *set, const struct policy *policy,
                 uint64_t maker, uint64_t now, uint64_t shift_s)
{
    for (; now < NOW_S + SPAN_S; now++) {
        const struct key *want = keyset_sealing(set, policy, maker, now);
        IMAGE_SLOT(slot);
        bool found = image_sealing(image, &slot, now - shift_s);

        if (found != (want != NULL) ||
            (found && (memcmp(slot.name, want->name, 16) != 0 ||
                       memcmp(&slot.secret, &want->secret, sizeof slot.secret) != 0)))
            return now;
    }
    return 0;
}

/* R-RING-3, R-RING-7: whatever the keyset, at every second to come, with no more writes, and in the
 * seconds before this one. */
static void
test_readers_choose_as_keysets(void **state)
{
    uint64_t rng = rng_seed(), sealing = 0;
    void *memory = memory_of(image_len(64));

    (void)state;
    for (int round = 0; round < 400; round++) {
        struct ring_writer writer = writer_in(memory, 64);
        struct policy policy = policy_of(60, rng_below(&rng, 30), 100);
        uint64_t maker = rng_below(&rng, 3), off = rng_below(&rng, 3000);
        struct ring_time now = {.boot_ms = RING_S * 1000 + rng_below(&rng, 1000)};
        KEYSET(set);

        policy.each = rng_below(&rng, 3) == 0;
        now.unix_ms = now.boot_ms + (NOW_S - RING_S) * 1000 - off;
        random_keyset(&set, &rng, rng_below(&rng, 30));
        assert_true(ring_writer_store(&writer, &set, &policy, maker, now, NULL));
        assert_int_equal(first_difference(&writer.image, &set, &policy, maker,
                                          NOW_S - off / 1000 - PLAN_BEHIND_S,
                                          NOW_S - RING_S - off / 1000),
                         0);
        sealing += keyset_sealing(&set, &policy, maker, NOW_S) != NULL;
    }
    assert_in_range(sealing, 50, 399); /* the test saw both */
    free(memory);
}

static bool
seals_at(const struct ring_writer *writer, uint64_t after_s, const struct key *key)
{
    IMAGE_SLOT(slot);

    return image_sealing(&writer->image, &slot, RING_S + after_s) &&
           memcmp(slot.name, key->name, sizeof slot.name) == 0;
}

/* R-RING-7: the clock was read just before the turn, the ring just after it was written; but a key
 * that is revoked in that moment seals no more, and none is kept for longer. */
static void
test_readers_that_are_behind(void **state)
{
    void *memory = memory_of(image_len(16));
    struct ring_writer writer = writer_in(memory, 16);
    struct policy policy = policy_of(3600, 900, 43200);
    struct image_state there;
    KEYSET(set);

    (void)state;
    assert_true(ring_keys(&set, 2)); /* names in the order of their turns */
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(
            keyset_confirm(&set, set.keys[i].name, set.keys[i].open_until, NOW_MS, NULL),
            KEYSET_CHANGED);
    assert_true(ring_writer_store(&writer, &set, &policy, 0, ring_time_at(3600), NULL));
    assert_true(seals_at(&writer, 3600, &set.keys[1]));
    assert_true(seals_at(&writer, 3599, &set.keys[0]));
    assert_true(seals_at(&writer, 3600 - PLAN_BEHIND_S, &set.keys[0]));
    assert_true(
        ring_writer_store(&writer, &set, &policy, 0, ring_time_at(3600 + PLAN_BEHIND_S), NULL));
    image_get(image_current(&writer.image), &there);
    assert_int_equal(there.seal_count, 1);
    assert_true(ring_writer_store(&writer, &set, &policy, 0, ring_time_at(3600), NULL));
    assert_true(seals_at(&writer, 3599, &set.keys[0]));
    assert_int_equal(
        keyset_revoke_name(&set, set.keys[0].name, set.keys[0].open_until, NOW_MS, NULL),
        KEYSET_CHANGED);
    assert_true(ring_writer_store(&writer, &set, &policy, 0, ring_time_at(3600), NULL));
    assert_false(seals_at(&writer, 3599, &set.keys[0]));
    assert_true(seals_at(&writer, 3600, &set.keys[1]));
    free(memory);
}

/* More keys than the list holds, each of which will seal: those whose turn comes first are in. */
static void
test_more_seals_than_fit(void **state)
{
    void *memory = memory_of(image_len(64));
    struct ring_writer writer = writer_in(memory, 64);
    struct policy policy = policy_of(60, 0, 100);
    uint64_t end = NOW_S + 5 * RING_SEALS;
    KEYSET(set);

    (void)state;
    for (uint16_t i = 0; i < 60; i++) {
        struct key key = key_of((uint16_t)(1000 - i), 5 * i);

        key.seal_until = key.seal_from + 50;
        assert_int_equal(keyset_add(&set, &key, NOW_MS, NULL), KEYSET_CHANGED);
    }
    assert_true(ring_writer_store(&writer, &set, &policy, 0, ring_time_at(0), NULL));
    assert_in_range(first_difference(&writer.image, &set, &policy, 0, NOW_S, NOW_S - RING_S), end,
                    end);
    /* and the rest gets its turn, as long as there is a writer */
    assert_true(ring_writer_store(&writer, &set, &policy, 0, ring_time_at(5 * 20), NULL));
    for (uint64_t now = 5 * 20; now < 5 * 52; now++) {
        const struct key *want = keyset_sealing(&set, &policy, 0, NOW_S + now);
        struct image_slot slot;

        assert_true(image_sealing(&writer.image, &slot, RING_S + now));
        assert_memory_equal(slot.name, want->name, 16);
    }
    free(memory);
}

/* At each millisecond: what the ring lets open, Unix time lets open; it ends up to 1 s early. */
static void
test_no_key_lives_longer(void **state)
{
    uint64_t rng = rng_seed();

    (void)state;
    for (int round = 0; round < 20000; round++) {
        uint64_t boot_ms = rng_below(&rng, 10000), off = NOW_MS + rng_below(&rng, 3000);
        uint64_t until = (off + boot_ms) / 1000 - 3 + rng_below(&rng, 7);
        bool opens = boot_ms / 1000 < plan_ring_s(off, until);

        if (off + boot_ms >= until * 1000)
            assert_false(opens);
        else if (off + boot_ms + 1000 <= until * 1000)
            assert_true(opens);
    }
}

/* A clock that stands before the boot, and times at the ends of the scale, do not overflow. */
static void
test_odd_clocks(void **state)
{
    (void)state;
    assert_int_equal(plan_ring_s(0, 5), 5);
    assert_int_equal(plan_ring_s(1, 5), 4);
    assert_int_equal(plan_ring_s(1000, 5), 4);
    assert_int_equal(plan_ring_s(6000, 5), 0);
    assert_int_equal(plan_ring_s(5001, 5), 0);
    assert_int_equal(plan_ring_s((uint64_t)-1000, 5), 6);
    assert_int_equal(plan_ring_s((uint64_t)-1999, 5), 6);
    assert_int_equal(plan_ring_s((uint64_t)-1000, UINT64_MAX), UINT64_MAX);
    assert_int_equal(plan_ring_s(0x8000000000000000U, 5), 5 + 0x8000000000000000U / 1000);
    assert_int_equal(plan_ring_s(0x7fffffffffffffffU, 5), 0);
}

static void
test_offset_is_steady(void **state)
{
    (void)state;
    assert_int_equal(plan_offset_ms(10000, 10000), 10000);
    assert_int_equal(plan_offset_ms(10000, 9001), 10000);
    assert_int_equal(plan_offset_ms(10000, 8001), 10000); /* keys end a second early */
    assert_int_equal(plan_offset_ms(10000, 8000), 8000);
    assert_int_equal(plan_offset_ms(10000, 10001), 10001); /* they would live longer */
    assert_int_equal(plan_offset_ms(9500, 10000), 9500);
    assert_int_equal(plan_offset_ms((uint64_t)-500, 0), (uint64_t)-500);
    assert_int_equal(plan_offset_ms(0x8000000000000000U, 10000), 10000);
    assert_int_equal(plan_offset_ms(0x7fffffffffffffffU, (uint64_t)-10000), (uint64_t)-10000);
}

/* A ring too small: names of revoked keys go first, then foreign keys that end soonest. */
static void
test_too_small(void **state)
{
    void *memory = memory_of(image_len(16));
    struct ring_writer writer = writer_in(memory, 16);
    struct policy policy = policy_of(3600, 0, 43200);
    struct err err = {0};
    struct image_slot slot;
    bool other;
    KEYSET(set);

    (void)state;
    for (uint16_t i = 0; i < 30; i++) { /* of maker 7: 0, 3, 6, ...; revoked: 0, 1 */
        struct key key = key_of(i, 60 * i);

        key.maker = i % 3 == 0 ? 7 : 8;
        assert_int_equal(keyset_add(&set, &key, NOW_MS, NULL), KEYSET_CHANGED);
        if (i < 2)
            assert_int_equal(keyset_revoke_name(&set, key.name, key.open_until, NOW_MS, NULL),
                             KEYSET_CHANGED);
    }
    assert_true(ring_writer_store(&writer, &set, &policy, 7, ring_time_at(0), &err));
    assert_non_null(strstr(err.text, "16 keys"));
    for (size_t i = 0; i < set.key_count; i++) { /* 9 of our own, so 7 foreign ones: the last */
        bool wanted = (i % 3 == 0 && i >= 2) || (i % 3 != 0 && i >= 20);

        assert_int_equal(image_find(&writer.image, &slot, &other, set.keys[i].name, RING_S),
                         wanted);
    }
    err = (struct err){0};
    assert_true(ring_writer_store(&writer, &set, &policy, 7, ring_time_at(0), &err));
    assert_non_null(strstr(err.text, "16 keys")); /* as long as it is so */
    free(memory);
}

/* What is said of a ring too small is true: nothing where only names of revoked keys are left out,
 * whose tickets then are unknown ones. */
static void
test_too_small_is_told(void **state)
{
    static const struct {
        uint16_t own, foreign, revoked;
        const char *says, *not ;
    } cases[] = {{9, 7, 5, "", "xyz"},
                 {9, 8, 5, "those of other hosts that end soonest", "xyz"},
                 {17, 0, 0, "those that end soonest", "other hosts"},
                 {17, 1, 1, "those that end soonest", "other hosts"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        void *memory = memory_of(image_len(16));
        struct ring_writer writer = writer_in(memory, 16);
        struct policy policy = policy_of(3600, 0, 43200);
        uint16_t own = cases[i].own, live = (uint16_t)(own + cases[i].foreign);
        struct err err = {0};
        KEYSET(set);

        for (uint16_t id = 0; id < live + cases[i].revoked; id++) {
            struct key key = key_of(id, 0);

            key.maker = id < own ? 7 : 8;
            key.flags = id < live ? 0 : KEY_REVOKED;
            assert_int_equal(keyset_add(&set, &key, NOW_MS, NULL), KEYSET_CHANGED);
        }
        assert_true(ring_writer_store(&writer, &set, &policy, 7, ring_time_at(0), &err));
        print_message("# %s\n", err.text);
        assert_int_equal(err.text[0] == '\0', cases[i].says[0] == '\0');
        assert_non_null(strstr(err.text, cases[i].says));
        assert_null(strstr(err.text, cases[i].not ));
        free(memory);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_readers_choose_as_keysets),
        cmocka_unit_test(test_readers_that_are_behind),
        cmocka_unit_test(test_more_seals_than_fit),
        cmocka_unit_test(test_no_key_lives_longer),
        cmocka_unit_test(test_odd_clocks),
        cmocka_unit_test(test_offset_is_steady),
        cmocka_unit_test(test_too_small),
        cmocka_unit_test(test_too_small_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
