/* Whole tickets: what was sealed opens, for as long as it may, and nothing else does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memcheck.h"
#include "codec_support.h"

#define SESSION "what a TLS library puts in a ticket; its master secret, for one"
#define LEN (sizeof SESSION)
#define TICKET_LEN (LEN + STEK_TICKET_OVERHEAD)

static int
setup(void **state)
{
    static struct codec_place place; /* cmocka hands a pointer on */

    *state = &place;
    return codec_place_open(&place) ? 0 : -1;
}

static int
teardown(void **state)
{
    codec_place_close(*state);
    return 0;
}

static bool
seal(const struct codec_place *place, uint8_t ticket[TICKET_LEN], struct stek_handshake *handshake)
{
    size_t len = 0;

    return stek_ticket_seal(&place->codec, handshake, ticket, &len, TICKET_LEN,
                            (const uint8_t *)SESSION, LEN) == STEK_OK &&
           len == TICKET_LEN;
}

/* STEK_OK only if it is the session that comes out; any other answer only if nothing does. */
static enum stek_status
open_it(const struct codec_place *place, const uint8_t *ticket, size_t len,
        struct stek_handshake *handshake)
{
    uint8_t session[2 * TICKET_LEN] = {0};
    static const uint8_t none[sizeof session];
    size_t session_len = 12345;
    enum stek_status status = stek_ticket_open(&place->codec, handshake, session, &session_len,
                                               sizeof session, ticket, len);

    MEM_DEFINE(session, sizeof session);
    if (status == STEK_OK)
        return session_len == LEN && memcmp(session, SESSION, LEN) == 0 &&
                       memcmp(session + LEN, none, sizeof none - LEN) == 0
                   ? STEK_OK
                   : STEK_SYSTEM;
    return session_len == 12345 && memcmp(session, none, sizeof none) == 0 ? status : STEK_SYSTEM;
}

/* R-TICKET-1, of every size, in buffers that are just large enough, wherever the session lies. */
static void
test_sizes(void **state)
{
    const struct codec_place *place = *state;
    static const size_t sizes[] = {1, 15, 16, 100, 4000, STEK_SESSION_MAX};
    uint8_t *session = malloc(STEK_SESSION_MAX), *work = malloc(2 * STEK_TICKET_MAX);
    uint64_t rng = rng_seed();

    assert_non_null(session);
    assert_non_null(work);
    rng_fill(&rng, session, STEK_SESSION_MAX);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t at = 0; at < 200; at += 33) {
            struct stek_handshake handshake = handshake_of(1, 0);
            size_t len = sizes[i], ticket_len = 0, back = 0;

            memcpy(work + at, session, len);
            assert_int_equal(stek_ticket_seal(&place->codec, &handshake, work + 66, &ticket_len,
                                              len + STEK_TICKET_OVERHEAD, work + at, len),
                             STEK_OK);
            assert_int_equal(ticket_len, len + STEK_TICKET_OVERHEAD);
            assert_int_equal(stek_ticket_open(&place->codec, &handshake, work + at, &back, len + 16,
                                              work + 66, ticket_len),
                             STEK_OK);
            assert_int_equal(back, len);
            assert_memory_equal(work + at, session, len);
        }
    free(session);
    free(work);
}

/* R-TICKET-1: another process, with the ring mapped on its own. */
static void
test_elsewhere(void **state)
{
    const struct codec_place *place = *state;
    struct codec_place other = *place;
    struct stek_handshake handshake = handshake_of(1, 0), later = handshake_of(1, 3599);
    uint8_t ticket[TICKET_LEN];

    errno = 77;
    assert_true(seal(place, ticket, &handshake));
    assert_int_equal(errno, 77);
    assert_memory_equal(ticket, place->set.keys[0].name, STEK_NAME_LEN);
    assert_int_equal(stek_ring_open(&other.ring, place->scratch.ring), STEK_OK);
    other.codec.ring = other.ring;
    errno = 77;
    assert_int_equal(open_it(&other, ticket, sizeof ticket, &later), STEK_OK);
    assert_int_equal(errno, 77);
    assert_int_equal(later.start, NOW_S);
    assert_int_equal(later.renew, 0);
    stek_ring_close(&other.ring);
}

