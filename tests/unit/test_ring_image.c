/* Slots behave as a table of names, a change is whole or none, both halves are equal at rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "image_support.h"

static void
test_lengths(void **state)
{
    (void)state;
    for (uint32_t capacity = RING_CAPACITY_MIN; capacity <= RING_CAPACITY_MAX; capacity += 997) {
        uint32_t room = image_capacity(image_len(capacity));

        assert_in_range(room, capacity, RING_CAPACITY_MAX);
        assert_int_equal(image_len(room), image_len(capacity));
        assert_int_equal(image_capacity(image_len(capacity) + 1), 0);
    }
    assert_int_equal(image_capacity(0), 0);
    assert_int_equal(image_len(16), 4096 + 2 * (20480 + 32 * 128));
    assert_int_equal(image_len(65536), 4096 + 2 * (20480 + 131072 * 128));
}

struct model {
    struct image_slot slots[SMALL];
    size_t count;
};

/* NULL if the image holds exactly what the model does, in both halves. */
static const char *
differs(const struct image *image, const struct model *model)
{
    bool other;

    if (!halves_are_equal(image))
        return "the halves differ";
    if (atomic_load(&image_current(image)->head->count) != model->count)
        return "the count is wrong";
    for (size_t i = 0; i < model->count; i++) {
        IMAGE_SLOT(slot);

        if (!image_find(image, &slot, &other, model->slots[i].name, RING_S))
            return "a slot is lost";
        if (memcmp(&slot, &model->slots[i], sizeof slot) != 0)
            return "a slot has changed";
    }
    return NULL;
}

/* Names crowd in few buckets, the last one among them, so that probes meet and go round the end. */
static void
test_table_of_names(void **state)
{
    void *memory;
    struct image image = make_image(&memory, SMALL);
    uint64_t rng = rng_seed();
    struct model model = {.count = 0};
    const uint32_t homes[] = {30, 31, 31, 0, 1, 5, 5, 5};

    (void)state;
    assert_non_null(memory);
    for (int round = 0; round < 3000; round++) {
        size_t chosen = rng_below(&rng, SMALL + 4);

        if (chosen < model.count) {
            struct image_slot gone = model.slots[chosen], slot;
            bool other;

            assert_true(change_drop(&image, gone.name));
            model.slots[chosen] = model.slots[--model.count];
            assert_false(image_find(&image, &slot, &other, gone.name, RING_S));
            /* R-RING-4: in neither half */
            assert_int_equal(memory_count(memory, image_len(SMALL), gone.secret.bytes, 8), 0);
        } else {
            struct image_slot slot = slot_at_home(&image, &rng, homes[rng_below(&rng, 8)]);

            assert_int_equal(change_put(&image, &slot), model.count < SMALL);
            if (model.count < SMALL)
                model.slots[model.count++] = slot;
        }
        assert_null(differs(&image, &model));
    }
    free(memory);
}

static void
test_replace(void **state)
{
    void *memory;
    struct image image = make_image(&memory, SMALL);
    struct model model = {.count = 1};
    struct image_slot slot = slot_of(1, RING_S), old = slot;

    (void)state;
    assert_true(change_put(&image, &slot));
    slot.secret = slot_of(2, RING_S).secret;
    slot.seal_until = RING_REVOKED;
    assert_true(change_put(&image, &slot));
    model.slots[0] = slot;
    assert_null(differs(&image, &model));
    assert_int_equal(memory_count(memory, image_len(SMALL), old.secret.bytes, 8), 0);
    free(memory);
}

static void
test_failed_change_is_none(void **state)
{
    void *memory, *before = malloc(image_len(SMALL));
    struct image image = make_image(&memory, SMALL);
    struct image_slot slots[2] = {slot_of(1, RING_S), slot_of(2, RING_S)};
    struct change change = {.puts = &slots[1], .put_count = 1, .fail = true};

    (void)state;
    assert_non_null(before);
    assert_true(change_put(&image, &slots[0]));
    memcpy(before, memory, image_len(SMALL));
    assert_false(image_change(&image, change_fill, &change));
    assert_memory_equal(memory, before, image_len(SMALL));
    free(before);
    free(memory);
}

