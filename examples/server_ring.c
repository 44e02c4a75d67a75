/* server_ring - a TLS server whose ticket keys stekd keeps: server_ring PORT CERTIFICATE KEY RING
 *   cc server_ring.c $(pkg-config --cflags --libs stek-openssl) */
#include <signal.h>
#include <stdio.h>
#include <stek/openssl.h>

static void
serve(SSL *ssl)
{
    static const char answer[] = "HTTP/1.0 200 OK\r\n\r\nring\n";
    char request[4096];

    if (SSL_accept(ssl) == 1 && SSL_read(ssl, request, sizeof request) > 0)
        (void)SSL_write(ssl, answer, sizeof answer - 1);
    (void)SSL_shutdown(ssl);
}

int
main(int argc, char **argv)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    BIO *listener = BIO_new_accept(argc == 5 ? argv[1] : "");
    struct stek_ring *ring = NULL;
    enum stek_status status = STEK_BAD_ARGUMENT;

    if (argc == 5 && SSL_CTX_use_certificate_chain_file(ctx, argv[2]) == 1 &&
        SSL_CTX_use_PrivateKey_file(ctx, argv[3], SSL_FILETYPE_PEM) == 1)
        status = stek_ring_open(&ring, argv[4]); /* before privileges are dropped */
    if (status == STEK_OK)
        status = stek_openssl_attach(ctx, ring, NULL);
    stek_ring_close(&ring); /* the context holds its own reference */
    if (status != STEK_OK || BIO_do_accept(listener) != 1)
        return fprintf(stderr, "server_ring: %s\n", stek_status_text(status)) < 0 ? 2 : 1;
    (void)signal(SIGPIPE, SIG_IGN);
    for (SSL *ssl; BIO_do_accept(listener) == 1; SSL_free(ssl)) {
        BIO *client = BIO_pop(listener);
        ssl = SSL_new(ctx);
        SSL_set_bio(ssl, client, client);
        serve(ssl);
    }
}
