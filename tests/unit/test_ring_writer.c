/* One writer at a time keeps a ring's file: what it holds comes back after a restart, what is over
 * is wiped, nothing is written without need, and what is not a ring is refused and left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "image_support.h"
#include "ring/plan.h"

static bool
open_ring(struct ring_writer *writer, const struct scratch *scratch)
{
    return ring_writer_open(writer, scratch->ring, SMALL, NO_GROUP, NULL);
}

static uint64_t
flips(const struct ring_writer *writer)
{
    return atomic_load(&writer->image.header->flip);
}

/* R-RING-6: the second writer is told what to do; when the first one ends it is let in. */
static void
test_one_writer(void **state)
{
    struct scratch scratch;
    struct ring_writer first, second;
    struct err err = {0};

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_true(open_ring(&first, &scratch));
    assert_true(first.is_new);
    assert_false(ring_writer_open(&second, scratch.ring, SMALL, NO_GROUP, &err));
    assert_non_null(strstr(err.text, "another stekd writes this ring"));
    ring_writer_close(&first);
    assert_true(open_ring(&second, &scratch));
    assert_true(second.is_new); /* nothing was stored */
    ring_writer_close(&second);
    scratch_close(&scratch);
}

static int
hold_and_die(void *arg)
{
    struct ring_writer writer;

    if (open_ring(&writer, arg))
        (void)kill(getpid(), SIGKILL);
    return 1;
}

/* R-RING-6: a writer that was killed does not stand in the way. */
static void
test_killed_writer_unlocks(void **state)
{
    struct scratch scratch;
    struct ring_writer writer;

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_int_equal(child_run(hold_and_die, &scratch, 0), 100 + SIGKILL);
    assert_true(open_ring(&writer, &scratch));
    ring_writer_close(&writer);
    scratch_close(&scratch);
}

/* Keysets are the same: keys, flags, secrets, revocations, mark. */
static bool
are_same(const struct keyset *a, const struct keyset *b)
{
    if (a->key_count != b->key_count || a->revocation_count != b->revocation_count ||
        a->confirmation_count != b->confirmation_count || a->newest_ms != b->newest_ms ||
        memcmp(&a->mark, &b->mark, sizeof a->mark) != 0)
        return false;
    for (size_t i = 0; i < a->key_count; i++)
        if (!key_same(&a->keys[i], &b->keys[i]) || a->keys[i].flags != b->keys[i].flags)
            return false;
    for (size_t i = 0; i < a->revocation_count; i++)
        if (memcmp(&a->revocations[i], &b->revocations[i], sizeof *a->revocations) != 0)
            return false;
    return true;
}

/* R-RING-2: after a restart the writer has the keyset again, and goes on in the same file. */
static void
test_keyset_comes_back(void **state)
{
    struct scratch scratch;
    struct ring_writer writer;
    struct err err = {.text = "as it was"};
    KEYSET(set);
    KEYSET(back);

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_true(open_ring(&writer, &scratch));
    assert_true(ring_keys(&set, 8));
    set.keys[3].flags |= KEY_EMERGENCY;
    set.keys[4].flags |= KEY_EACH;
    set.keys[4].maker = UINT64_MAX;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(
            keyset_confirm(&set, set.keys[i].name, set.keys[i].open_until, NOW_MS, NULL),
            KEYSET_CHANGED);
    assert_int_equal(
        keyset_revoke_name(&set, set.keys[1].name, set.keys[1].open_until, NOW_MS, NULL),
        KEYSET_CHANGED);
    assert_int_equal(keyset_revoke_mark(&set, NOW_MS - 5, NOW_S + 60, NOW_MS, NULL),
                     KEYSET_CHANGED);
    set.newest_ms = NOW_MS + 5;
    assert_true(ring_store(&writer, &set, 0));
    assert_int_equal(ring_writer_offset_ms(&writer), (NOW_S - RING_S) * 1000);
    ring_writer_close(&writer);
    assert_true(open_ring(&writer, &scratch));
    assert_false(writer.is_new);
    assert_true(ring_writer_load(&writer, &back, NOW_MS, &err));
    assert_string_equal(err.text, "as it was");
    assert_true(are_same(&back, &set));
    ring_writer_close(&writer);
    scratch_close(&scratch);
}

