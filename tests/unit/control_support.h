/* control_support.h - a stekd at work in a child and a folder of its own, and what is said to its
 * socket. Nothing here asserts. */
#ifndef TESTS_CONTROL_SUPPORT_H
#define TESTS_CONTROL_SUPPORT_H

#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/stekd.h"

#define PATIENCE_MS 60000

struct daemon {
    char folder[32], config[64], run[64], socket[80], log[64];
    pid_t pid;
};

/* In a child. */
static inline int
be_stekd(const struct daemon *daemon)
{
    const struct stekd_options options = {.config_path = daemon->config, .run_dir = daemon->run};
    const struct log log = log_to_stderr();
    struct config config = {0};
    struct stekd *stekd;
    struct err err;
    bool ok;

    (void)signal(SIGPIPE, SIG_IGN);
    closefrom(3); /* what a test holds is not held here */
    if (freopen(daemon->log, "w", stderr) == NULL || setvbuf(stderr, NULL, _IOLBF, 0) != 0)
        return 1;
    if (!config_load(&config, daemon->config, false, &err))
        return 1;
    stekd = stekd_start(&options, &config, &log, &err);
    config_free(&config);
    if (stekd == NULL)
        return 1;
    ok = stekd_run(stekd, &err);
    stekd_stop(&stekd);
    return ok ? 0 : 1;
}

static inline int
dial(const struct daemon *daemon)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    memcpy(address.sun_path, daemon->socket, strlen(daemon->socket));
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Lines of its log so far that hold this text. */
static inline unsigned
count_logged(const struct daemon *daemon, const char *text)
{
    FILE *log = fopen(daemon->log, "r");
    char line[1024];
    unsigned count = 0;

    while (log != NULL && fgets(line, sizeof line, log) != NULL)
        count += strstr(line, text) != NULL;
    if (log != NULL)
        (void)fclose(log);
    return count;
}

/* True if it stopped by itself, in good order. */
static inline int
teardown(void **state)
{
    struct daemon *daemon = *state;
    char command[64];
    int status = 1;

    if (kill(daemon->pid, SIGTERM) != 0 || waitpid(daemon->pid, &status, 0) != daemon->pid)
        return 1;
    (void)snprintf(command, sizeof command, "rm -rf %.31s", daemon->folder);
    return system(command) != 0 || status != 0;
}

/* Say `bytes`, and no more if `stop`; what comes back until the other side ends, or time is over.
 * False if it does not end. Closes the connection. */
static inline bool
talk_on(int fd, char *reply, size_t cap, const char *bytes, size_t len, bool stop)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    size_t got = 0;
    ssize_t more = 1;

    if (fd < 0)
        return false;
    while (len > 0 && more > 0) { /* it may hang up in the middle */
        more = send(fd, bytes, len, MSG_NOSIGNAL);
        bytes += more > 0 ? more : 0;
        len -= more > 0 ? (size_t)more : 0;
    }
    if (stop)
        (void)shutdown(fd, SHUT_WR);
    do {
        more = -1;
        if (poll(&wait, 1, PATIENCE_MS) == 1)
            more = recv(fd, reply + got, cap - 1 - got, 0);
        got += more > 0 ? (size_t)more : 0;
    } while (more > 0 && got < cap - 1);
    reply[got] = '\0';
    close(fd);
    return more == 0 || got > 0;
}

static inline bool
talk(const struct daemon *daemon, char *reply, size_t cap, const char *bytes, size_t len, bool stop)
{
    return talk_on(dial(daemon), reply, cap, bytes, len, stop);
}

/* One request; its status, and its JSON if it has any. */
static inline int
ask(const struct daemon *daemon, json_t **root, const char *method, const char *path,
    const char *body)
{
    static char reply[262144];
    char request[20000];
    const char *text;
    int len = snprintf(request, sizeof request,
                       "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %zu\r\n"
                       "\r\n%s",
                       method, path, strlen(body), body);

    *root = NULL;
    if (!talk(daemon, reply, sizeof reply, request, (size_t)len, false) ||
        strncmp(reply, "HTTP/1.1 ", 9) != 0)
        return 0;
    text = strstr(reply, "\r\n\r\n");
    if (text != NULL)
        *root = json_loads(text + 4, JSON_REJECT_DUPLICATES, NULL);
    return (int)strtol(reply + 9, NULL, 10);
}

/* Until it answers: its socket can be connected to before the groups are let in. */
static inline bool
start(struct daemon *daemon, const char *config)
{
    json_t *root;
    FILE *file;

    *daemon = (struct daemon){.folder = "/tmp/stek-control-XXXXXX"};
    if (mkdtemp(daemon->folder) == NULL)
        return false;
    (void)snprintf(daemon->config, sizeof daemon->config, "%s/stekd.conf", daemon->folder);
    (void)snprintf(daemon->run, sizeof daemon->run, "%s/run", daemon->folder);
    (void)snprintf(daemon->socket, sizeof daemon->socket, "%s/control", daemon->run);
    (void)snprintf(daemon->log, sizeof daemon->log, "%s/log", daemon->folder);
    file = fopen(daemon->config, "w");
    if (file == NULL || fputs(config, file) < 0 || fclose(file) != 0)
        return false;
    daemon->pid = fork();
    if (daemon->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves none behind */
        exit(be_stekd(daemon));
    }
    for (int waited = 0; waited < PATIENCE_MS; waited += 10) {
        bool has_answered = ask(daemon, &root, "GET", "/v1/health", "") != 0;

        json_decref(root);
        if (has_answered)
            return true;
        (void)poll(NULL, 0, 10);
    }
    return false;
}

static inline int
setup(void **state)
{
    static struct daemon daemon;

    *state = &daemon;
    return !start(&daemon, "keyset \"www\" { }\nkeyset \"mail\" { rotate = 30m }\n");
}

/* The name of the key that seals in the first keyset; "" if that is not known. */
static inline void
sealing(const struct daemon *daemon, char name[33])
{
    json_t *root;
    const char *found = NULL;

    name[0] = '\0';
    if (ask(daemon, &root, "GET", "/v1/status", "") == 200)
        found = json_string_value(json_object_get(
            json_object_get(json_array_get(json_object_get(root, "keysets"), 0), "sealing"),
            "name"));
    if (found != NULL)
        (void)snprintf(name, 33, "%s", found);
    json_decref(root);
}

#endif
