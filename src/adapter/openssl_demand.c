/* see openssl_impl.h: one context, as it was when last looked at */
#include "adapter/openssl_impl.h"

#include <unistd.h>

#define SETTLES_S 2U /* more than a second, of a clock that counts seconds */

void
openssl_demand_init(struct openssl_demand *demand, SSL_CTX *ctx)
{
    *demand = (struct openssl_demand){.ctx = ctx,
                                      .maker = CRYPTO_THREAD_get_current_id(),
                                      .made_in = getpid(),
                                      .changed_at = stek_now()};
}

/* True if no other thread is at work on the context: it is our own, or was inherited by fork(), or
 * has not changed for a while. One that is just changed must not be read, for its certificate may
 * be freed meanwhile. */
static bool
is_settled(const struct openssl_demand *demand, uint64_t now)
{
    return CRYPTO_THREAD_compare_id(demand->maker, CRYPTO_THREAD_get_current_id()) ||
           now >= demand->changed_at + SETTLES_S || demand->made_in != getpid();
}

/* Compares pointers, and follows none that was not followed before. */
static bool
is_as_seen(const struct openssl_demand *demand, int mode)
{
    if (!demand->is_seen || demand->mode != mode ||
        SSL_CTX_get0_certificate(demand->ctx) != demand->cert)
        return false;
    return mode == 0 || (SSL_CTX_get_client_CA_list(demand->ctx) == demand->cas &&
                         (demand->state == OPENSSL_ASKS_UNREAD ||
                          sk_X509_NAME_num(demand->cas) == demand->cas_count));
}

static void
note(struct openssl_demand *demand, int mode, uint64_t now)
{
    if (demand->is_seen) /* else it is as old as its attaching */
        demand->changed_at = now;
    demand->is_seen = true;
    demand->has_names = false;
    demand->mode = mode;
    demand->cert = SSL_CTX_get0_certificate(demand->ctx);
    demand->cas = mode == 0 ? NULL : SSL_CTX_get_client_CA_list(demand->ctx);
    demand->state = mode == 0 ? OPENSSL_ASKS_NOTHING : OPENSSL_ASKS_UNREAD;
}

bool
openssl_demand_names(struct openssl_demand *demand, uint64_t now)
{
    X509 *cert = SSL_CTX_get0_certificate(demand->ctx);
    struct stek_context names;

    if (demand->has_names)
        return true;
    if (!demand->is_seen || cert != demand->cert || !is_settled(demand, now))
        return false;
    stek_context_init(&names);
    if (cert != NULL && (!openssl_names_of(&names, cert) || !X509_up_ref(cert)))
        return false;
    X509_free(demand->cert_held);
    demand->cert_held = cert;
    demand->names = names;
    demand->has_names = true;
    return true;
}

/* Stays unread where there is no memory. */
static void
read_demand(struct openssl_demand *demand, uint64_t now)
{
    struct stek_context hash;
    int count;

    if (!openssl_demand_names(demand, now))
        return;
    hash = demand->names;
    count = sk_X509_NAME_num(demand->cas);
    if (!openssl_add_client_auth(&hash, demand->mode, demand->cas))
        return;
    demand->hash = hash;
    demand->cas_count = count;
    demand->state =
        demand->cert == NULL && count <= 0 ? OPENSSL_ASKS_SERVERS : OPENSSL_ASKS_CLIENTS;
}

enum openssl_seen
openssl_demand_look(struct openssl_demand *demand, uint64_t now)
{
    const int all = SSL_CTX_get_verify_mode(demand->ctx);
    const int mode = (all & SSL_VERIFY_PEER) == 0 ? 0 : all;
    enum openssl_seen seen = OPENSSL_SEEN_SAME;

    if (!is_as_seen(demand, mode)) {
        seen = demand->state != OPENSSL_ASKS_NOTHING || mode != 0 ? OPENSSL_SEEN_DEMAND
                                                                  : OPENSSL_SEEN_NAMES;
        note(demand, mode, now);
    }
    if (demand->state == OPENSSL_ASKS_UNREAD && is_settled(demand, now)) {
        read_demand(demand, now);
        seen = OPENSSL_SEEN_DEMAND;
    }
    return seen;
}