static void
test_no_write_without_need(void **state)
{
    struct scratch scratch;
    struct ring_writer writer;
    struct policy policy = ring_policy();
    struct ring_time now = ring_time_at(0);
    uint64_t before;
    KEYSET(set);

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_true(open_ring(&writer, &scratch));
    assert_true(ring_keys(&set, 4));
    assert_true(ring_store(&writer, &set, 0));
    before = flips(&writer);
    assert_true(ring_store(&writer, &set, 0));
    assert_true(ring_store(&writer, &set, 1800));
    now.unix_ms -= 700; /* clocks drift */
    assert_true(ring_writer_store(&writer, &set, &policy, 0, now, NULL));
    assert_int_equal(flips(&writer), before);
    assert_true(ring_store(&writer, &set, 3600)); /* readers know whose turn it is */
    assert_int_equal(flips(&writer), before);
    assert_true(ring_store(&writer, &set, 3600 + PLAN_BEHIND_S)); /* the first key's is long over */
    assert_int_equal(flips(&writer), before + 1);
    policy.lifetime_s++;
    assert_true(ring_writer_store(&writer, &set, &policy, 0, ring_time_at(3605), NULL));
    assert_int_equal(flips(&writer), before + 2);
    now.unix_ms += 3600000; /* a clock that was set */
    assert_true(ring_writer_store(&writer, &set, &policy, 0, now, NULL));
    assert_int_equal(flips(&writer), before + 3);
    ring_writer_close(&writer);
    scratch_close(&scratch);
}

static size_t
count_in(const struct ring_writer *writer, const struct secret *secret)
{
    return memory_count(writer->file.map.base, writer->file.map.len, secret->bytes, 8);
}

/* R-RING-4: revoked keys are wiped and their names remembered; what is over leaves nothing. */
static void
test_wiped(void **state)
{
    struct scratch scratch;
    struct ring_writer writer;
    struct image_slot slot;
    struct secret secrets[3];
    bool other;
    KEYSET(set);

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_true(open_ring(&writer, &scratch));
    assert_true(ring_keys(&set, 3));
    for (size_t i = 0; i < 3; i++)
        secrets[i] = set.keys[i].secret;
    assert_true(ring_store(&writer, &set, 0));
    assert_int_equal(count_in(&writer, &secrets[0]), 2);
    assert_int_equal(
        keyset_revoke_name(&set, set.keys[0].name, set.keys[0].open_until, NOW_MS, NULL),
        KEYSET_CHANGED);
    assert_true(ring_store(&writer, &set, 0));
    assert_int_equal(count_in(&writer, &secrets[0]), 0);
    assert_true(image_find(&writer.image, &slot, &other, set.keys[0].name, RING_S));
    assert_true(slot.seal_until == RING_REVOKED);
    /* the second one is over, though the keyset still has it */
    assert_true(ring_store(&writer, &set, set.keys[1].open_until - NOW_S));
    assert_int_equal(count_in(&writer, &secrets[1]), 0);
    assert_int_equal(count_in(&writer, &secrets[2]), 2);
    assert_false(image_find(&writer.image, &slot, &other, set.keys[0].name, RING_S));
    assert_false(image_find(&writer.image, &slot, &other, set.keys[1].name, RING_S));
    assert_true(image_find(&writer.image, &slot, &other, set.keys[2].name, RING_S));
    ring_writer_close(&writer);
    scratch_close(&scratch);
}

/* Thousands of random changes, then the ring holds just the last keyset. */
static void
test_many_changes(void **state)
{
    struct scratch scratch;
    struct ring_writer writer;
    uint64_t rng = rng_seed();

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_true(ring_writer_open(&writer, scratch.ring, 200, NO_GROUP, NULL));
    for (int round = 0; round < 300; round++) {
        struct image_slot slot;
        size_t found = 0;
        bool other;
        KEYSET(set);

        for (uint64_t count = rng_below(&rng, 180); count > 0; count--) {
            struct key key = key_of((uint16_t)rng_below(&rng, 400), 0);

            (void)keyset_add(&set, &key, NOW_MS, NULL); /* some ids come twice */
        }
        assert_true(ring_store(&writer, &set, 0));
        for (size_t i = 0; i < set.key_count; i++)
            found += image_find(&writer.image, &slot, &other, set.keys[i].name, RING_S) &&
                     memcmp(&slot.secret, &set.keys[i].secret, sizeof slot.secret) == 0;
        assert_int_equal(found, set.key_count);
        assert_int_equal(count_slots(&writer.image), set.key_count);
        assert_true(halves_are_equal(&writer.image));
    }
    ring_writer_close(&writer);
    scratch_close(&scratch);
}

