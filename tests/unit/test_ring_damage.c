/* An image takes only what is a ring of its length, and stands what is not: headers of any kind,
 * halves left behind by a writer that died, and bytes scribbled over it while it is in use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "image_support.h"

static void
test_open(void **state)
{
    size_t len = image_len(SMALL);
    void *memory = memory_of(len);
    struct image image, again;

    (void)state;
    assert_non_null(memory);
    assert_int_equal(image_open(&image, memory, len, this_boot), IMAGE_EMPTY);
    image_format(&image, memory, SMALL, this_boot);
    assert_int_equal(image_open(&again, memory, len, this_boot), IMAGE_OK);
    assert_memory_equal(&again, &image, sizeof image);
    assert_int_equal(image_open(&again, memory, len, other_boot), IMAGE_OLD_BOOT);
    atomic_store(&image.header->version, (uint64_t)RING_MAJOR << 32 | (RING_MINOR + 7));
    assert_int_equal(image_open(&again, memory, len, this_boot), IMAGE_OK);
    atomic_store(&image.header->magic, 0); /* comes last where one is made */
    assert_int_equal(image_open(&again, memory, len, this_boot), IMAGE_EMPTY);
    free(memory);
}

/* R-RING-5: a header that is not exactly that of a ring of this length is refused; the memory is as
 * short as it says, so that a sanitizer sees any step beyond it. */
static void
test_foreign(void **state)
{
    static const struct {
        size_t word;
        uint64_t value;
    } damage[] = {
        {0, 1},
        {0, 0x737465},
        {1, (uint64_t)2 << 32},
        {1, 0},
        {2, 0},
        {2, UINT64_MAX},
        {5, 0},
        {5, 15},
        {5, 17},
        {5, 65536},
        {5, UINT32_MAX},
        {5, UINT64_MAX},
        {5, (uint64_t)1 << 32 | 16},
        {6, 0},
        {6, 33},
        {6, 64},
        {6, UINT64_MAX},
        {7, 0},
        {7, UINT64_MAX},
        {8, 0},
        {8, 1 << 20},
    };
    static const size_t lengths[] = {0, 1, 8, 4095, 4096, 4097, 8192, 28672, 53247, 53249, 57344};
    struct image image;

    (void)state;
    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        void *memory;
        struct image made = make_image(&memory, SMALL);

        assert_non_null(memory);
        atomic_store((ring_word *)made.header + damage[i].word, damage[i].value);
        assert_int_equal(image_open(&image, memory, image_len(SMALL), this_boot), IMAGE_FOREIGN);
        free(memory);
    }
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        void *memory, *cut = memory_of(lengths[i]);
        struct image made = make_image(&memory, SMALL);

        assert_non_null(cut);
        memcpy(cut, made.header, lengths[i] < image_len(SMALL) ? lengths[i] : image_len(SMALL));
        assert_int_equal(image_open(&image, cut, lengths[i], this_boot), IMAGE_FOREIGN);
        free(cut);
        free(memory);
    }
    assert_int_equal(image_open(&image, NULL, 0, this_boot), IMAGE_FOREIGN);
}

/* R-RING-5: a header that contradicts itself nowhere, whose halves would end beyond the file. */
static void
test_larger_than_file(void **state)
{
    size_t len = image_len(SMALL);
    void *memory;
    struct image image = make_image(&memory, SMALL);

    (void)state;
    assert_non_null(memory);
    for (uint32_t capacity = 2 * SMALL; capacity <= RING_CAPACITY_MAX; capacity *= 2) {
        atomic_store(&image.header->capacity, capacity);
        atomic_store(&image.header->buckets, 2 * capacity);
        assert_int_equal(image_open(&image, memory, len, this_boot), IMAGE_FOREIGN);
        atomic_store(&image.header->half_len, (image_len(capacity) - RING_HEADER_LEN) / 2);
        atomic_store(&image.header->file_len, image_len(capacity));
        assert_int_equal(image_open(&image, memory, len, this_boot), IMAGE_FOREIGN);
        atomic_store(&image.header->half_len, (len - RING_HEADER_LEN) / 2);
        atomic_store(&image.header->file_len, len);
    }
    free(memory);
}

