/* see pool.h */
#include "pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HINT_MARGIN_S 2 /* a server counts in whole seconds */

size_t
pool_random(size_t count)
{
    return (size_t)random() % count;
}

bool
pool_add_server(struct pool *pool, char *text)
{
    char *equals = strchr(text, '='), *slash = strchr(text, '/');

    if (pool->server_count == POOL_SERVERS_MAX || equals == NULL || slash == NULL || slash > equals)
        return false;
    *equals = '\0';
    pool->servers[pool->server_count++] = (struct pool_server){.name = text,
                                                               .host_len = (size_t)(slash - text),
                                                               .service = slash + 1,
                                                               .target = equals + 1};
    return true;
}

struct pool_ticket *
pool_choose(struct pool *pool, bool is_13)
{
    struct pool_ticket *ticket = &pool->tickets[is_13][pool_random(POOL_TICKETS)];

    if (ticket->session != NULL && conn_now_ms() >= ticket->until_ms) {
        SSL_SESSION_free(ticket->session);
        ticket->session = NULL;
    }
    return ticket;
}

bool
pool_same_host(const struct pool *pool, size_t a, size_t b)
{
    const struct pool_server *x = &pool->servers[a], *y = &pool->servers[b];

    return x->host_len == y->host_len && strncmp(x->name, y->name, x->host_len) == 0;
}

static bool
is_held(const struct pool *pool, const struct pool_ticket *ticket)
{
    char name[CONN_KEY_LEN];

    conn_key_name(name, ticket->session);
    for (size_t i = 0; i < pool->held_count; i++) {
        if (strcmp(pool->held[i], name) == 0)
            return true;
    }
    return false;
}

static bool
may_offer(const struct pool *pool, const struct pool_ticket *ticket, size_t to)
{
    if (strcmp(pool->servers[ticket->from].service, pool->servers[to].service) != 0 ||
        pool_same_host(pool, ticket->from, to))
        return false;
    if (pool->cut == POOL_NOBODY)
        return true;
    return pool_same_host(pool, pool->cut, ticket->from) == pool_same_host(pool, pool->cut, to) ||
           ticket->taken_ms < pool->cut_ms || is_held(pool, ticket);
}

size_t
pool_target(const struct pool *pool, const struct pool_ticket *ticket)
{
    size_t start = pool_random(pool->server_count);

    for (size_t i = 0; i < pool->server_count; i++) {
        size_t to = (start + i) % pool->server_count;

        if (may_offer(pool, ticket, to))
            return to;
    }
    /* alone on its side of the cut */
    return pool->cut != POOL_NOBODY ? ticket->from : POOL_NOBODY;
}

void
pool_keep(struct pool_ticket *ticket, size_t from, struct conn_result *result)
{
    SSL_SESSION_free(ticket->session);
    *ticket = (struct pool_ticket){result->session, from, conn_now_ms(), UINT64_MAX};
    ticket->until_ms = result->begun_ms;
    if (result->hint > HINT_MARGIN_S)
        ticket->until_ms += (result->hint - HINT_MARGIN_S) * 1000;
    result->session = NULL;
}

bool
pool_cut(struct pool *pool, const char *host, char *keys)
{
    char *rest = keys;

    pool->cut = 0;
    while (pool->cut < pool->server_count &&
           (pool->servers[pool->cut].host_len != strlen(host) ||
            strncmp(pool->servers[pool->cut].name, host, strlen(host)) != 0))
        pool->cut++;
    if (pool->cut == pool->server_count) {
        pool_heal(pool);
        return false;
    }
    pool->cut_ms = conn_now_ms();
    pool->held_count = 0;
    for (char *key = strtok_r(keys, " ", &rest); key != NULL && pool->held_count < POOL_KEYS_MAX;
         key = strtok_r(NULL, " ", &rest))
        (void)snprintf(pool->held[pool->held_count++], CONN_KEY_LEN, "%s", key);
    return true;
}

void
pool_heal(struct pool *pool)
{
    pool->cut = POOL_NOBODY;
    pool->held_count = 0;
}

void
pool_empty(struct pool *pool)
{
    for (size_t i = 0; i < 2 * (size_t)POOL_TICKETS; i++) {
        struct pool_ticket *ticket = &pool->tickets[i / POOL_TICKETS][i % POOL_TICKETS];

        SSL_SESSION_free(ticket->session);
        ticket->session = NULL;
    }
}
