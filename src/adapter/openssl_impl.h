/* openssl_impl.h - what the files of the OpenSSL adapter share.
 *
 *   openssl.c          attaching
 *   openssl_objects.c  what hangs on each SSL_CTX and SSL
 *   openssl_ticket.c   the key callback: seal and open
 *   openssl_age.c      how old a session is and how long it may live: the session ticket callbacks
 *   openssl_context.c  what a ticket is bound to beside its key
 *   openssl_process.c  what client certificates the process asks for anywhere
 *   openssl_demand.c   what one SSL_CTX asks for
 *   openssl_names.c    the names of an SSL_CTX's certificates
 *   openssl_crypto.c   HMAC-SHA256 and the algorithms that are fetched once
 *
 * Every OpenSSL function is called plainly by its name: stek-preload.so puts pointers behind them.
 * Callbacks leave errno and OpenSSL's error queue as they found them, and never end a handshake. */
#ifndef ADAPTER_OPENSSL_IMPL_H
#define ADAPTER_OPENSSL_IMPL_H

#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stek/openssl.h>
#include <stek/ticket.h>
#include <sys/types.h>

/* The names of a context's certificates, as the beginning of a stek_context. */
struct openssl_names {
    X509 *cert; /* the current one when they were read (a reference): NULL if never */
    struct stek_context context;
};

/* What a context became in the end; see openssl_context.c. */
#define OPENSSL_MEMOS 4U
#define OPENSSL_MEMO_SNI 64U
struct openssl_memo {
    bool set;
    struct stek_context before, demands, after;
    size_t len;
    char sni[OPENSSL_MEMO_SNI];
};

enum openssl_asks {
    OPENSSL_ASKS_NOTHING,
    OPENSSL_ASKS_UNREAD,  /* another thread may be at work on it */
    OPENSSL_ASKS_SERVERS, /* it is for connecting to them */
    OPENSSL_ASKS_CLIENTS
};

/* What an SSL_CTX asks of its clients. Under the lock of openssl_process.c, but for the first. */
struct openssl_demand {
    SSL_CTX *ctx;
    CRYPTO_THREAD_ID maker; /* who attached it, in which process */
    pid_t made_in;
    struct openssl_demand *newer, *older;
    enum openssl_asks state;
    /* As it was when last looked at. */
    bool is_seen;
    uint64_t changed_at; /* ring time */
    int mode;            /* 0: asks for nothing */
    const X509 *cert;
    const STACK_OF(X509_NAME) * cas;
    /* What was read. */
    bool has_names;
    X509 *cert_held;           /* a reference, so that no other can get its address */
    struct stek_context names; /* all zero without a certificate */
    int cas_count;
    struct stek_context hash;
    /* What tickets of connections that it accepts are bound to. */
    struct stek_context bound;
    uint64_t bound_in; /* generation; 0: never */
};

/* Hangs on an SSL_CTX from its first attaching until it is freed. */
struct openssl_record {
    _Atomic(struct openssl_attached *) attached; /* the newest */
    CRYPTO_RWLOCK *lock;                         /* over `all`, `names`, and memos */
    struct openssl_attached *all;                /* by `older`; callbacks may still use any */
    struct openssl_names names;
    struct openssl_demand demand;
};

/* One attaching. Fixed once made, but for the atomics, and the memos. */
struct openssl_attached {
    struct openssl_record *record;
    struct openssl_attached *older;
    struct stek_ring *ring;
    struct stek_openssl_options options;
    char label[256];    /* options.label leads here, or is NULL */
    atomic_uint warned; /* a bit per OPENSSL_WARN_... */
    /* Connections that it accepted were with another context when their tickets were opened: so
     * that one counts when tickets are sealed, too. Only where `accepting` is not noted. */
    atomic_bool switches_early;
    /* The ring's policy, read now and then: 0 is not known. */
    _Atomic uint64_t policy_until; /* ring time */
    _Atomic uint64_t lifetime;
    _Atomic uint64_t max_session;
    struct openssl_memo memos[OPENSSL_MEMOS];
};

enum openssl_look {
    OPENSSL_NOT_LOOKED, /* the key callback was not asked */
    OPENSSL_MISSED,     /* no key, or not allowed; counted */
    OPENSSL_KEYED       /* a key was there: what fails now is the ticket */
};

/* Hangs on an SSL.
 *
 * The SSL_CTX that accepts the connection is the one given to SSL_new, which OpenSSL keeps and asks
 * for tickets, but tells nobody of once a server has switched to another by SNI. Up to OpenSSL 3.1
 * it is noted inside SSL_new. Later versions tell us while a ticket is sealed, and after one was
 * opened: until then the context in force counts. */
