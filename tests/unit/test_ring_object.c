/* What a server gets from a ring: the right key at each second with nobody at work on the ring, a
 * plain status for everything that may be wrong with it, and outputs left alone on failure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stek/stek.h>

#include "ring/lookup.h"
#include "ring_support.h"

#define PAGE 4096

static bool
open_writer(struct ring_writer *writer, const struct scratch *scratch, uint32_t capacity)
{
    return ring_writer_open(writer, scratch->ring, capacity, NO_GROUP, NULL);
}

/* A ring with these keys, and no writer. */
static bool
make_ring(const struct scratch *scratch, const struct keyset *set)
{
    struct ring_writer writer;
    bool done = open_writer(&writer, scratch, 64) && ring_store(&writer, set, 0);

    if (done)
        ring_writer_close(&writer);
    return done;
}

static void
test_names(void **state)
{
    static const char *const bad[] = {
        "",
        "WWW",
        "www r1",
        "www\n",
        "caf\xc3\xa9",
        "0123456789012345678901234567890123456789012345678901234567890123x"};
    char longest[5000];
    struct stek_ring *ring = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(stek_ring_open(&ring, bad[i]), STEK_BAD_ARGUMENT);
    memset(longest, '/', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(stek_ring_open(&ring, longest), STEK_BAD_ARGUMENT);
    assert_null(ring);
    assert_int_equal(stek_ring_open(&ring, "no.such-keyset_of_0"), STEK_OK);
    assert_int_equal(stek_ring_tick(ring, RING_S), STEK_NO_RING);
    stek_ring_close(&ring);
    assert_null(ring);
    stek_ring_close(&ring);
}

/* R-RING-3: with no writer alive, at each second: the keyset's choice seals, and what opens, opens.
 * The keys' times are those that stek.h promises. */
static void
test_keys_go_by_time(void **state)
{
    struct scratch scratch;
    struct stek_ring *ring;
    struct policy policy = ring_policy();
    KEYSET(set);

    (void)state;
    assert_true(scratch_open(&scratch));
    for (uint16_t i = 0; i < 12; i++) {
        struct key key = key_of(i, 10 * i);

        key.seal_until = key.seal_from + 15;
        key.open_until = key.seal_until + 20;
        assert_int_equal(keyset_add(&set, &key, NOW_MS, NULL), KEYSET_CHANGED);
    }
    assert_true(make_ring(&scratch, &set));
    assert_int_equal(stek_ring_open(&ring, scratch.ring), STEK_OK);
    for (uint64_t now = 0; now < 200; now++) {
        const struct key *want = keyset_sealing(&set, &policy, 0, NOW_S + now);
        STEK_KEY(key);

        assert_int_equal(stek_ring_sealing_key(ring, &key, RING_S + now),
                         want != NULL ? STEK_OK : STEK_NO_KEY);
        if (want != NULL) {
            assert_memory_equal(key.name, want->name, STEK_NAME_LEN);
            assert_int_equal(key.seal_until, want->seal_until - NOW_S + RING_S);
            assert_int_equal(key.open_until, want->open_until - NOW_S + RING_S);
        }
        for (size_t i = 0; i < set.key_count; i++) {
            bool opens = keyset_may_open(&set.keys[i], NOW_S + now);
            int renew = 42;

            assert_int_equal(
                stek_ring_opening_key(ring, &key, &renew, set.keys[i].name, RING_S + now),
                opens ? STEK_OK : STEK_NO_KEY);
            assert_int_equal(renew, !opens ? 42 : want != NULL && want != &set.keys[i]);
        }
    }
    stek_ring_close(&ring);
    scratch_close(&scratch);
}

static void
test_no_key(void **state)
{
    struct scratch scratch;
    struct stek_ring *ring;
    uint8_t unknown[STEK_NAME_LEN] = {1}, zero[STEK_NAME_LEN] = {0};
    struct stek_key before = {.size = sizeof before, .seal_until = 7};
    int renew = 42;
    KEYSET(set);
    STEK_KEY(key);

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_true(ring_keys(&set, 3));
    assert_int_equal(
        keyset_revoke_name(&set, set.keys[1].name, set.keys[1].open_until, NOW_MS, NULL),
        KEYSET_CHANGED);
    assert_true(make_ring(&scratch, &set));
    assert_int_equal(stek_ring_open(&ring, scratch.ring), STEK_OK);
    memset(before.secret, 0xa5, sizeof before.secret);
    key = before;
    assert_int_equal(stek_ring_opening_key(ring, &key, &renew, unknown, RING_S), STEK_NO_KEY);
    assert_int_equal(stek_ring_opening_key(ring, &key, &renew, zero, RING_S), STEK_NO_KEY);
    assert_int_equal(stek_ring_opening_key(ring, &key, &renew, set.keys[1].name, RING_S),
                     STEK_NO_KEY);
    assert_int_equal(stek_ring_sealing_key(ring, &key, RING_S - 1), STEK_NO_KEY);
    assert_memory_equal(&key, &before, sizeof key);
    assert_int_equal(renew, 42);
    key.size--;
    assert_int_equal(stek_ring_opening_key(ring, &key, &renew, set.keys[0].name, RING_S),
                     STEK_BAD_ARGUMENT);
    assert_int_equal(stek_ring_sealing_key(ring, &key, RING_S), STEK_BAD_ARGUMENT);
    stek_ring_close(&ring);
    scratch_close(&scratch);
}

/* A key that a program of a later version has more room for is filled as far as this one knows. */
static void
test_sizes(void **state)
{
    struct scratch scratch;
    struct stek_ring *ring;
    struct {
        struct stek_key key;
        uint8_t more[8];
    } later = {.key.size = sizeof later, .more = "untouch"};
    KEYSET(set);

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_true(ring_keys(&set, 1));
    assert_true(make_ring(&scratch, &set));
    assert_int_equal(stek_ring_open(&ring, scratch.ring), STEK_OK);
    assert_int_equal(stek_ring_sealing_key(ring, &later.key, RING_S), STEK_OK);
    assert_int_equal(later.key.size, sizeof later);
    assert_memory_equal(later.key.secret, set.keys[0].secret.bytes, STEK_SECRET_LEN);
    stek_key_wipe(&later.key);
    assert_int_equal(later.key.size, sizeof later);
    assert_memory_equal(later.more, "untouch", 8);
    stek_ring_close(&ring);
    scratch_close(&scratch);
}

static void
test_info(void **state)
{
    struct scratch scratch;
    struct stek_ring *ring;
    struct ring_writer writer;
    KEYSET(set);
    STEK_INFO(info);

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_true(open_writer(&writer, &scratch, 64));
    assert_int_equal(stek_ring_open(&ring, scratch.ring), STEK_OK);
    assert_int_equal(stek_ring_info(ring, &info, RING_S), STEK_OK);
    assert_int_equal(info.keys + info.sealing + info.written_at + info.next_rotation, 0);
    assert_true(ring_keys(&set, 3));
    assert_int_equal(
        keyset_revoke_name(&set, set.keys[2].name, set.keys[2].open_until, NOW_MS, NULL),
        KEYSET_CHANGED);
    assert_true(ring_store(&writer, &set, 60));
    assert_int_equal(stek_ring_info(ring, &info, RING_S + 60), STEK_OK);
    assert_int_equal(info.generation, 1);
    assert_int_equal(info.written_at, RING_S + 60);
    assert_int_equal(info.next_rotation, RING_S + 3600);
    assert_int_equal(info.rotate, 3600);
    assert_int_equal(info.lifetime, 43200);
    assert_int_equal(info.max_session, 86400);
    assert_int_equal(info.keys, 3); /* that name, too */
    assert_int_equal(info.sealing, 1);
    assert_int_equal(stek_ring_info(ring, &info, RING_S + 3600), STEK_OK);
    assert_int_equal(info.next_rotation, 0); /* the third key is revoked */
    assert_int_equal(stek_ring_info(ring, &info, RING_S + 7200 + 43200), STEK_OK);
    assert_int_equal(info.sealing, 0);
    info.size--;
    assert_int_equal(stek_ring_info(ring, &info, RING_S), STEK_BAD_ARGUMENT);
    stek_ring_close(&ring);
    ring_writer_close(&writer);
    scratch_close(&scratch);
}

static int
info_of_little(void *arg)
{
    const struct image *image = arg;
    STEK_INFO(info);

    for (int i = 0; i < 2; i++) {
        uint8_t *from = (uint8_t *)image->half[i].head + PAGE;
        size_t len = (size_t)((uint8_t *)(image->half[i].more + image->half[i].buckets) - from);

        if (mprotect(from, len, PROT_NONE) != 0)
            return 1;
    }
    if (lookup_info(image, &info, RING_S) != STEK_OK)
        return 2;
    return info.keys == 2 && info.sealing == 1 && info.rotate == 3600 ? 0 : 3;
}

/* It is asked for in handshakes: a page of the half in force is all that is read, whatever the
 * ring's size. Here no other can be. */
static void
test_info_reads_little(void **state)
{
    struct sys_map map;
    struct ring_writer writer = {.file.fd = -1};
    uint8_t boot_id[SYS_BOOT_ID_LEN] = {1};
    KEYSET(set);

    (void)state;
    assert_true(sys_map_anonymous(&map, image_len(1024)));
    image_format(&writer.image, map.base, 1024, boot_id);
    assert_true(ring_keys(&set, 2));
    assert_true(ring_store(&writer, &set, 0));
    assert_int_equal(child_run(info_of_little, &writer.image, 0), 0);
    sys_unmap(&map);
}

static void
test_texts(void **state)
{
    (void)state;
    for (int i = -1; i < 12; i++) {
        const char *text = stek_status_text((enum stek_status)i);

        assert_non_null(text);
        for (int j = 0; j < i && i < 10; j++)
            assert_string_not_equal(text, stek_status_text((enum stek_status)j));
    }
}

static void
test_clocks(void **state)
{
    uint64_t before = sys_boot_s(), now = stek_now(), after = sys_boot_s();
    uint64_t unix_now = stek_unix_now(), unix_after = sys_unix_ms() / 1000;

    (void)state;
    assert_in_range(now, before, after);
    assert_in_range(unix_now, NOW_S, unix_after);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),  cmocka_unit_test(test_keys_go_by_time),
        cmocka_unit_test(test_no_key), cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_info),   cmocka_unit_test(test_info_reads_little),
        cmocka_unit_test(test_texts),  cmocka_unit_test(test_clocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