/* R-TICKET-2; a changed name is that of an unknown key. */
static void
test_each_byte(void **state)
{
    const struct codec_place *place = *state;
    struct stek_handshake handshake = handshake_of(1, 0), again = handshake_of(1, 0);
    uint8_t ticket[TICKET_LEN + 1] = {0};

    assert_true(seal(place, ticket, &handshake));
    for (size_t i = 0; i < TICKET_LEN; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            ticket[i] ^= (uint8_t)(1U << bit);
            assert_int_equal(open_it(place, ticket, TICKET_LEN, &again),
                             i < STEK_NAME_LEN ? STEK_NO_KEY : STEK_BAD_TICKET);
            ticket[i] ^= (uint8_t)(1U << bit);
        }
    for (size_t len = 0; len < TICKET_LEN; len++)
        assert_int_equal(open_it(place, ticket, len, &again), STEK_BAD_TICKET);
    assert_int_equal(open_it(place, ticket, TICKET_LEN + 1, &again), STEK_BAD_TICKET);
    assert_true(again.start == 0 && again.renew == 0);
    assert_int_equal(codec_counted(place, STEK_FULL_UNKNOWN), 8 * STEK_NAME_LEN);
    assert_int_equal(codec_counted(place, STEK_FULL_CONTEXT),
                     8 * (TICKET_LEN - STEK_NAME_LEN) + TICKET_LEN + 1);
    assert_int_equal(open_it(place, ticket, TICKET_LEN, &again), STEK_OK);
}

/* R-TICKET-2: for another context, TLS library or key. */
static void
test_for_another(void **state)
{
    const struct codec_place *place = *state;
    struct codec_place other = *place;
    struct stek_handshake handshake = handshake_of(1, 0), theirs = handshake_of(2, 0),
                          late = handshake_of(1, 3600);
    uint8_t ticket[TICKET_LEN], second[TICKET_LEN];

    assert_true(seal(place, ticket, &handshake));
    assert_int_equal(open_it(place, ticket, sizeof ticket, &theirs), STEK_BAD_TICKET);
    other.codec.product = "tesu";
    assert_int_equal(open_it(&other, ticket, sizeof ticket, &handshake), STEK_BAD_TICKET);
    other.codec.product = "tes";
    assert_int_equal(open_it(&other, ticket, sizeof ticket, &handshake), STEK_BAD_TICKET);
    assert_true(seal(place, second, &late));
    assert_memory_not_equal(second, ticket, STEK_NAME_LEN);
    memcpy(second, ticket, STEK_NAME_LEN);
    assert_int_equal(open_it(place, second, sizeof second, &handshake), STEK_BAD_TICKET);
    assert_int_equal(codec_counted(place, STEK_FULL_CONTEXT), 4);
}

/* R-TICKET-3, each counted by its cause. */
static void
test_keys_that_are_gone(void **state)
{
    struct codec_place *place = *state;
    struct stek_handshake handshake = handshake_of(1, 0), over = handshake_of(1, 3600 + 43200);
    uint8_t ticket[TICKET_LEN];

    assert_true(seal(place, ticket, &handshake));
    over.unix_now = NOW_S; /* whatever the wall clock says */
    assert_int_equal(open_it(place, ticket, sizeof ticket, &over), STEK_NO_KEY);
    assert_int_equal(codec_counted(place, STEK_FULL_EXPIRED), 1);
    assert_int_equal(
        keyset_revoke_name(&place->set, place->set.keys[0].name, NOW_S + 99999, NOW_MS, NULL),
        KEYSET_CHANGED);
    assert_true(codec_store(place, 0));
    assert_int_equal(open_it(place, ticket, sizeof ticket, &handshake), STEK_NO_KEY);
    assert_int_equal(codec_counted(place, STEK_FULL_REVOKED), 1);
    assert_false(seal(place, ticket, &handshake));
    assert_int_equal(codec_counted(place, STEK_FULL_NO_KEY), 1);
    ticket[0] ^= 1;
    assert_int_equal(open_it(place, ticket, sizeof ticket, &handshake), STEK_NO_KEY);
    assert_int_equal(codec_counted(place, STEK_FULL_UNKNOWN), 1);
}