/* The keys of another boot have times that mean nothing: gone, and readers of it see none. */
static void
test_other_boot(void **state)
{
    struct scratch scratch;
    struct ring_writer writer;
    struct sys_map map;
    struct image image;
    uint8_t id[SYS_BOOT_ID_LEN];
    KEYSET(set);

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_true(open_ring(&writer, &scratch));
    assert_true(ring_keys(&set, 3));
    assert_true(ring_store(&writer, &set, 0));
    atomic_store(&writer.image.header->boot_id[1], 42);
    ring_writer_close(&writer);
    assert_true(sys_boot_id(id));
    assert_int_equal(sys_map_trusted(&map, scratch.ring, SYS_ANY_OWNER, NULL), SYS_OPENED);
    assert_int_equal(image_open(&image, map.base, map.len, id), IMAGE_OLD_BOOT);
    assert_true(open_ring(&writer, &scratch));
    assert_true(writer.is_new);
    assert_int_equal(count_slots(&image), 0);
    assert_int_equal(count_in(&writer, &set.keys[0].secret), 0);
    assert_int_equal(image_open(&image, map.base, map.len, id), IMAGE_OK);
    assert_true(ring_store(&writer, &set, 0));
    assert_int_equal(count_slots(&image), 3);
    sys_unmap(&map);
    ring_writer_close(&writer);
    scratch_close(&scratch);
}

/* A file of zeros becomes a ring of its own length, in place. */
static void
test_blank(void **state)
{
    struct scratch scratch;
    struct ring_writer writer;
    size_t len = image_len(64);
    void *zeros = calloc(1, len);
    struct err err = {0};

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_true(file_make(scratch.ring, zeros, len, 0400));
    assert_true(open_ring(&writer, &scratch));
    assert_true(writer.is_new);
    assert_int_equal(writer.image.half[0].capacity, 64);
    ring_writer_close(&writer);
    assert_true(file_make(scratch.other, zeros, len - 4096, 0600));
    assert_false(ring_writer_open(&writer, scratch.other, SMALL, NO_GROUP, &err));
    assert_non_null(strstr(err.text, "nor of a ring's length"));
    free(zeros);
    scratch_close(&scratch);
}

/* R-RING-5: damaged and foreign files are refused, with a word, and keep every byte. */
static void
test_refused_and_left_alone(void **state)
{
    static const struct {
        size_t at;
        uint8_t byte;
        size_t cut; /* bytes taken off its end */
    } damage[] = {{0, 'x', 0}, {12, 2, 0}, {40, 9, 0}, {48, 64, 0}, {0, 's', 4096}, {0, 's', 1}};
    struct scratch scratch;
    struct ring_writer writer;
    uint8_t *ring;
    size_t len = 0;

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_true(open_ring(&writer, &scratch));
    ring_writer_close(&writer);
    ring = file_read(scratch.ring, &len);
    assert_non_null(ring);
    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        uint8_t *after, kept = ring[damage[i].at];
        size_t after_len = 0;
        struct err err = {0};

        ring[damage[i].at] = damage[i].byte;
        assert_true(file_make(scratch.other, ring, len - damage[i].cut, 0600));
        assert_false(ring_writer_open(&writer, scratch.other, SMALL, NO_GROUP, &err));
        assert_non_null(strstr(err.text, "not a ring"));
        after = file_read(scratch.other, &after_len);
        assert_non_null(after);
        assert_int_equal(after_len, len - damage[i].cut);
        assert_memory_equal(after, ring, after_len);
        ring[damage[i].at] = kept;
        free(after);
    }
    free(ring);
    assert_false(ring_writer_open(&writer, scratch.ring, RING_CAPACITY_MIN - 1, NO_GROUP, NULL));
    assert_false(ring_writer_open(&writer, scratch.ring, RING_CAPACITY_MAX + 1, NO_GROUP, NULL));
    scratch_close(&scratch);
}

/* A damaged key is left out and named; the rest is taken up. */
static void
test_damaged_key(void **state)
{
    struct scratch scratch;
    struct ring_writer writer;
    struct err err = {0};
    uint32_t bucket = 0;
    KEYSET(set);
    KEYSET(back);

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_true(open_ring(&writer, &scratch));
    assert_true(ring_keys(&set, 3));
    assert_true(ring_store(&writer, &set, 0));
    assert_true(image_seek(image_current(&writer.image), &bucket, set.keys[1].name));
    atomic_store(&image_current(&writer.image)->more[bucket].unix_seal_until, 7);
    atomic_store(&image_current(&writer.image)->more[bucket].flags, UINT64_MAX);
    assert_true(ring_writer_load(&writer, &back, NOW_MS, &err));
    assert_non_null(strstr(err.text, "left out of the ring's keys"));
    assert_int_equal(back.key_count, 2);
    assert_null(keyset_find(&back, set.keys[1].name));
    ring_writer_close(&writer);
    scratch_close(&scratch);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_writer),
        cmocka_unit_test(test_killed_writer_unlocks),
        cmocka_unit_test(test_keyset_comes_back),
        cmocka_unit_test(test_no_write_without_need),
        cmocka_unit_test(test_wiped),
        cmocka_unit_test(test_many_changes),
        cmocka_unit_test(test_other_boot),
        cmocka_unit_test(test_blank),
        cmocka_unit_test(test_refused_and_left_alone),
        cmocka_unit_test(test_damaged_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
