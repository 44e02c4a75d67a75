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

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stek/openssl.h>

#define PRELOAD_TEXT_LEN 256
#define OWN_KEYS "This server goes on with ticket keys of its own."

/* An interposed function gets no context of ours, hence this one static. Strings are copies, since
 * servers write over their environment. Written by the constructor, then by find_library() under
 * `once`; the ring under `lock`. */
static struct {
    char *ring_name; /* NULL: not set; "": off */
    char *label;     /* NULL: none */
    struct stat stderr_at_start;
    pthread_once_t once;
    bool is_openssl_3;
    char why_not[PRELOAD_TEXT_LEN]; /* why it is not that */
    __typeof__(SSL_CTX_new) *ssl_ctx_new;
    __typeof__(SSL_CTX_new_ex) *ssl_ctx_new_ex;
    __typeof__(SSL_CTX_set_tlsext_ticket_key_evp_cb) *set_evp_cb;
    const SSL_METHOD *client_method;
    pthread_mutex_t lock;
    struct stek_ring *ring;
    enum stek_status ring_status;
    int ring_errno;
    atomic_bool is_attached; /* to one context at least */
    atomic_uint said;        /* once each: a bit per enum stek_status, and those below */
} preload = {.once = PTHREAD_ONCE_INIT,
             .why_not = "its TLS library is not to be found",
             .lock = PTHREAD_MUTEX_INITIALIZER};

enum { SAY_SETUP = 30, SAY_WARNING = 31 };

struct openssl_calls openssl_calls;

/* ---- the line on stderr ---- */

/* False where the server put a socket in the place of the stderr that it was started with. */
static bool
is_stderr(void)
{
    struct stat now;

    if (fstat(STDERR_FILENO, &now) != 0)
        return false;
    return !S_ISSOCK(now.st_mode) || (now.st_dev == preload.stderr_at_start.st_dev &&
                                      now.st_ino == preload.stderr_at_start.st_ino);
}

static void
say(unsigned bit, const char *what, const char *why)
{
    if ((atomic_fetch_or(&preload.said, 1U << bit) & 1U << bit) == 0 && is_stderr())
        (void)dprintf(STDERR_FILENO, "stek-preload: %s: %s\n", what, why); /* if anybody reads it */
}

/* The warn option of the adapter. */
static void
warn(const char *text, void *arg)
{
    (void)arg;
    say(SAY_WARNING, text, "STEK_LABEL sets one.");
}

/* ---- the library in the process ---- */

/* The dynamic object that holds an address. */
static void *
object_at(const void *address)
{
    Dl_info info;

    return dladdr(address, &info) != 0 ? dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD) : NULL;
}

static bool
check_version(void *library)
{
    unsigned long (*number)(void) = NULL;
    const char *(*text)(int) = NULL;

    *(void **)&number = dlsym(library, "OpenSSL_version_num");
    *(void **)&text = dlsym(library, "OpenSSL_version");
    if (number != NULL && text != NULL && number() >> 28 == 3 &&
        strncmp(text(OPENSSL_VERSION), "OpenSSL ", 8) == 0)
        return true;
    (void)snprintf(preload.why_not, sizeof preload.why_not, "%.80s is not OpenSSL 3",
                   text != NULL ? text(OPENSSL_VERSION) : "a TLS library without a name");
    return false;
}

