/* Rings that earlier versions wrote are read, and rings of later minor versions too: a server may
 * hold an older or a newer libstek than stekd does. See tests/fixtures/README.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stek/stek.h>

#include "fixture_support.h"

static const char *const fixtures[] = {"ring-1.0.r1"};

/* A copy of a kept ring, as it would stand here: of this boot. */
static uint8_t *
read_fixture(const char *name, size_t *len)
{
    char path[512];
    struct ring_header *header;
    uint8_t *bytes;
    int written = snprintf(path, sizeof path, "%s/%s", FIXTURES, name);

    if (written < 0 || (size_t)written >= sizeof path)
        return NULL;
    bytes = file_read(path, len);
    header = (struct ring_header *)(void *)bytes;
    if (bytes != NULL && !sys_boot_id((uint8_t *)&header->boot_id)) {
        free(bytes);
        return NULL;
    }
    return bytes;
}

/* True if a server gets from this ring what it should at each half hour of two days. */
static bool
is_read(const char *path)
{
    struct stek_ring *ring = NULL;
    bool right = stek_ring_open(&ring, path) == STEK_OK && stek_ring_tick(ring, RING_S) == STEK_OK;

    for (uint64_t after = 0; right && after < 172800; after += 1800) {
        uint64_t seals = after / 3600;
        struct key want = fixture_key(seals);
        enum stek_status status;
        STEK_KEY(key);

        status = stek_ring_sealing_key(ring, &key, RING_S + after);
        if (seals == FIXTURE_REVOKED && after % 3600 == 0) /* the one before seals on */
            want = fixture_key(seals - 1);
        if (after < 3600 * FIXTURE_REVOKED + 900)
            right = status == STEK_OK && memcmp(key.name, want.name, sizeof key.name) == 0 &&
                    memcmp(key.secret, want.secret.bytes, sizeof key.secret) == 0;
        else
            right = status == STEK_NO_KEY;
        for (uint64_t n = 0; n < FIXTURE_KEYS; n++) {
            uint64_t open_s = n == FIXTURE_REVOKED ? 0 : 3600 * n + 4500 + 43200;
            int renew;

            want = fixture_key(n);
            status = stek_ring_opening_key(ring, &key, &renew, want.name, RING_S + after);
            right &= status == (after < open_s ? STEK_OK : STEK_NO_KEY);
        }
    }
    stek_ring_close(&ring);
    return right;
}

/* True if the daemon takes it up, whole. */
static bool
is_taken_up(const char *path)
{
    struct ring_writer writer;
    struct dump want, got;
    KEYSET(set);
    KEYSET(all);
    bool done = fixture_keys(&all) && ring_writer_open(&writer, path, 64, NO_GROUP, NULL);

    if (!done)
        return false;
    done = !writer.is_new && ring_writer_load(&writer, &set, NOW_MS, NULL);
    want = dump_of(&all);
    got = dump_of(&set);
    ring_writer_close(&writer);
    return done && dump_equal(&want, &got);
}

static void
test_of_earlier_versions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof fixtures / sizeof *fixtures; i++) {
        struct scratch scratch;
        size_t len = 0;
        uint8_t *bytes = read_fixture(fixtures[i], &len);

        assert_non_null(bytes);
        assert_true(scratch_open(&scratch));
        assert_true(file_make(scratch.ring, bytes, len, 0600));
        assert_true(is_read(scratch.ring));
        assert_true(is_taken_up(scratch.ring));
        assert_true(is_read(scratch.ring));
        scratch_close(&scratch);
        free(bytes);
    }
}

/* As a later minor version may write it: with something in every byte that is reserved now. */
static void
test_of_a_later_minor_version(void **state)
{
    struct scratch scratch;
    size_t len = 0;
    uint8_t *bytes = read_fixture(fixtures[0], &len);
    struct ring_header *header = (struct ring_header *)(void *)bytes;

    (void)state;
    assert_non_null(bytes);
    header->version++;
    memset(&header->reserved, 0xa5, sizeof header->reserved);
    for (uint64_t i = 0; i < 2; i++) {
        uint8_t *at = bytes + RING_HEADER_LEN + i * header->half_len;
        struct ring_half *half = (struct ring_half *)(void *)at;

        memset(&half->reserved, 0xa5, sizeof half->reserved);
        memset(&half->reserved_after_seals, 0xa5, sizeof half->reserved_after_seals);
    }
    assert_true(scratch_open(&scratch));
    assert_true(file_make(scratch.ring, bytes, len, 0600));
    assert_true(is_read(scratch.ring));
    assert_true(is_taken_up(scratch.ring));
    assert_true(is_read(scratch.ring));
    scratch_close(&scratch);
    free(bytes);
}

/* Of another major version nothing is believed. */
static void
test_of_another_major_version(void **state)
{
    struct scratch scratch;
    struct stek_ring *ring = NULL;
    size_t len = 0;
    uint8_t *bytes = read_fixture(fixtures[0], &len);

    (void)state;
    assert_non_null(bytes);
    ((struct ring_header *)(void *)bytes)->version += (uint64_t)1 << 32;
    assert_true(scratch_open(&scratch));
    assert_true(file_make(scratch.ring, bytes, len, 0600));
    assert_int_equal(stek_ring_open(&ring, scratch.ring), STEK_FOREIGN_RING);
    scratch_close(&scratch);
    free(bytes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of_earlier_versions),
        cmocka_unit_test(test_of_a_later_minor_version),
        cmocka_unit_test(test_of_another_major_version),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
