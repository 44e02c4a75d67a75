/* see farmclient.h */
#include "farmclient.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define ORDER_MAX 16384
#define KEEP_OLD 3 /* of 4 tickets that were resumed are offered again, so that some get old */

struct input {
    char bytes[ORDER_MAX];
    size_t len;
    int stops; /* SIGTERM and SIGINT come here, when no handshake is under way */
};

void
farmclient_print(const struct farmclient *client, size_t from, size_t to, bool is_13,
                 const char *what)
{
    struct timespec now;
    struct tm parts;
    char clock[16] = "";

    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
    if (localtime_r(&now.tv_sec, &parts) != NULL)
        (void)strftime(clock, sizeof clock, "%H:%M:%S", &parts);
    printf("%s.%03ld  %s -> %s  TLS 1.%d  %s\n", clock, now.tv_nsec / 1000000,
           client->pool.servers[from].name, client->pool.servers[to].name, is_13 ? 3 : 2, what);
}

/* OpenSSL spoils a session that was resumed, to have it used once: so a copy is offered. */
bool
farmclient_shake(struct farmclient *client, struct conn_result *result,
                 const struct pool_ticket *ticket, size_t to, bool is_13)
{
    SSL_SESSION *copy = ticket == NULL ? NULL : SSL_SESSION_dup(ticket->session);
    struct conn_request request = {.target = client->pool.servers[to].target,
                                   .version = is_13 ? TLS1_3_VERSION : TLS1_2_VERSION,
                                   .sni = client->sni,
                                   .offer = copy};
    bool is_offered = copy != NULL && SSL_SESSION_is_resumable(copy) == 1, done = false;

    if (ticket == NULL || is_offered)
        done = conn_run(client->ctx, result, &request);
    else
        (void)snprintf(result->error, sizeof result->error, "OpenSSL would not offer the ticket");
    if (!done)
        farmclient_print(client, ticket == NULL ? to : ticket->from, to, is_13, result->error);
    SSL_SESSION_free(copy);
    return done;
}

/* ---- one handshake after the other ---- */

static void
note_resumed(struct farmclient *client, const struct conn_result *result,
             const struct pool_ticket *ticket, size_t to, bool is_13)
{
    const struct pool *pool = &client->pool;
    char text[64];

    client->resumed[is_13]++;
    if (pool->cut == POOL_NOBODY)
        client->back +=
            ticket->taken_ms >= client->healed_ms[0] && ticket->taken_ms < client->healed_ms[1];
    else
        client->across +=
            pool_same_host(pool, pool->cut, to) != pool_same_host(pool, pool->cut, ticket->from);
    if (client->event_ms == 0 || is_13 != client->next_event_is_13 ||
        conn_now_ms() < client->next_event_ms)
        return;
    client->next_event_ms = conn_now_ms() + client->event_ms;
    client->next_event_is_13 = !is_13;
    (void)snprintf(text, sizeof text, "resumed under key %.8s", result->used); /* fits */
    farmclient_print(client, ticket->from, to, is_13, text);
}

static void
offer(struct farmclient *client, struct pool_ticket *ticket, size_t to, bool is_13)
{
    struct conn_result result = {0};
    bool done = farmclient_shake(client, &result, ticket, to, is_13);
    char text[96];

    if (!done) {
        client->failed++;
    } else if (result.resumed) {
        note_resumed(client, &result, ticket, to, is_13);
    } else if (conn_now_ms() >= ticket->until_ms) {
        client->first++; /* its time ended while it was offered */
    } else {
        client->full++;
        (void)snprintf(text, sizeof text, "FULL handshake, its ticket of %.1f s was under key %.8s",
                       (double)(conn_now_ms() - ticket->taken_ms) / 1000, result.used);
        farmclient_print(client, ticket->from, to, is_13, text);
    }
    if (done && result.session == NULL) {
        client->none++;
        farmclient_print(client, ticket->from, to, is_13, "NO ticket came");
    }
    /* a lost one is not lost again; one of TLS 1.2 that was not renewed stays what it was */
    if (!done || !result.resumed || (result.tickets > 0 && pool_random(KEEP_OLD + 1) == 0))
        pool_keep(ticket, to, &result);
    conn_result_free(&result);
}

static void
take(struct farmclient *client, struct pool_ticket *ticket, bool is_13)
{
    size_t from = pool_random(client->pool.server_count);
    struct conn_result result = {0};

    if (!farmclient_shake(client, &result, NULL, from, is_13)) {
        client->failed++;
    } else if (result.session == NULL) {
        client->none++;
        farmclient_print(client, from, from, is_13, "NO ticket came");
    } else {
        client->first++;
        pool_keep(ticket, from, &result);
    }
    conn_result_free(&result);
}

