/* Whatever a client presents, it gets a full handshake and never an alert; whatever the server does
 * about ticket keys itself, the ring's are used. And each outcome is counted as what it was. */
#include <stdlib.h>
#include <string.h>

#include "suite.h"

#define TICKET_MAX 1024

/* Offer a session with this ticket in it, as suite_offer. */
static int
offer_forged(const struct run *run, void *server, SSL_SESSION *session, const uint8_t *ticket,
             size_t len)
{
    SSL_SESSION *forged = client_forge(session, ticket, len);
    struct got got;

    if (forged == NULL)
        return -2;
    got = suite_shake(run, server, "a.example", forged);
    client_done(&got);
    SSL_SESSION_free(forged);
    return got.done ? got.resumed : -1;
}

static void
test_each_byte_damaged(void **state)
{
    const struct run *run = *state;
    void *server = suite_serve(run, &suite_plain);
    struct got got;
    const unsigned char *ticket;
    uint8_t damaged[TICKET_MAX];
    size_t len;
    uint64_t unknown, context;

    assert_non_null(server);
    got = suite_shake(run, server, "a.example", NULL);
    assert_non_null(got.session);
    SSL_SESSION_get0_ticket(got.session, &ticket, &len);
    assert_in_range(len, 64, sizeof damaged);
    assert_int_equal(offer_forged(run, server, got.session, ticket, len), 1);
    for (size_t i = 0; i < len; i++) {
        memcpy(damaged, ticket, len);
        damaged[i] ^= (uint8_t)(1U << (i % 8));
        assert_int_equal(offer_forged(run, server, got.session, damaged, len), 0);
    }
    unknown = farm_count(run->ring, STEK_FULL_UNKNOWN);
    context = farm_count(run->ring, STEK_FULL_CONTEXT);
    assert_int_equal(unknown, STEK_NAME_LEN);
    if ((run->driver->can & CAN_COUNT_ALL) != 0)
        assert_int_equal(context, len - STEK_NAME_LEN);
    client_done(&got);
    run->driver->server_free(server);
}

/* Cut short, grown, of another library, or with our key's name on rubbish. */
static void
test_foreign_tickets(void **state)
{
    static const size_t lens[] = {1, 15, 16, 31, 32, 33, 47, 48, 64, 65, 80, 96, 200, 700};
    const struct run *run = *state;
    void *server = suite_serve(run, &suite_plain);
    struct got got;
    const unsigned char *ticket;
    uint8_t bytes[TICKET_MAX];
    size_t len;

    assert_non_null(server);
    got = suite_shake(run, server, "a.example", NULL);
    assert_non_null(got.session);
    SSL_SESSION_get0_ticket(got.session, &ticket, &len);
    assert_in_range(len, 64, sizeof bytes);
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        for (size_t j = 0; j < sizeof bytes; j++)
            bytes[j] = (uint8_t)(j * 151 + i);
        assert_int_equal(offer_forged(run, server, got.session, bytes, lens[i]), 0);
        memcpy(bytes, run->farm.names[0], STEK_NAME_LEN);
        assert_int_equal(offer_forged(run, server, got.session, bytes, lens[i]), 0);
        memcpy(bytes, ticket, len);
        if (lens[i] != len)
            assert_int_equal(offer_forged(run, server, got.session, bytes, lens[i]), 0);
    }
    client_done(&got);
    run->driver->server_free(server);
}

static void
test_own_keys(void **state)
{
    static const enum own owns[] = {OWN_KEYS_BEFORE, OWN_KEYS_AFTER, OWN_CALLBACK_BEFORE,
                                    OWN_CALLBACK_AFTER};
    const struct run *run = *state;

    for (size_t i = 0; i < sizeof owns / sizeof *owns; i++) {
        const struct server_options options = {.names = "a.example", .own = owns[i]};
        void *server = suite_serve(run, &options);
        struct got first, second;

        assert_non_null(server);
        first = suite_shake(run, server, "a.example", NULL);
        assert_true(suite_is_key(run, &first, 0));
        second = suite_shake(run, server, "a.example", first.session);
        assert_true(second.done);
        assert_true(second.resumed);
        client_done(&first);
        client_done(&second);
        run->driver->server_free(server);
    }
}

