/* gRPC: messages in any portions, names that take long to resolve, and what a real etcd and what is
 * between say, in words that help. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netdb.h>
#include <stdatomic.h>
#include <time.h>

#include "engine_etcd_support.h"
#include "io/certificate.h"

/* ---- frames ---- */

/* Two messages and an empty one. */
static const uint8_t stream[] = {0, 0, 0, 0, 3, 'a', 'b', 'c', 0,   0,
                                 0, 0, 0, 0, 0, 0,   0,   2,   'd', 'e'};

static bool
takes(struct grpc_frames *frames, const char *text)
{
    const uint8_t *message;
    size_t len;

    return grpc_frames_next(frames, &message, &len) && len == strlen(text) &&
           (len == 0 || memcmp(message, text, len) == 0);
}

/* R-GRPC-1: the same messages in portions of any size, taken early or late. */
static void
test_portions(void **state)
{
    const uint8_t *message;
    size_t len;

    (void)state;
    for (size_t portion = 1; portion <= sizeof stream; portion++) {
        struct grpc_frames late = grpc_frames_of(64), early = grpc_frames_of(3);
        char got[8] = "";

        for (size_t at = 0; at < sizeof stream; at += portion) {
            size_t n = sizeof stream - at < portion ? sizeof stream - at : portion;

            assert_true(grpc_frames_add(&late, stream + at, n, NULL));
            assert_true(grpc_frames_add(&early, stream + at, n, NULL));
            while (grpc_frames_next(&early, &message, &len))
                (void)snprintf(got + strlen(got), sizeof got - strlen(got), "%.*s", (int)len,
                               (const char *)message);
        }
        assert_true(takes(&late, "abc") && takes(&late, "") && takes(&late, "de"));
        assert_false(takes(&late, ""));
        assert_string_equal(got, "abcde");
        grpc_frames_free(&late);
        grpc_frames_free(&early);
    }
}

/* R-GRPC-1: what is compressed, too long, or too much at once is refused for good. */
static void
test_bad_frames(void **state)
{
    static const uint8_t compressed[] = {1, 0, 0, 0, 0}, too_long[] = {0, 0xff, 0xff, 0xff, 0xff};
    struct grpc_frames frames = grpc_frames_of(3);
    uint8_t head[GRPC_HEAD_LEN];
    struct err err = {""};

    (void)state;
    assert_false(grpc_frames_add(&frames, compressed, 1 + 4, &err));
    assert_non_null(strstr(err.text, "no message of gRPC"));
    assert_false(grpc_frames_add(&frames, stream, sizeof stream, &err));
    assert_false(takes(&frames, "abc"));
    grpc_frames_free(&frames);

    frames = grpc_frames_of(3);
    assert_true(
        grpc_frames_add(&frames, stream, sizeof stream, &err)); /* one portion may be more */
    assert_false(grpc_frames_add(&frames, too_long, sizeof too_long, &err));
    assert_non_null(strstr(err.text, "4294967295 bytes"));
    assert_true(takes(&frames, "abc") && takes(&frames, "") && takes(&frames, "de"));
    assert_false(takes(&frames, ""));
    grpc_frames_free(&frames);

    frames = grpc_frames_of(2); /* the first message is too long, as is seen from its head */
    assert_false(grpc_frames_add(&frames, stream, GRPC_HEAD_LEN, &err));
    grpc_frames_free(&frames);

    frames = grpc_frames_of(64);
    for (size_t i = 0; i < 4; i++) /* nobody takes them */
        assert_true(grpc_frames_add(&frames, stream, sizeof stream, &err));
    assert_false(grpc_frames_add(&frames, stream, sizeof stream, &err));
    assert_non_null(strstr(err.text, "at once"));
    grpc_frames_free(&frames);

    grpc_frame_head(head, 0x01020304);
    assert_memory_equal(head, ((uint8_t[]){0, 1, 2, 3, 4}), sizeof head);
}

/* ---- names ---- */

/* In front of libc's, for libcurl's threads: it knows of no name, and that not before it may. */
static atomic_int resolving, resolved;
static atomic_bool may_resolve;

__attribute__((visibility("default"))) int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
            struct addrinfo **out)
{
    (void)node, (void)service, (void)hints, (void)out;
    atomic_fetch_add(&resolving, 1);
    while (!atomic_load(&may_resolve))
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    atomic_fetch_add(&resolved, 1);
    return EAI_NONAME;
}

