/* stek-preload.so: gives an unmodified, dynamically linked OpenSSL 3 server the keys of a ring.
 *
 *   LD_PRELOAD=.../stek-preload.so STEK_RING=www [STEK_LABEL=label] server ...
 *
 * It stands in front of the calls that make an SSL_CTX, attaches the ring to each one, and keeps
 * the server from setting another ticket callback. Neither libssl nor libcrypto is linked in: both
 * are found in the process once the server makes a context, since some servers load them late.
 * Where it cannot work it says so in one line on stderr, at the first context, and stands aside.
 * STEK_RING="" switches it off without a word, for children of a server that has it set. */
#define OPENSSL_CALLS_BY_NAME
#include "module/openssl_calls.h" /* includes OpenSSL's headers its way */
#include "module/preload_library.h"
#include "module/preload_say.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stek/openssl.h>

#define OWN_KEYS "This server goes on with ticket keys of its own."

/* An interposed function gets no context of ours, hence this one static. Strings are copies, since
 * servers write over their environment. Written by the constructor, the ring and `index` later,
 * under `lock`. */
static struct {
    char *ring_name; /* NULL: not set; "": off */
    char *label;     /* NULL: none */
    pid_t pid;       /* at start, as is the next */
    uid_t euid;
    pthread_mutex_t lock;
    struct stek_ring *ring;
    enum stek_status ring_status;
    int ring_errno;
    atomic_int index; /* of the mark on attached contexts, in OpenSSL's ex_data; -1: none yet */
} preload = {.lock = PTHREAD_MUTEX_INITIALIZER, .index = -1};

static void *
find(const char *name, const void *caller)
{
    return preload_library_find(PRELOAD_OPENSSL_3, name, caller);
}

/* ---- the ring ---- */

static char *
copy_env(const char *name)
{
    const char *value = getenv(name);

    return value == NULL ? NULL : strdup(value); /* no memory: as if it were not set */
}

static void
open_ring(void)
{
    if (preload.ring != NULL)
        return;
    preload.ring_status = stek_ring_open(&preload.ring, preload.ring_name);
    preload.ring_errno = errno;
}

/* Runs before main, so before privileges are dropped. Programs without libssl, like the scripts
 * that a server starts, get no mapping of the keys. */
__attribute__((constructor)) static void
start(void)
{
    int keep = errno;

    preload_say_begin();
    preload.ring_name = copy_env("STEK_RING");
    preload.label = copy_env("STEK_LABEL");
    preload.pid = getpid();
    preload.euid = geteuid();
    if (preload.ring_name != NULL && preload.ring_name[0] != '\0' &&
        find("SSL_CTX_new", NULL) != NULL)
        open_ring();
    errno = keep;
}

static void
say_ring(enum stek_status status, int error, const char *means)
{
    char what[PRELOAD_TEXT_LEN], why[2 * PRELOAD_TEXT_LEN], buffer[64];
    const char *reason = stek_status_text(status);

    if (status == STEK_SYSTEM)
        reason = strerror_r(error, buffer, sizeof buffer);
    (void)snprintf(what, sizeof what, "ring \"%.200s\"", preload.ring_name);
    (void)snprintf(why, sizeof why, "%s%s %s", reason, status == STEK_SYSTEM ? "." : "", means);
    preload_say((unsigned)status, what, why);
}

static bool
is_mapped(struct stek_ring *ring)
{
    STEK_INFO(info);

    return stek_ring_info(ring, &info, stek_now()) != STEK_NO_RING;
}

/* Look whether the path names another ring now. Once one is mapped, only with the rights of the
 * start: in the same process, or as root, which forks once it has started. Sandboxes that servers
 * put themselves in later may end a process that looks at files. */
static void
look(struct stek_ring *ring)
{
    const bool had = is_mapped(ring);
    enum stek_status status;

    if (had && (geteuid() != preload.euid || (preload.euid != 0 && getpid() != preload.pid)))
        return;
    status = stek_ring_tick(ring, stek_now());
    if (status != STEK_OK)
        say_ring(status, errno, had ? "What it has stays in use." : "No tickets until then.");
}

/* The ring for a new context; NULL where there is none that can be used. */
static struct stek_ring *
ring_for_context(void)
{
    struct stek_ring *ring;

    (void)pthread_mutex_lock(&preload.lock); /* cannot fail for this kind */
    open_ring();
    ring = preload.ring;
    if (ring != NULL && preload.index < 0)
        preload.index = openssl_calls.call_CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL_CTX, 0, NULL,
                                                                   NULL, NULL, NULL);
    (void)pthread_mutex_unlock(&preload.lock);
    if (ring == NULL) {
        say_ring(preload.ring_status, preload.ring_errno, OWN_KEYS);
        return NULL;
    }
    look(ring);
    return ring;
}

/* ---- contexts ---- */

/* The warn option of the adapter. */
static void
warn(const char *text, void *arg)
{
    (void)arg;
    preload_say(PRELOAD_SAY_WARNING, text,
                strstr(text, "label") != NULL ? "STEK_LABEL sets one."
                                              : "Other connections are not concerned.");
}

static enum stek_status
attach(SSL_CTX *ctx, struct stek_ring *ring, bool own_appdata)
{
    STEK_OPENSSL_OPTIONS(options);

    options.label = preload.label;
    options.own_appdata = own_appdata;
    options.warn = warn;
    return stek_openssl_attach(ctx, ring, &options);
}

