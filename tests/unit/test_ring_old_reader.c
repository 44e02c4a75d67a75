/* Servers that were linked with an earlier libstek get from today's stekd what new ones get: the
 * kept reader of version 1.0 and stek_ring_*() are asked the same of rings that today's writer
 * wrote. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stek/stek.h>

#include "../fixtures/reader_1_0.h"
#include "ring_support.h"

#define KEYS 12U
#define REVOKED 3U

struct written {
    struct scratch scratch;
    struct ring_writer writer;
    struct stek_ring *ring;
    uint8_t *bytes; /* the file, when it was read last */
    struct reader_1_0 old;
};

static bool
write_ring(struct written *written, const struct keyset *set, uint64_t after_s)
{
    size_t len = 0;

    if (!ring_store(&written->writer, set, after_s))
        return false;
    free(written->bytes);
    written->bytes = file_read(written->scratch.ring, &len);
    return written->bytes != NULL && reader_1_0_open(&written->old, written->bytes, len);
}

static bool
opens_alike(const struct written *written, const struct keyset *set, uint64_t now)
{
    bool alike = true;

    for (size_t i = 0; i < set->key_count; i++) {
        struct reader_1_0_key old = {{0}, {0}, 0, 0, 0};
        bool is_old = reader_1_0_opening(&written->old, &old, set->keys[i].name, now);
        int renew = 0;
        STEK_KEY(key);
        bool is_new =
            stek_ring_opening_key(written->ring, &key, &renew, set->keys[i].name, now) == STEK_OK;

        alike &= is_old == is_new;
        if (is_old && is_new)
            alike &= memcmp(old.secret, key.secret, sizeof old.secret) == 0 &&
                     old.open_until == key.open_until;
    }
    return alike;
}

static bool
seals_alike(const struct written *written, uint64_t now)
{
    struct reader_1_0_key old = {{0}, {0}, 0, 0, 0};
    bool is_old = reader_1_0_sealing(&written->old, &old, now);
    STEK_KEY(key);
    bool is_new = stek_ring_sealing_key(written->ring, &key, now) == STEK_OK;

    return is_old == is_new && (!is_old || memcmp(old.name, key.name, sizeof old.name) == 0);
}

/* At each quarter of an hour of the keys' lives, and around each change. */
static bool
is_alike(const struct written *written, const struct keyset *set)
{
    bool alike = true;

    for (uint64_t at = 0; at < 28 * 3600; at += 900)
        for (uint64_t now = RING_S + at - 1; now <= RING_S + at + 1; now++)
            alike &= opens_alike(written, set, now) && seals_alike(written, now);
    return alike;
}

static bool
begin(struct written *written)
{
    *written = (struct written){.ring = NULL};
    return scratch_open(&written->scratch) &&
           ring_writer_open(&written->writer, written->scratch.ring, 64, NO_GROUP, NULL);
}

static void
end(struct written *written)
{
    stek_ring_close(&written->ring);
    ring_writer_close(&written->writer);
    scratch_close(&written->scratch);
    free(written->bytes);
}

static void
test_that_an_old_reader_gets_the_same(void **state)
{
    struct written written;
    struct reader_1_0_key old;
    KEYSET(set);

    (void)state;
    assert_true(begin(&written));
    assert_true(ring_keys(&set, KEYS));
    assert_true(write_ring(&written, &set, 0));
    assert_int_equal(stek_ring_open(&written.ring, written.scratch.ring), STEK_OK);
    assert_true(reader_1_0_sealing(&written.old, &old, RING_S));
    assert_memory_equal(old.name, set.keys[0].name, sizeof old.name);
    assert_true(is_alike(&written, &set));

    /* revoked */
    assert_int_equal(keyset_revoke_name(&set, set.keys[REVOKED].name, set.keys[REVOKED].open_until,
                                        NOW_MS, NULL),
                     KEYSET_CHANGED);
    assert_true(write_ring(&written, &set, 5400));
    assert_false(reader_1_0_opening(&written.old, &old, set.keys[REVOKED].name, RING_S + 5400));
    assert_true(is_alike(&written, &set));
    end(&written);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_that_an_old_reader_gets_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
