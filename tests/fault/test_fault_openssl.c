/* Whichever allocation or system call of the ring or the OpenSSL adapter fails, or call of OpenSSL
 * that it makes, while a server opens its ring, attaches it to a context and serves, alone or with
 * all that follow: each handshake succeeds, and what resumed before does so afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/x509.h>
#include <stek/openssl.h>

#include "client.h"
#include "farm.h"
#include "fault.h"

struct place {
    struct farm farm;
    X509 *cert;
    EVP_PKEY *key;
    SSL_CTX *client;
    SSL_SESSION *session; /* the newest */
    int resumed;          /* of a server's handshakes */
    bool attached;
};

static int
keep_newest(SSL *ssl, SSL_SESSION *session)
{
    struct place *place = SSL_get_app_data(ssl);

    SSL_SESSION_free(place->session);
    place->session = session;
    return 1; /* kept */
}

/* One connection in memory, with the newest ticket; false if there was no handshake. */
static bool
shake(struct place *place, SSL_CTX *ctx, int version)
{
    SSL *server = SSL_new(ctx), *client = SSL_new(place->client);
    char name[] = "a.example", byte;
    BIO *left = NULL, *right = NULL;
    bool done = false;

    if (server != NULL && client != NULL && SSL_set_max_proto_version(client, version) == 1 &&
        BIO_new_bio_pair(&left, 65536, &right, 65536) == 1) {
        SSL_set_bio(server, left, left);
        SSL_set_bio(client, right, right);
        SSL_set_accept_state(server);
        SSL_set_connect_state(client);
        (void)SSL_set_app_data(client, place);
        (void)SSL_set_tlsext_host_name(client, name);
        if (place->session != NULL)
            (void)SSL_set_session(client, place->session);
        for (int i = 0; i < 4 && !done; i++) {
            bool is_client_done = SSL_do_handshake(client) == 1;

            done = SSL_do_handshake(server) == 1 && is_client_done;
        }
        done = done && SSL_write(server, "!", 1) == 1 && SSL_read(client, &byte, 1) == 1;
        place->resumed += done && SSL_session_reused(client) == 1;
        SSL_set_shutdown(client, SSL_SENT_SHUTDOWN); /* else OpenSSL calls the session bad */
    }
    SSL_free(server);
    SSL_free(client);
    return done;
}

/* Each version once in full, and once with what ticket came of that. */
static const char *
shake_all(struct place *place, SSL_CTX *ctx)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    bool done = true;

    place->resumed = 0;
    for (int i = 0; i < 4 && done; i++) {
        if (i % 2 == 0) {
            SSL_SESSION_free(place->session);
            place->session = NULL;
        }
        done = shake(place, ctx, versions[i / 2]);
    }
    return done ? NULL : "a handshake failed";
}

static const char *
serve(void *arg)
{
    struct place *place = arg;
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    struct stek_ring *ring = NULL;
    const char *wrong = "no context";

    if (ctx != NULL && SSL_CTX_use_certificate(ctx, place->cert) == 1 &&
        SSL_CTX_use_PrivateKey(ctx, place->key) == 1) {
        (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
        place->attached = stek_ring_open(&ring, place->farm.path) == STEK_OK &&
                          stek_openssl_attach(ctx, ring, NULL) == STEK_OK;
        wrong = shake_all(place, ctx); /* attached or not */
    }
    SSL_CTX_free(ctx);
    stek_ring_close(&ring);
    return wrong;
}

static const char *
serve_again(void *arg)
{
    const struct place *place = arg;
    const char *wrong = serve(arg);

    return wrong == NULL && (!place->attached || place->resumed != 2)
               ? "nothing is resumed any more"
               : wrong;
}

static bool
place_open(struct place *place)
{
    place->client = SSL_CTX_new(TLS_client_method());
    if (place->client == NULL || !client_cert(&place->cert, &place->key, "a.example", false))
        return false;
    (void)SSL_CTX_set_session_cache_mode(place->client,
                                         SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(place->client, keep_newest);
    return farm_init(&place->farm) && farm_begin(&place->farm) && farm_seal(&place->farm, 0, -10) &&
           serve_again(place) == NULL; /* what is made once a process is made */
}

static void
place_close(struct place *place)
{
    SSL_SESSION_free(place->session);
    SSL_CTX_free(place->client);
    X509_free(place->cert);
    EVP_PKEY_free(place->key);
    farm_free(&place->farm);
}

static void
test_serving(void **state)
{
    /* stek_ring_close() leaves a descriptor alone of which it cannot tell whose it is */
    const struct fault_case serving = {NULL, serve, serve_again, "fstat64"};
    static struct place place; /* large */
    size_t calls;

    (void)state;
    assert_true(place_open(&place));
    assert_int_equal(fault_each(&serving, &place, &calls), 0);
    printf("# %zu calls\n", calls);
    assert_true(calls > 10);
    place_close(&place);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_serving),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
