/* server_own_keys - a TLS server that derives a ticket key for each SNI and hour from a master
 * secret, so that servers with the same secret resume each other's tickets, and the key of one name
 * opens nothing of another: server_own_keys PORT CERTIFICATE KEY MASTER
 *   cc server_own_keys.c $(pkg-config --cflags --libs stek-openssl)
 *
 * MASTER is a file of 32 random bytes. Unlike the keys of a ring that stekd keeps, it opens all
 * that was ever recorded, so it should be replaced often, and kept nowhere else. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <signal.h>
#include <stdio.h>
#include <stek/openssl.h>
#include <string.h>

#define HOUR 3600U
#define LIFETIME_HOURS 12U

struct master {
    unsigned char bytes[32];
};

/* out = HMAC(master, use | hour | sni) */
static int
derive(unsigned char out[32], const struct master *master, char use, uint64_t hour, const char *sni)
{
    unsigned char text[400] = {(unsigned char)use};
    size_t len = strlen(sni);

    for (unsigned i = 0; i < 8; i++)
        text[1 + i] = (unsigned char)(hour >> (56 - 8 * i));
    if (len > sizeof text - 9)
        return 0;
    memcpy(text + 9, sni, len);
    return HMAC(EVP_sha256(), master->bytes, sizeof master->bytes, text, 9 + len, out, NULL) !=
           NULL;
}

/* The key of that many hours ago. */
static enum stek_status
make(struct stek_key *key, const struct master *master, uint64_t ago, const char *sni, uint64_t now)
{
    uint64_t unix_now = stek_unix_now(), left = HOUR - unix_now % HOUR;
    unsigned char name[32];

    if (sni == NULL || sni[0] == '\0') /* no name, no tickets */
        return STEK_NO_KEY;
    if (!derive(name, master, 'n', unix_now / HOUR - ago, sni) ||
        !derive(key->secret, master, 's', unix_now / HOUR - ago, sni))
        return STEK_NO_KEY;
    memcpy(key->name, name, sizeof key->name);
    key->seal_until = ago == 0 ? now + left : now; /* past: tickets are renewed */
    key->open_until = now + left + (LIFETIME_HOURS - ago) * HOUR;
    return STEK_OK;
}

static enum stek_status
sealing_key(void *ctx, struct stek_key *key, const struct stek_request *request, uint64_t now)
{
    return make(key, ctx, 0, request->sni, now);
}

static enum stek_status
opening_key(void *ctx, struct stek_key *key, const uint8_t name[STEK_NAME_LEN],
            const struct stek_request *request, uint64_t now)
{
    for (uint64_t ago = 0; ago <= LIFETIME_HOURS; ago++)
        if (make(key, ctx, ago, request->sni, now) == STEK_OK &&
            memcmp(key->name, name, STEK_NAME_LEN) == 0)
            return STEK_OK;
    return STEK_NO_KEY;
}

static int
read_master(struct master *master, const char *path)
{
    BIO *file = BIO_new_file(path, "r"); /* not stdio: its buffers would keep a copy */
    int len = file == NULL ? 0 : BIO_read(file, master->bytes, sizeof master->bytes);

    BIO_free(file);
    return len == (int)sizeof master->bytes;
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
    static struct master master;
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    BIO *listener = BIO_new_accept(argc == 5 ? argv[1] : "");
    struct stek_ring *ring;
    STEK_CALLBACKS(callbacks);

    callbacks.sealing_key = sealing_key;
    callbacks.opening_key = opening_key;
    callbacks.lifetime = LIFETIME_HOURS * HOUR;
    if (argc != 5 || SSL_CTX_use_certificate_chain_file(ctx, argv[2]) != 1 ||
        SSL_CTX_use_PrivateKey_file(ctx, argv[3], SSL_FILETYPE_PEM) != 1 ||
        !read_master(&master, argv[4]) || stek_ring_custom(&ring, &callbacks, &master) != STEK_OK ||
        stek_openssl_attach(ctx, ring, NULL) != STEK_OK || BIO_do_accept(listener) != 1) {
        OPENSSL_cleanse(&master, sizeof master);
        return 1;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    for (SSL *ssl; BIO_do_accept(listener) == 1; SSL_free(ssl)) {
        BIO *client = BIO_pop(listener);
        ssl = SSL_new(ctx);
        SSL_set_bio(ssl, client, client);
        serve(ssl);
    }
}
