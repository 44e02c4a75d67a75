/* R-KEYSET-7: a key that was learnt late is held back in the ring, too, so it takes over in time
 * also without stekd; and a new writer knows until when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ring/words.h"
#include "ring_support.h"

/* The id of the key that readers seal with, so long after NOW; 0: none. */
static unsigned
sealing(const struct ring_writer *writer, uint64_t after_s)
{
    IMAGE_SLOT(slot);

    return image_sealing(&writer->image, &slot, RING_S + after_s)
               ? (unsigned)slot.name[0] << 8 | slot.name[1]
               : 0;
}

static bool
add(struct keyset *set, uint16_t id, int64_t from, bool is_confirmed)
{
    struct key key = key_of(id, from);

    key.made_ms = NOW_MS - 9000000;
    return keyset_add(set, &key, NOW_MS, NULL) == KEYSET_CHANGED &&
           (!is_confirmed ||
            keyset_confirm(set, key.name, key.open_until, NOW_MS, NULL) == KEYSET_CHANGED);
}

/* Key 1 seals; 2 and 3, which begin after it, were learnt now, the one of them confirmed. */
static bool
learn(struct keyset *set, const struct policy *policy)
{
    KEYSET(was);

    if (!add(set, 1, -3000, true) || !keyset_copy(&was, set) || !add(set, 2, -1000, true) ||
        !add(set, 3, -1500, false))
        return false;
    keyset_hold(set, &was, policy, 0, NOW_S);
    return true;
}

static void
test_held(void **state)
{
    struct policy policy = policy_of(3600, 900, 43200);
    struct scratch scratch;
    struct ring_writer writer;

    (void)state;
    assert_true(scratch_open(&scratch));
    for (uint64_t step_s = 0; step_s < 200; step_s += 100) { /* of the wall clock meanwhile */
        struct ring_time now = ring_time_at(10);
        uint64_t generation;
        KEYSET(set);
        KEYSET(back);

        now.unix_ms += step_s * 1000;
        assert_true(ring_writer_open(&writer, scratch.ring, RING_CAPACITY_MIN, NO_GROUP, NULL));
        assert_true(learn(&set, &policy));
        assert_true(ring_writer_store(&writer, &set, &policy, 0, ring_time_at(0), NULL));
        assert_int_equal(sealing(&writer, 0), 1);
        assert_int_equal(sealing(&writer, 29), 1);
        assert_int_equal(sealing(&writer, 30), 2);
        ring_writer_close(&writer);
        assert_true(ring_writer_open(&writer, scratch.ring, RING_CAPACITY_MIN, NO_GROUP, NULL));
        assert_true(ring_writer_load(&writer, &back, NOW_MS, NULL));
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(back.keys[i].held_until, i == 0 ? 0 : NOW_S + 30);
        keyset_shift(&back, (int64_t)step_s);
        generation = word_load(&writer.image.header->flip);
        assert_true(ring_writer_store(&writer, &back, &policy, 0, now, NULL));
        assert_true(step_s > 0 || word_load(&writer.image.header->flip) == generation);
        assert_int_equal(sealing(&writer, 29), 1);
        assert_int_equal(sealing(&writer, 30), 2);
        ring_writer_close(&writer);
    }
    scratch_close(&scratch);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
