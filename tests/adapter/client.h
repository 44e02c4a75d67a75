/* client.h - the client of the adapter suite: OpenSSL, against any driver, in memory. */
#ifndef TESTS_CLIENT_H
#define TESTS_CLIENT_H

#include <openssl/ssl.h>

#include "driver.h"

/* What the client does. */
struct ask {
    int version; /* TLS1_2_VERSION or TLS1_3_VERSION */
    const char *sni;
    SSL_SESSION *offer; /* NULL: none */
    bool has_cert;
    bool asked_later; /* it lets itself be asked for that after the handshake */
    bool early;       /* it sends data with its first flight, where its session allows that */
    bool no_ticket;   /* it asks for none */
};

/* What came of it. */
struct got {
    bool done;    /* the handshake, and a byte of data after it */
    bool resumed; /* both sides say so */
    bool early;   /* data came with the first flight: both sides say so */
    int tickets;
    uint8_t name[STEK_NAME_LEN]; /* the first bytes of the newest ticket */
    unsigned long hint;          /* its lifetime */
    SSL_SESSION *session;        /* that it belongs to, or NULL */
    SSL_SESSION *cached;         /* one without a ticket, that the server may have kept, or NULL */
};

/* One connection. `got` need not be initialised; free it by client_done(). */
void client_shake(struct got *got, const struct driver *driver, void *server,
                  const struct ask *ask);
void client_done(struct got *got);

/* The session with another ticket in it; NULL: out of memory, or no ticket in it. */
SSL_SESSION *client_forge(SSL_SESSION *session, const uint8_t *ticket, size_t len);

/* A certificate for names ("a.example b.example") and its key; true if made. */
bool client_cert(X509 **cert, EVP_PKEY **key, const char *names, bool is_rsa);

#endif
