/* A ticket resumes only where it was given: the same names, SNI, label; and where client
 * certificates are asked for, only with the operator's word (prior-art P5 to P7). */
#include <stdio.h>

#include "suite.h"

static void
test_sni(void **state)
{
    const struct run *run = *state;
    const struct server_options any = {.names = "a.example", .any_sni = true};

    assert_int_equal(suite_cross(run, &suite_plain, &suite_plain, "a.example"), 1);
    assert_int_equal(suite_cross(run, &suite_plain, &suite_plain, "A.Example"), 1);
    assert_int_equal(suite_cross(run, &suite_plain, &suite_plain, "b.example"), 0);
    assert_int_equal(suite_cross(run, &suite_plain, &suite_plain, NULL), 0);
    assert_int_equal(suite_cross(run, &any, &any, "b.example"), 1);
    assert_int_equal(suite_cross(run, &any, &any, NULL), 1);
    assert_int_equal(suite_cross(run, &any, &suite_plain, "a.example"), 0);
}

static void
test_no_sni(void **state)
{
    const struct run *run = *state;
    void *server = suite_serve(run, &suite_plain);
    struct got first, second, third;

    assert_non_null(server);
    first = suite_shake(run, server, NULL, NULL);
    assert_non_null(first.session);
    second = suite_shake(run, server, NULL, first.session);
    assert_true(second.resumed);
    third = suite_shake(run, server, "a.example", first.session);
    assert_true(third.done);
    assert_false(third.resumed);
    client_done(&first);
    client_done(&second);
    client_done(&third);
    run->driver->server_free(server);
}

/* Many names at one server: what is kept of one must not serve another. */
static void
test_many_names(void **state)
{
    const struct run *run = *state;
    void *server = suite_serve(run, &suite_plain);
    char names[12][12];
    SSL_SESSION *sessions[12];

    assert_non_null(server);
    for (int i = 0; i < 12; i++) {
        struct got got;

        (void)snprintf(names[i], sizeof names[i], "%c.example", 'a' + i); /* fits */
        got = suite_shake(run, server, names[i], NULL);
        sessions[i] = got.session;
        assert_non_null(sessions[i]);
    }
    for (int i = 0; i < 12; i++)
        for (int j = 0; j < 12; j++) {
            struct got got = suite_shake(run, server, names[j], sessions[i]);

            assert_true(got.done);
            assert_int_equal(got.resumed, i == j);
            client_done(&got);
        }
    for (int i = 0; i < 12; i++)
        SSL_SESSION_free(sessions[i]);
    run->driver->server_free(server);
}

/* What a renewal seals is bound to this connection's name too. */
static void
test_renewal_keeps_sni(void **state)
{
    struct run *run = *state;
    void *server = suite_serve(run, &suite_plain);
    struct got first, renewed, other, same;

    assert_non_null(server);
    first = suite_shake(run, server, "a.example", NULL);
    assert_true(farm_seal(&run->farm, 1, -5));
    renewed = suite_shake(run, server, "a.example", first.session);
    assert_true(suite_is_key(run, &renewed, 1));
    other = suite_shake(run, server, "b.example", renewed.session);
    assert_true(other.done);
    assert_false(other.resumed);
    same = suite_shake(run, server, "a.example", renewed.session);
    assert_true(same.resumed);
    client_done(&first);
    client_done(&renewed);
    client_done(&other);
    client_done(&same);
    run->driver->server_free(server);
}

/* Another name is another context; a renewed certificate, or one more of the same names, is not. */
static void
test_names(void **state)
{
    const struct run *run = *state;
    const struct server_options other = {.names = "b.example"};
    const struct server_options more = {.names = "a.example b.example"};
    const struct server_options turned = {.names = "b.example a.example"};
    const struct server_options two = {.names = "a.example", .two_certs = true};

    assert_int_equal(suite_cross(run, &suite_plain, &other, "a.example"), 0);
    assert_int_equal(suite_cross(run, &suite_plain, &more, "a.example"), 0);
    assert_int_equal(suite_cross(run, &more, &turned, "a.example"), 1);
    assert_int_equal(suite_cross(run, &suite_plain, &two, "a.example"), 1);
}

static void
test_label(void **state)
{
    const struct run *run = *state;
    const struct server_options x = {.names = "a.example", .label = "x"};
    const struct server_options y = {.names = "a.example", .label = "y"};

    assert_int_equal(suite_cross(run, &x, &x, "a.example"), 1);
    assert_int_equal(suite_cross(run, &x, &y, "a.example"), 0);
    assert_int_equal(suite_cross(run, &x, &suite_plain, "a.example"), 0);
    assert_int_equal(suite_cross(run, &suite_plain, &x, "a.example"), 0);
}

static void
test_client_certificate(void **state)
{
    const struct run *run = *state;
    const struct server_options asks = {.names = "a.example", .asks_client = true};
    const struct server_options labelled = {
        .names = "a.example", .asks_client = true, .label = "x"};
    const struct server_options open = {.names = "a.example", .label = "x"};

    assert_int_equal(suite_offer(run, &asks, "a.example", NULL), 0);
    assert_null(suite_session(run, &asks));
    assert_int_equal(suite_cross(run, &suite_plain, &asks, "a.example"), 0);
    assert_int_equal(suite_cross(run, &labelled, &labelled, "a.example"), 1);
    assert_int_equal(suite_cross(run, &open, &labelled, "a.example"), 0);
    assert_int_equal(suite_cross(run, &labelled, &open, "a.example"), 0);
}

/* A client that shows a certificate where none is needed gets no ticket either. */
static void
test_client_shows_certificate(void **state)
{
    const struct run *run = *state;
    const struct server_options asks = {.names = "a.example", .asks_client = true};
    const struct ask ask = {.version = run->version, .sni = "a.example", .has_cert = true};
    void *server = suite_serve(run, &asks);
    struct got got;

    assert_non_null(server);
    client_shake(&got, run->driver, server, &ask);
    assert_true(got.done);
    assert_int_equal(got.tickets, 0);
    client_done(&got);
    run->driver->server_free(server);
}

/* OpenSSL ends a handshake that resumes there; so there must be no ticket. */
static void
test_client_without_session_context(void **state)
{
    const struct run *run = *state;
    const struct server_options asks = {
        .names = "a.example", .asks_client = true, .label = "x", .no_session_context = true};

    assert_int_equal(suite_offer(run, &asks, "a.example", NULL), 0);
    assert_null(suite_session(run, &asks));
}

static const struct suite_case cases[] = {
    {"another SNI", test_sni, 0},
    {"no SNI", test_no_sni, 0},
    {"many SNIs at one server", test_many_names, 0},
    {"a renewal keeps the SNI", test_renewal_keeps_sni, CAN_RENEW12},
    {"other names on the certificate", test_names, 0},
    {"another label", test_label, 0},
    {"client certificates are asked for", test_client_certificate, CAN_CLIENT},
    {"a client shows a certificate", test_client_shows_certificate, CAN_CLIENT},
    {"client certificates without a session context", test_client_without_session_context,
     CAN_CLIENT},
};
const struct suite_list cases_context = {cases, sizeof cases / sizeof *cases};
