/* see openssl_impl.h
 *
 * Ticket application data:   "stk1" | Unix seconds of the first full handshake, 8, big-endian
 * It is in the ticket, under its MAC, and OpenSSL carries it from session to session. */
#include "adapter/openssl_impl.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>

#define TAG "stk1"
#define TAG_LEN 4U
#define AGE_LEN (TAG_LEN + 8U)
#define SKEW_S 600U  /* a start this far in the future may be another host's clock */
#define POLICY_S 10U /* a policy hardly ever changes: it is read so seldom */

struct policy {
    uint64_t lifetime;
    uint64_t max_session;
};

/* Zeros where there is none. Threads that come at once may mix an old and a new one for once. */
static struct policy
get_policy(struct openssl_attached *attached, uint64_t now)
{
    struct policy policy;
    uint64_t until = atomic_load_explicit(&attached->policy_until, memory_order_acquire);
    STEK_INFO(info);

    /* One thread reads it anew, while the others go on with the last. */
    if (until == 0 || (until <= now && atomic_compare_exchange_strong(&attached->policy_until,
                                                                      &until, now + POLICY_S)))
        if (stek_ring_info(attached->ring, &info, now) == STEK_OK) {
            atomic_store(&attached->lifetime, info.lifetime);
            atomic_store(&attached->max_session, info.max_session);
            atomic_store_explicit(&attached->policy_until, now + POLICY_S, memory_order_release);
        }
    policy.lifetime = atomic_load(&attached->lifetime);
    policy.max_session = atomic_load(&attached->max_session);
    return policy;
}

static bool
age_get(SSL_SESSION *session, uint64_t *start)
{
    void *data = NULL;
    size_t len = 0;
    uint64_t value = 0;

    if (!SSL_SESSION_get0_ticket_appdata(session, &data, &len) || data == NULL || len != AGE_LEN ||
        memcmp(data, TAG, TAG_LEN) != 0)
        return false;
    for (size_t i = TAG_LEN; i < AGE_LEN; i++)
        value = value << 8 | ((const uint8_t *)data)[i];
    *start = value;
    return true;
}

static void
age_set(struct openssl_attached *attached, SSL_SESSION *session, uint64_t start)
{
    uint8_t bytes[AGE_LEN] = TAG;
    void *data = NULL;
    size_t len = 0;

    if (SSL_SESSION_get0_ticket_appdata(session, &data, &len) && len > 0) {
        openssl_warn(attached, OPENSSL_WARN_APPDATA);
        return;
    }
    for (size_t i = 0; i < 8; i++)
        bytes[TAG_LEN + i] = (uint8_t)(start >> (8 * (7 - i)));
    /* Without memory it goes without, and is not resumed from. */
    (void)SSL_SESSION_set1_ticket_appdata(session, bytes, sizeof bytes);
}

static uint64_t
least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* In TLS 1.2 a resumed session keeps its time, from which OpenSSL counts its timeout; others are
 * made as we speak. */
static uint64_t
made_at(const SSL *ssl, const SSL_SESSION *session, uint64_t unix_now)
{
    if (SSL_session_reused(ssl) && SSL_version(ssl) != TLS1_3_VERSION)
        return least((uint64_t)SSL_SESSION_get_time(session), unix_now);
    return unix_now;
}

void
openssl_limit(struct openssl_attached *attached, const SSL *ssl, SSL_SESSION *session)
{
    uint64_t now = stek_now(), unix_now = stek_unix_now(), left, start, end;
    const struct policy policy = get_policy(attached, now);
    STEK_KEY(key);

    if (stek_ring_sealing_key(attached->ring, &key, now) != STEK_OK || key.open_until < now)
        return;
    left = key.open_until - now;
    if (policy.lifetime > 0)
        left = least(left, policy.lifetime);
    end = unix_now + left;
    if (policy.max_session > 0 && age_get(session, &start))
        end = least(end, start + policy.max_session);
    left = end - least(end, made_at(ssl, session, unix_now));
    if (left < (uint64_t)SSL_SESSION_get_timeout(session))
        (void)SSL_SESSION_set_timeout(session, (long)left);
}

/* True if what the client gets is not sealed, but the name of a session in OpenSSL's cache. */
static bool
is_kept(const SSL *ssl)
{
    return SSL_version(ssl) == TLS1_3_VERSION && SSL_get_max_early_data(ssl) > 0 &&
           (SSL_get_options(ssl) & SSL_OP_NO_ANTI_REPLAY) == 0;
}