/* A context of the library that openssl_calls leads to; NULL in `ctx` is allowed. */
static bool
is_attached(const SSL_CTX *ctx, const void *caller)
{
    return preload.index >= 0 && ctx != NULL &&
           preload_library_was_chosen(find("SSL_CTX_new", caller)) &&
           openssl_calls.call_SSL_CTX_get_ex_data(ctx, preload.index) != NULL;
}

static void
attach_new(SSL_CTX *ctx, const SSL_METHOD *method, void *ctx_new)
{
    char why_not[PRELOAD_TEXT_LEN];
    struct stek_ring *ring;
    enum stek_status status;

    if (ctx == NULL || (preload.ring_name != NULL && preload.ring_name[0] == '\0'))
        return;
    if (ctx_new == NULL || preload_library_is_client(ctx_new, method))
        return;
    if (preload.ring_name == NULL) {
        preload_say(PRELOAD_SAY_SETUP, "STEK_RING is not set", OWN_KEYS);
        return;
    }
    if (!preload_library_is_ours(ctx_new, why_not)) {
        preload_say(PRELOAD_SAY_SETUP, why_not, OWN_KEYS);
        return;
    }
    ring = ring_for_context();
    if (ring == NULL)
        return;
    status = attach(ctx, ring, false);
    if (status != STEK_OK)
        preload_say(PRELOAD_SAY_SETUP,
                    status == STEK_BAD_ARGUMENT ? "STEK_LABEL is too long"
                                                : stek_status_text(status),
                    OWN_KEYS);
    else if (preload.index >= 0) /* without memory the server's own callbacks replace ours */
        (void)openssl_calls.call_SSL_CTX_set_ex_data(ctx, preload.index, &preload);
}

/* ---- what the server calls ---- */

#define CALLER __builtin_return_address(0)

/* Whose context this thread makes. libssl makes one of these calls from the other, and by a jump,
 * so that the inner one seems to come from us. */
static _Thread_local const void *made_for;

__attribute__((visibility("default"))) SSL_CTX *
SSL_CTX_new(const SSL_METHOD *method)
{
    const void *outer = made_for, *caller = outer != NULL ? outer : CALLER;
    __typeof__(SSL_CTX_new) *original;
    SSL_CTX *ctx;

    *(void **)&original = find("SSL_CTX_new", caller);
    if (original == NULL)
        return NULL; /* there is no libssl in this process: cannot be */
    made_for = caller;
    ctx = original(method);
    made_for = outer;
    if (outer == NULL)
        attach_new(ctx, method, *(void **)&original);
    return ctx;
}

/* Of OpenSSL 1.1, whose types are others: nothing but addresses is used. One line says why not. */
__asm__(".symver ctx_new_1_1, SSL_CTX_new@OPENSSL_1_1_0");
__attribute__((visibility("default"))) SSL_CTX *ctx_new_1_1(const SSL_METHOD *method);

SSL_CTX *
ctx_new_1_1(const SSL_METHOD *method)
{
    __typeof__(SSL_CTX_new) *original;
    SSL_CTX *ctx;

    *(void **)&original = preload_library_find(PRELOAD_OPENSSL_1_1, "SSL_CTX_new", CALLER);
    if (original == NULL)
        return NULL;
    ctx = original(method);
    attach_new(ctx, method, *(void **)&original);
    return ctx;
}

__attribute__((visibility("default"))) SSL_CTX *
SSL_CTX_new_ex(OSSL_LIB_CTX *lib, const char *properties, const SSL_METHOD *method)
{
    const void *outer = made_for, *caller = outer != NULL ? outer : CALLER;
    __typeof__(SSL_CTX_new_ex) *original;
    SSL_CTX *ctx;

    *(void **)&original = find("SSL_CTX_new_ex", caller);
    if (original == NULL)
        return NULL;
    made_for = caller;
    ctx = original(lib, properties, method);
    made_for = outer;
    if (outer == NULL)
        attach_new(ctx, method, find("SSL_CTX_new", caller));
    return ctx;
}

typedef int evp_cb_fn(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                      EVP_MAC_CTX *mac, int enc);

/* Once a ring is attached, the callback stays ours. */
__attribute__((visibility("default"))) int
SSL_CTX_set_tlsext_ticket_key_evp_cb(SSL_CTX *ctx, evp_cb_fn *callback)
{
    __typeof__(SSL_CTX_set_tlsext_ticket_key_evp_cb) *original;

    if (is_attached(ctx, CALLER))
        return 1;
    *(void **)&original = find("SSL_CTX_set_tlsext_ticket_key_evp_cb", CALLER);
    return original == NULL ? 0 : original(ctx, callback);
}

/* Ours take the age of a session from its ticket's application data. A server that keeps data of
 * its own there gets its way, and the adapter is told to do without. */
__attribute__((visibility("default"))) int
SSL_CTX_set_session_ticket_cb(SSL_CTX *ctx, SSL_CTX_generate_session_ticket_fn generate,
                              SSL_CTX_decrypt_session_ticket_fn decrypt, void *arg)
{
    __typeof__(SSL_CTX_set_session_ticket_cb) *original;
    const bool is_own = generate != NULL || decrypt != NULL;

    if (is_attached(ctx, CALLER)) {
        if (attach(ctx, preload.ring, is_own) == STEK_OK && !is_own)
            return 1; /* ours are back */
        if (is_own)
            preload_say(PRELOAD_SAY_APPDATA, "the server has a use of its own for tickets",
                        "Sessions may be renewed for longer than max_session.");
    }
    *(void **)&original = find("SSL_CTX_set_session_ticket_cb", CALLER);
    return original == NULL ? 0 : original(ctx, generate, decrypt, arg);
}
