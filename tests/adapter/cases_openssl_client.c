/* Client certificates that are asked for after the handshake: in TLS 1.3 by a message of its own
 * (RFC 8446, 4.6.2), in TLS 1.2 by a second handshake on the connection. */
#include "driver_openssl.h"
#include "suite.h"

/* Hangs on the server's SSL_CTX, for one connection. */
struct seen {
    int talks;
    bool had_cert; /* before it was asked for one */
    bool has_cert;
};

static int
trust_any(int is_ok, X509_STORE_CTX *store)
{
    (void)is_ok, (void)store;
    return 1;
}

static bool
ask(SSL *ssl)
{
    SSL_set_verify(ssl, SSL_VERIFY_PEER, trust_any);
    if (SSL_version(ssl) == TLS1_3_VERSION ? SSL_verify_client_post_handshake(ssl) != 1
                                           : SSL_renegotiate(ssl) != 1)
        return false;
    return SSL_do_handshake(ssl) == 1;
}

/* Ask, and talk once that is answered. */
static bool
talk_asking(void *conn, struct pipe *to_client)
{
    struct seen *seen = SSL_CTX_get_app_data(SSL_get_SSL_CTX(conn));
    char byte;

    if (seen->talks++ == 0) {
        seen->had_cert = SSL_get0_peer_certificate(conn) != NULL;
        if (!ask(conn))
            return false;
    } else if (SSL_read(conn, &byte, 1) >= 0) { /* takes the answer; there is no data */
        return false;
    }
    seen->has_cert = SSL_get0_peer_certificate(conn) != NULL;
    if (seen->talks > 1 && SSL_is_init_finished(conn) && !SSL_renegotiate_pending(conn))
        return driver_openssl.conn_talk(conn, to_client);
    return driver_openssl.conn_step(conn, &(struct pipe){.len = 0}, to_client) >= 0;
}

static struct got
shake_asked(struct seen *seen, const struct run *run, struct openssl_server *server, bool has_cert,
            SSL_SESSION *session)
{
    struct driver driver = driver_openssl;
    const struct ask ask = {.version = run->version,
                            .sni = "a.example",
                            .offer = session,
                            .has_cert = has_cert,
                            .asked_later = true};
    struct got got;

    driver.conn_talk = talk_asking;
    *seen = (struct seen){.talks = 0};
    (void)SSL_CTX_set_app_data(server->ctx, seen); /* else talk_asking() fails */
    client_shake(&got, &driver, server, &ask);
    return got;
}

/* What was sealed before the certificate was shown resumes without it; it is asked for again. */
static void
test_without_label(void **state)
{
    const struct run *run = *state;
    struct openssl_server *server = suite_serve(run, &suite_plain);
    struct seen seen;
    struct got got, next;

    assert_non_null(server);
    got = shake_asked(&seen, run, server, true, NULL);
    assert_true(got.done);
    assert_false(seen.had_cert);
    assert_true(seen.has_cert);
    assert_non_null(got.session);
    next = shake_asked(&seen, run, server, false, got.session);
    assert_true(next.done);
    assert_false(seen.had_cert);
    assert_false(seen.has_cert);
    client_done(&next);
    next = shake_asked(&seen, run, server, true, got.session);
    assert_true(next.done);
    assert_false(seen.had_cert);
    assert_true(seen.has_cert);
    client_done(&got);
    client_done(&next);
    run->driver->server_free(server);
}

/* With a label a ticket is sealed after it, too: it opens nowhere, for nobody knows when a
 * connection begins that a certificate will be asked for. */
static void
test_with_label(void **state)
{
    const struct run *run = *state;
    const struct server_options labelled = {.names = "a.example", .label = "x"};
    struct openssl_server *server = suite_serve(run, &labelled);
    struct seen seen;
    struct got got, next;

    assert_non_null(server);
    got = shake_asked(&seen, run, server, true, NULL);
    assert_true(got.done);
    assert_true(seen.has_cert);
    assert_non_null(got.session);
    next = shake_asked(&seen, run, server, false, got.session);
    assert_true(next.done);
    assert_false(next.resumed);
    assert_false(seen.had_cert);
    assert_false(seen.has_cert);
    client_done(&got);
    client_done(&next);
    run->driver->server_free(server);
}

static const struct suite_case cases[] = {
    {"a client certificate asked for later", test_without_label, 0},
    {"a client certificate asked for later, with a label", test_with_label, 0},
};
const struct suite_list cases_openssl_client = {cases, sizeof cases / sizeof *cases};
