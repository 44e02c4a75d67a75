/* see stek/openssl.h and openssl_impl.h */
#include "adapter/openssl_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX 4096U /* bytes; a size beyond is no size */

/* Before 3.0.6, where there is no key for a ticket of TLS 1.3, OpenSSL sends a malformed one, and
 * clients end the connection (openssl#18977). */
#define OLDEST 0x30000060UL
#define TOO_OLD \
    "no session tickets: OpenSSL before 3.0.6 ends TLS 1.3 connections for which there is no key;" \
    " update it"

/* Made once, then only read. */
static struct {
    CRYPTO_ONCE once;
    bool ready;
} library = {.once = CRYPTO_ONCE_STATIC_INIT};

static void
init(void)
{
    library.ready = openssl_objects_init() && openssl_process_init() && openssl_crypto_init();
}

void
openssl_warn(struct openssl_attached *attached, unsigned which)
{
    const char *text;

    if (attached->options.warn == NULL || (atomic_fetch_or(&attached->warned, which) & which) != 0)
        return;
    switch (which) {
    case OPENSSL_WARN_CERT:
        text = "no session tickets where the SSL_CTX has no certificate to bind them to; give it"
               " one, or give stek a label";
        break;
    case OPENSSL_WARN_CLIENT:
        text = "no session tickets on connections that ask for a client certificate; give stek a"
               " label if all servers of this ring trust the same clients";
        break;
    case OPENSSL_WARN_SWITCH:
        text = "no session tickets where the server switches to an SSL_CTX that stek does not know;"
               " attach that one too";
        break;
    case OPENSSL_WARN_EARLY:
        text = "no session tickets of the ring in TLS 1.3 where OpenSSL itself refuses replays of"
               " 0-RTT data: sessions stay in this process; set SSL_OP_NO_ANTI_REPLAY if the server"
               " stands replays";
        break;
    case OPENSSL_WARN_SID:
        text = "no session tickets on connections that ask for a client certificate without"
               " SSL_CTX_set_session_id_context: OpenSSL would refuse to resume";
        break;
    default:
        text =
            "tickets are not given, or do not resume: the server keeps application data of its own"
            " in them; set own_appdata";
        break;
    }
    attached->options.warn(text, attached->options.warn_arg);
}

/* True if a newer program asks for nothing that this library does not know. */
static bool
take_options(struct openssl_attached *attached, const struct stek_openssl_options *options)
{
    STEK_OPENSSL_OPTIONS(none);
    size_t known = sizeof attached->options, len;

    if (options != NULL && options->size > OPTIONS_MAX)
        return false;
    attached->options = options == NULL ? none : *options;
    for (size_t i = known; options != NULL && i < options->size; i++)
        if (((const uint8_t *)options)[i] != 0)
            return false;
    options = &attached->options;
    if (options->label == NULL || options->label[0] == '\0') {
        attached->options.label = NULL;
        return true;
    }
    len = strnlen(options->label, sizeof attached->label);
    if (len == sizeof attached->label)
        return false;
    memcpy(attached->label, options->label, len); /* all zero before */
    attached->options.label = attached->label;
    return true;
}

static enum stek_status
attached_make(struct openssl_attached **made, struct stek_ring *ring,
              const struct stek_openssl_options *options)
{
    struct openssl_attached *attached = calloc(1, sizeof *attached);

    if (attached == NULL)
        return STEK_SYSTEM;
    if (!take_options(attached, options)) {
        free(attached);
        return STEK_BAD_ARGUMENT;
    }
    attached->ring = stek_ring_ref(ring);
    *made = attached;
    return STEK_OK;
}

static enum stek_status
install(SSL_CTX *ctx, struct openssl_attached *attached)
{
    const bool own_appdata = attached->options.own_appdata != 0;

    if (!openssl_hang(ctx, attached))
        return STEK_SYSTEM;
    /* OpenSSL asks this callback and none of the older keys and callbacks, whatever the order. */
    if (!SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, openssl_key))
        return STEK_SYSTEM;
    if (!own_appdata &&
        !SSL_CTX_set_session_ticket_cb(ctx, openssl_generate, openssl_decrypted, ctx))
        return STEK_SYSTEM;
    return STEK_OK;
}

enum stek_status
stek_openssl_attach(SSL_CTX *ctx, struct stek_ring *ring,
                    const struct stek_openssl_options *options)
{
    int saved = errno;
    struct openssl_attached *attached;
    enum stek_status status;

    if (options != NULL && options->size < sizeof *options)
        return STEK_BAD_ARGUMENT;
    if (OpenSSL_version_num() < OLDEST) {
        if (options != NULL && options->warn != NULL)
            options->warn(TOO_OLD, options->warn_arg);
        return STEK_OLD_LIBRARY;
    }
    if (!CRYPTO_THREAD_run_once(&library.once, init) || !library.ready)
        return STEK_NO_CRYPTO;
    (void)stek_ring_tick(ring, stek_now()); /* one that is not there yet may come later */
    status = attached_make(&attached, ring, options);
    if (status == STEK_OK)
        status = install(ctx, attached);
    if (status == STEK_OK)
        errno = saved;
    return status;
}
