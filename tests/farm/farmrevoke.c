/* The order `revoke`: how long until no host opens an old ticket any more; see farmclient.h */
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "farmclient.h"

#define GIVE_UP_MS 60000

struct probe {
    struct pool_ticket ticket;
    size_t to;
    bool is_13, is_refused;
};

struct revocation {
    struct probe probes[2 * POOL_SERVERS_MAX];
    size_t count, refused;
    uint64_t begun_ms, last_ms;
    pid_t command; /* 0: it has ended */
    int status;
};

/* One that gave the ticket out: another host that offers the same service. */
static size_t
source_of(const struct pool *pool, size_t to)
{
    for (size_t i = 1; i < pool->server_count; i++) {
        size_t from = (to + i) % pool->server_count;

        if (strcmp(pool->servers[from].service, pool->servers[to].service) == 0 &&
            !pool_same_host(pool, from, to))
            return from;
    }
    return to;
}

static void
take_tickets(struct farmclient *client, struct revocation *revocation)
{
    for (size_t i = 0; i < 2 * client->pool.server_count; i++) {
        struct probe *probe = &revocation->probes[revocation->count];
        struct conn_result result = {0};
        size_t from;

        *probe = (struct probe){.to = i / 2, .is_13 = i % 2 == 1};
        from = source_of(&client->pool, probe->to);
        if (!farmclient_shake(client, &result, NULL, from, probe->is_13)) {
            client->failed++;
        } else if (result.session == NULL) {
            client->none++;
            farmclient_print(client, from, from, probe->is_13, "NO ticket came");
        } else {
            client->first++;
            pool_keep(&probe->ticket, from, &result);
            revocation->count++;
        }
        conn_result_free(&result);
    }
}

static bool
is_resumed(struct farmclient *client, const struct pool_ticket *ticket, size_t to, bool is_13)
{
    struct conn_result result = {0};
    bool done = farmclient_shake(client, &result, ticket, to, is_13), resumed = result.resumed;

    if (!done)
        client->failed++;
    conn_result_free(&result);
    return !done || resumed; /* one that failed was not refused */
}

static void
probe_all(struct farmclient *client, struct revocation *revocation)
{
    for (size_t i = 0; i < revocation->count; i++) {
        struct probe *probe = &revocation->probes[i];

        if (probe->is_refused || is_resumed(client, &probe->ticket, probe->to, probe->is_13))
            continue;
        probe->is_refused = true;
        revocation->refused++;
        revocation->last_ms = conn_now_ms();
    }
}

static void
look_after(struct revocation *revocation, int options)
{
    int status;

    if (revocation->command != 0 &&
        waitpid(revocation->command, &status, options) == revocation->command) {
        revocation->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
        revocation->command = 0;
    }
}

/* How many tickets of before are resumed although they are withdrawn. */
static unsigned long
offer_again(struct farmclient *client, const struct revocation *revocation)
{
    struct pool *pool = &client->pool;
    unsigned long again = 0;

    for (size_t i = 0; i < 2 * (size_t)POOL_TICKETS; i++) {
        bool is_13 = i >= POOL_TICKETS;
        struct pool_ticket *ticket = &pool->tickets[is_13][i % POOL_TICKETS];
        size_t to = ticket->session == NULL ? POOL_NOBODY : pool_target(pool, ticket);

        if (to != POOL_NOBODY && is_resumed(client, ticket, to, is_13)) {
            farmclient_print(client, ticket->from, to, is_13, "RESUMED a withdrawn ticket");
            again++;
        }
    }
    for (size_t i = 0; i < revocation->count; i++) {
        const struct probe *probe = &revocation->probes[i];

        if (is_resumed(client, &probe->ticket, probe->to, probe->is_13))
            again++;
    }
    return again;
}

void
farmclient_revoke(struct farmclient *client, const char *command)
{
    char shell[] = "sh", option[] = "-c";
    char *const words[] = {shell, option, (char *)(uintptr_t)command, NULL}; /* not written to */
    struct revocation revocation = {.status = 127};
    unsigned long again;

    take_tickets(client, &revocation);
    revocation.begun_ms = conn_now_ms();
    if (posix_spawn(&revocation.command, "/bin/sh", NULL, NULL, words, environ) != 0)
        revocation.command = 0;
    while (revocation.refused < revocation.count &&
           conn_now_ms() < revocation.begun_ms + GIVE_UP_MS) {
        probe_all(client, &revocation);
        look_after(&revocation, WNOHANG);
    }
    look_after(&revocation, 0);
    again = offer_again(client, &revocation);
    (void)fprintf(client->replies, "revoked ms=%lu refused=%zu of=%zu status=%d again=%lu\n",
                  (unsigned long)(revocation.last_ms - revocation.begun_ms), revocation.refused,
                  2 * client->pool.server_count, revocation.status, again);
    for (size_t i = 0; i < revocation.count; i++)
        SSL_SESSION_free(revocation.probes[i].ticket.session);
    pool_empty(&client->pool);
}
