/* own_callback CERT KEY - a server that sets a ticket callback of its own, and its client, in one
 * process. Prints "own callback" if that is asked, and the name on the ticket that the client got.
 * For preload_errors.sh: servers like HAProxy do this once their context is made. */
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <stdio.h>

static int
own_callback(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
             EVP_MAC_CTX *mac, int enc)
{
    (void)ssl, (void)name, (void)iv, (void)cipher, (void)mac, (void)enc;
    (void)puts("own callback"); /* the last line is what counts */
    return 0;
}

static int
print_ticket(SSL *ssl, SSL_SESSION *session)
{
    const unsigned char *ticket = NULL;
    size_t len = 0;

    (void)ssl;
    SSL_SESSION_get0_ticket(session, &ticket, &len);
    for (size_t i = 0; i < 16 && i < len; i++)
        printf("%02x", ticket[i]);
    (void)puts(""); /* a missing line is seen */
    return 0;
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

int
main(int argc, char **argv)
{
    SSL_CTX *server = SSL_CTX_new(TLS_server_method()), *client = SSL_CTX_new(TLS_client_method());
    SSL *ssls[2] = {NULL, NULL};
    int done = 0;

    if (argc == 3 && server != NULL && client != NULL &&
        SSL_CTX_use_certificate_file(server, argv[1], SSL_FILETYPE_PEM) == 1 &&
        SSL_CTX_use_PrivateKey_file(server, argv[2], SSL_FILETYPE_PEM) == 1 &&
        SSL_CTX_set_tlsext_ticket_key_evp_cb(server, own_callback)) {
        SSL_CTX_set_session_cache_mode(client, SSL_SESS_CACHE_CLIENT);
        SSL_CTX_sess_set_new_cb(client, print_ticket);
        ssls[0] = SSL_new(server);
        ssls[1] = SSL_new(client);
        done = ssls[0] != NULL && ssls[1] != NULL && handshake(ssls[0], ssls[1]);
    }
    SSL_free(ssls[0]);
    SSL_free(ssls[1]);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
    return done ? 0 : 1;
}