static void
handshake(struct farmclient *client, bool is_13)
{
    struct pool_ticket *ticket = pool_choose(&client->pool, is_13);
    size_t to = ticket->session == NULL ? POOL_NOBODY : pool_target(&client->pool, ticket);

    if (to == POOL_NOBODY)
        take(client, ticket, is_13);
    else
        offer(client, ticket, to, is_13);
}

/* ---- orders ---- */

static void
reply_counts(const struct farmclient *client)
{
    (void)fprintf(client->replies,
                  "counts resumed=%lu resumed12=%lu resumed13=%lu lost=%lu full=%lu failed=%lu "
                  "none=%lu first=%lu across=%lu back=%lu\n",
                  client->resumed[0] + client->resumed[1], client->resumed[0], client->resumed[1],
                  client->full + client->failed + client->none, client->full, client->failed,
                  client->none, client->first, client->across, client->back);
}

static void
obey(struct farmclient *client, char *order)
{
    char *rest = order;
    const char *word = strsep(&rest, " "), *host;
    char none[] = "";

    if (strcmp(word, "cut") == 0 && rest != NULL) {
        host = strsep(&rest, " ");
        (void)fputs(pool_cut(&client->pool, host, rest == NULL ? none : rest) ? "cut\n"
                                                                              : "unknown\n",
                    client->replies);
        client->healed_ms[0] = client->pool.cut_ms;
    } else if (strcmp(word, "heal") == 0) {
        pool_heal(&client->pool);
        client->healed_ms[1] = conn_now_ms();
        (void)fputs("heal\n", client->replies);
    } else if (strcmp(word, "counts") == 0) {
        reply_counts(client);
    } else if (strcmp(word, "revoke") == 0 && rest != NULL) {
        farmclient_revoke(client, rest);
    } else {
        (void)fputs("unknown\n", client->replies);
    }
}

/* Waits so long for orders; false when there will be none any more. */
static bool
take_orders(struct farmclient *client, struct input *input, int pause_ms)
{
    struct pollfd polled[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
                               {.fd = input->stops, .events = POLLIN}};
    char *end;
    ssize_t got;

    if (poll(polled, 2, pause_ms) <= 0)
        return true;
    if (polled[1].revents != 0 || input->len == sizeof input->bytes)
        return false;
    got = read(STDIN_FILENO, input->bytes + input->len, sizeof input->bytes - input->len);
    if (got <= 0)
        return false;
    input->len += (size_t)got;
    while ((end = memchr(input->bytes, '\n', input->len)) != NULL) {
        size_t used = (size_t)(end - input->bytes) + 1;

        *end = '\0';
        obey(client, input->bytes);
        input->len -= used;
        memmove(input->bytes, input->bytes + used, input->len);
    }
    return true;
}

static bool
parse(struct farmclient *client, int *pause_ms, int argc, char **argv)
{
    unsigned long seed = (unsigned long)time(NULL) ^ (unsigned long)getpid();
    int option;

    while ((option = getopt(argc, argv, "w:e:n:s:r:")) != -1) {
        switch (option) {
        case 'w': *pause_ms = (int)strtol(optarg, NULL, 10); break;
        case 'e': client->event_ms = strtoull(optarg, NULL, 10); break;
        case 'n': client->sni = optarg; break;
        case 's': seed = strtoul(optarg, NULL, 10); break;
        case 'r': client->replies = fopen(optarg, "we"); break;
        default: return false;
        }
    }
    srandom((unsigned)seed);
    for (int i = optind; i < argc; i++) {
        if (!pool_add_server(&client->pool, argv[i]))
            return false;
    }
    return client->replies != NULL && client->pool.server_count > 0;
}

int
main(int argc, char **argv)
{
    static struct farmclient client = {.pool.cut = POOL_NOBODY};
    static struct input input;
    int pause_ms = 5;
    sigset_t stops;

    if (!parse(&client, &pause_ms, argc, argv)) {
        (void)fputs("farmclient: the usage is in farmclient.h\n", stderr);
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN); /* a server that goes away is a result */
    (void)sigemptyset(&stops);      /* of sets that are there */
    (void)sigaddset(&stops, SIGTERM);
    (void)sigaddset(&stops, SIGINT);
    input.stops = signalfd(-1, &stops, SFD_CLOEXEC);
    client.ctx = conn_context();
    if (client.ctx == NULL || input.stops < 0 || sigprocmask(SIG_BLOCK, &stops, NULL) != 0 ||
        setvbuf(stdout, NULL, _IOLBF, 0) != 0 || setvbuf(client.replies, NULL, _IOLBF, 0) != 0)
        return 1;
    for (bool is_13 = false; take_orders(&client, &input, pause_ms); is_13 = !is_13)
        handshake(&client, is_13);
    reply_counts(&client);
    pool_empty(&client.pool);
    SSL_CTX_free(client.ctx);
    return fclose(client.replies) == 0 ? 0 : 1;
}
