/* Where a server does not say which context will serve, tickets are bound to what client
 * certificates the process asks for anywhere: of contexts that come and go, change while they live,
 * or are just made by another thread. */
#include <pthread.h>
#include <signal.h>
#include <stek/openssl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver_openssl.h"
#include "suite.h"

/* A context that stek knows, and that asks for client certificates; NULL: could not be made. */
static SSL_CTX *
asker(const struct run *run, const char *names)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    if (ctx == NULL)
        return NULL;
    if (stek_openssl_attach(ctx, run->ring, NULL) == STEK_OK &&
        (names == NULL || openssl_use_names(ctx, names))) {
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
        return ctx;
    }
    SSL_CTX_free(ctx);
    return NULL;
}

/* An offer of a session: what came of it. */
struct offer {
    const struct run *run;
    void *server;
    SSL_SESSION *session;
    bool resumes; /* what is waited for */
};

static bool
is_so(void *arg)
{
    const struct offer *offer = arg;
    struct got got = suite_shake(offer->run, offer->server, "a.example", offer->session);
    bool is = got.done && got.resumed == offer->resumes;

    client_done(&got);
    return is;
}

static bool
resumes(const struct run *run, void *server, SSL_SESSION *session)
{
    struct offer offer = {run, server, session, true};

    return is_so(&offer);
}

static void
test_comes_and_goes(void **state)
{
    const struct run *run = *state;
    void *server = suite_serve(run, &suite_plain);
    struct got before, during;
    SSL_CTX *b;

    assert_non_null(server);
    before = suite_shake(run, server, "a.example", NULL);
    assert_true(resumes(run, server, before.session));
    b = asker(run, "b.example");
    assert_non_null(b);
    assert_false(resumes(run, server, before.session));
    during = suite_shake(run, server, "a.example", NULL);
    assert_true(resumes(run, server, during.session));
    SSL_CTX_free(b);
    assert_false(resumes(run, server, during.session));
    assert_true(resumes(run, server, before.session));
    client_done(&before);
    client_done(&during);
    run->driver->server_free(server);
}

/* The second virtual host of a certificate was open while the first one asked already. */
static void
test_each_counts(void **state)
{
    const struct run *run = *state;
    void *server = suite_serve(run, &suite_plain);
    SSL_CTX *first, *second;
    struct got got;

    assert_non_null(server);
    first = asker(run, "b.example");
    assert_non_null(first);
    got = suite_shake(run, server, "a.example", NULL);
    assert_true(resumes(run, server, got.session));
    second = asker(run, "b.example");
    assert_non_null(second);
    assert_false(resumes(run, server, got.session));
    SSL_CTX_free(first);
    assert_true(resumes(run, server, got.session));
    SSL_CTX_free(second);
    client_done(&got);
    run->driver->server_free(server);
}

static void
test_any_order(void **state)
{
    const struct run *run = *state;
    void *server = suite_serve(run, &suite_plain);
    SSL_CTX *b, *c;
    struct got got;

    assert_non_null(server);
    b = asker(run, "b.example");
    c = asker(run, "c.example");
    assert_true(b != NULL && c != NULL);
    got = suite_shake(run, server, "a.example", NULL);
    SSL_CTX_free(b);
    assert_false(resumes(run, server, got.session));
    b = asker(run, "b.example");
    assert_non_null(b);
    assert_true(resumes(run, server, got.session));
    SSL_CTX_free(b);
    SSL_CTX_free(c);
    client_done(&got);
    run->driver->server_free(server);
}

/* With neither certificate nor client CAs it is for connecting to others, and asks them. */
static void
test_client_asks_servers(void **state)
{
    const struct run *run = *state;
    void *server = suite_serve(run, &suite_plain);
    struct got got;
    SSL_CTX *client;

    assert_non_null(server);
    got = suite_shake(run, server, "a.example", NULL);
    client = asker(run, NULL);
    assert_non_null(client);
    assert_true(resumes(run, server, got.session));
    SSL_CTX_free(client);
    client_done(&got);
    run->driver->server_free(server);
}

/* Contexts that accept, of the same names, are made again in the same order, as in another
 * instance: each resumes its own. When one goes, the other does not get its sessions. */
static void
test_same_place(void **state)
{
    const struct run *run = *state;
    SSL_SESSION *sessions[2] = {NULL, NULL};

    for (int again = 0; again < 2; again++) {
        void *servers[2] = {suite_serve(run, &suite_plain), suite_serve(run, &suite_plain)};
        SSL_CTX *b = asker(run, "b.example");

        assert_true(servers[0] != NULL && servers[1] != NULL && b != NULL);
        for (int i = 0; i < 2; i++) {
            struct got got = suite_shake(run, servers[i], "a.example", sessions[i]);

            assert_true(got.done);
            assert_int_equal(got.resumed, again);
            if (!again) {
                sessions[i] = got.session;
                got.session = NULL;
            }
            client_done(&got);
        }
        for (int i = 0; i < 2; i++) {
            assert_false(resumes(run, servers[i], sessions[1 - i]));
            run->driver->server_free(servers[i]);
        }
        SSL_CTX_free(b);
    }
    SSL_SESSION_free(sessions[0]);
    SSL_SESSION_free(sessions[1]);
}

