/* After tickets were sealed and opened neither the ring's secret nor a key derived from it is left
 * on the stack of the thread that did it, nor anywhere else in the process. The handshakes run on
 * a stack of our own, which is then searched. The derived keys are worked out here as the adapter
 * does it.
 *
 * What OpenSSL keeps for itself while it works is searched once it is gone: the AES key schedule
 * of an EVP_CIPHER_CTX (it begins with the cipher key) and the blocks of an EVP_MAC_CTX live as
 * long as the SSL that they were made for.
 *
 * That a lost wipe is seen was tried: without derived_wipe() test_callback_leaves_nothing fails. In
 * whole handshakes what comes later writes over the stack. */
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "../leak/needle.h"
#include "adapter/openssl_impl.h"
#include "driver_openssl.h"
#include "suite.h"

#define STACK_LEN ((size_t)512 * 1024)
#define DEPTH ((size_t)128 * 1024) /* what ends the thread does not write over traces down there */
#define RUN 8                      /* so many bytes in a row are a copy */
#define SECRETS 3                  /* the ring's, and the two derived ones */

struct work {
    struct run run;
    struct farm farm;
    struct openssl_server *server;
    SSL_SESSION *session; /* of the last full handshake */
    struct secret secrets[SECRETS];
    bool leaves_copy;
    bool done;
};

/* A full handshake and two resumptions, of each version. */
static bool
shake(struct work *work)
{
    bool done = true;

    for (int is_13 = 0; is_13 <= 1; is_13++) {
        struct got first, second;

        work->run.version = is_13 ? TLS1_3_VERSION : TLS1_2_VERSION;
        first = suite_shake(&work->run, work->server, "a.example", NULL);
        second = suite_shake(&work->run, work->server, "a.example", first.session);
        done = done && first.done && second.done && second.resumed;
        SSL_SESSION_free(work->session);
        work->session = first.session;
        client_done(&second);
    }
    return done;
}

/* True if the ticket's MAC is made with the derived key that was looked for. */
static bool
is_made_with(const struct work *work)
{
    const unsigned char *ticket;
    uint8_t mac[STEK_HASH_LEN];
    size_t len;

    SSL_SESSION_get0_ticket(work->session, &ticket, &len);
    return len > sizeof mac &&
           openssl_hmac(mac, ticket, len - sizeof mac, work->secrets[2].bytes, STEK_HASH_LEN) ==
               1 &&
           memcmp(mac, ticket + len - sizeof mac, sizeof mac) == 0;
}

/* The search itself works: this leaves one of each. */
static bool
leave_copies(const struct work *work)
{
    volatile uint8_t copies[SECRETS][STEK_SECRET_LEN];

    for (size_t i = 0; i < SECRETS; i++)
        for (size_t j = 0; j < STEK_SECRET_LEN; j++)
            copies[i][j] = work->secrets[i].bytes[j];
    return copies[0][0] == work->secrets[0].bytes[0];
}

static void __attribute__((noinline)) run_deep_down(struct work *work)
{
    volatile uint8_t room[DEPTH];

    room[0] = 0;
    room[DEPTH - 1] = room[0];
    work->done = work->leaves_copy ? leave_copies(work) : shake(work);
}

static void *
thread(void *arg)
{
    run_deep_down(arg);
    return NULL;
}

static size_t
count_runs(const uint8_t *memory, size_t len, const struct secret *secret)
{
    size_t found = 0;

    for (size_t i = 0; i + RUN <= len; i++)
        for (size_t j = 0; j + RUN <= sizeof secret->bytes; j++)
            found += memcmp(memory + i, secret->bytes + j, RUN) == 0;
    return found;
}

/* What a ticket of key 0 for a.example is sealed with. */
static bool
derive(struct work *work)
{
    static const char *const purposes[] = {"e", "m"};
    struct stek_context context;
    STEK_KEY(key);

    work->secrets[0] = work->farm.secrets[0];
    if (openssl_names(&context, work->server->ctx) != OPENSSL_FOUND ||
        stek_context_add(&context, STEK_FIELD_SNI, "a.example", 9, openssl_hmac) != STEK_OK ||
        stek_ring_sealing_key(work->run.ring, &key, stek_now()) != STEK_OK)
        return false;
    for (size_t i = 0; i < 2; i++)
        if (stek_key_derive(&key, work->secrets[1 + i].bytes, "openssl", purposes[i], context.hash,
                            openssl_hmac) != STEK_OK)
            return false;
    return true;
}

