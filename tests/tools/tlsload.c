/* see tlsload.h */
#include "tlsload.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tlsconn.h"

#define SERVERS_MAX 16
#define POOL 8 /* tickets held of each version, so that some are used again late */
#define HINT_MARGIN_S 2
#define AGAIN 4

struct held {
    SSL_SESSION *session; /* NULL: free */
    int origin;           /* the server that gave it out */
    uint64_t until_ms;    /* not offered after this */
};

struct load {
    SSL_CTX *ctx;
    const char *sni;
    const char *counts_path; /* NULL: standard output */
    uint64_t end_ms, event_ms, next_event_ms;
    int next_event13; /* versions take turns in what is printed */
    long pause_ms;
    int again; /* how often a handshake is tried again that the server closed */
    int count;
    const char *names[SERVERS_MAX], *targets[SERVERS_MAX];
    struct held pool[2][POOL]; /* TLS 1.2, 1.3 */
    unsigned long resumed[2], full, failed, closed, none, first;
};

static void
print_line(const struct load *load, int from, int to, int is13, const char *what)
{
    struct timespec now;
    struct tm parts;
    char clock[16] = "";

    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
    if (localtime_r(&now.tv_sec, &parts) != NULL)
        (void)strftime(clock, sizeof(clock), "%H:%M:%S", &parts);
    printf("%s.%03ld  %s -> %s  TLS 1.%d  %s\n", clock, now.tv_nsec / 1000000, load->names[from],
           load->names[to], is13 ? 3 : 2, what);
}

/* The place of a ticket to offer, or a free one: then a ticket is to be got first. At random, so
 * that new and old tickets take turns. */
static struct held *
choose(struct load *load, int is13)
{
    for (int i = 0; i < POOL; i++) {
        struct held *held = &load->pool[is13][i];

        if (held->session != NULL && conn_now_ms() >= held->until_ms) {
            SSL_SESSION_free(held->session);
            held->session = NULL;
        }
        if (held->session == NULL)
            return held;
    }
    return &load->pool[is13][random() % POOL];
}

/* Another server than the one that gave the ticket out, where there is one. */
static int
choose_server(const struct load *load, const struct held *held)
{
    int step = load->count > 1 ? 1 + (int)(random() % (load->count - 1)) : 0;

    return held->session == NULL ? (int)(random() % load->count)
                                 : (held->origin + step) % load->count;
}

/* Keep a result's ticket instead of what was held. */
static void
keep(struct held *held, int origin, struct conn_result *result)
{
    SSL_SESSION_free(held->session);
    *held = (struct held){result->session, origin, UINT64_MAX};
    if (result->hint > HINT_MARGIN_S)
        held->until_ms = result->begun_ms + (result->hint - HINT_MARGIN_S) * 1000;
    result->session = NULL;
}

static void
report(struct load *load, const struct conn_result *result, bool done, int from, int to, int is13)
{
    char text[300];

    if (!done) {
        load->failed++;
        print_line(load, from, to, is13, result->error);
    } else if (result->resumed) {
        load->resumed[is13]++;
        if (load->event_ms == 0 || is13 != load->next_event13 ||
            conn_now_ms() < load->next_event_ms)
            return;
        load->next_event_ms = conn_now_ms() + load->event_ms;
        load->next_event13 = !is13;
        (void)snprintf(text, sizeof(text), "resumed under key %.8s", result->used);
        print_line(load, from, to, is13, text);
    } else {
        load->full++;
        (void)snprintf(text, sizeof(text), "FULL handshake, its ticket was under key %.8s",
                       result->used);
        print_line(load, from, to, is13, text);
    }
}

/* The handshake, with the same ticket again where the server closed the connection. */
static bool
run(struct load *load, struct conn_result *result, const struct conn_request *request)
{
    bool done = conn_run(load->ctx, result, request);

    for (int i = 0; i < load->again && !done && result->closed; i++) {
        load->closed++;
        conn_result_free(result);
        *result = (struct conn_result){0};
        done = conn_run(load->ctx, result, request);
    }
    return done;
}

