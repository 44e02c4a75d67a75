/* server_local - a TLS server of two processes, without a daemon: its ticket keys rotate by
 * themselves, and both processes have the same: server_local PORT CERTIFICATE KEY
 *   cc server_local.c $(pkg-config --cflags --libs stek-openssl) */
#include <signal.h>
#include <stek/openssl.h>
#include <unistd.h>

static void
serve(SSL *ssl)
{
    char answer[64], request[4096];
    int len = BIO_snprintf(answer, sizeof answer, "HTTP/1.0 200 OK\r\n\r\n%ld\n", (long)getpid());

    if (SSL_accept(ssl) == 1 && SSL_read(ssl, request, sizeof request) > 0)
        (void)SSL_write(ssl, answer, len);
    (void)SSL_shutdown(ssl);
}

int
main(int argc, char **argv)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    BIO *listener = BIO_new_accept(argc == 4 ? argv[1] : "");
    struct stek_ring *ring;
    STEK_POLICY(policy);

    policy.rotate = 1800; /* what is left at zero has its default */
    if (argc != 4 || SSL_CTX_use_certificate_chain_file(ctx, argv[2]) != 1 ||
        SSL_CTX_use_PrivateKey_file(ctx, argv[3], SSL_FILETYPE_PEM) != 1 ||
        stek_ring_local(&ring, &policy) != STEK_OK ||
        stek_openssl_attach(ctx, ring, NULL) != STEK_OK || BIO_do_accept(listener) != 1 ||
        fork() < 0) /* after the ring is made */
        return 1;
    (void)signal(SIGPIPE, SIG_IGN);
    for (SSL *ssl; BIO_do_accept(listener) == 1; SSL_free(ssl)) {
        BIO *client = BIO_pop(listener);
        ssl = SSL_new(ctx);
        SSL_set_bio(ssl, client, client);
        serve(ssl);
    }
}
