/* Tickets follow the keys of the ring: sealed under the key that seals, opened by any that may,
 * renewed where the key is an old one, and without any key handshakes go on. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suite.h"

static void
test_fresh(void **state)
{
    const struct run *run = *state;
    void *server = suite_serve(run, &suite_plain);
    struct got got;

    assert_non_null(server);
    got = suite_shake(run, server, "a.example", NULL);
    assert_true(got.done);
    assert_false(got.resumed);
    assert_true(suite_is_key(run, &got, 0));
    client_done(&got);
    run->driver->server_free(server);
}

static void
test_resume(void **state)
{
    const struct run *run = *state;
    void *server = suite_serve(run, &suite_plain);
    struct got first, second, third;

    assert_non_null(server);
    first = suite_shake(run, server, "a.example", NULL);
    assert_non_null(first.session);
    second = suite_shake(run, server, "a.example", first.session);
    assert_true(second.done);
    assert_true(second.resumed);
    /* for one use in TLS 1.3; in TLS 1.2 it goes on */
    assert_int_equal(second.tickets, run->version == TLS1_3_VERSION);
    third = suite_shake(run, server, "a.example",
                        second.session != NULL ? second.session : first.session);
    assert_true(third.done);
    assert_true(third.resumed);
    client_done(&first);
    client_done(&second);
    client_done(&third);
    run->driver->server_free(server);
}

/* In a child: a server of its own, with a ring that it opened itself. */
static int
resume_elsewhere(const struct run *run, SSL_SESSION *session)
{
    struct run here = *run;
    int resumed;

    (void)signal(SIGSEGV, SIG_DFL); /* cmocka's would go on with the tests, twice */
    if (stek_ring_open(&here.ring, run->farm.path) != STEK_OK)
        return 2;
    resumed = suite_offer(&here, &suite_plain, "a.example", session);
    stek_ring_close(&here.ring);
    return resumed == 1 ? 0 : 1;
}

static void
test_other_process(void **state)
{
    const struct run *run = *state;
    SSL_SESSION *session = suite_session(run, &suite_plain);
    int status = -1;
    pid_t child;

    assert_non_null(session);
    child = fork();
    if (child == 0)
        _exit(resume_elsewhere(run, session));
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    SSL_SESSION_free(session);
}

static void
test_old_key_renews(void **state)
{
    struct run *run = *state;
    void *server = suite_serve(run, &suite_plain);
    struct got old, renewed, again;

    assert_non_null(server);
    old = suite_shake(run, server, "a.example", NULL);
    assert_true(suite_is_key(run, &old, 0));
    assert_true(farm_seal(&run->farm, 1, -5));
    renewed = suite_shake(run, server, "a.example", old.session);
    assert_true(renewed.done);
    assert_true(renewed.resumed);
    if (run->version == TLS1_3_VERSION || (run->driver->can & CAN_RENEW12) != 0) {
        assert_true(suite_is_key(run, &renewed, 1));
        again = suite_shake(run, server, "a.example", renewed.session);
        assert_true(again.done);
        assert_true(again.resumed);
        client_done(&again);
    }
    client_done(&old);
    client_done(&renewed);
    run->driver->server_free(server);
}

/* A peer seals with a key that does not seal here yet. */
static void
test_future_key_opens(void **state)
{
    struct run *run = *state;
    struct farm peer;
    struct run there = *run;
    SSL_SESSION *session;

    assert_true(farm_init(&peer));
    assert_true(farm_begin(&peer));
    farm_share(&peer, &run->farm, 1);
    assert_true(farm_seal(&peer, 1, -5));
    assert_int_equal(stek_ring_open(&there.ring, peer.path), STEK_OK);
    session = suite_session(&there, &suite_plain);
    assert_non_null(session);
    assert_int_equal(suite_offer(run, &suite_plain, "a.example", session), 0);
    assert_true(farm_seal(&run->farm, 1, 1000));
    assert_int_equal(suite_offer(run, &suite_plain, "a.example", session), 1);
    SSL_SESSION_free(session);
    stek_ring_close(&there.ring);
    farm_free(&peer);
}

static void
test_revoked(void **state)
{
    struct run *run = *state;
    void *server = suite_serve(run, &suite_plain);
    struct got old, full, fresh;

    assert_non_null(server);
    old = suite_shake(run, server, "a.example", NULL);
    assert_non_null(old.session);
    assert_true(farm_seal(&run->farm, 1, -5));
    assert_true(farm_revoke(&run->farm, 0));
    full = suite_shake(run, server, "a.example", old.session);
    assert_true(full.done);
    assert_false(full.resumed);
    assert_true(suite_is_key(run, &full, 1));
    fresh = suite_shake(run, server, "a.example", full.session);
    assert_true(fresh.done);
    assert_true(fresh.resumed);
    client_done(&old);
    client_done(&full);
    client_done(&fresh);
    run->driver->server_free(server);
}

