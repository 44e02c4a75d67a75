/* Client certificates: wanted or required, of one CA or another. No ticket spares anybody one, and
 * what one client has shown counts nowhere else. Servers have a label: without one there are no
 * tickets (cases_context.c). */
#include "suite.h"

static const struct server_options open = {.names = "a.example", .label = "x"};
static const struct server_options wants = {
    .names = "a.example", .label = "x", .asks_client = true};
static const struct server_options requires = {
    .names = "a.example", .label = "x", .asks_client = true, .requires_client = true};

/* A ticket that was given for a certificate; NULL: none. */
static SSL_SESSION *
shown(const struct run *run, const struct server_options *options)
{
    const struct ask ask = {.version = run->version, .sni = "a.example", .has_cert = true};
    void *server = suite_serve(run, options);
    struct got got = {0};

    if (server == NULL)
        return NULL;
    client_shake(&got, run->driver, server, &ask);
    run->driver->server_free(server);
    if (!got.done)
        client_done(&got);
    return got.session;
}

static void
test_required(void **state)
{
    const struct run *run = *state;
    SSL_SESSION *of_open = suite_session(run, &open), *of_wants = suite_session(run, &wants);
    SSL_SESSION *of_wants_shown = shown(run, &wants), *of_requires = shown(run, &requires);

    assert_true(of_open != NULL && of_wants != NULL && of_wants_shown != NULL);
    assert_non_null(of_requires);
    assert_int_equal(suite_offer(run, &requires, "a.example", NULL), -1);
    assert_int_equal(suite_offer(run, &requires, "a.example", of_requires), 1);
    assert_int_equal(suite_offer(run, &requires, "b.example", of_requires), -1);
    assert_int_equal(suite_offer(run, &requires, "a.example", of_open), -1);
    assert_int_equal(suite_offer(run, &requires, "a.example", of_wants), -1);
    assert_int_equal(suite_offer(run, &requires, "a.example", of_wants_shown), -1);
    assert_int_equal(suite_offer(run, &wants, "a.example", of_wants), 1);
    assert_int_equal(suite_offer(run, &wants, "a.example", of_wants_shown), 1);
    assert_int_equal(suite_offer(run, &wants, "a.example", of_requires), 0);
    assert_int_equal(suite_offer(run, &open, "a.example", of_wants_shown), 0);
    assert_int_equal(suite_offer(run, &open, "a.example", of_requires), 0);
    SSL_SESSION_free(of_open);
    SSL_SESSION_free(of_wants);
    SSL_SESSION_free(of_wants_shown);
    SSL_SESSION_free(of_requires);
}

/* The list of CAs that the server names is part of the context. */
static void
test_other_ca(void **state)
{
    const struct run *run = *state;
    const struct server_options ca = {.names = "a.example",
                                      .label = "x",
                                      .asks_client = true,
                                      .requires_client = true,
                                      .client_ca = "ca-1"};
    const struct server_options other = {.names = "a.example",
                                         .label = "x",
                                         .asks_client = true,
                                         .requires_client = true,
                                         .client_ca = "ca-2"};
    SSL_SESSION *session = shown(run, &ca);

    assert_non_null(session);
    assert_int_equal(suite_offer(run, &ca, "a.example", session), 1);
    assert_int_equal(suite_offer(run, &other, "a.example", session), -1);
    assert_int_equal(suite_offer(run, &requires, "a.example", session), -1);
    SSL_SESSION_free(session);
}

static const struct suite_case cases[] = {
    {"client certificates that are required", test_required, CAN_CLIENT},
    {"client certificates of another CA", test_other_ca, CAN_CLIENT},
};
const struct suite_list cases_client = {cases, sizeof cases / sizeof *cases};