struct peer {
    struct loop *loop;
    struct grpc *grpc;
    struct client_call one;
};

static const uint8_t nothing[1];

static bool
peer_open(struct peer *peer, const char *url, const struct client *files, unsigned connect_ms)
{
    const struct grpc_request request = {.method = "/etcdserverpb.KV/Range",
                                         .message = nothing,
                                         .answer_max = 1000,
                                         .connect_ms = connect_ms,
                                         .complete_ms = 60000};
    struct grpc_setup setup = {
        .url = url, .ca = files->ca, .cert = files->cert, .key = files->key, .ready = on_client};

    *peer = (struct peer){.loop = loop_new(NULL)};
    setup.loop = peer->loop;
    peer->grpc = peer->loop == NULL ? NULL : grpc_new(&setup, NULL);
    peer->one.call = peer->grpc == NULL ? NULL : grpc_call_new(peer->grpc, &request, NULL);
    return peer->one.call != NULL;
}

static void
peer_close(struct peer *peer)
{
    grpc_call_free(&peer->one.call);
    grpc_free(&peer->grpc);
    loop_free(&peer->loop);
}

static bool
is_resolving(void *arg)
{
    const int *wanted = arg;

    return atomic_load(&resolving) == *wanted;
}

static bool
all_resolved(void *arg)
{
    const int *wanted = arg;

    return atomic_load(&resolved) == *wanted;
}

/* R-GRPC-2: a name server that does not answer holds up neither a call, nor its time limit, nor its
 * end: all of these happen while it is silent, or this test does not end. */
static void
test_slow_name(void **state)
{
    static const struct client files = {
        .ca = "/nowhere/ca.pem", .cert = "/nowhere/cert.pem", .key = "/nowhere/key.pem"};
    struct peer first, second;
    int wanted;

    (void)state;
    assert_true(peer_open(&first, "https://slow.invalid:2379", &files, 100));
    assert_true(run_until(first.loop, is_call_over, &first.one));
    assert_int_equal(first.one.result.broken, GRPC_LATE);
    peer_close(&first);
    assert_true(peer_open(&second, "https://slow.invalid:2379", &files, 60000));
    wanted = 2;
    assert_true(run_until(second.loop, is_resolving, &wanted));
    peer_close(&second);
    assert_int_equal(atomic_load(&resolved), 0);

    atomic_store(&may_resolve, true);
    assert_true(peer_open(&first, "https://unknown.invalid:2379", &files, 60000));
    assert_true(run_until(first.loop, is_call_over, &first.one));
    assert_int_equal(first.one.result.broken, GRPC_FAILED);
    assert_non_null(strstr(first.one.result.text, "no address is known"));
    wanted = 3;
    assert_true(run_until(first.loop, all_resolved, &wanted)); /* threads that were left */
    peer_close(&first);
}

/* ---- a real server ---- */

static struct nodes nodes;

/* What a call with these files comes to. */
static struct grpc_result
result_of(const char *url, const char *ca, const char *cert, const char *key)
{
    struct client files = {.loop = NULL};
    struct peer peer;
    struct grpc_result result = {.text = "no call"};

    nodes_path(files.ca, &nodes, ca);
    nodes_path(files.cert, &nodes, cert);
    nodes_path(files.key, &nodes, key);
    if (peer_open(&peer, url, &files, 60000) && run_until(peer.loop, is_call_over, &peer.one))
        result = peer.one.result;
    peer_close(&peer);
    printf("# %s %s: %d, status %d: %s\n", ca, cert, (int)result.broken, result.status,
           result.text);
    return result;
}

