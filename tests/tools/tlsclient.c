/* tlsclient - a TLS client for the system tests: how did tickets go?
 *
 *   tlsclient [-v 1.2|1.3] [-n SNI] [-c PEM] [-i SESSION] [-o SESSION] TARGET
 *       one handshake, a small HTTP request, and one line:
 *       resumed|full version=V key=HEX used=HEX tickets=N hint=N served=WORD
 *       `key` is the name on the newest ticket, `used` that on the one that was offered.
 *   tlsclient load ...         many of them, see tlsload.h
 *   tlsclient free-ports N     N ports of 127.0.0.1 that are free now
 *
 * TARGET is HOST:PORT, PORT or unix:PATH. Exit status: 0 the handshake worked, 1 not, 2 usage. */
#include <arpa/inet.h>
#include <openssl/pem.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tlsconn.h"
#include "tlsload.h"

#define PORTS_MAX 64
#define PORT_FIRST 10000 /* below those that the kernel gives, and that tests know by number */
#define PORT_COUNT 13000

static int
usage(void)
{
    fputs("usage: tlsclient [-v 1.2|1.3] [-n SNI] [-c PEM] [-i SESSION] [-o SESSION] TARGET\n"
          "       tlsclient load [-c] [-s SECONDS] [-w PAUSE_MS] [-e EVENT_MS] [-n SNI] [-r COUNTS]"
          " NAME=TARGET...\n"
          "       tlsclient free-ports N\n",
          stderr);
    return 2;
}

/* A socket at any free port, or -1: at one that no connection is given by the kernel meanwhile. */
static int
bind_any(uint16_t *port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    uint16_t random;

    for (int tries = 0; fd >= 0 && tries < 1000; tries++) {
        struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};

        if (getrandom(&random, sizeof(random), 0) != sizeof(random))
            break;
        *port = (uint16_t)(PORT_FIRST + random % PORT_COUNT);
        addr.sin_port = htons(*port);
        if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
            return fd;
    }
    if (fd >= 0)
        (void)close(fd); /* never connected */
    return -1;
}

/* All are held until the last is found, so that none is named twice. */
static int
free_ports(int count)
{
    int fds[PORTS_MAX], found = 0;
    uint16_t port;

    while (found < count && (fds[found] = bind_any(&port)) >= 0) {
        printf("%u\n", port);
        found++;
    }
    for (int i = 0; i < found; i++)
        (void)close(fds[i]); /* never connected */
    return found == count ? 0 : 1;
}

static SSL_SESSION *
read_session(const char *path)
{
    FILE *file = fopen(path, "re");
    SSL_SESSION *session = NULL;

    if (file != NULL) {
        session = PEM_read_SSL_SESSION(file, NULL, NULL, NULL);
        (void)fclose(file); /* only read */
    }
    if (session == NULL)
        fprintf(stderr, "tlsclient: no session in %s\n", path);
    return session;
}

static bool
write_session(const char *path, SSL_SESSION *session)
{
    FILE *file = fopen(path, "we");
    bool done = file != NULL && PEM_write_SSL_SESSION(file, session) == 1;

    if (file != NULL && fclose(file) != 0)
        done = false;
    if (!done)
        fprintf(stderr, "tlsclient: cannot write %s\n", path);
    return done;
}

static int
one_shot(const struct conn_request *request, const char *out_path)
{
    SSL_CTX *ctx = conn_context();
    struct conn_result result = {0};
    bool done = ctx != NULL && conn_run(ctx, &result, request);

    if (done)
        printf("%s version=%s key=%s used=%s tickets=%d hint=%lu served=%s\n",
               result.resumed ? "resumed" : "full",
               request->version == TLS1_3_VERSION ? "1.3" : "1.2", result.key, result.used,
               result.tickets, result.hint, result.served);
    else
        fprintf(stderr, "tlsclient: %s\n", result.error);
    /* without a ticket nothing is written, and what stood there must not be taken for it */
    if (done && out_path != NULL && result.session == NULL)
        (void)unlink(out_path);
    else if (done && out_path != NULL)
        done = write_session(out_path, result.session);
    conn_result_free(&result);
    SSL_CTX_free(ctx);
    return done ? 0 : 1;
}

int
main(int argc, char **argv)
{
    struct conn_request request = {0};
    const char *in_path = NULL, *out_path = NULL;
    bool is_12 = false;
    int option, status;

    (void)signal(SIGPIPE, SIG_IGN); /* a server that goes away is a result */
    if (argc == 3 && strcmp(argv[1], "free-ports") == 0 && atol(argv[2]) <= PORTS_MAX)
        return free_ports((int)atol(argv[2]));
    if (argc > 1 && strcmp(argv[1], "load") == 0) {
        status = load_main(argc - 1, argv + 1);
        return status == 2 ? usage() : status;
    }
    while ((option = getopt(argc, argv, "v:n:c:i:o:")) != -1) {
        switch (option) {
        case 'v': is_12 = strcmp(optarg, "1.2") == 0; break;
        case 'n': request.sni = optarg; break;
        case 'c': request.client = optarg; break;
        case 'i': in_path = optarg; break;
        case 'o': out_path = optarg; break;
        default: return usage();
        }
    }
    if (optind + 1 != argc)
        return usage();
    request.target = argv[optind];
    request.version = is_12 ? TLS1_2_VERSION : TLS1_3_VERSION;
    if (in_path != NULL && (request.offer = read_session(in_path)) == NULL)
        return 1;
    status = one_shot(&request, out_path);
    SSL_SESSION_free(request.offer);
    return status;
}
