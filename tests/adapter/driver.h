/* driver.h - what the suite needs of a TLS library: servers with a ring attached, and connections
 * that are moved on by hand, all in memory. A driver is one const struct; see driver_openssl.c. */
#ifndef TESTS_DRIVER_H
#define TESTS_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stek/stek.h>

/* Bytes on their way in one direction. */
struct pipe {
    uint8_t bytes[1U << 16];
    size_t len;
};

bool pipe_put(struct pipe *pipe, const void *bytes, size_t len);
size_t pipe_take(struct pipe *pipe, void *out, size_t cap);

/* When a server switches to another context for `vhost`. */
enum switching {
    SWITCH_NEVER,
    SWITCH_EARLY, /* before tickets are looked at */
    SWITCH_LATE   /* after */
};

/* Whether a server takes data with the first flight (0-RTT), TLS 1.3. */
enum early {
    EARLY_NEVER,
    EARLY_ONCE, /* the library sees to it that no session brings it twice */
    EARLY_AGAIN /* the server would */
};

/* What a server did about ticket keys itself. */
enum own {
    OWN_NONE,
    OWN_KEYS_BEFORE, /* set fixed keys, then was attached */
    OWN_KEYS_AFTER,
    OWN_CALLBACK_BEFORE,
    OWN_CALLBACK_AFTER
};

struct server_options {
    const char *names;       /* of its certificate: "a.example b.example"; NULL: it has none */
    bool two_certs;          /* of the same names */
    const char *vhost;       /* another context serves this SNI */
    const char *vhost_names; /* NULL: a certificate that is loaded for each connection */
    bool vhost_unattached;
    enum switching switching;
    bool resolves; /* tells stek of the other context */
    bool asks_client, vhost_asks_client;
    bool requires_client;    /* of those that it asks */
    const char *client_ca;   /* the name that it tells them; NULL: none */
    bool asks_early;         /* for a client certificate, on the connection alone, before tickets */
    bool no_session_context; /* did not name its sessions' context */
    enum own own;
    enum early early;
    bool retries; /* wants another group than clients offer: HelloRetryRequest */
    long timeout; /* of sessions; 0: a day */
    const char *label;
    bool any_sni;
};

/* What a library can do; cases that need more are left out. */
#define CAN_TLS13 (1U << 0)
#define CAN_RENEW12 (1U << 1)   /* renews tickets of old keys in TLS 1.2 */
#define CAN_SWITCH (1U << 2)    /* contexts by SNI */
#define CAN_CLIENT (1U << 3)    /* client certificates */
#define CAN_OWN (1U << 4)       /* keys of the server's own */
#define CAN_AGE (1U << 5)       /* ends chains of renewals */
#define CAN_COUNT_ALL (1U << 6) /* counts what becomes of each ticket */
#define CAN_ACCEPTING (1U << 7) /* knows which context accepted, also after an early switch */
#define CAN_EARLY (1U << 8)     /* takes data with the first flight */

struct driver {
    const char *name;
    unsigned can;
    void *(*server_new)(const struct server_options *options, struct stek_ring *ring);
    void (*server_free)(void *server);
    /* Attach another ring to it. */
    bool (*server_attach)(void *server, struct stek_ring *ring);
    void *(*conn_new)(void *server);
    void (*conn_free)(void *conn);
    /* Go on with the handshake: 1 if it is done, 0 if it wants more from the client, -1 failed. */
    int (*conn_step)(void *conn, struct pipe *from_client, struct pipe *to_client);
    /* Send one byte of data, and with it what else waits to be sent. The byte may wait until the
     * client has answered what a server still asks of it. */
    bool (*conn_talk)(void *conn, struct pipe *to_client);
    bool (*conn_resumed)(void *conn);
    /* How many bytes came with the first flight; NULL: it takes none. */
    size_t (*conn_early)(void *conn);
};

#endif
