/* How long a whole ticket lives: its server's limit, the policy, its key and its chain of renewals,
 * whichever ends first; and what clocks that differ or are set do to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec_support.h"

#define LIFETIME_S 43200U /* of ring_policy() */
#define MAX_SESSION_S (2 * LIFETIME_S)

static const uint8_t session[20] = "a session";

struct ticket {
    uint8_t bytes[sizeof session + STEK_TICKET_OVERHEAD];
};

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

static enum stek_status
seal(const struct codec_place *place, struct ticket *ticket, struct stek_handshake *handshake)
{
    size_t len;

    return stek_ticket_seal(&place->codec, handshake, ticket->bytes, &len, sizeof ticket->bytes,
                            session, sizeof session);
}

static enum stek_status
open_it(const struct codec_place *place, const struct ticket *ticket,
        struct stek_handshake *handshake)
{
    uint8_t back[sizeof ticket->bytes];
    size_t len;

    return stek_ticket_open(&place->codec, handshake, back, &len, sizeof back, ticket->bytes,
                            sizeof ticket->bytes);
}

/* The same, so many seconds after NOW_S. */
static enum stek_status
open_at(const struct codec_place *place, const struct ticket *ticket, uint64_t after_s)
{
    struct stek_handshake handshake = handshake_of(1, after_s);

    return open_it(place, ticket, &handshake);
}

/* R-TICKET-1: to the last second, each limit in turn being the first one. */
static void
test_lifetime(void **state)
{
    const struct codec_place *place = *state;
    static const struct {
        uint64_t timeout, lifetime;
    } cases[] = {{0, LIFETIME_S}, {300, 300}, {LIFETIME_S + 1, LIFETIME_S}, {1, 1}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stek_handshake handshake = handshake_of(1, 10);
        struct ticket ticket;

        handshake.timeout = cases[i].timeout;
        assert_int_equal(seal(place, &ticket, &handshake), STEK_OK);
        assert_int_equal(handshake.lifetime, cases[i].lifetime);
        assert_int_equal(handshake.start, NOW_S + 10);
        assert_int_equal(open_at(place, &ticket, 10 + cases[i].lifetime - 1), STEK_OK);
        assert_int_equal(open_at(place, &ticket, 10 + cases[i].lifetime), STEK_NO_KEY);
    }
    assert_int_equal(codec_counted(place, STEK_FULL_EXPIRED), 4);
}

struct provider {
    struct stek_key key;
    uint64_t lifetime;
};

static enum stek_status
give(void *ctx, struct stek_key *key, const struct stek_request *request, uint64_t now)
{
    const struct provider *provider = ctx;

    (void)now;
    if (request->sni == NULL || strcmp(request->sni, "a.test") != 0)
        return STEK_NO_KEY;
    *key = provider->key;
    return STEK_OK;
}

static enum stek_status
give_by_name(void *ctx, struct stek_key *key, const uint8_t name[STEK_NAME_LEN],
             const struct stek_request *request, uint64_t now)
{
    (void)name;
    return give(ctx, key, request, now);
}

/* R-TICKET-1: no longer than its key, told by the ring's clock. Custom rings are asked with the
 * SNI. */
static void
test_key_ends_first(void **state)
{
    struct codec_place place = *(struct codec_place *)*state;
    struct provider provider = {.key = {.size = sizeof provider.key,
                                        .seal_until = RING_S + 100,
                                        .open_until = RING_S + 200}};
    struct stek_handshake handshake = handshake_of(1, 50), other = handshake_of(1, 50);
    struct ticket ticket;
    uint64_t rng = 1;
    STEK_CALLBACKS(callbacks);

    rng_fill(&rng, provider.key.name, sizeof provider.key.name);
    rng_fill(&rng, provider.key.secret, sizeof provider.key.secret);
    callbacks.sealing_key = give;
    callbacks.opening_key = give_by_name;
    assert_int_equal(stek_ring_custom(&place.codec.ring, &callbacks, &provider), STEK_OK);
    assert_int_equal(seal(&place, &ticket, &handshake), STEK_OK);
    assert_int_equal(handshake.lifetime, 150);
    assert_int_equal(open_at(&place, &ticket, 199), STEK_OK);
    assert_int_equal(open_at(&place, &ticket, 200), STEK_NO_KEY);
    other.sni = "b.test";
    assert_int_equal(open_it(&place, &ticket, &other), STEK_NO_KEY);
    assert_int_equal(seal(&place, &ticket, &other), STEK_NO_KEY);
    stek_ring_close(&place.codec.ring);
}