int
openssl_generate(SSL *ssl, void *arg)
{
    struct openssl_conn *conn = openssl_conn(ssl);
    struct openssl_attached *attached = openssl_attached(arg);
    SSL_SESSION *session = SSL_get_session(ssl);
    int saved = errno;
    uint64_t start;

    if (conn == NULL || attached == NULL || session == NULL)
        return 1;
    conn->accepting = arg;
    if (is_kept(ssl)) {
        openssl_warn(attached, OPENSSL_WARN_EARLY);
        return 1;
    }
    if (attached->options.own_appdata)
        return 1;
    if (SSL_session_reused(ssl) && SSL_version(ssl) != TLS1_3_VERSION &&
        !openssl_is_opened(ssl, conn))
        return 1; /* shared with other connections */
    (void)ERR_set_mark();
    if (!age_get(session, &start))
        age_set(attached, session, stek_unix_now());
    openssl_limit(attached, ssl, session);
    conn->limited = true;
    (void)ERR_pop_to_mark();
    errno = saved;
    return 1;
}

/* True if the chain of renewals that the session is in may go on. */
static bool
is_young(struct openssl_attached *attached, const struct openssl_conn *conn, SSL_SESSION *session,
         uint64_t unix_now)
{
    uint64_t max = get_policy(attached, conn->opened_at).max_session, start;

    if (max == 0) /* nothing to enforce */
        return true;
    return age_get(session, &start) && start <= unix_now + SKEW_S &&
           (start > unix_now || unix_now - start < max);
}

/* What becomes of a session that did open. */
static enum stek_event
outcome(struct openssl_attached *attached, const struct openssl_conn *conn, const SSL *ssl,
        SSL_SESSION *session)
{
    uint64_t unix_now = stek_unix_now();
    unsigned sid_len = 0;

    if (!is_young(attached, conn, session, unix_now))
        return STEK_FULL_EXPIRED;
    (void)SSL_SESSION_get0_id_context(session, &sid_len);
    if (sid_len == 0 && (SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER) != 0)
        return STEK_FULL_CONTEXT; /* or OpenSSL would end the handshake */
    /* Past its own timeout OpenSSL does not resume it either. */
    if ((uint64_t)SSL_SESSION_get_time(session) + (uint64_t)SSL_SESSION_get_timeout(session) <
        unix_now)
        return STEK_FULL_EXPIRED;
    return STEK_OPENED;
}

/* What OpenSSL does without a callback. */
static SSL_TICKET_RETURN
as_ever(SSL_TICKET_STATUS status)
{
    if (status == SSL_TICKET_SUCCESS)
        return SSL_TICKET_RETURN_USE;
    if (status == SSL_TICKET_SUCCESS_RENEW)
        return SSL_TICKET_RETURN_USE_RENEW;
    return SSL_TICKET_RETURN_IGNORE_RENEW; /* of none and of a bad one: a new ticket is due */
}

static SSL_TICKET_RETURN
judge(struct openssl_attached *attached, const struct openssl_conn *conn, const SSL *ssl,
      SSL_SESSION *session, SSL_TICKET_STATUS status)
{
    const SSL_TICKET_RETURN answer = as_ever(status);
    enum stek_event event;

    if (answer == SSL_TICKET_RETURN_IGNORE_RENEW) {
        if (status == SSL_TICKET_NO_DECRYPT && conn->look != OPENSSL_MISSED)
            stek_ring_count(attached->ring, STEK_FULL_CONTEXT, NULL);
        return answer;
    }
    event = outcome(attached, conn, ssl, session);
    stek_ring_count(attached->ring, event, conn->name);
    return event == STEK_OPENED ? answer : SSL_TICKET_RETURN_IGNORE_RENEW;
}

/* See struct openssl_conn. */
static void
note_accepting(struct openssl_attached *attached, struct openssl_conn *conn, const SSL *ssl,
               SSL_CTX *accepting)
{
    SSL_CTX *now = SSL_get_SSL_CTX(ssl);

    conn->accepting = accepting;
    if (conn->is_noted || now == accepting)
        return;
    atomic_store(&attached->switches_early, true);
    if (openssl_attached(now) == NULL)
        openssl_warn(attached, OPENSSL_WARN_SWITCH);
}

SSL_TICKET_RETURN
openssl_decrypted(SSL *ssl, SSL_SESSION *session, const unsigned char *name, size_t name_len,
                  SSL_TICKET_STATUS status, void *arg)
{
    struct openssl_conn *conn = openssl_conn(ssl);
    struct openssl_attached *attached = openssl_attached(arg);
    int saved = errno;
    SSL_TICKET_RETURN answer;

    (void)name, (void)name_len;
    if (conn == NULL || attached == NULL)
        return as_ever(status);
    note_accepting(attached, conn, ssl, arg);
    if (attached->options.own_appdata)
        return as_ever(status);
    answer = judge(attached, conn, ssl, session, status);
    conn->look = OPENSSL_NOT_LOOKED;
    errno = saved;
    return answer;
}