static void
handshake(struct load *load, int is13)
{
    struct held *held = choose(load, is13);
    int to = choose_server(load, held), from = held->session == NULL ? to : held->origin;
    struct conn_result result = {0};
    struct conn_request request = {.target = load->targets[to],
                                   .version = is13 ? TLS1_3_VERSION : TLS1_2_VERSION,
                                   .sni = load->sni,
                                   .offer = held->session};
    bool done = run(load, &result, &request);

    if (done && (held->session == NULL || (!result.resumed && conn_now_ms() >= held->until_ms)))
        load->first++;
    else
        report(load, &result, done, from, to, is13);
    if (done && result.session == NULL) {
        load->none++;
        print_line(load, from, to, is13, "NO ticket came");
    }
    /* a TLS 1.2 ticket that was not renewed stays what it was, with its age and origin; one of
     * TLS 1.3 is offered once only, one that was not resumed not again */
    if (!done || is13 || !result.resumed || strcmp(result.used, result.key) != 0)
        keep(held, to, &result);
    conn_result_free(&result);
}

static bool
parse_servers(struct load *load, char **args, int count)
{
    if (count < 1 || count > SERVERS_MAX)
        return false;
    for (int i = 0; i < count; i++) {
        char *equals = strchr(args[i], '=');

        if (equals == NULL)
            return false;
        *equals = '\0';
        load->names[i] = args[i];
        load->targets[i] = equals + 1;
    }
    load->count = count;
    return true;
}

static bool
parse(struct load *load, int argc, char **argv)
{
    int option;

    load->end_ms = UINT64_MAX;
    load->pause_ms = 20;
    while ((option = getopt(argc, argv, "cs:w:e:n:r:")) != -1) {
        switch (option) {
        case 'c': load->again = AGAIN; break;
        case 's': load->end_ms = conn_now_ms() + strtoull(optarg, NULL, 10) * 1000; break;
        case 'w': load->pause_ms = strtol(optarg, NULL, 10); break;
        case 'e': load->event_ms = strtoull(optarg, NULL, 10); break;
        case 'n': load->sni = optarg; break;
        case 'r': load->counts_path = optarg; break;
        default: return false;
        }
    }
    return parse_servers(load, argv + optind, argc - optind);
}

static bool
print_counts(const struct load *load)
{
    FILE *out = load->counts_path == NULL ? stdout : fopen(load->counts_path, "we");
    bool done;

    if (out == NULL)
        return false;
    done =
        fprintf(out,
                "resumed=%lu resumed12=%lu resumed13=%lu full=%lu failed=%lu closed=%lu none=%lu "
                "first=%lu\n",
                load->resumed[0] + load->resumed[1], load->resumed[0], load->resumed[1], load->full,
                load->failed, load->closed, load->none, load->first) > 0;
    return (out == stdout ? fflush(out) : fclose(out)) == 0 && done;
}

static void
release(struct load *load)
{
    for (int i = 0; i < 2 * POOL; i++)
        SSL_SESSION_free(load->pool[i / POOL][i % POOL].session);
    SSL_CTX_free(load->ctx);
}

int
load_main(int argc, char **argv)
{
    struct load load = {0};
    struct timespec pause;
    sigset_t stops;

    if (!parse(&load, argc, argv))
        return 2;
    load.ctx = conn_context();
    /* signals wait until a handshake is over: in the midst of one they would look like a failure */
    if (load.ctx == NULL || setvbuf(stdout, NULL, _IOLBF, 0) != 0 || sigemptyset(&stops) != 0 ||
        sigaddset(&stops, SIGTERM) != 0 || sigaddset(&stops, SIGINT) != 0 ||
        sigprocmask(SIG_BLOCK, &stops, NULL) != 0)
        return 1;
    pause = (struct timespec){load.pause_ms / 1000, load.pause_ms % 1000 * 1000000};
    for (int i = 0; conn_now_ms() < load.end_ms; i++) {
        handshake(&load, i % 2);
        if (sigtimedwait(&stops, NULL, &pause) > 0)
            break;
    }
    release(&load);
    if (!print_counts(&load))
        return 1;
    if (load.full + load.failed + load.none > 0)
        return 1;
    return load.resumed[0] > 0 && load.resumed[1] > 0 ? 0 : 1;
}
