/* see client.h */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STEPS_MAX 12

bool
pipe_put(struct pipe *pipe, const void *bytes, size_t len)
{
    if (len > sizeof pipe->bytes - pipe->len)
        return false;
    memcpy(pipe->bytes + pipe->len, bytes, len);
    pipe->len += len;
    return true;
}

size_t
pipe_take(struct pipe *pipe, void *out, size_t cap)
{
    size_t len = pipe->len < cap ? pipe->len : cap;

    memcpy(out, pipe->bytes, len);
    pipe->len -= len;
    memmove(pipe->bytes, pipe->bytes + len, pipe->len);
    return len;
}

static int
note_ticket(SSL *ssl, SSL_SESSION *session)
{
    struct got *got = SSL_get_app_data(ssl);
    const unsigned char *ticket = NULL;
    size_t len = 0;

    SSL_SESSION_get0_ticket(session, &ticket, &len);
    if (len < sizeof got->name) {
        SSL_SESSION_free(got->cached);
        got->cached = session;
        return 1; /* kept */
    }
    got->tickets++;
    got->hint = SSL_SESSION_get_ticket_lifetime_hint(session);
    memcpy(got->name, ticket, sizeof got->name);
    SSL_SESSION_free(got->session);
    got->session = session;
    return 1; /* kept */
}

/* A copy, since OpenSSL lets a session of TLS 1.3 be offered once; and as if it had come just now,
 * since its client does not offer what is over by the hint, and servers must not rely on that. */
static bool
use_session(SSL *ssl, SSL_SESSION *session)
{
    SSL_SESSION *copy = SSL_SESSION_dup(session);
    bool set = copy != NULL && SSL_SESSION_set_time(copy, (long)time(NULL)) > 0 &&
               SSL_set_session(ssl, copy) == 1;

    SSL_SESSION_free(copy);
    return set;
}

static bool
use_cert(SSL *ssl)
{
    X509 *cert;
    EVP_PKEY *key;
    bool used;

    if (!client_cert(&cert, &key, "client.example", false))
        return false;
    used = SSL_use_certificate(ssl, cert) == 1 && SSL_use_PrivateKey(ssl, key) == 1;
    X509_free(cert);
    EVP_PKEY_free(key);
    return used;
}

/* OpenSSL's macro takes no const. */
static bool
set_sni(SSL *ssl, const char *sni)
{
    char name[256];

    return snprintf(name, sizeof name, "%s", sni) < (int)sizeof name &&
           SSL_set_tlsext_host_name(ssl, name) == 1;
}