static bool
find_calls(void *library)
{
    const char *missing = NULL;

#define FIND(name) \
    *(void **)&openssl_calls.call_##name = dlsym(library, #name); \
    if (openssl_calls.call_##name == NULL) \
        missing = #name;
    OPENSSL_CALLS(FIND)
#undef FIND
    if (missing != NULL)
        (void)snprintf(preload.why_not, sizeof preload.why_not, "this OpenSSL has no %s", missing);
    return missing == NULL;
}

/* Who called us first; find_library() has no argument. */
static _Thread_local const void *first_caller;

static void
find_library(void)
{
    const SSL_METHOD *(*client_method)(void) = NULL;
    void *here = RTLD_NEXT, *library;

    if (dlsym(RTLD_NEXT, "SSL_CTX_new") == NULL)
        here = object_at(first_caller); /* libssl came in with it, by dlopen */
    if (here == NULL)
        return;
    *(void **)&preload.ssl_ctx_new = dlsym(here, "SSL_CTX_new");
    *(void **)&preload.ssl_ctx_new_ex = dlsym(here, "SSL_CTX_new_ex");
    *(void **)&preload.set_evp_cb = dlsym(here, "SSL_CTX_set_tlsext_ticket_key_evp_cb");
    library = object_at(*(void **)&preload.ssl_ctx_new);
    if (library == NULL || !check_version(library) || !find_calls(library))
        return;
    *(void **)&client_method = dlsym(library, "TLS_client_method");
    if (client_method != NULL)
        preload.client_method = client_method();
    preload.is_openssl_3 = true;
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

    preload.ring_name = copy_env("STEK_RING");
    preload.label = copy_env("STEK_LABEL");
    if (fstat(STDERR_FILENO, &preload.stderr_at_start) != 0)
        preload.stderr_at_start = (struct stat){0};
    if (preload.ring_name != NULL && preload.ring_name[0] != '\0' &&
        dlsym(RTLD_NEXT, "SSL_CTX_new") != NULL)
        open_ring();
    errno = keep;
}

static void
say_ring(enum stek_status status, const char *means)
{
    char what[PRELOAD_TEXT_LEN], why[2 * PRELOAD_TEXT_LEN], buffer[64];
    const char *reason = stek_status_text(status);

    if (status == STEK_SYSTEM)
        reason = strerror_r(preload.ring_errno, buffer, sizeof buffer);
    (void)snprintf(what, sizeof what, "ring \"%.200s\"", preload.ring_name);
    (void)snprintf(why, sizeof why, "%s%s %s", reason, status == STEK_SYSTEM ? "." : "", means);
    say((unsigned)status, what, why);
}

/* The ring for a new context; NULL where there is none that can be used. */
static struct stek_ring *
ring_for_context(void)
{
    enum stek_status status;
    struct stek_ring *ring;

    (void)pthread_mutex_lock(&preload.lock); /* cannot fail for this kind */
    open_ring();
    ring = preload.ring;
    (void)pthread_mutex_unlock(&preload.lock);
    if (ring == NULL) {
        say_ring(preload.ring_status, OWN_KEYS);
        return NULL;
    }
    status = stek_ring_tick(ring, stek_now());
    if (status != STEK_OK)
        say_ring(status, "No tickets until then.");
    return ring;
}

static void
attach(SSL_CTX *ctx, const SSL_METHOD *method)
{
    enum stek_status status;
    struct stek_ring *ring;
    STEK_OPENSSL_OPTIONS(options);

    if (ctx == NULL || (method != NULL && method == preload.client_method))
        return;
    if (preload.ring_name == NULL) {
        say(SAY_SETUP, "STEK_RING is not set", OWN_KEYS);
        return;
    }
    if (preload.ring_name[0] == '\0')
        return;
    if (!preload.is_openssl_3) {
        say(SAY_SETUP, preload.why_not, OWN_KEYS);
        return;
    }
    ring = ring_for_context();
    if (ring == NULL)
        return;
    options.label = preload.label;
    options.warn = warn;
    status = stek_openssl_attach(ctx, ring, &options);
    if (status == STEK_OK)
        atomic_store(&preload.is_attached, true);
    else
        say(SAY_SETUP,
            status == STEK_BAD_ARGUMENT ? "STEK_LABEL is too long" : stek_status_text(status),
            OWN_KEYS);
}

/* ---- what the server calls ---- */

static void
prepare(const void *caller)
{
    first_caller = caller;
    (void)pthread_once(&preload.once, find_library); /* cannot fail */
}

__attribute__((visibility("default"))) SSL_CTX *
SSL_CTX_new(const SSL_METHOD *method)
{
    SSL_CTX *ctx;

    prepare(__builtin_return_address(0));
    if (preload.ssl_ctx_new == NULL)
        return NULL; /* there is no libssl in this process: cannot be */
    ctx = preload.ssl_ctx_new(method);
    attach(ctx, method);
    return ctx;
}

__attribute__((visibility("default"))) SSL_CTX *
SSL_CTX_new_ex(OSSL_LIB_CTX *lib, const char *properties, const SSL_METHOD *method)
{
    SSL_CTX *ctx;

    prepare(__builtin_return_address(0));
    if (preload.ssl_ctx_new_ex == NULL)
        return NULL;
    ctx = preload.ssl_ctx_new_ex(lib, properties, method);
    attach(ctx, method);
    return ctx;
}

typedef int evp_cb_fn(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                      EVP_MAC_CTX *mac, int enc);

/* Once a ring is attached, the callback stays ours. */
__attribute__((visibility("default"))) int
SSL_CTX_set_tlsext_ticket_key_evp_cb(SSL_CTX *ctx, evp_cb_fn *callback)
{
    prepare(__builtin_return_address(0));
    if (atomic_load(&preload.is_attached))
        return 1;
    return preload.set_evp_cb == NULL ? 0 : preload.set_evp_cb(ctx, callback);
}
