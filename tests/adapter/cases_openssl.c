/* What only OpenSSL has: objects used again and copied, contexts changed while they live, ticket
 * application data, its own session cache, and an error queue that is not ours. */
#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <stek/openssl.h>
#include <string.h>

#include "driver_openssl.h"
#include "suite.h"

/* A run whose driver makes connections in another way. */
static struct run
run_with(const struct run *run, struct driver *driver, void *(*conn_new)(void *))
{
    struct run other = *run;

    *driver = driver_openssl;
    driver->conn_new = conn_new;
    other.driver = driver;
    return other;
}

/* ---- an SSL that serves one connection after another ---- */

static void *
conn_again(void *arg)
{
    struct openssl_server *server = arg;
    SSL *ssl = server->reused;

    if (ssl == NULL) {
        ssl = server->reused = driver_openssl.conn_new(server);
    } else if (SSL_clear(ssl) != 1) {
        return NULL;
    }
    if (ssl == NULL || SSL_up_ref(ssl) != 1)
        return NULL;
    return ssl;
}

static void
test_used_again(void **state)
{
    struct run *run = *state;
    struct driver driver;
    struct run again = run_with(run, &driver, conn_again);
    struct openssl_server *server = suite_serve(run, &suite_plain);
    struct got first, renewed, other, right, wrong;

    assert_non_null(server);
    first = suite_shake(&again, server, "a.example", NULL);
    assert_non_null(first.session);
    assert_true(farm_seal(&run->farm, 1, -5));
    renewed = suite_shake(&again, server, "a.example", first.session);
    assert_true(suite_is_key(run, &renewed, 1));
    other = suite_shake(&again, server, "b.example", NULL);
    assert_non_null(other.session);
    wrong = suite_shake(&again, server, "a.example", other.session);
    assert_true(wrong.done);
    assert_false(wrong.resumed);
    right = suite_shake(&again, server, "b.example", other.session);
    assert_true(right.resumed);
    client_done(&first);
    client_done(&renewed);
    client_done(&other);
    client_done(&wrong);
    client_done(&right);
    SSL_free(server->reused);
    run->driver->server_free(server);
}

/* What was opened for one connection says nothing of the next, whose session comes from OpenSSL's
 * cache. TLS 1.3 has no such sessions. */
static void
test_used_again_with_cache(void **state)
{
    const struct run *run = *state;
    const struct ask no_ticket = {.version = run->version, .sni = "b.example", .no_ticket = true};
    struct driver driver;
    struct run again = run_with(run, &driver, conn_again);
    struct openssl_server *server = suite_serve(run, &suite_plain);
    struct got ticket, cached, opened, last;

    assert_non_null(server);
    (void)SSL_CTX_set_session_cache_mode(server->ctx, SSL_SESS_CACHE_SERVER);
    ticket = suite_shake(run, server, "a.example", NULL);
    client_shake(&cached, run->driver, server, &no_ticket);
    opened = suite_shake(&again, server, "a.example", ticket.session);
    assert_true(opened.resumed);
    if (run->version == TLS1_2_VERSION) {
        last = suite_shake(&again, server, "b.example", cached.cached);
        assert_true(last.resumed);
        assert_int_equal(last.tickets, 0);
        client_done(&last);
    }
    client_done(&ticket);
    client_done(&cached);
    client_done(&opened);
    SSL_free(server->reused);
    run->driver->server_free(server);
}

/* ---- an SSL that is a copy ---- */

static void *
conn_copy(void *arg)
{
    SSL *ssl = driver_openssl.conn_new(arg), *copy = NULL;
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());

    if (ssl != NULL)
        copy = SSL_dup(ssl);
    SSL_free(ssl);
    if (copy == NULL || in == NULL || out == NULL) {
        BIO_free(in);
        BIO_free(out);
        return NULL;
    }
    (void)BIO_set_mem_eof_return(in, -1);
    SSL_set_bio(copy, in, out);
    SSL_set_accept_state(copy);
    return copy;
}

static void
test_copied(void **state)
{
    const struct run *run = *state;
    struct driver driver;
    struct run copies = run_with(run, &driver, conn_copy);
    SSL_SESSION *session = suite_session(&copies, &suite_plain);

    assert_non_null(session);
    assert_int_equal(suite_offer(&copies, &suite_plain, "a.example", session), 1);
    assert_int_equal(suite_offer(&copies, &suite_plain, "b.example", session), 0);
    SSL_SESSION_free(session);
}

/* ---- contexts that change ---- */

static void
test_certificate_replaced(void **state)
{
    const struct run *run = *state;
    struct openssl_server *server = suite_serve(run, &suite_plain);
    struct got first, same, other;

    assert_non_null(server);
    first = suite_shake(run, server, "a.example", NULL);
    assert_non_null(first.session);
    assert_true(openssl_use_names(server->ctx, "a.example"));
    same = suite_shake(run, server, "a.example", first.session);
    assert_true(same.resumed);
    assert_true(openssl_use_names(server->ctx, "a.example b.example"));
    other = suite_shake(run, server, "a.example", first.session);
    assert_true(other.done);
    assert_false(other.resumed);
    client_done(&first);
    client_done(&same);
    client_done(&other);
    run->driver->server_free(server);
}

/* Made before its context was attached. */
static void *
conn_early(void *arg)
{
    struct openssl_server *server = arg;
    void *conn = server->reused;

    server->reused = NULL;
    return conn;
}

