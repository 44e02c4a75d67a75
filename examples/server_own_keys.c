/* server_own_keys - a TLS server that derives a ticket key for each SNI and hour from a master
 * secret, so that servers with the same secret resume each other's tickets, and the key of one name
 * opens nothing of another: server_own_keys PORT CERTIFICATE KEY MASTER
 *   cc server_own_keys.c $(pkg-config --cflags --libs stek-openssl)
 *
 * MASTER is a file of 32 random bytes. Unlike the keys of a ring that stekd keeps, it opens all
 * that was ever recorded, so it should be replaced often, and kept nowhere else. */
#include <fcntl.h>
#include <openssl/hmac.h>
#include <signal.h>
#include <stdio.h>
#include <stek/openssl.h>
#include <string.h>
#include <unistd.h>

#define HOUR 3600U
#define LIFETIME_HOURS 12U
#define MASTER_LEN 32

/* The key of that many hours ago: name and secret are parts of HMAC(master, "hour sni"). */
static enum stek_status
make(struct stek_key *key, const void *master, uint64_t ago, const char *sni, uint64_t now)
{
    uint64_t unix_now = stek_unix_now(), left = HOUR - unix_now % HOUR;
    unsigned char text[300], out[64];
    int len;

    if (sni == NULL || sni[0] == '\0') /* no name, no tickets */
        return STEK_NO_KEY;
    len = snprintf((char *)text, sizeof text, "%llu %s",
                   (unsigned long long)(unix_now / HOUR - ago), sni);
    if (len < 0 || (size_t)len >= sizeof text ||
        HMAC(EVP_sha512(), master, MASTER_LEN, text, (size_t)len, out, NULL) == NULL)
        return STEK_NO_KEY;
    memcpy(key->name, out, sizeof key->name);
    memcpy(key->secret, out + 32, sizeof key->secret);
    OPENSSL_cleanse(out, sizeof out);
    key->seal_until = ago == 0 ? now + left : now; /* past: tickets are renewed */
    key->open_until = now + left + (LIFETIME_HOURS - ago) * HOUR;
    return STEK_OK;
}

static enum stek_status
sealing_key(void *master, struct stek_key *key, const struct stek_request *request, uint64_t now)
{
    return make(key, master, 0, request->sni, now);
}

static enum stek_status
opening_key(void *master, struct stek_key *key, const uint8_t name[STEK_NAME_LEN],
            const struct stek_request *request, uint64_t now)
{
    for (uint64_t ago = 0; ago <= LIFETIME_HOURS; ago++)
        if (make(key, master, ago, request->sni, now) == STEK_OK &&
            memcmp(key->name, name, STEK_NAME_LEN) == 0)
            return STEK_OK;
    return STEK_NO_KEY;
}

static void
serve(SSL *ssl)
{
    static const char answer[] = "HTTP/1.0 200 OK\r\n\r\nown\n";
    char request[4096];

    if (SSL_accept(ssl) == 1 && SSL_read(ssl, request, sizeof request) > 0)
        (void)SSL_write(ssl, answer, sizeof answer - 1);
    (void)SSL_shutdown(ssl);
}

int
main(int argc, char **argv)
{
    static unsigned char master[MASTER_LEN];
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    BIO *listener = BIO_new_accept(argc == 5 ? argv[1] : "");
    int file = open(argc == 5 ? argv[4] : "", O_RDONLY | O_CLOEXEC); /* stdio would keep a copy */
    struct stek_ring *ring;
    STEK_CALLBACKS(callbacks);

    callbacks.sealing_key = sealing_key;
    callbacks.opening_key = opening_key;
    callbacks.lifetime = LIFETIME_HOURS * HOUR;
    if (read(file, master, sizeof master) != sizeof master ||
        SSL_CTX_use_certificate_chain_file(ctx, argv[2]) != 1 ||
        SSL_CTX_use_PrivateKey_file(ctx, argv[3], SSL_FILETYPE_PEM) != 1 ||
        stek_ring_custom(&ring, &callbacks, master) != STEK_OK ||
        stek_openssl_attach(ctx, ring, NULL) != STEK_OK || BIO_do_accept(listener) != 1)
        return 1;
    (void)close(file);
    (void)signal(SIGPIPE, SIG_IGN);
    for (SSL *ssl; BIO_do_accept(listener) == 1; SSL_free(ssl)) {
        BIO *client = BIO_pop(listener);
        ssl = SSL_new(ctx);
        SSL_set_bio(ssl, client, client);
        serve(ssl);
    }
}