/* R-TICKET-5: renewed again and again, also by keys made long after. */
static void
test_chain(void **state)
{
    struct codec_place *place = *state;
    struct stek_handshake handshake = handshake_of(1, 0);
    struct ticket ticket;
    uint64_t after = 0;

    for (uint16_t i = 4; i <= 40; i++) {
        struct key key = key_of(i, 3600 * (i - 1));

        key.made_ms = NOW_MS + 1;
        assert_int_equal(keyset_add(&place->set, &key, NOW_MS, NULL), KEYSET_CHANGED);
    }
    assert_true(codec_store(place, 0));
    assert_int_equal(seal(place, &ticket, &handshake), STEK_OK);
    for (after = 3600; after < MAX_SESSION_S; after += 3600) {
        uint64_t left = MAX_SESSION_S - after;

        handshake = handshake_of(1, after);
        assert_int_equal(open_it(place, &ticket, &handshake), STEK_OK);
        assert_int_equal(handshake.start, NOW_S);
        assert_int_equal(handshake.renew, 1);
        assert_int_equal(seal(place, &ticket, &handshake), STEK_OK);
        assert_int_equal(handshake.lifetime, left < LIFETIME_S ? left : LIFETIME_S);
        assert_int_equal(handshake.start, NOW_S);
    }
    assert_int_equal(open_at(place, &ticket, MAX_SESSION_S - 1), STEK_OK);
    assert_int_equal(open_at(place, &ticket, MAX_SESSION_S), STEK_NO_KEY);
    handshake = handshake_of(1, MAX_SESSION_S); /* resumed elsewhere, a moment ago */
    handshake.start = NOW_S;
    assert_int_equal(seal(place, &ticket, &handshake), STEK_NO_KEY);
    assert_int_equal(codec_counted(place, STEK_FULL_NO_KEY), 1);
    assert_int_equal(codec_counted(place, STEK_RENEWED), MAX_SESSION_S / 3600 - 1);
}

/* R-TICKET-5: a policy that was made stricter counts for tickets that are out already. */
static void
test_stricter_policy(void **state)
{
    struct codec_place *place = *state;
    struct stek_handshake handshake = handshake_of(1, 0);
    struct policy policy = ring_policy();
    struct ring_writer writer;
    struct ticket ticket;

    assert_int_equal(seal(place, &ticket, &handshake), STEK_OK);
    policy.lifetime_s = policy.max_session_s = 600;
    assert_true(ring_writer_open(&writer, place->scratch.ring, 64, NO_GROUP, NULL));
    assert_true(ring_writer_store(&writer, &place->set, &policy, 0, ring_time_at(0), NULL));
    ring_writer_close(&writer);
    assert_int_equal(open_at(place, &ticket, 599), STEK_OK);
    assert_int_equal(open_at(place, &ticket, 600), STEK_NO_KEY);
}

/* The wall clocks of two hosts differ, or one is set: no ticket outlives its key by that, and one
 * from the far future is not believed. */
static void
test_clocks(void **state)
{
    const struct codec_place *place = *state;
    struct stek_handshake handshake = handshake_of(1, 0), here = handshake_of(1, 0);
    struct ticket ticket;

    handshake.unix_now = NOW_S + 600;
    assert_int_equal(seal(place, &ticket, &handshake), STEK_OK);
    assert_int_equal(open_it(place, &ticket, &here), STEK_OK);
    assert_int_equal(here.start, NOW_S + 600);
    here.unix_now = NOW_S - 1;
    assert_int_equal(open_it(place, &ticket, &here), STEK_NO_KEY);
    here.unix_now = NOW_S + 600;
    here.now = RING_S + 3600 + LIFETIME_S;
    assert_int_equal(open_it(place, &ticket, &here), STEK_NO_KEY);
}

/* Nobody said what time it is: the clocks are read. */
static void
test_now(void **state)
{
    struct codec_place *place = *state;
    struct stek_ring *ring = NULL;
    struct stek_handshake handshake = handshake_of(1, 0), later;
    uint64_t before = stek_unix_now();
    struct ticket ticket;

    handshake.now = handshake.unix_now = 0;
    assert_int_equal(stek_ring_local(&ring, NULL), STEK_OK);
    place->codec.ring = ring;
    assert_int_equal(seal(place, &ticket, &handshake), STEK_OK);
    assert_in_range(handshake.start, before, stek_unix_now());
    assert_int_equal(open_it(place, &ticket, &handshake), STEK_OK);
    later = handshake;
    later.unix_now = stek_unix_now() + 43201;
    assert_int_equal(open_it(place, &ticket, &later), STEK_NO_KEY);
    stek_ring_close(&ring);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_lifetime),        CASE(test_key_ends_first), CASE(test_chain),
        CASE(test_stricter_policy), CASE(test_clocks),         CASE(test_now),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