static void
test_made_before(void **state)
{
    const struct run *run = *state;
    struct driver driver;
    struct run early = run_with(run, &driver, conn_early);
    struct openssl_server *server = suite_serve(run, &suite_plain);
    SSL_CTX *ctx;
    struct got got;

    assert_non_null(server);
    ctx = server->ctx;
    server->ctx = SSL_CTX_new(TLS_server_method());
    assert_non_null(server->ctx);
    assert_true(openssl_use_names(server->ctx, "a.example"));
    assert_int_equal(SSL_CTX_set_session_id_context(server->ctx, (const uint8_t *)"suite", 6), 1);
    server->reused = driver_openssl.conn_new(server);
    assert_true(run->driver->server_attach(server, run->ring));
    got = suite_shake(&early, server, "a.example", NULL);
    assert_true(suite_is_key(run, &got, 0));
    assert_int_equal(suite_offer(run, &suite_plain, "a.example", got.session), 1);
    SSL_CTX_free(ctx);
    client_done(&got);
    run->driver->server_free(server);
}

/* ---- ticket application data ---- */

static int
put_data(SSL *ssl, void *arg)
{
    return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), arg, 5);
}

static SSL_TICKET_RETURN
get_data(SSL *ssl, SSL_SESSION *session, const unsigned char *name, size_t name_len,
         SSL_TICKET_STATUS status, void *arg)
{
    void *data = NULL;
    size_t len = 0;

    (void)ssl, (void)name, (void)name_len;
    if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    if (!SSL_SESSION_get0_ticket_appdata(session, &data, &len) || len != 5 ||
        memcmp(data, arg, 5) != 0)
        return SSL_TICKET_RETURN_ABORT;
    return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

static void
test_own_appdata(void **state)
{
    const struct run *run = *state;
    struct openssl_server *server = suite_serve(run, &suite_plain);
    char theirs[] = "their";
    struct got first, second;
    STEK_OPENSSL_OPTIONS(options);

    assert_non_null(server);
    options.own_appdata = 1;
    assert_int_equal(SSL_CTX_set_session_ticket_cb(server->ctx, put_data, get_data, theirs), 1);
    assert_int_equal(stek_openssl_attach(server->ctx, run->ring, &options), STEK_OK);
    first = suite_shake(run, server, "a.example", NULL);
    assert_true(suite_is_key(run, &first, 0));
    second = suite_shake(run, server, "a.example", first.session);
    assert_true(second.done);
    assert_true(second.resumed);
    assert_int_equal(farm_count(run->ring, STEK_OPENED), 1);
    client_done(&first);
    client_done(&second);
    run->driver->server_free(server);
}

/* Set after attaching, and stek not told: no age would be in the tickets, so there are none. */
static void
test_own_appdata_later(void **state)
{
    const struct run *run = *state;
    struct openssl_server *server = suite_serve(run, &suite_plain);
    char theirs[] = "their";
    struct got none, again;

    assert_non_null(server);
    assert_int_equal(SSL_CTX_set_session_ticket_cb(server->ctx, put_data, get_data, theirs), 1);
    none = suite_shake(run, server, "a.example", NULL);
    assert_true(none.done);
    assert_int_equal(none.tickets, 0);
    assert_int_equal(atomic_load(&server->warnings), 1);
    assert_true(run->driver->server_attach(server, run->ring));
    again = suite_shake(run, server, "a.example", NULL);
    assert_true(suite_is_key(run, &again, 0));
    client_done(&none);
    client_done(&again);
    run->driver->server_free(server);
}

/* ---- OpenSSL's own cache ---- */

/* A session that came from the cache, not from a ticket that we opened, gets into no ticket: it
 * was not opened in any context. TLS 1.3 has no such sessions. */
static void
test_cached_session(void **state)
{
    const struct run *run = *state;
    const struct ask no_ticket = {.version = run->version, .sni = "a.example", .no_ticket = true};
    struct openssl_server *server = suite_serve(run, &suite_plain);
    struct got full, cached;

    assert_non_null(server);
    (void)SSL_CTX_set_session_cache_mode(server->ctx, SSL_SESS_CACHE_SERVER);
    client_shake(&full, run->driver, server, &no_ticket);
    assert_true(full.done);
    if (run->version == TLS1_2_VERSION) {
        assert_int_equal(full.tickets, 0);
        assert_non_null(full.cached);
        cached = suite_shake(run, server, "a.example", full.cached);
        assert_true(cached.done);
        assert_true(cached.resumed);
        assert_int_equal(cached.tickets, 0);
        client_done(&cached);
    }
    client_done(&full);
    run->driver->server_free(server);
}

static const struct suite_case cases[] = {
    {"an SSL used again", test_used_again, 0},
    {"an SSL used again, with OpenSSL's cache", test_used_again_with_cache, 0},
    {"an SSL copied", test_copied, 0},
    {"a certificate replaced", test_certificate_replaced, 0},
    {"an SSL made before its context was attached", test_made_before, 0},
    {"application data of the server's own", test_own_appdata, 0},
    {"application data of the server's own, later", test_own_appdata_later, 0},
    {"a session out of OpenSSL's cache", test_cached_session, 0},
};
const struct suite_list cases_openssl = {cases, sizeof cases / sizeof *cases};
