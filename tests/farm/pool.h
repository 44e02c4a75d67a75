/* pool.h - the tickets that the clients of a farm hold, and which of them may be offered where.
 *
 * The promise that is tried: a ticket that any host gave out is resumed by every other one. A host
 * that is cut off cannot have keys that were made elsewhere since, nor the others its own: no
 * program can do that. So while one is cut off, a ticket is offered on the other side of the cut
 *   - if it was given out before the cut: whatever sealed then had to be everywhere by then; or
 *   - if its key is one of those that all hosts held when the cut was made.
 * On its own side it is offered always, and when the cut is over, everywhere. So nothing is spared
 * that could be kept. */
#ifndef TESTS_FARM_POOL_H
#define TESTS_FARM_POOL_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../tools/tlsconn.h"

#define POOL_SERVERS_MAX 64
#define POOL_TICKETS 64 /* of each version of TLS */
#define POOL_KEYS_MAX 256
#define POOL_NOBODY SIZE_MAX

struct pool_server {
    const char *name; /* HOST/SERVICE: tickets of a service are offered to that service alone */
    size_t host_len;
    const char *service;
    const char *target; /* as tlsconn.h says */
};

struct pool_ticket {
    SSL_SESSION *session; /* NULL: free */
    size_t from;          /* the server that gave it out */
    uint64_t taken_ms, until_ms;
};

struct pool {
    struct pool_server servers[POOL_SERVERS_MAX];
    size_t server_count;
    struct pool_ticket tickets[2][POOL_TICKETS]; /* TLS 1.2, 1.3 */
    size_t cut; /* a server of the host that is cut off, or POOL_NOBODY */
    uint64_t cut_ms;
    char held[POOL_KEYS_MAX][CONN_KEY_LEN]; /* the keys that all hosts had then */
    size_t held_count;
};

/* A number below `count`, which is not 0. */
size_t pool_random(size_t count);

/* NAME=TARGET, which is cut in two; false if it is none. */
bool pool_add_server(struct pool *pool, char *text);

/* A place at random; if its ticket's time is over, it is free now. */
struct pool_ticket *pool_choose(struct pool *pool, bool is_13);

/* A server to offer it to, of another host where one may have its key; POOL_NOBODY: none. */
size_t pool_target(const struct pool *pool, const struct pool_ticket *ticket);

bool pool_same_host(const struct pool *pool, size_t a, size_t b);

/* The newest ticket of a handshake replaces the one that is there. */
void pool_keep(struct pool_ticket *ticket, size_t from, struct conn_result *result);

/* The host of that name is cut off, and these are the keys, names with spaces between, that every
 * host holds. False if there is no such host. */
bool pool_cut(struct pool *pool, const char *host, char *keys);

void pool_heal(struct pool *pool);

void pool_empty(struct pool *pool);

#endif
