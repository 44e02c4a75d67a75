/* Data with the first flight (0-RTT): what resumes takes it, under the ticket's own context alone;
 * what does not resume refuses it, and the handshake goes on. In TLS 1.2, which has none, nothing
 * else is different. */
#include <string.h>

#include "suite.h"

static const struct server_options again = {.names = "a.example", .early = EARLY_AGAIN};
static const struct server_options once = {.names = "a.example", .early = EARLY_ONCE};

/* Offer data with a session. */
static struct got
offer_early(const struct run *run, void *server, const char *sni, SSL_SESSION *session)
{
    const struct ask ask = {.version = run->version, .sni = sni, .offer = session, .early = true};
    struct got got;

    client_shake(&got, run->driver, server, &ask);
    return got;
}

enum outcome { FAILED, FULL, RESUMED, EARLY };

/* The same at a server that lives just for it. */
static enum outcome
offer_at(const struct run *run, const struct server_options *options, const char *sni,
         SSL_SESSION *session)
{
    void *server = suite_serve(run, options);
    enum outcome outcome = FAILED;
    struct got got;

    if (server == NULL)
        return FAILED;
    got = offer_early(run, server, sni, session);
    if (got.done)
        outcome = got.early ? EARLY : got.resumed ? RESUMED : FULL;
    client_done(&got);
    run->driver->server_free(server);
    return outcome;
}

static void
test_context(void **state)
{
    struct run *run = *state;
    const enum outcome early = run->version == TLS1_3_VERSION ? EARLY : RESUMED;
    const struct server_options names = {.names = "b.example", .early = EARLY_AGAIN};
    const struct server_options label = {.names = "a.example", .early = EARLY_AGAIN, .label = "x"};
    const struct server_options retries = {
        .names = "a.example", .early = EARLY_AGAIN, .retries = true};
    SSL_SESSION *session = suite_session(run, &again);

    assert_non_null(session);
    assert_int_equal(offer_at(run, &again, "a.example", session), early);
    assert_int_equal(offer_at(run, &again, "b.example", session), FULL);
    assert_int_equal(offer_at(run, &again, NULL, session), FULL);
    assert_int_equal(offer_at(run, &names, "a.example", session), FULL);
    assert_int_equal(offer_at(run, &label, "a.example", session), FULL);
    assert_int_equal(offer_at(run, &suite_plain, "a.example", session), RESUMED);
    assert_int_equal(offer_at(run, &retries, "a.example", session), RESUMED);
    assert_true(farm_seal(&run->farm, 1, -5));
    assert_true(farm_revoke(&run->farm, 0));
    assert_int_equal(offer_at(run, &again, "a.example", session), FULL);
    SSL_SESSION_free(session);
}

/* The ticket of an old key takes it, and so does the one that comes in its place. */
static void
test_renewed(void **state)
{
    struct run *run = *state;
    const bool is_13 = run->version == TLS1_3_VERSION;
    void *server = suite_serve(run, &again);
    struct got first, renewed, last;

    assert_non_null(server);
    first = suite_shake(run, server, "a.example", NULL);
    assert_true(suite_is_key(run, &first, 0));
    assert_true(farm_seal(&run->farm, 1, -5));
    renewed = offer_early(run, server, "a.example", first.session);
    assert_true(renewed.done);
    assert_true(renewed.resumed);
    assert_int_equal(renewed.early, is_13);
    assert_true(suite_is_key(run, &renewed, 1));
    last = offer_early(run, server, "a.example", renewed.session);
    assert_true(last.done);
    assert_true(last.resumed);
    assert_int_equal(last.early, is_13);
    client_done(&first);
    client_done(&renewed);
    client_done(&last);
    run->driver->server_free(server);
}

static void
test_damaged(void **state)
{
    const struct run *run = *state;
    void *server = suite_serve(run, &again);
    SSL_SESSION *session = suite_session(run, &again);
    const unsigned char *ticket;
    uint8_t damaged[1024];
    size_t len;

    assert_non_null(server);
    assert_non_null(session);
    SSL_SESSION_get0_ticket(session, &ticket, &len);
    assert_in_range(len, 64, sizeof damaged);
    for (size_t i = 0; i < len; i += 7) {
        SSL_SESSION *forged;
        struct got got;

        memcpy(damaged, ticket, len);
        damaged[i] ^= 1;
        forged = client_forge(session, damaged, len);
        assert_non_null(forged);
        got = offer_early(run, server, "a.example", forged);
        assert_true(got.done);
        assert_false(got.resumed);
        assert_false(got.early);
        client_done(&got);
        SSL_SESSION_free(forged);
    }
    SSL_SESSION_free(session);
    run->driver->server_free(server);
}

/* Where the library sees to it that nothing is replayed, sessions of TLS 1.3 stay in that server:
 * data is taken once, and no ticket of the ring resumes. */
static void
test_once(void **state)
{
    const struct run *run = *state;
    const bool is_13 = run->version == TLS1_3_VERSION;
    void *server = suite_serve(run, &once);
    SSL_SESSION *ring = suite_session(run, &again);
    struct got first, second, third;

    assert_non_null(server);
    assert_non_null(ring);
    first = suite_shake(run, server, "a.example", NULL);
    assert_non_null(first.session);
    assert_int_equal(suite_is_key(run, &first, 0), !is_13);
    assert_int_equal(offer_at(run, &once, "a.example", first.session), is_13 ? FULL : RESUMED);
    second = offer_early(run, server, "a.example", first.session);
    assert_true(second.resumed);
    assert_int_equal(second.early, is_13);
    third = offer_early(run, server, "a.example", first.session);
    assert_true(third.done);
    assert_int_equal(third.resumed, !is_13);
    assert_false(third.early);
    assert_int_equal(offer_at(run, &once, "a.example", ring), is_13 ? FULL : RESUMED);
    client_done(&first);
    client_done(&second);
    client_done(&third);
    SSL_SESSION_free(ring);
    run->driver->server_free(server);
}

static const struct suite_case cases[] = {
    {"0-RTT, in its own context alone", test_context, CAN_EARLY},
    {"0-RTT, with an old key's ticket", test_renewed, CAN_EARLY | CAN_RENEW12},
    {"0-RTT, with a damaged ticket", test_damaged, CAN_EARLY},
    {"0-RTT, where the library refuses replays", test_once, CAN_EARLY},
};
const struct suite_list cases_early = {cases, sizeof cases / sizeof *cases};
