/* What the program around OpenSSL sees of stek: errors that are left alone, warnings, options; and
 * the ClientHello parser against OpenSSL's client. */
#include <errno.h>
#include <openssl/err.h>
#include <stek/openssl.h>
#include <stek/ticket.h>
#include <string.h>

#include "driver_openssl.h"
#include "suite.h"

static int
leave_error(SSL *ssl, int *alert, void *arg)
{
    (void)ssl, (void)alert, (void)arg;
    ERR_raise(ERR_LIB_USER, 77);
    errno = 1234;
    return SSL_CLIENT_HELLO_SUCCESS;
}

static int
find_error(SSL *ssl, int *alert, void *arg)
{
    int *found = arg;
    unsigned long error = ERR_peek_error();

    (void)ssl, (void)alert;
    if (ERR_GET_LIB(error) == ERR_LIB_USER && ERR_GET_REASON(error) == 77 &&
        ERR_peek_last_error() == error && errno == 1234)
        ++*found;
    ERR_clear_error(); /* or SSL_get_error() takes it for the handshake's */
    return SSL_TLSEXT_ERR_OK;
}

/* Called while a ticket is sealed or opened: what it leaves is to be taken away. */
static SSL_CTX *
resolve_badly(SSL *ssl, const char *sni, void *arg)
{
    (void)ssl, (void)sni, (void)arg;
    ERR_raise(ERR_LIB_USER, 88);
    errno = 4321;
    return NULL;
}

static void
test_errors_left_alone(void **state)
{
    const struct run *run = *state;
    struct openssl_server *server = suite_serve(run, &suite_plain);
    struct got first, second;
    int found = 0;
    STEK_OPENSSL_OPTIONS(options);

    assert_non_null(server);
    options.resolve = resolve_badly;
    assert_int_equal(stek_openssl_attach(server->ctx, run->ring, &options), STEK_OK);
    first = suite_shake(run, server, "a.example", NULL);
    assert_non_null(first.session);
    SSL_CTX_set_client_hello_cb(server->ctx, leave_error, NULL);
    (void)SSL_CTX_set_tlsext_servername_callback(server->ctx, find_error); /* always 1 */
    (void)SSL_CTX_set_tlsext_servername_arg(server->ctx, &found);
    second = suite_shake(run, server, "a.example", first.session);
    assert_true(second.done);
    assert_true(second.resumed);
    assert_int_equal(found, 1);
    client_done(&first);
    client_done(&second);
    run->driver->server_free(server);
}

static void
test_warns_once(void **state)
{
    const struct run *run = *state;
    const struct server_options asks = {.names = "a.example", .asks_client = true};
    const struct server_options unattached = {.names = "z.example",
                                              .vhost = "a.example",
                                              .vhost_names = "a.example",
                                              .vhost_unattached = true,
                                              .switching = SWITCH_LATE};
    const struct server_options once = {.names = "a.example", .early = EARLY_ONCE};
    const struct server_options *const all[] = {&suite_plain, &asks, &unattached, &once};
    const int expected[] = {0, 1, 1, run->version == TLS1_3_VERSION};

    for (int i = 0; i < 4; i++) {
        struct openssl_server *server = suite_serve(run, all[i]);

        assert_non_null(server);
        for (int j = 0; j < 3; j++) {
            struct got got = suite_shake(run, server, "a.example", NULL);

            assert_true(got.done);
            client_done(&got);
        }
        assert_int_equal(atomic_load(&server->warnings), expected[i]);
        run->driver->server_free(server);
    }
}

/* The server wants none (SSL_OP_NO_TICKET): none of the ring is given, and none is taken. */
static void
test_switched_off(void **state)
{
    const struct run *run = *state;
    struct openssl_server *server = suite_serve(run, &suite_plain);
    SSL_SESSION *session = suite_session(run, &suite_plain);
    struct got full, offered;

    assert_non_null(server);
    assert_non_null(session);
    (void)SSL_CTX_set_options(server->ctx, SSL_OP_NO_TICKET); /* returns what is set */
    full = suite_shake(run, server, "a.example", NULL);
    assert_true(full.done);
    assert_false(suite_is_key(run, &full, 0));
    offered = suite_shake(run, server, "a.example", session);
    assert_true(offered.done);
    assert_false(offered.resumed);
    assert_int_equal(farm_count(run->ring, STEK_OPENED), 0);
    client_done(&full);
    client_done(&offered);
    SSL_SESSION_free(session);
    run->driver->server_free(server);
}