/* Names that all begin at one bucket find no place once a lookup would need too many steps. */
static void
test_probes_end(void **state)
{
    void *memory;
    struct image image = make_image(&memory, 1024);
    uint64_t rng = 1;
    struct image_slot slot;
    bool other;

    (void)state;
    assert_non_null(memory);
    for (uint32_t i = 0; i < RING_PROBES; i++) {
        slot = slot_at_home(&image, &rng, 2000);
        assert_true(change_put(&image, &slot));
        assert_true(image_find(&image, &slot, &other, slot.name, RING_S));
    }
    slot = slot_at_home(&image, &rng, 2000);
    assert_false(change_put(&image, &slot));
    assert_true(halves_are_equal(&image));
    assert_false(image_find(&image, &slot, &other, slot.name, RING_S));
    free(memory);
}

/* The first entry whose time it is, and only what may seal; names of no slot are left out. */
static void
test_seals(void **state)
{
    void *memory;
    struct image image = make_image(&memory, SMALL);
    struct image_slot slots[3] = {slot_of(1, 100), slot_of(2, 200), slot_of(3, 100)}, out;
    struct image_state want = {.seal_count = 4}, got;
    struct change change = {.puts = slots, .put_count = 3, .state = &want};
    bool other = false;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        const size_t order[] = {1, 0, 0, 2};

        want.seals[i].from = slots[order[i]].seal_from;
        want.seals[i].until = slots[order[i]].seal_until;
        memcpy(want.seals[i].name, slots[order[i]].name, 16);
    }
    want.seals[2].name[5] ^= 1; /* of no slot */
    slots[0].seal_until = 150;  /* not what its entry says */
    assert_true(image_change(&image, change_fill, &change));
    image_get(image_current(&image), &got);
    assert_int_equal(got.seal_count, 3);
    assert_false(image_sealing(&image, &out, 99));
    assert_true(image_sealing(&image, &out, 100));
    assert_memory_equal(out.name, slots[0].name, 16);
    assert_true(image_sealing(&image, &out, 150)); /* the entry is not believed over the slot */
    assert_memory_equal(out.name, slots[2].name, 16);
    assert_true(image_sealing(&image, &out, 200));
    assert_memory_equal(&out, &slots[1], sizeof out);
    assert_false(image_sealing(&image, &out, 3800));
    assert_true(image_find(&image, &out, &other, slots[1].name, 200));
    assert_false(other);
    assert_true(image_find(&image, &out, &other, slots[2].name, 200));
    assert_true(other);
    assert_true(image_find(&image, &out, &other, slots[2].name, 3800));
    assert_false(other);
    free(memory);
}

static void
test_state_comes_back(void **state)
{
    void *memory;
    struct image image = make_image(&memory, SMALL);
    struct image_state want = {.written_at = 1,
                               .unix_offset_ms = 2,
                               .rotate_s = 3,
                               .lifetime_s = 4,
                               .patience_s = 5,
                               .max_session_s = 6,
                               .each = 1,
                               .mark_made_ms = 8,
                               .mark_until = 9,
                               .newest_ms = 10,
                               .revocation_count = RING_REVOCATIONS};
    struct image_state got, none = {0};
    struct image_summary summary;
    struct change change = {.state = &want};

    (void)state;
    for (size_t i = 0; i < RING_REVOCATIONS; i++) {
        memset(want.revocations[i].name, (int)i, 16);
        want.revocations[i].until = i;
    }
    assert_true(image_change(&image, change_fill, &change));
    image_get(image_current(&image), &got);
    assert_memory_equal(&got, &want, sizeof got);
    assert_true(image_summarize(&image, &summary));
    assert_true(summary.generation == 1 && summary.written_at == 1 && summary.rotate_s == 3);
    assert_true(summary.lifetime_s == 4 && summary.max_session_s == 6);
    assert_int_equal(summary.count | summary.seal_count, 0);
    change.state = &none;
    assert_true(image_change(&image, change_fill, &change));
    image_get(image_current(&image), &got);
    assert_memory_equal(&got, &none, sizeof got);
    assert_true(halves_are_equal(&image));
    free(memory);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths),          cmocka_unit_test(test_table_of_names),
        cmocka_unit_test(test_replace),          cmocka_unit_test(test_failed_change_is_none),
        cmocka_unit_test(test_probes_end),       cmocka_unit_test(test_seals),
        cmocka_unit_test(test_state_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
