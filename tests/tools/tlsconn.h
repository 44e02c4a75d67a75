/* tlsconn.h - one TLS connection of a test client: handshake, a small HTTP request, and everything
 * that tells how tickets went. Built on OpenSSL alone, nothing of stek in it. */
#ifndef TESTS_TLSCONN_H
#define TESTS_TLSCONN_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#define CONN_KEY_LEN 33 /* 16 bytes as hex; "-" where there is no ticket */

struct conn_request {
    const char *target; /* HOST:PORT, PORT (of 127.0.0.1) or unix:PATH */
    int version;        /* TLS1_2_VERSION or TLS1_3_VERSION */
    const char *sni;    /* NULL: none is sent */
    const char *client; /* a PEM file with a client's certificate and key, or NULL */
    SSL_SESSION *offer; /* NULL: a full handshake is asked for */
};

struct conn_result {
    bool resumed;
    int tickets;             /* that the server sent and that were not empty */
    unsigned long hint;      /* lifetime of the newest one, in seconds */
    char used[CONN_KEY_LEN]; /* name of the key of the ticket that was offered */
    char key[CONN_KEY_LEN];  /* the same of the newest ticket, or of the used one if none came */
    char served[64];         /* first line of the answer's body */
    SSL_SESSION *session;    /* the newest that can be offered again, or NULL */
    uint64_t begun_ms;       /* by conn_now_ms(): no ticket that came is older */
    bool closed;             /* there was no error but the end of the connection */
    char error[200];
};

/* Milliseconds of a clock that nobody sets. */
uint64_t conn_now_ms(void);

SSL_CTX *conn_context(void);

/* False, with result->error, where no handshake came about. */
bool conn_run(SSL_CTX *ctx, struct conn_result *result, const struct conn_request *request);

/* Takes one that conn_run() never filled in, if it is all zero. */
void conn_result_free(struct conn_result *result);

/* The first 16 bytes of a session's ticket, or "-". */
void conn_key_name(char out[CONN_KEY_LEN], const SSL_SESSION *session);

#endif