/* With the only key revoked nothing may seal or open. */
static void
test_last_key_revoked(void **state)
{
    struct run *run = *state;
    void *server = suite_serve(run, &suite_plain);
    struct got old, fresh, full;

    assert_non_null(server);
    old = suite_shake(run, server, "a.example", NULL);
    assert_non_null(old.session);
    assert_true(farm_revoke(&run->farm, 0));
    fresh = suite_shake(run, server, "a.example", NULL);
    assert_true(fresh.done);
    assert_int_equal(fresh.tickets, 0);
    full = suite_shake(run, server, "a.example", old.session);
    assert_true(full.done);
    assert_false(full.resumed);
    assert_int_equal(full.tickets, 0);
    client_done(&old);
    run->driver->server_free(server);
}

static void
test_empty_ring(void **state)
{
    const struct run *run = *state;
    SSL_SESSION *session = suite_session(run, &suite_plain);
    struct farm empty;
    struct run there = *run;

    assert_non_null(session);
    assert_true(farm_init(&empty));
    assert_true(farm_begin(&empty));
    assert_int_equal(stek_ring_open(&there.ring, empty.path), STEK_OK);
    assert_null(suite_session(&there, &suite_plain));
    assert_int_equal(suite_offer(&there, &suite_plain, "a.example", NULL), 0);
    assert_int_equal(suite_offer(&there, &suite_plain, "a.example", session), 0);
    stek_ring_close(&there.ring);
    farm_free(&empty);
    SSL_SESSION_free(session);
}

/* No ring at all; it comes later, and a new context looks for it again. */
static void
test_ring_comes_later(void **state)
{
    const struct run *run = *state;
    SSL_SESSION *session = suite_session(run, &suite_plain);
    struct farm late;
    struct run there = *run;
    void *server, *other;
    struct got fresh, full;

    assert_non_null(session);
    assert_true(farm_init(&late));
    assert_int_equal(stek_ring_open(&there.ring, late.path), STEK_OK);
    server = suite_serve(&there, &suite_plain);
    assert_non_null(server);
    full = suite_shake(&there, server, "a.example", session);
    assert_true(full.done);
    assert_false(full.resumed);
    assert_int_equal(full.tickets, 0);
    assert_true(farm_begin(&late));
    assert_true(farm_seal(&late, 0, -10));
    other = suite_serve(&there, &suite_plain);
    assert_non_null(other);
    fresh = suite_shake(&there, server, "a.example", NULL);
    assert_true(fresh.done);
    assert_true(fresh.tickets > 0);
    client_done(&fresh);
    run->driver->server_free(server);
    run->driver->server_free(other);
    stek_ring_close(&there.ring);
    farm_free(&late);
    SSL_SESSION_free(session);
}

static void
test_unknown_key(void **state)
{
    const struct run *run = *state;
    SSL_SESSION *session = suite_session(run, &suite_plain);
    struct farm other;
    struct run there = *run;
    void *server;
    struct got full, resumed;

    assert_non_null(session);
    assert_true(farm_init(&other));
    assert_true(farm_begin(&other));
    assert_true(farm_seal(&other, 0, -10));
    assert_int_equal(stek_ring_open(&there.ring, other.path), STEK_OK);
    server = suite_serve(&there, &suite_plain);
    assert_non_null(server);
    full = suite_shake(&there, server, "a.example", session);
    assert_true(full.done);
    assert_false(full.resumed);
    resumed = suite_shake(&there, server, "a.example", full.session);
    assert_true(resumed.resumed);
    client_done(&full);
    client_done(&resumed);
    run->driver->server_free(server);
    stek_ring_close(&there.ring);
    farm_free(&other);
    SSL_SESSION_free(session);
}

static void
test_attach_again(void **state)
{
    const struct run *run = *state;
    void *server = suite_serve(run, &suite_plain);
    struct farm other;
    struct stek_ring *ring;
    struct got before, after;

    assert_non_null(server);
    before = suite_shake(run, server, "a.example", NULL);
    assert_true(farm_init(&other));
    assert_true(farm_begin(&other));
    assert_true(farm_seal(&other, 0, -10));
    assert_int_equal(stek_ring_open(&ring, other.path), STEK_OK);
    assert_true(run->driver->server_attach(server, ring));
    stek_ring_close(&ring); /* the server holds it */
    after = suite_shake(run, server, "a.example", before.session);
    assert_true(after.done);
    assert_false(after.resumed);
    assert_true(after.tickets > 0);
    assert_memory_equal(after.name, other.names[0], sizeof after.name);
    client_done(&before);
    client_done(&after);
    run->driver->server_free(server);
    farm_free(&other);
}

static const struct suite_case cases[] = {
    {"a fresh handshake gets a ticket of the sealing key", test_fresh, 0},
    {"a ticket resumes, again and again", test_resume, 0},
    {"another process resumes it", test_other_process, 0},
    {"an old key's ticket resumes and is renewed", test_old_key_renews, 0},
    {"a peer's ticket of a key to come resumes", test_future_key_opens, 0},
    {"a revoked key's ticket is replaced", test_revoked, 0},
    {"the only key is revoked", test_last_key_revoked, 0},
    {"an empty ring", test_empty_ring, 0},
    {"no ring, which then comes", test_ring_comes_later, 0},
    {"a ticket of another farm", test_unknown_key, 0},
    {"attaching again replaces the ring", test_attach_again, 0},
};
const struct suite_list cases_keys = {cases, sizeof cases / sizeof *cases};