/* R-GRPC-3: what the server says; a port where nobody listens, and one where no gRPC is spoken. */
static void
test_answers(void **state)
{
    char other[64] = "", args[128];
    struct grpc_result result;
    size_t len = strlen(nodes.endpoints[0]);

    (void)state;
    result = result_of(nodes.endpoints[0], "ca.pem", "client.pem", "client.key");
    assert_int_equal(result.broken, GRPC_ANSWERED);
    assert_int_equal(result.status, 3);
    assert_string_equal(result.text, "etcdserver: key is not provided");

    memcpy(other, nodes.endpoints[0], len);
    other[len - 1] = '9';
    result = result_of(other, "ca.pem", "client.pem", "client.key");
    assert_int_equal(result.broken, GRPC_FAILED);
    assert_non_null(strstr(result.text, "nothing listens there"));

    assert_true(nodes_do(&nodes, "kill 1"));
    other[len - 1] = '8';
    (void)snprintf(args, sizeof args, "--listen-metrics-urls %s", other);
    assert_int_equal(setenv("ETCD_ARGS", args, 1), 0);
    assert_true(nodes_do(&nodes, "again 1") && nodes_do(&nodes, "await"));
    assert_int_equal(unsetenv("ETCD_ARGS"), 0);
    result = result_of(other, "ca.pem", "client.pem", "client.key");
    /* it answers what it makes of our words, or breaks off, whichever arrives first */
    assert_true(result.broken == GRPC_FAILED || result.broken == GRPC_TLS);
    assert_non_null(strstr(result.text, "the port for clients of the server"));
}

/* R-GRPC-3: certificates, keys and CAs that do not fit, ours and the server's. */
static void
test_certificates(void **state)
{
    static const struct {
        const char *ca, *cert, *key, *says;
    } cases[] = {
        {"other.pem", "client.pem", "client.key", "other.pem is the CA that signed it"},
        {"missing.pem", "client.pem", "client.key", "missing.pem cannot be read"},
        {"ca.pem", "missing.pem", "client.key", "missing.pem cannot be read: No such file"},
        {"ca.pem", "client.key", "client.key", "client.key holds no certificate"},
        {"ca.pem", "client.pem", "root.key", "root.key cannot be used"},
        {"ca.pem", "client.pem", "missing.key", "missing.key cannot be used"},
        {"ca.pem", "client.pem", "locked.key", "locked.key cannot be used"},
        {"ca.pem", "foreign.pem", "foreign.key", "is refused: is it signed by the CA"},
        {"ca.pem", "expired.pem", "expired.key", "expired.pem has expired, at 20"},
    };

    char command[256];

    (void)state;
    assert_true(nodes_do(&nodes, "ca other") && nodes_do(&nodes, "cert foreign foreign 30 other") &&
                nodes_do(&nodes, "cert expired expired -1"));
    (void)snprintf(
        command, sizeof command,
        "openssl ec -in %s/client.key -aes256 -passout pass:x -out %s/locked.key >/dev/null 2>&1",
        nodes.folder, nodes.folder);
    assert_int_equal(system(command), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct grpc_result result =
            result_of(nodes.endpoints[0], cases[i].ca, cases[i].cert, cases[i].key);

        assert_int_equal(result.broken, GRPC_TLS);
        assert_non_null(strstr(result.text, cases[i].says));
    }
}

/* R-GRPC-4: files that are replaced count at the next connection, though an earlier one was made
 * with what had the same names. */
static void
test_replaced(void **state)
{
    (void)state;
    assert_true(nodes_do(&nodes, "cert mine mine"));
    assert_int_equal(result_of(nodes.endpoints[0], "ca.pem", "mine.pem", "mine.key").broken,
                     GRPC_ANSWERED);
    assert_true(nodes_do(&nodes, "ca another") && nodes_do(&nodes, "cert mine mine 30 another"));
    assert_int_equal(result_of(nodes.endpoints[0], "ca.pem", "mine.pem", "mine.key").broken,
                     GRPC_TLS);
    assert_true(nodes_do(&nodes, "cert mine mine"));
    assert_int_equal(result_of(nodes.endpoints[0], "ca.pem", "mine.pem", "mine.key").broken,
                     GRPC_ANSWERED);
}

static int
teardown(void **state)
{
    (void)state;
    nodes_close(&nodes);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_portions),     cmocka_unit_test(test_bad_frames),
        cmocka_unit_test(test_slow_name),    cmocka_unit_test(test_answers),
        cmocka_unit_test(test_certificates), cmocka_unit_test(test_replaced),
    };
    const struct CMUnitTest alone[] = {
        cmocka_unit_test(test_portions),
        cmocka_unit_test(test_bad_frames),
        cmocka_unit_test(test_slow_name),
    };

    if (!nodes_are_here())
        return cmocka_run_group_tests(alone, NULL, NULL);
    if (!nodes_open(&nodes, 1))
        return 1;
    return cmocka_run_group_tests(tests, NULL, teardown);
}