struct openssl_conn {
    SSL_CTX *accepting; /* NULL: not known yet; the SSL holds it */
    bool is_noted;      /* inside SSL_new */
    enum openssl_look look;
    bool limited;                /* the lifetime of the next ticket is set */
    bool renew;                  /* the ticket was of an older key */
    uint8_t name[STEK_NAME_LEN]; /* of the key that opened */
    /* What was opened in the handshake with this client random: a renewal in TLS 1.2 needs its SNI,
     * and an SSL may be used again. */
    uint8_t random[SSL3_RANDOM_SIZE];
    bool opened;
    uint64_t opened_at; /* ring time */
    size_t sni_len;
    char sni[STEK_SNI_MAX + 1];
};

/* Make what is made once a process. */
bool openssl_objects_init(void);

/* NULL if it is not attached. */
struct openssl_record *openssl_record(const SSL_CTX *ctx);
struct openssl_attached *openssl_attached(const SSL_CTX *ctx);

/* Hang the first attaching on its context, or the next. Takes `made` over, also if it fails, and
 * frees it where the same was made before. */
bool openssl_hang(SSL_CTX *ctx, struct openssl_attached *made);
void openssl_attached_free(struct openssl_attached *attached);

/* Made where there is none; NULL: no memory. */
struct openssl_conn *openssl_conn(SSL *ssl);

/* The context that counts where the server does not say, while a ticket is sealed (enc 1) or opened
 * (0): the accepting one; where that was not noted in time, the one that counted, or would have,
 * when tickets were opened. */
SSL_CTX *openssl_counting(const SSL *ssl, const struct openssl_conn *conn, int enc);

/* True if this handshake resumes from a ticket that we opened for it. Sessions that were resumed
 * otherwise are in OpenSSL's cache: they are not ours to change, nor to put in tickets. */
bool openssl_is_opened(const SSL *ssl, const struct openssl_conn *conn);

/* What SSL_CTX_set_tlsext_ticket_key_evp_cb() takes. */
int openssl_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                EVP_MAC_CTX *mac, int enc);

/* What SSL_CTX_set_session_ticket_cb() takes; `arg` is the accepting context. */
int openssl_generate(SSL *ssl, void *arg);
SSL_TICKET_RETURN openssl_decrypted(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
                                    size_t name_len, SSL_TICKET_STATUS status, void *arg);

/* Shorten the session's timeout, never raise it: no ticket lives longer than the policy's lifetime,
 * its key, or its chain of renewals. */
void openssl_limit(struct openssl_attached *attached, const SSL *ssl, SSL_SESSION *session);

/* The context of a ticket on this connection; `enc` as above. False, told once, where there are no
 * tickets. */
bool openssl_context(struct stek_context *out, struct openssl_attached *attached, SSL *ssl,
                     const struct openssl_conn *conn, const char *sni, size_t sni_len, int enc);

/* Add how a client certificate is asked for: nothing where none is. */
bool openssl_add_client_auth(struct stek_context *context, int verify_mode,
                             const STACK_OF(X509_NAME) * names);

/* Begin a context with the names of the certificates of `ctx`, which are read again when its
 * certificate is another. */
enum openssl_found {
    OPENSSL_FOUND,
    OPENSSL_NONE,       /* it has no certificate */
    OPENSSL_UNATTACHED, /* nowhere to keep them */
    OPENSSL_FAILED
};
enum openssl_found openssl_names(struct stek_context *out, SSL_CTX *ctx);

/* The same of one certificate, not kept. */
bool openssl_names_of(struct stek_context *out, X509 *cert);

/* What client certificates this process asks for, as the context that accepted is bound to it: all
 * zero if none. False: not to be known now. */
bool openssl_demands(struct stek_context *sum, SSL_CTX *accepting);

/* A context begins and ceases to count there. False: it did not. */
bool openssl_process_init(void);
bool openssl_process_add(struct openssl_demand *demand);
bool openssl_process_remove(struct openssl_demand *demand);

void openssl_demand_init(struct openssl_demand *demand, SSL_CTX *ctx);

/* Look again. */
enum openssl_seen { OPENSSL_SEEN_SAME, OPENSSL_SEEN_NAMES, OPENSSL_SEEN_DEMAND };
enum openssl_seen openssl_demand_look(struct openssl_demand *demand, uint64_t now);

/* Have `names` read. False: another thread may be at work on it, or there is no memory. */
bool openssl_demand_names(struct openssl_demand *demand, uint64_t now);

#define OPENSSL_WARN_CERT 1U
#define OPENSSL_WARN_CLIENT 2U
#define OPENSSL_WARN_SID 4U
#define OPENSSL_WARN_APPDATA 8U
#define OPENSSL_WARN_SWITCH 16U
#define OPENSSL_WARN_EARLY 32U
void openssl_warn(struct openssl_attached *attached, unsigned which);

/* Fetch what is fetched once. False where libcrypto cannot give it. */
bool openssl_crypto_init(void);
const EVP_CIPHER *openssl_aes256cbc(void);
stek_hmac_fn openssl_hmac;

#endif
