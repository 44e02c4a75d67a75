/* Nothing lives longer than it may: tickets, keys, and chains of renewals. */
#include <string.h>
#include <time.h>

#include "suite.h"

static unsigned long
hint_of(const struct run *run, const struct server_options *options)
{
    void *server = suite_serve(run, options);
    struct got got = {0};

    if (server != NULL) {
        got = suite_shake(run, server, "a.example", NULL);
        run->driver->server_free(server);
    }
    client_done(&got);
    return got.done && got.tickets > 0 ? got.hint : 0;
}

/* The smallest of the server's own, the policy's, and what is left of the key; never raised. */
static void
test_lifetime(void **state)
{
    struct run *run = *state;
    const struct server_options brief = {.names = "a.example", .timeout = 77};

    assert_int_equal(hint_of(run, &suite_plain), 12 * 3600);
    assert_int_equal(hint_of(run, &brief), 77);
    run->farm.policy.lifetime_s = 1000;
    assert_true(farm_write(&run->farm));
    assert_int_equal(hint_of(run, &suite_plain), 1000);
    assert_int_equal(hint_of(run, &brief), 77);
    run->farm.policy.lifetime_s = 12 * 3600;
    assert_true(farm_key(&run->farm, 1, -5, 400, 500));
    assert_in_range(hint_of(run, &suite_plain), 400, 501);
    assert_int_equal(hint_of(run, &brief), 77);
}

static bool
is_past(void *arg)
{
    return stek_now() > *(const uint64_t *)arg;
}

/* A ticket of a key that seals for two seconds more and opens for three; a slow machine needs
 * several tries for that. */
static SSL_SESSION *
brief_session(struct run *run, uint64_t *end)
{
    for (unsigned id = 1; id < FARM_KEYS; id++) {
        void *server = suite_serve(run, &suite_plain);
        struct got got = {0};

        if (server == NULL || !farm_key(&run->farm, id, (int)id - 10, 2, 3))
            return NULL;
        *end = stek_now() + 3;
        got = suite_shake(run, server, "a.example", NULL);
        run->driver->server_free(server);
        if (suite_is_key(run, &got, id))
            return got.session;
        client_done(&got);
    }
    return NULL;
}

/* Nobody writes the ring meanwhile: readers see to it themselves (R-RING-3). */
static void
test_expired(void **state)
{
    struct run *run = *state;
    uint64_t end;
    SSL_SESSION *session = brief_session(run, &end);

    assert_non_null(session);
    assert_true(farm_wait(is_past, &end));
    assert_int_equal(suite_offer(run, &suite_plain, "a.example", session), 0);
    assert_true(farm_count(run->ring, STEK_FULL_EXPIRED) > 0 ||
                (run->driver->can & CAN_COUNT_ALL) == 0);
    SSL_SESSION_free(session);
}

static bool
is_later(void *arg)
{
    return stek_unix_now() > *(const uint64_t *)arg;
}

/* A chain begins with the full handshake, and renewals do not make it younger. */
static void
test_chain_ends(void **state)
{
    struct run *run = *state;
    void *server = suite_serve(run, &suite_plain);
    uint64_t start = stek_unix_now();
    struct got first, renewed, full;

    assert_non_null(server);
    first = suite_shake(run, server, "a.example", NULL);
    assert_non_null(first.session);
    assert_true(farm_wait(is_later, &start));
    assert_true(farm_seal(&run->farm, 1, -5)); /* so that TLS 1.2 renews too */
    renewed = suite_shake(run, server, "a.example", first.session);
    assert_true(renewed.resumed);
    assert_true(suite_is_key(run, &renewed, 1));
    run->driver->server_free(server);
    run->farm.policy.max_session_s = 1000;
    assert_true(farm_write(&run->farm));
    assert_int_equal(suite_offer(run, &suite_plain, "a.example", renewed.session), 1);
    /* the ticket is new, its chain is at least a second old */
    run->farm.policy.max_session_s = 1;
    assert_true(farm_write(&run->farm));
    server = suite_serve(run, &suite_plain);
    full = suite_shake(run, server, "a.example", renewed.session);
    assert_true(full.done);
    assert_false(full.resumed);
    assert_int_equal(farm_count(run->ring, STEK_FULL_EXPIRED), 1);
    run->driver->server_free(server);
    client_done(&first);
    client_done(&renewed);
    client_done(&full);
}

static const struct suite_case cases[] = {
    {"lifetime is the smallest of three", test_lifetime, 0},
    {"an expired key's ticket", test_expired, 0},
    {"a chain of renewals ends", test_chain_ends, CAN_AGE | CAN_RENEW12},
};
const struct suite_list cases_time = {cases, sizeof cases / sizeof *cases};
