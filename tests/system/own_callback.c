/* own_callback CERT KEY HOW [PLUGIN...] - a server that sets callbacks of its own once its context
 * is made, as HAProxy does, and its client, in one process. For the preload's tests.
 *
 *   key     a ticket key callback
 *   data    session ticket callbacks, which keep data of the server's own in tickets
 *   undone  the same, and takes them back
 *
 * Plugins (tls_load.h) come first. The client then comes twice; printed are the own callbacks that
 * are asked, the name on each ticket that the client gets, and the second time "resumed" or "full",
 * with the data that the ticket held. */
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

#include "tls_load.h"

static SSL_SESSION *kept; /* the last that the client got; its callback gets no argument */

static int
own_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
        int enc)
{
    (void)ssl, (void)name, (void)iv, (void)cipher, (void)mac, (void)enc;
    (void)puts("own callback"); /* a missing line is seen, here and below */
    return 0;
}

static int
own_generate(SSL *ssl, void *arg)
{
    (void)arg;
    (void)puts("own generate");
    return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), "mine", 4);
}

static SSL_TICKET_RETURN
own_decrypt(SSL *ssl, SSL_SESSION *session, const unsigned char *name, size_t name_len,
            SSL_TICKET_STATUS status, void *arg)
{
    (void)ssl, (void)session, (void)name, (void)name_len, (void)arg;
    (void)puts("own decrypt");
    return status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW
               ? SSL_TICKET_RETURN_USE_RENEW
               : SSL_TICKET_RETURN_IGNORE_RENEW;
}

static int
keep_ticket(SSL *ssl, SSL_SESSION *session)
{
    const unsigned char *ticket = NULL;
    size_t len = 0;

    (void)ssl;
    SSL_SESSION_get0_ticket(session, &ticket, &len);
    for (size_t i = 0; i < 16 && i < len; i++)
        printf("%02x", ticket[i]);
    (void)puts("");
    SSL_SESSION_free(kept);
    kept = session;
    return 1;
}

static void
print_session(SSL *server)
{
    void *data = NULL;
    size_t len = 0;

    (void)SSL_SESSION_get0_ticket_appdata(SSL_get_session(server), &data, &len);
    printf("%s %.*s\n", SSL_session_reused(server) ? "resumed" : "full", len < 4 ? 0 : 4,
           data == NULL ? "" : (const char *)data);
}

/* Bytes go from one to the other by memory; a few turns complete a handshake with its tickets. */
static int
handshake(SSL *server, SSL *client)
{
    BIO *ends[2];
    char byte;

    if (!BIO_new_bio_pair(&ends[0], 0, &ends[1], 0))
        return 0;
    SSL_set_bio(server, ends[0], ends[0]);
    SSL_set_bio(client, ends[1], ends[1]);
    SSL_set_accept_state(server);
    SSL_set_connect_state(client);
    for (int turn = 0; turn < 8; turn++) {
        (void)SSL_do_handshake(client);
        (void)SSL_do_handshake(server);
        (void)SSL_read(client, &byte, 1); /* nothing but tickets comes */
    }
    return SSL_is_init_finished(client) && SSL_is_init_finished(server);
}

static int
come(SSL_CTX *server_ctx, SSL_CTX *client_ctx)
{
    SSL *server = SSL_new(server_ctx), *client = SSL_new(client_ctx);
    int done = server != NULL && client != NULL &&
               (kept == NULL || SSL_set_session(client, kept)) && handshake(server, client);

    if (done && kept != NULL)
        print_session(server);
    if (done)
        (void)SSL_shutdown(client); /* or its session counts as broken */
    SSL_free(server);
    SSL_free(client);
    return done;
}

static int
set_callbacks(SSL_CTX *server, const char *how)
{
    if (strcmp(how, "key") == 0)
        return SSL_CTX_set_tlsext_ticket_key_evp_cb(server, own_key);
    if (!SSL_CTX_set_session_ticket_cb(server, own_generate, own_decrypt, NULL))
        return 0;
    return strcmp(how, "undone") != 0 || SSL_CTX_set_session_ticket_cb(server, NULL, NULL, NULL);
}

int
main(int argc, char **argv)
{
    SSL_CTX *server, *client;
    int done = 0;

    for (int i = 4; i < argc; i++)
        if (!tls_load(argv[i]))
            return 1;
    server = SSL_CTX_new(TLS_server_method());
    client = SSL_CTX_new(TLS_client_method());
    if (argc >= 4 && server != NULL && client != NULL &&
        SSL_CTX_use_certificate_file(server, argv[1], SSL_FILETYPE_PEM) == 1 &&
        SSL_CTX_use_PrivateKey_file(server, argv[2], SSL_FILETYPE_PEM) == 1 &&
        set_callbacks(server, argv[3])) {
        SSL_CTX_set_session_cache_mode(client, SSL_SESS_CACHE_CLIENT);
        SSL_CTX_sess_set_new_cb(client, keep_ticket);
        done = come(server, client) && (kept == NULL || come(server, client));
    }
    SSL_SESSION_free(kept);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
    return done ? 0 : 1;
}