static bool
work_open(struct work *work)
{
    if (!farm_init(&work->farm) || !farm_begin(&work->farm) || !farm_seal(&work->farm, 0, -10) ||
        stek_ring_open(&work->run.ring, work->farm.path) != STEK_OK)
        return false;
    work->server = driver_openssl.server_new(&suite_plain, work->run.ring);
    return work->server != NULL && derive(work);
}

static void
work_close(struct work *work)
{
    SSL_SESSION_free(work->session);
    driver_openssl.server_free(work->server);
    stek_ring_close(&work->run.ring);
    farm_free(&work->farm);
}

/* ---- the key callback alone, before what follows it writes over its traces ---- */

struct call {
    SSL *ssl;
    unsigned char *name, *iv;
    EVP_CIPHER_CTX *cipher;
    EVP_MAC_CTX *mac;
    int enc, answer;
};

/* The callback has no argument for it. */
static struct {
    const struct work *work;
    size_t calls, found;
    bool failed;
} watch;

static __attribute__((noinline)) void
call_deep_down(struct call *call)
{
    volatile uint8_t room[DEPTH];

    room[0] = 0;
    room[DEPTH - 1] = room[0];
    call->answer = openssl_key(call->ssl, call->name, call->iv, call->cipher, call->mac, call->enc);
}

static void *
call_thread(void *arg)
{
    call_deep_down(arg);
    return NULL;
}

/* The adapter's callback on a stack of its own, which is then searched. */
static int
watched_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
            EVP_MAC_CTX *mac, int enc)
{
    struct call call = {ssl, name, iv, cipher, mac, enc, 0};
    void *stack = mmap(NULL, STACK_LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_attr_t attr;
    pthread_t id;

    watch.calls++;
    if (stack == MAP_FAILED || pthread_attr_init(&attr) != 0 ||
        pthread_attr_setstack(&attr, stack, STACK_LEN) != 0 ||
        pthread_create(&id, &attr, call_thread, &call) != 0 || pthread_join(id, NULL) != 0) {
        watch.failed = true;
        return 0;
    }
    for (size_t i = 0; i < SECRETS; i++)
        watch.found += count_runs(stack, STACK_LEN, &watch.work->secrets[i]);
    (void)munmap(stack, STACK_LEN);
    return call.answer;
}

static void
test_callback_leaves_nothing(void **state)
{
    struct work work = {.run = {.driver = &driver_openssl}};

    (void)state;
    assert_true(work_open(&work));
    watch.work = &work;
    assert_int_equal(SSL_CTX_set_tlsext_ticket_key_evp_cb(work.server->ctx, watched_key), 1);
    assert_true(shake(&work));
    assert_true(is_made_with(&work));
    assert_in_range(watch.calls, 6, 20); /* sealed twice or more a version, opened once */
    assert_false(watch.failed);
    assert_int_equal(watch.found, 0);
    work_close(&work);
}

/* True if the work was done; found[i] counts traces of secret i. */
static bool
traces(struct work *work, size_t found[SECRETS], bool leaves_copy)
{
    void *stack = mmap(NULL, STACK_LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_attr_t attr;
    pthread_t id;

    work->leaves_copy = leaves_copy;
    if (stack == MAP_FAILED || pthread_attr_init(&attr) != 0 ||
        pthread_attr_setstack(&attr, stack, STACK_LEN) != 0 ||
        pthread_create(&id, &attr, thread, work) != 0 || pthread_join(id, NULL) != 0)
        return false;
    for (size_t i = 0; i < SECRETS; i++)
        found[i] = count_runs(stack, STACK_LEN, &work->secrets[i]);
    return munmap(stack, STACK_LEN) == 0 && work->done;
}

/* Traces of all secrets in the whole process; what the test itself holds is among them. */
static size_t
everywhere(const struct work *work)
{
    size_t found = 0;

    for (size_t i = 0; i < SECRETS; i++) {
        struct needle needle = needle_of(work->secrets[i].bytes);

        found += needle_everywhere(&needle);
    }
    return found;
}

static void
test_nothing_is_left(void **state)
{
    struct work work = {.run = {.driver = &driver_openssl}};
    size_t found[SECRETS], before;

    (void)state;
    assert_true(work_open(&work));
    assert_true(traces(&work, found, true));
    for (size_t i = 0; i < SECRETS; i++)
        assert_in_range(found[i], STEK_SECRET_LEN - RUN + 1, 1000);
    before = everywhere(&work);
    assert_in_range(before, SECRETS * NEEDLE_RUNS, 10000);
    assert_true(traces(&work, found, false));
    assert_true(everywhere(&work) <= before);
    for (size_t i = 0; i < SECRETS; i++)
        assert_int_equal(found[i], 0);
    assert_true(is_made_with(&work));
    work_close(&work);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_left),
        cmocka_unit_test(test_callback_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
