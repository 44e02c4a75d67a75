/* bench_openssl: resumption handshakes with OpenSSL, both sides in memory in one thread: a server
 * with stek against one with OpenSSL's own fixed keys. Rounds of both take turns, in changing
 * order; what is printed is the median of the rounds' ratios. */
#include <openssl/ec.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stek/openssl.h>

#include "bench.h"
#include "client.h"
#include "farm.h"

#define ROUNDS 41
#define SHAKES 100 /* in a round, of each server */

struct side {
    SSL_CTX *server;
    SSL_CTX *client;
    SSL_SESSION *session; /* to offer next */
};

static int
note_session(SSL *ssl, SSL_SESSION *session)
{
    struct side *side = SSL_get_app_data(ssl);

    SSL_SESSION_free(side->session);
    side->session = session;
    return 1;
}

/* One connection, with the session of the last one. True if it was as resumed as it should be. */
static bool
shake(struct side *side, bool resumes)
{
    SSL *server = SSL_new(side->server), *client = SSL_new(side->client);
    char name[] = "www.example.com", byte;
    BIO *left = NULL, *right = NULL;
    bool done = false;

    if (server != NULL && client != NULL && BIO_new_bio_pair(&left, 65536, &right, 65536) == 1) {
        SSL_set_bio(server, left, left);
        SSL_set_bio(client, right, right);
        SSL_set_accept_state(server);
        SSL_set_connect_state(client);
        (void)SSL_set_app_data(client, side);
        (void)SSL_set_tlsext_host_name(client, name);
        if (side->session != NULL)
            (void)SSL_set_session(client, side->session);
        for (int i = 0; i < 4 && !done; i++) {
            bool is_client_done = SSL_do_handshake(client) == 1;

            done = SSL_do_handshake(server) == 1 && is_client_done;
        }
        done = done && SSL_write(server, "!", 1) == 1 && SSL_read(client, &byte, 1) == 1 &&
               SSL_session_reused(client) == resumes;
        SSL_set_shutdown(client, SSL_SENT_SHUTDOWN);
    }
    SSL_free(server);
    SSL_free(client);
    return done;
}

static double
round_us(struct side *side)
{
    uint64_t start = bench_now_ns(CLOCK_PROCESS_CPUTIME_ID);

    for (int i = 0; i < SHAKES; i++)
        if (!shake(side, true))
            return -1;
    return (double)(bench_now_ns(CLOCK_PROCESS_CPUTIME_ID) - start) / 1e3 / SHAKES;
}

static bool
measure(struct side *fixed, struct side *stek, const char *what)
{
    double ratios[ROUNDS], fixed_us[ROUNDS], stek_us[ROUNDS], low, high;
    struct bench_row row = {.unit = "", .digits = 3, .goal = BENCH_AT_LEAST, .bound = 0.98};

    for (int i = 0; i < ROUNDS; i++) {
        if (i % 2 == 0)
            fixed_us[i] = round_us(fixed);
        stek_us[i] = round_us(stek);
        if (i % 2 != 0)
            fixed_us[i] = round_us(fixed);
        if (fixed_us[i] <= 0 || stek_us[i] <= 0)
            return false;
        ratios[i] = fixed_us[i] / stek_us[i];
    }
    low = bench_quantile(ratios, ROUNDS, 250);
    high = bench_quantile(ratios, ROUNDS, 750);
    row.reached = bench_quantile(ratios, ROUNDS, 500);
    printf("resumptions, %s: OpenSSL with stek / with its own fixed keys", what);
    bench_tell(&row);
    printf("half of %d rounds in %.3f to %.3f; %.1f us with the client\n", ROUNDS, low, high,
           bench_quantile(stek_us, ROUNDS, 500));
    return true;
}

static bool
side_init(struct side *side, int version, struct stek_ring *ring, X509 *cert, EVP_PKEY *key)
{
    *side = (struct side){SSL_CTX_new(TLS_server_method()), SSL_CTX_new(TLS_client_method()), NULL};
    if (side->server == NULL || side->client == NULL)
        return false;
    (void)SSL_CTX_set_session_cache_mode(side->server, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_session_cache_mode(side->client,
                                         SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(side->client, note_session);
    return SSL_CTX_set_min_proto_version(side->client, version) == 1 &&
           SSL_CTX_set_max_proto_version(side->client, version) == 1 &&
           SSL_CTX_use_certificate(side->server, cert) == 1 &&
           SSL_CTX_use_PrivateKey(side->server, key) == 1 &&
           (ring == NULL || stek_openssl_attach(side->server, ring, NULL) == STEK_OK) &&
           shake(side, false);
}

static void
side_free(struct side *side)
{
    SSL_SESSION_free(side->session);
    SSL_CTX_free(side->server);
    SSL_CTX_free(side->client);
}

static bool
bench(struct stek_ring *ring, int version, const char *what)
{
    struct side fixed = {0}, stek = {0};
    X509 *cert;
    EVP_PKEY *key;
    bool done;

    if (!client_cert(&cert, &key, "www.example.com", false))
        return false;
    done = side_init(&fixed, version, NULL, cert, key) &&
           side_init(&stek, version, ring, cert, key) && measure(&fixed, &stek, what);
    side_free(&fixed);
    side_free(&stek);
    X509_free(cert);
    EVP_PKEY_free(key);
    return done;
}

int
main(void)
{
    struct farm farm;
    struct stek_ring *ring = NULL;
    bool done;

    done = farm_init(&farm) && farm_begin(&farm) && farm_seal(&farm, 0, -10) &&
           stek_ring_open(&ring, farm.path) == STEK_OK && bench(ring, TLS1_2_VERSION, "TLS 1.2") &&
           bench(ring, TLS1_3_VERSION, "TLS 1.3");
    stek_ring_close(&ring);
    farm_free(&farm);
    if (!done)
        (void)fprintf(stderr, "bench_openssl: a handshake failed\n");
    return !done;
}