static bool
add_ca(SSL_CTX *ctx)
{
    X509 *cert;
    EVP_PKEY *key;
    bool added;

    if (!client_cert(&cert, &key, "ca.example", false))
        return false;
    added = SSL_CTX_add_client_CA(ctx, cert) == 1;
    X509_free(cert);
    EVP_PKEY_free(key);
    return added;
}

/* While they live, contexts begin to ask, ask in another way, of other CAs, and cease to. */
static void
test_changes(void **state)
{
    const struct run *run = *state;
    const int modes[] = {SSL_VERIFY_PEER, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT};
    void *server = suite_serve(run, &suite_plain);
    SSL_CTX *b = asker(run, "b.example");
    struct offer open = {run, server, NULL, true}, last;
    struct got first, got;

    assert_non_null(server);
    assert_non_null(b);
    SSL_CTX_set_verify(b, SSL_VERIFY_NONE, NULL);
    first = suite_shake(run, server, "a.example", NULL);
    last = open;
    last.resumes = false;
    open.session = last.session = first.session;
    got = (struct got){0};
    for (int i = 0; i < 3; i++) {
        struct got next;

        if (i < 2)
            SSL_CTX_set_verify(b, modes[i], NULL);
        else
            assert_true(add_ca(b));
        assert_true(farm_wait(is_so, &last));
        next = suite_shake(run, server, "a.example", NULL);
        assert_true(resumes(run, server, next.session));
        client_done(&got);
        got = next;
        last.session = got.session;
    }
    SSL_CTX_set_verify(b, SSL_VERIFY_NONE, NULL);
    assert_true(farm_wait(is_so, &open));
    SSL_CTX_free(b);
    client_done(&first);
    client_done(&got);
    run->driver->server_free(server);
}

static bool
is_later(void *arg)
{
    const uint64_t *then = arg;

    return stek_now() > *then + 1;
}

/* The certificate of a context that asks is renewed: nothing else changes. */
static void
test_renewed_certificate(void **state)
{
    const struct run *run = *state;
    void *server = suite_serve(run, &suite_plain);
    SSL_CTX *b = asker(run, "b.example");
    struct got got;
    uint64_t then;

    assert_non_null(server);
    assert_non_null(b);
    got = suite_shake(run, server, "a.example", NULL);
    assert_true(openssl_use_names(b, "b.example"));
    then = stek_now();
    assert_true(farm_wait(is_later, &then));
    assert_true(resumes(run, server, got.session));
    SSL_CTX_free(b);
    client_done(&got);
    run->driver->server_free(server);
}

/* ---- contexts of another thread ---- */

struct maker {
    const struct run *run;
    SSL_CTX *made;
};

static void *
make(void *arg)
{
    struct maker *maker = arg;

    maker->made = asker(maker->run, "b.example");
    return NULL;
}

static SSL_CTX *
asker_of_thread(const struct run *run)
{
    struct maker maker = {run, NULL};
    pthread_t thread;

    if (pthread_create(&thread, NULL, make, &maker) != 0 || pthread_join(thread, NULL) != 0)
        return NULL;
    return maker.made;
}

/* It may still be at work on it: until it is seen to rest nothing is sealed nor opened, and then it
 * counts as if we had made it. */
static void
test_another_thread(void **state)
{
    const struct run *run = *state;
    void *server = suite_serve(run, &suite_plain);
    SSL_CTX *ours = asker(run, "b.example"), *theirs;
    struct got got, none;
    struct offer offer = {run, server, NULL, true};

    assert_non_null(server);
    assert_non_null(ours);
    got = suite_shake(run, server, "a.example", NULL);
    SSL_CTX_free(ours);
    theirs = asker_of_thread(run);
    assert_non_null(theirs);
    none = suite_shake(run, server, "a.example", got.session);
    assert_true(none.done);
    assert_false(none.resumed);
    assert_int_equal(none.tickets, 0);
    offer.session = got.session;
    assert_true(farm_wait(is_so, &offer));
    SSL_CTX_free(theirs);
    client_done(&got);
    client_done(&none);
    run->driver->server_free(server);
}

/* In a child: no other thread is left that could be at work. */
static void
test_after_fork(void **state)
{
    const struct run *run = *state;
    void *server = suite_serve(run, &suite_plain);
    SSL_CTX *theirs = asker_of_thread(run);
    pid_t child;
    int status = -1;

    assert_non_null(server);
    assert_non_null(theirs);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct got got = suite_shake(run, server, "a.example", NULL);

        (void)signal(SIGSEGV, SIG_DFL); /* cmocka's would go on with the tests, twice */
        _exit(got.done && resumes(run, server, got.session) ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    SSL_CTX_free(theirs);
    run->driver->server_free(server);
}

static const struct suite_case cases[] = {
    {"contexts that ask come and go", test_comes_and_goes, 0},
    {"each context that asks counts", test_each_counts, 0},
    {"contexts that ask, in any order", test_any_order, 0},
    {"contexts that accept are made again", test_same_place, 0},
    {"a client's context asks", test_client_asks_servers, 0},
    {"contexts change what they ask for", test_changes, 0},
    {"a context that asks gets a new certificate", test_renewed_certificate, 0},
    {"a context that asks, of another thread", test_another_thread, 0},
    {"a context that asks, of another thread, in a child", test_after_fork, 0},
};
const struct suite_list cases_openssl_demand = {cases, sizeof cases / sizeof *cases};