/* R-TICKET-7 */
static void
test_counts(void **state)
{
    const struct codec_place *place = *state;
    struct stek_handshake full = handshake_of(1, 0), resumed = handshake_of(1, 3600);
    uint8_t ticket[TICKET_LEN];

    assert_true(seal(place, ticket, &full));
    assert_int_equal(codec_counted(place, STEK_SEALED), 1);
    assert_int_equal(open_it(place, ticket, sizeof ticket, &resumed), STEK_OK);
    assert_int_equal(codec_counted(place, STEK_OPENED), 1);
    assert_int_equal(resumed.renew, 1);
    assert_true(seal(place, ticket, &resumed));
    assert_int_equal(codec_counted(place, STEK_RENEWED), 1);
    assert_true(seal(place, ticket, &resumed)); /* TLS 1.3 gives two */
    assert_int_equal(codec_counted(place, STEK_RENEWED), 1);
    assert_int_equal(codec_counted(place, STEK_SEALED), 3);
    assert_int_equal(codec_counted_all(place), 5);
}

/* A ticket for where there has to be one never opens, and is no unknown key. */
static void
test_blank(void **state)
{
    const struct codec_place *place = *state;
    struct stek_handshake handshake = handshake_of(1, 0);
    uint8_t ticket[TICKET_LEN + 1] = {0};

    stek_ticket_blank(ticket, TICKET_LEN);
    assert_int_equal(ticket[TICKET_LEN - 1], 255);
    assert_int_equal(ticket[TICKET_LEN], 0);
    assert_int_equal(open_it(place, ticket, TICKET_LEN, &handshake), STEK_NO_KEY);
    assert_int_equal(codec_counted(place, STEK_FULL_NO_KEY), 1);
    assert_int_equal(codec_counted_all(place), 1);
}

/* What cannot be is refused before anything is touched. */
static void
test_arguments(void **state)
{
    const struct codec_place *place = *state;
    struct stek_codec codec = place->codec;
    struct stek_handshake good = handshake_of(1, 0), handshake = handshake_of(0, 0);
    uint8_t ticket[TICKET_LEN], session[LEN + 16] = {0};
    char product[66];
    size_t len = 7;

#define SEAL(hs, cap, n) stek_ticket_seal(&codec, hs, ticket, &len, cap, session, n)
#define OPEN(hs, cap, n) stek_ticket_open(&codec, hs, session, &len, cap, ticket, n)
    assert_int_equal(SEAL(&handshake, sizeof ticket, LEN), STEK_BAD_ARGUMENT); /* no context */
    assert_int_equal(OPEN(&handshake, sizeof session, sizeof ticket), STEK_BAD_ARGUMENT);
    handshake = good;
    handshake.size--;
    assert_int_equal(SEAL(&handshake, sizeof ticket, LEN), STEK_BAD_ARGUMENT);
    assert_int_equal(OPEN(&handshake, sizeof session, sizeof ticket), STEK_BAD_ARGUMENT);
    assert_int_equal(SEAL(&good, sizeof ticket, 0), STEK_BAD_ARGUMENT);
    assert_int_equal(SEAL(&good, SIZE_MAX, STEK_SESSION_MAX + 1), STEK_BAD_ARGUMENT);
    assert_int_equal(SEAL(&good, SIZE_MAX, SIZE_MAX), STEK_BAD_ARGUMENT);
    assert_int_equal(codec_counted_all(place), 0);
    assert_int_equal(SEAL(&good, sizeof ticket - 1, LEN), STEK_TOO_SMALL);
    assert_int_equal(len, 7);
    assert_int_equal(SEAL(&good, sizeof ticket, LEN), STEK_OK);
    len = 7;
    assert_int_equal(OPEN(&good, sizeof session - 1, sizeof ticket), STEK_TOO_SMALL);
    assert_int_equal(OPEN(&good, SIZE_MAX, STEK_TICKET_MAX + 1), STEK_BAD_TICKET);
    assert_int_equal(OPEN(&good, SIZE_MAX, SIZE_MAX), STEK_BAD_TICKET);
    assert_int_equal(OPEN(&good, SIZE_MAX, 0), STEK_BAD_TICKET);
    assert_int_equal(len, 7);
    memset(product, 'x', sizeof product);
    product[65] = '\0';
    codec.product = product;
    assert_int_equal(SEAL(&good, sizeof ticket, LEN), STEK_BAD_ARGUMENT);
    codec = place->codec;
    codec.size--;
    assert_int_equal(SEAL(&good, sizeof ticket, LEN), STEK_BAD_ARGUMENT);
    assert_int_equal(OPEN(&good, sizeof session, sizeof ticket), STEK_BAD_ARGUMENT);
#undef SEAL
#undef OPEN
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_sizes),       CASE(test_elsewhere),          CASE(test_each_byte),
        CASE(test_for_another), CASE(test_keys_that_are_gone), CASE(test_counts),
        CASE(test_blank),       CASE(test_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