/* R-RING-1: whatever the idle half is like, the next writer makes it what the other one is. */
static void
test_repair_idle_half(void **state)
{
    void *memory;
    struct image image = make_image(&memory, SMALL);
    struct image_slot slot = slot_of(1, RING_S), out;
    bool other;

    (void)state;
    assert_true(change_put(&image, &slot));
    memset(image.half[0].head, 0xa5, half_len(&image)); /* flip is 1 */
    assert_true(image_repair(&image));
    assert_true(halves_are_equal(&image));
    assert_true(image_find(&image, &out, &other, slot.name, RING_S));
    assert_memory_equal(&out, &slot, sizeof slot);
    free(memory);
}

/* Slots that no lookup finds would never be wiped: the repair finds them a place. */
static void
test_repair_lost_slots(void **state)
{
    void *memory;
    struct image image = make_image(&memory, SMALL);
    uint64_t rng = 1;
    struct image_slot slots[3], out;
    bool other;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        slots[i] = slot_at_home(&image, &rng, 7);
        assert_true(change_put(&image, &slots[i]));
    }
    memset(&image.half[1].slots[7], 0, sizeof *image.half[1].slots);       /* flip is 3 */
    memcpy(&image.half[1].slots[20], &slots[2], sizeof(struct ring_slot)); /* twice there */
    atomic_store(&image.half[1].head->count, 60000);
    atomic_store(&image.half[1].head->rotate_s, 42);
    assert_false(image_repair(&image));
    assert_true(halves_are_equal(&image));
    assert_int_equal(atomic_load(&image_current(&image)->head->count), 2);
    assert_int_equal(atomic_load(&image_current(&image)->head->rotate_s), 42);
    assert_false(image_find(&image, &out, &other, slots[0].name, RING_S));
    assert_true(image_find(&image, &out, &other, slots[1].name, RING_S));
    assert_true(image_find(&image, &out, &other, slots[2].name, RING_S));
    assert_true(change_drop(&image, slots[2].name));
    assert_int_equal(memory_count(memory, image_len(SMALL), slots[2].secret.bytes, 8), 0);
    assert_true(image_repair(&image));
    free(memory);
}

static void
test_clear(void **state)
{
    void *memory;
    struct image image = make_image(&memory, SMALL);
    struct image_slot slot = slot_of(1, RING_S), out;
    bool other;

    (void)state;
    assert_true(change_put(&image, &slot));
    image_clear(&image, other_boot);
    assert_false(image_find(&image, &out, &other, slot.name, RING_S));
    assert_int_equal(memory_count(memory, image_len(SMALL), slot.secret.bytes, 8), 0);
    assert_int_equal(image_open(&image, memory, image_len(SMALL), other_boot), IMAGE_OK);
    assert_true(halves_are_equal(&image));
    free(memory);
}

/* R-RING-5: whatever is scribbled over a ring that is in use, header and all, readers stay within
 * it, come to an end, and give no key that is nameless or over. */
static void
test_scribbled(void **state)
{
    void *memory;
    struct image image = make_image(&memory, SMALL);
    uint64_t rng = rng_seed();
    size_t words = image_len(SMALL) / 8;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        struct image_slot slot = slot_of(rng_below(&rng, 40), RING_S), out;
        struct image_summary rest;
        bool other;

        if (round % 64 == 0)
            (void)change_put(&image, &slot);
        for (uint64_t count = rng_below(&rng, 20); count > 0; count--)
            ((uint64_t *)memory)[rng_below(&rng, words)] = rng_next(&rng) >> rng_below(&rng, 64);
        if (image_find(&image, &out, &other, slot.name, RING_S))
            assert_memory_equal(out.name, slot.name, 16);
        if (image_sealing(&image, &out, RING_S))
            assert_true(out.seal_from <= RING_S && RING_S < out.seal_until &&
                        RING_S < out.open_until && out.seal_until != RING_REVOKED);
        if (image_summarize(&image, &rest))
            assert_true(rest.seal_count <= RING_SEALS && rest.count <= SMALL);
    }
    free(memory);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_foreign),
        cmocka_unit_test(test_larger_than_file),
        cmocka_unit_test(test_repair_idle_half),
        cmocka_unit_test(test_repair_lost_slots),
        cmocka_unit_test(test_clear),
        cmocka_unit_test(test_scribbled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