/* The ticket is then looked at in the second ClientHello. */
static void
test_hello_retry(void **state)
{
    const struct run *run = *state;
    const struct server_options retries = {.names = "a.example", .retries = true};
    SSL_SESSION *session = suite_session(run, &retries);

    assert_non_null(session);
    assert_int_equal(suite_offer(run, &retries, "a.example", session), 1);
    assert_int_equal(suite_offer(run, &retries, "b.example", session), 0);
    SSL_SESSION_free(session);
}

/* A name that no host can have: OpenSSL lets it through, stek binds nothing to it. */
static void
test_odd_sni(void **state)
{
    const struct run *run = *state;
    void *server = suite_serve(run, &suite_plain);
    struct got got, offered;
    SSL_SESSION *session = suite_session(run, &suite_plain);

    assert_non_null(server);
    assert_non_null(session);
    got = suite_shake(run, server, "a example", NULL);
    assert_true(got.done);
    assert_int_equal(got.tickets, 0);
    offered = suite_shake(run, server, "a example", session);
    assert_true(offered.done);
    assert_false(offered.resumed);
    client_done(&got);
    client_done(&offered);
    SSL_SESSION_free(session);
    run->driver->server_free(server);
}

static uint64_t
count(const struct run *run, enum stek_event event)
{
    return farm_count(run->ring, event);
}

static void
test_counters(void **state)
{
    struct run *run = *state;
    const uint64_t is_13 = run->version == TLS1_3_VERSION;
    void *server = suite_serve(run, &suite_plain);
    struct got full, resumed, renewed, other, revoked, none;
    uint64_t each;

    assert_non_null(server);
    full = suite_shake(run, server, "a.example", NULL);
    each = (uint64_t)full.tickets;
    assert_int_equal(count(run, STEK_SEALED), each);
    resumed = suite_shake(run, server, "a.example", full.session);
    assert_int_equal(count(run, STEK_OPENED), 1);
    assert_int_equal(count(run, STEK_SEALED), each + is_13);
    assert_int_equal(count(run, STEK_RENEWED), 0);
    assert_true(farm_seal(&run->farm, 1, -5));
    renewed = suite_shake(run, server, "a.example", full.session);
    assert_int_equal(count(run, STEK_OPENED), 2);
    assert_int_equal(count(run, STEK_RENEWED), 1);
    assert_int_equal(count(run, STEK_SEALED), each + 2 * is_13 + !is_13);
    other = suite_shake(run, server, "b.example", full.session);
    assert_int_equal(count(run, STEK_FULL_CONTEXT), 1);
    assert_int_equal(count(run, STEK_OPENED), 2);
    assert_true(farm_revoke(&run->farm, 0));
    assert_true(farm_revoke(&run->farm, 1));
    revoked = suite_shake(run, server, "a.example", full.session);
    assert_int_equal(count(run, STEK_FULL_REVOKED), 1);
    assert_int_equal(count(run, STEK_FULL_NO_KEY), each);
    none = suite_shake(run, server, "a.example", NULL);
    assert_int_equal(count(run, STEK_FULL_NO_KEY), 2 * each);
    assert_int_equal(count(run, STEK_FULL_UNKNOWN), 0);
    assert_int_equal(count(run, STEK_FULL_EXPIRED), 0);
    client_done(&full);
    client_done(&resumed);
    client_done(&renewed);
    client_done(&other);
    client_done(&revoked);
    client_done(&none);
    run->driver->server_free(server);
}

static const struct suite_case cases[] = {
    {"each byte of a ticket damaged", test_each_byte_damaged, 0},
    {"foreign tickets", test_foreign_tickets, 0},
    {"the server's own keys and callbacks are not used", test_own_keys, CAN_OWN},
    {"HelloRetryRequest", test_hello_retry, 0},
    {"an SNI that is no host name", test_odd_sni, 0},
    {"what happened is counted", test_counters, CAN_COUNT_ALL | CAN_RENEW12},
};
const struct suite_list cases_hostile = {cases, sizeof cases / sizeof *cases};
