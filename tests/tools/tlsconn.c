/* see tlsconn.h */
#include "tlsconn.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define TIMEOUT_S 60

/* What the callbacks of one connection note. */
struct notes {
    int tickets;
    SSL_SESSION *newest; /* TLS 1.3 */
};

static bool
fail(struct conn_result *result, const char *what, const char *why)
{
    (void)snprintf(result->error, sizeof(result->error), "%s: %s", what, why);
    return false;
}

static bool
fail_tls(struct conn_result *result, const char *what)
{
    unsigned long code = ERR_peek_last_error();
    const char *why = ERR_reason_error_string(code);

    ERR_clear_error();
    result->closed = why == NULL;
    return fail(result, what, why != NULL ? why : "the connection was closed");
}

/* Counts NewSessionTicket messages that hold a ticket: in TLS 1.2 an empty one says "none". */
static void
count_ticket(int write_p, int version, int content_type, const void *bytes, size_t len, SSL *ssl,
             void *arg)
{
    const unsigned char *message = bytes;
    struct notes *notes = arg;

    (void)ssl;
    if (write_p || content_type != SSL3_RT_HANDSHAKE || len < 1)
        return;
    if (message[0] == SSL3_MT_NEWSESSION_TICKET && (version == TLS1_3_VERSION || len > 10))
        notes->tickets++;
}

static int
keep_newest(SSL *ssl, SSL_SESSION *session)
{
    struct notes *notes = SSL_get_app_data(ssl);

    SSL_SESSION_free(notes->newest);
    notes->newest = session;
    return 1; /* kept */
}

SSL_CTX *
conn_context(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    if (ctx == NULL)
        return NULL;
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, keep_newest);
    SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
    return ctx;
}

static int
connect_unix(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd;

    if (strlen(path) >= sizeof(addr.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(addr.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) != 0) {
        (void)close(fd); /* connect's errno counts */
        return -1;
    }
    return fd;
}

static int
connect_tcp(const char *target)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    char host[256] = "127.0.0.1";
    const char *colon = strrchr(target, ':'), *port = colon == NULL ? target : colon + 1;
    int fd = -1;

    if (colon != NULL)
        (void)snprintf(host, sizeof(host), "%.*s", (int)(colon - target), target);
    if (getaddrinfo(host, port, &hints, &found) != 0) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) /* else what follows on the handshake waits for its acknowledgement: 40 ms */
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
        int why = errno;

        (void)close(fd); /* connect's errno counts */
        errno = why;
        fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}

static int
connect_to(const char *target)
{
    struct timeval limit = {.tv_sec = TIMEOUT_S};
    int fd = strncmp(target, "unix:", 5) == 0 ? connect_unix(target + 5) : connect_tcp(target);

    if (fd >= 0) {
        /* a server that hangs must fail the test; without the limit it would only be slower */
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    }
    return fd;
}

static bool
prepare(SSL *ssl, const struct conn_request *request)
{
    if (!SSL_set_min_proto_version(ssl, request->version) ||
        !SSL_set_max_proto_version(ssl, request->version))
        return false;
    /* the macro of this name casts const away */
    if (request->sni != NULL &&
        SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 (void *)(uintptr_t)request->sni) != 1)
        return false;
    if (request->client != NULL &&
        (SSL_use_certificate_file(ssl, request->client, SSL_FILETYPE_PEM) != 1 ||
         SSL_use_PrivateKey_file(ssl, request->client, SSL_FILETYPE_PEM) != 1))
        return false;
    return request->offer == NULL || SSL_set_session(ssl, request->offer) == 1;
}

/* A process that was stopped goes on with an interrupted call, since sockets have a time limit. */
static bool
was_interrupted(int result)
{
    bool interrupted = result <= 0 && errno == EINTR;

    errno = 0;
    return interrupted;
}

/* Send a request and read to the end, so that the tickets of TLS 1.3 arrive. */
static void
talk(SSL *ssl, struct conn_result *result, const char *sni)
{
    char request[400], answer[4096];
    size_t len = 0;
    int n, written;
    const char *body;

    errno = 0;
    n = snprintf(request, sizeof(request), "GET / HTTP/1.0\r\nHost: %s\r\n\r\n",
                 sni != NULL ? sni : "localhost");
    while (was_interrupted(written = SSL_write(ssl, request, n)))
        continue;
    if (written != n)
        return;
    do {
        n = SSL_read(ssl, answer + len, (int)(sizeof(answer) - 1 - len));
        len += n > 0 ? (size_t)n : 0;
    } while (was_interrupted(n) || (n > 0 && len < sizeof(answer) - 1));
    answer[len] = '\0';
    body = strstr(answer, "\r\n\r\n");
    if (body != NULL)
        (void)snprintf(result->served, sizeof(result->served), "%.*s",
                       (int)strcspn(body + 4, " \r\n"), body + 4);
}

void
conn_key_name(char out[CONN_KEY_LEN], const SSL_SESSION *session)
{
    const unsigned char *ticket = NULL;
    size_t len = 0;

    (void)snprintf(out, CONN_KEY_LEN, "-");
    if (session != NULL)
        SSL_SESSION_get0_ticket(session, &ticket, &len);
    for (size_t i = 0; ticket != NULL && len >= 16 && i < 16; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", ticket[i]);
}

static void
conclude(SSL *ssl, struct conn_result *result, struct notes *notes)
{
    SSL_SESSION *session =
        SSL_version(ssl) == TLS1_3_VERSION ? notes->newest : SSL_get1_session(ssl);

    if (SSL_version(ssl) == TLS1_3_VERSION)
        notes->newest = NULL; /* now ours */
    result->resumed = SSL_session_reused(ssl) == 1;
    result->tickets = notes->tickets;
    if (session != NULL && SSL_SESSION_has_ticket(session)) {
        conn_key_name(result->key, session);
        result->hint = SSL_SESSION_get_ticket_lifetime_hint(session);
        result->session = session;
    } else {
        (void)snprintf(result->key, sizeof(result->key), "%s", result->used);
        SSL_SESSION_free(session);
    }
}

uint64_t
conn_now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool
conn_run(SSL_CTX *ctx, struct conn_result *result, const struct conn_request *request)
{
    struct notes notes = {0};
    SSL *ssl = NULL;
    uint64_t begun_ms = conn_now_ms();
    int fd = connect_to(request->target), connected;
    bool done = false;

    *result = (struct conn_result){.served = "-", .begun_ms = begun_ms};
    conn_key_name(result->used, request->offer);
    if (fd < 0)
        return fail(result, request->target, strerror(errno));
    ssl = SSL_new(ctx);
    if (ssl == NULL || !prepare(ssl, request) || SSL_set_fd(ssl, fd) != 1) {
        fail_tls(result, "client");
        goto out;
    }
    SSL_set_app_data(ssl, &notes);
    SSL_set_msg_callback(ssl, count_ticket);
    SSL_set_msg_callback_arg(ssl, &notes);
    errno = 0;
    while (was_interrupted(connected = SSL_connect(ssl)))
        continue;
    if (connected != 1) {
        fail_tls(result, "handshake");
        goto out;
    }
    talk(ssl, result, request->sni);
    conclude(ssl, result, &notes);
    (void)SSL_shutdown(ssl); /* else OpenSSL calls the session bad; the peer is gone anyway */
    done = true;
out:
    SSL_SESSION_free(notes.newest);
    SSL_free(ssl);
    (void)close(fd); /* nothing was left to send */
    ERR_clear_error();
    return done;
}

void
conn_result_free(struct conn_result *result)
{
    SSL_SESSION_free(result->session);
    result->session = NULL;
}