static void
test_options(void **state)
{
    const struct run *run = *state;
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    char label[257];
    struct {
        struct stek_openssl_options known;
        void *unknown;
    } newer = {0};
    STEK_OPENSSL_OPTIONS(options);

    assert_non_null(ctx);
    memset(label, 'x', sizeof label);
    label[256] = '\0';
    options.label = label;
    assert_int_equal(stek_openssl_attach(ctx, run->ring, &options), STEK_BAD_ARGUMENT);
    label[255] = '\0';
    assert_int_equal(stek_openssl_attach(ctx, run->ring, &options), STEK_OK);
    options.size = sizeof options - 1;
    assert_int_equal(stek_openssl_attach(ctx, run->ring, &options), STEK_BAD_ARGUMENT);
    newer.known.size = sizeof newer;
    assert_int_equal(stek_openssl_attach(ctx, run->ring, &newer.known), STEK_OK);
    newer.unknown = label;
    assert_int_equal(stek_openssl_attach(ctx, run->ring, &newer.known), STEK_BAD_ARGUMENT);
    assert_int_equal(stek_openssl_attach(ctx, run->ring, NULL), STEK_OK);
    SSL_CTX_free(ctx);
}

/* ---- an OpenSSL that is too old ---- */

/* What OpenSSL is said to be; its call takes no argument. */
static unsigned long version = OPENSSL_VERSION_NUMBER;

/* In front of libcrypto's. */
unsigned long
OpenSSL_version_num(void)
{
    return version;
}

static void
note_text(const char *text, void *arg)
{
    const char **noted = arg;

    *noted = text;
}

/* 3.0.0 to 3.0.5 break handshakes of TLS 1.3 for which there is no key. */
static void
test_old_library(void **state)
{
    const struct run *run = *state;
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    const char *noted = NULL;
    enum stek_status status;
    STEK_OPENSSL_OPTIONS(options);

    assert_non_null(ctx);
    options.warn = note_text;
    options.warn_arg = &noted;
    version = 0x3000005fUL;
    status = stek_openssl_attach(ctx, run->ring, &options);
    version = 0x30000060UL;
    assert_int_equal(status, STEK_OLD_LIBRARY);
    assert_non_null(noted);
    assert_non_null(strstr(noted, "3.0.6"));
    assert_int_equal(stek_openssl_attach(ctx, run->ring, &options), STEK_OK);
    version = OPENSSL_VERSION_NUMBER;
    SSL_CTX_free(ctx);
}

/* ---- the ClientHello parser, which other adapters live by ---- */

/* What was found in the newest ClientHello; a driver's calls take no argument of ours. */
static struct {
    enum stek_status status;
    char sni[STEK_SNI_MAX + 1];
    uint8_t ticket[2048];
    size_t ticket_len;
    int is_psk;
} hello_found;

static int
step_and_parse(void *conn, struct pipe *from_client, struct pipe *to_client)
{
    const uint8_t *bytes = from_client->bytes; /* a record's head, 5, and a message's, 4 */
    STEK_HELLO(hello);

    if (from_client->len > 9 && bytes[0] == 22 && bytes[5] == 1) {
        hello_found.status = stek_hello_parse(&hello, bytes + 9, from_client->len - 9);
        memcpy(hello_found.sni, hello.sni, sizeof hello.sni);
        hello_found.ticket_len = hello.ticket_len;
        hello_found.is_psk = hello.is_psk;
        if (hello.ticket != NULL && hello.ticket_len <= sizeof hello_found.ticket)
            memcpy(hello_found.ticket, hello.ticket, hello.ticket_len);
    }
    return driver_openssl.conn_step(conn, from_client, to_client);
}

static void
test_hellos(void **state)
{
    const struct run *run = *state;
    struct driver driver = driver_openssl;
    struct run parsing = *run;
    struct openssl_server *server = suite_serve(run, &suite_plain);
    struct got first, second;
    const unsigned char *ticket;
    size_t len;

    assert_non_null(server);
    driver.conn_step = step_and_parse;
    parsing.driver = &driver;
    first = suite_shake(&parsing, server, "A.Example", NULL);
    assert_non_null(first.session);
    assert_int_equal(hello_found.status, STEK_OK);
    assert_string_equal(hello_found.sni, "a.example");
    assert_int_equal(hello_found.ticket_len, 0);
    second = suite_shake(&parsing, server, NULL, first.session);
    assert_true(second.done);
    assert_int_equal(hello_found.status, STEK_OK);
    assert_string_equal(hello_found.sni, "");
    assert_int_equal(hello_found.is_psk, run->version == TLS1_3_VERSION);
    SSL_SESSION_get0_ticket(first.session, &ticket, &len);
    assert_int_equal(hello_found.ticket_len, len);
    assert_memory_equal(hello_found.ticket, ticket, len);
    client_done(&first);
    client_done(&second);
    run->driver->server_free(server);
}

static const struct suite_case cases[] = {
    {"errors and errno are left alone", test_errors_left_alone, 0},
    {"warnings come once", test_warns_once, 0},
    {"tickets are switched off", test_switched_off, 0},
    {"options", test_options, 0},
    {"an OpenSSL that is too old", test_old_library, 0},
    {"the parser reads the client's hello", test_hellos, 0},
};
const struct suite_list cases_openssl_program = {cases, sizeof cases / sizeof *cases};
