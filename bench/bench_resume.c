/* bench_resume VERSION NAME=SOCKET=PID... - resumptions by real servers, one upon the other: what
 * the processor spends on one in the first server, upon the same in each of the others. PID is the
 * process that accepts, SOCKET where it listens. A connection is a handshake with the newest
 * ticket, in TLS 1.3 a new ticket if one comes, and the end. Rounds of all servers take turns, in
 * changing order, so that what else the machine does cancels; it only ever adds, so of each round
 * the lower quartile counts. A row tells the median of the rounds' ratios. */
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench.h"

#define ROUNDS 61
#define SHAKES 41 /* in a round, of each server */
#define SERVERS_MAX 8

struct server {
    const char *name, *path;
    clockid_t clock; /* of its process */
    SSL_SESSION *session;
    double took_us[ROUNDS];
};

struct bench {
    SSL_CTX *ctx;
    int count;
    struct server servers[SERVERS_MAX];
};

static int
keep_newest(SSL *ssl, SSL_SESSION *session)
{
    struct server *server = SSL_get_app_data(ssl);

    SSL_SESSION_free(server->session);
    server->session = session;
    return 1; /* kept */
}

static int
connect_to(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (strlen(path) < sizeof addr.sun_path)
        memcpy(addr.sun_path, path, strlen(path));
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&addr, sizeof addr) == 0)
        return fd;
    if (fd >= 0)
        (void)close(fd); /* never connected */
    return -1;
}

/* Say that there is no more, take what tickets come, and wait until the server has ended it. */
static bool
end(SSL *ssl, int fd)
{
    char rest[512];
    bool done = shutdown(fd, SHUT_WR) == 0;

    while (done && SSL_read(ssl, rest, sizeof rest) > 0)
        ;
    return done && SSL_get_error(ssl, 0) == SSL_ERROR_ZERO_RETURN;
}

/* True if it was as resumed as it should be, and a ticket is there for the next. */
static bool
shake(const struct bench *bench, struct server *server, bool resumes)
{
    SSL *ssl = SSL_new(bench->ctx);
    char name[] = "a.test";
    int fd = connect_to(server->path);
    bool done = false;

    if (ssl != NULL && fd >= 0 && SSL_set_fd(ssl, fd) == 1) {
        (void)SSL_set_app_data(ssl, server);
        (void)SSL_set_tlsext_host_name(ssl, name);
        if (server->session != NULL)
            (void)SSL_set_session(ssl, server->session);
        done = SSL_connect(ssl) == 1 && SSL_session_reused(ssl) == resumes && end(ssl, fd) &&
               server->session != NULL && SSL_SESSION_has_ticket(server->session);
        SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN); /* else OpenSSL calls the session bad */
    }
    SSL_free(ssl);
    if (fd >= 0)
        (void)close(fd); /* nothing was left to send */
    return done;
}

/* One connection; what the processor spent on it in the server. */
static bool
time_one(const struct bench *bench, struct server *server, double *took_us)
{
    uint64_t start = bench_now_ns(server->clock);

    if (!shake(bench, server, true))
        return false;
    *took_us = (double)(bench_now_ns(server->clock) - start) / 1e3;
    return true;
}

static bool
run_round(const struct bench *bench, struct server *server, int round)
{
    double took_us[SHAKES];

    for (int i = 0; i < SHAKES; i++)
        if (!time_one(bench, server, &took_us[i]))
            return false;
    server->took_us[round] = bench_quantile(took_us, SHAKES, 250);
    return true;
}

static void
tell(struct bench *bench, const char *version, int i)
{
    struct server *server = &bench->servers[i], *first = &bench->servers[0];
    struct bench_row row = {.unit = "", .digits = 3, .goal = BENCH_AT_LEAST, .bound = 0.98};
    double ratios[ROUNDS], low, high;

    for (int round = 0; round < ROUNDS; round++)
        ratios[round] = first->took_us[round] / server->took_us[round];
    low = bench_quantile(ratios, ROUNDS, 250);
    high = bench_quantile(ratios, ROUNDS, 750);
    row.reached = bench_quantile(ratios, ROUNDS, 500);
    printf("resumptions, TLS %s: %s / %s", version, server->name, first->name);
    bench_tell(&row);
    printf("half of %d rounds in %.3f to %.3f; %.0f us of the processor\n", ROUNDS, low, high,
           bench_quantile(server->took_us, ROUNDS, 500));
}

static bool
parse(struct bench *bench, char **args, int count)
{
    if (count < 2 || count > SERVERS_MAX)
        return false;
    for (int i = 0; i < count; i++) {
        struct server *server = &bench->servers[i];
        char *path = strchr(args[i], '='), *pid = strrchr(args[i], '=');

        if (path == NULL || pid == path)
            return false;
        *path = *pid = '\0';
        server->name = args[i];
        server->path = path + 1;
        if (clock_getcpuclockid((pid_t)strtol(pid + 1, NULL, 10), &server->clock) != 0)
            return false;
    }
    bench->count = count;
    return true;
}

static bool
measure(struct bench *bench)
{
    bool done = true;

    for (int i = 0; i < bench->count; i++)
        done = done && shake(bench, &bench->servers[i], false);
    for (int round = 0; round < ROUNDS && done; round++)
        for (int i = 0; i < bench->count && done; i++) {
            int turn = round % 2 == 0 ? i : bench->count - 1 - i;

            done = run_round(bench, &bench->servers[turn], round);
        }
    return done;
}

int
main(int argc, char **argv)
{
    struct bench bench = {.ctx = SSL_CTX_new(TLS_client_method())};
    int version = argc > 1 && strcmp(argv[1], "1.2") == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;

    if (bench.ctx == NULL || argc < 4 || !parse(&bench, argv + 2, argc - 2)) {
        (void)fprintf(stderr, "usage: bench_resume 1.2|1.3 NAME=SOCKET=PID NAME=SOCKET=PID...\n");
        return 2;
    }
    SSL_CTX_set_session_cache_mode(bench.ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(bench.ctx, keep_newest);
    SSL_CTX_set_options(bench.ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
    if (SSL_CTX_set_min_proto_version(bench.ctx, version) != 1 ||
        SSL_CTX_set_max_proto_version(bench.ctx, version) != 1 || !measure(&bench)) {
        (void)fprintf(stderr, "bench_resume: a handshake failed\n");
        return 1;
    }
    for (int i = 1; i < bench.count; i++)
        tell(&bench, argv[1], i);
    return 0;
}