static SSL *
client_new(SSL_CTX **ctx, struct got *got, const struct ask *ask)
{
    SSL *ssl = NULL;

    *ctx = SSL_CTX_new(TLS_client_method());
    if (*ctx == NULL)
        return NULL;
    (void)SSL_CTX_set_session_cache_mode(*ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(*ctx, note_ticket);
    if (ask->no_ticket)
        (void)SSL_CTX_set_options(*ctx, SSL_OP_NO_TICKET); /* returns what is set */
    if (SSL_CTX_set_min_proto_version(*ctx, ask->version) != 1 ||
        SSL_CTX_set_max_proto_version(*ctx, ask->version) != 1 || (ssl = SSL_new(*ctx)) == NULL)
        return NULL;
    SSL_set_post_handshake_auth(ssl, ask->asked_later);
    if (SSL_set_app_data(ssl, got) != 1 || (ask->sni != NULL && !set_sni(ssl, ask->sni)) ||
        (ask->offer != NULL && !use_session(ssl, ask->offer)) ||
        (ask->has_cert && !use_cert(ssl))) {
        SSL_free(ssl);
        return NULL;
    }
    SSL_set_connect_state(ssl);
    return ssl;
}

/* Move what the client wrote into a pipe, and what a pipe holds to the client. */
static bool
move(SSL *ssl, struct pipe *out, struct pipe *in)
{
    char bytes[4096];
    int len;

    while ((len = BIO_read(SSL_get_wbio(ssl), bytes, sizeof bytes)) > 0)
        if (!pipe_put(out, bytes, (size_t)len))
            return false;
    while ((len = (int)pipe_take(in, bytes, sizeof bytes)) > 0)
        if (BIO_write(SSL_get_rbio(ssl), bytes, len) != len)
            return false;
    return true;
}

/* The callback above is not told of a ticket that came with a resumption in TLS 1.2. */
static void
note_renewal(SSL *ssl, SSL_SESSION *offered)
{
    SSL_SESSION *now = SSL_get1_session(ssl);
    const unsigned char *ticket = NULL, *old = NULL;
    size_t len = 0, old_len = 0;

    if (now != NULL)
        SSL_SESSION_get0_ticket(now, &ticket, &len);
    SSL_SESSION_get0_ticket(offered, &old, &old_len);
    if (len == 0 || (len == old_len && memcmp(ticket, old, len) == 0) || note_ticket(ssl, now) == 0)
        SSL_SESSION_free(now);
}

struct two {
    struct pipe up, down;
};

/* The first flight, if data goes with it. */
static bool
begin(SSL *ssl, const struct ask *ask)
{
    const uint32_t max =
        ask->offer == NULL ? 0 : SSL_SESSION_get_max_early_data(SSL_get0_session(ssl));
    size_t written;

    return !ask->early || max == 0 || SSL_write_early_data(ssl, "early", 5, &written) == 1;
}

static bool
shake(SSL *ssl, const struct driver *driver, void *conn, struct two *pipes)
{
    int ours = 0, theirs = 0;

    for (int i = 0; i < STEPS_MAX && (ours != 1 || theirs != 1); i++) {
        if (ours != 1) {
            ours = SSL_do_handshake(ssl);
            if (ours <= 0 && SSL_get_error(ssl, ours) != SSL_ERROR_WANT_READ)
                return false;
        }
        if (!move(ssl, &pipes->up, &pipes->down))
            return false;
        if (theirs != 1)
            theirs = driver->conn_step(conn, &pipes->up, &pipes->down);
        if (theirs < 0 || !move(ssl, &pipes->up, &pipes->down))
            return false;
    }
    return ours == 1 && theirs == 1;
}

/* Tickets of TLS 1.3 come after the handshake, in front of the byte; so does what the server still
 * asks for. */
static bool
hear(SSL *ssl, const struct driver *driver, void *conn, struct two *pipes)
{
    char byte;
    int len = 0;

    for (int i = 0; i < STEPS_MAX; i++) {
        if (!driver->conn_talk(conn, &pipes->down) || !move(ssl, &pipes->up, &pipes->down))
            return false;
        len = SSL_read(ssl, &byte, 1);
        if (len == 1)
            return true;
        if (SSL_get_error(ssl, len) != SSL_ERROR_WANT_READ ||
            !move(ssl, &pipes->up, &pipes->down) ||
            driver->conn_step(conn, &pipes->up, &pipes->down) < 0)
            return false;
    }
    return false;
}

/* False if the two sides differ. */
static bool
note(struct got *got, SSL *ssl, const struct driver *driver, void *conn)
{
    const bool resumed = SSL_session_reused(ssl) == 1;
    const bool early = SSL_get_early_data_status(ssl) == SSL_EARLY_DATA_ACCEPTED;
    const size_t len = driver->conn_early == NULL ? 0 : driver->conn_early(conn);

    got->resumed = resumed && driver->conn_resumed(conn);
    got->early = early && len > 0;
    return resumed == driver->conn_resumed(conn) && early == (len > 0);
}

void
client_shake(struct got *got, const struct driver *driver, void *server, const struct ask *ask)
{
    struct two *pipes = calloc(1, sizeof *pipes);
    void *conn = driver->conn_new(server);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    SSL_CTX *ctx = NULL;
    SSL *ssl;

    *got = (struct got){0};
    ssl = client_new(&ctx, got, ask);
    if (ssl == NULL || pipes == NULL || conn == NULL || in == NULL || out == NULL) {
        BIO_free(in);
        BIO_free(out);
    } else {
        (void)BIO_set_mem_eof_return(in, -1);
        SSL_set_bio(ssl, in, out);
        got->done =
            begin(ssl, ask) && shake(ssl, driver, conn, pipes) && hear(ssl, driver, conn, pipes);
        got->done = note(got, ssl, driver, conn) && got->done;
        if (got->resumed && ask->version == TLS1_2_VERSION)
            note_renewal(ssl, ask->offer);
        SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN); /* or the session counts as bad */
    }
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    if (conn != NULL)
        driver->conn_free(conn);
    free(pipes);
}

void
client_done(struct got *got)
{
    SSL_SESSION_free(got->session);
    SSL_SESSION_free(got->cached);
    got->session = NULL;
    got->cached = NULL;
}
