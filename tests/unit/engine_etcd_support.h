/* engine_etcd_support.h - a real etcd as a transport for engine_support.h, and what is done to it.
 * One node serves all worlds of a program, each under a prefix of its own; tests that break nodes
 * start their own. Nothing here asserts. */
#ifndef TESTS_ENGINE_ETCD_SUPPORT_H
#define TESTS_ENGINE_ETCD_SUPPORT_H

#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>

#include "engine_support.h"
#include "share/etcd_inner.h"

#define NODES_MAX 3

/* Nodes, in a folder. */
struct nodes {
    char folder[32];
    char endpoints[NODES_MAX][64];
    size_t count;
};

/* A file in the folder. */
static inline void
nodes_path(char out[64], const struct nodes *nodes, const char *name)
{
    (void)snprintf(out, 64, "%.31s/%.31s", nodes->folder, name);
}

/* etcd-nodes FOLDER WORDS; true if it succeeds. What it says goes to FOLDER/said. */
static inline bool nodes_do(const struct nodes *nodes, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static inline bool
nodes_do(const struct nodes *nodes, const char *format, ...)
{
    char words[1024], command[2048];
    va_list rest;
    int status;

    va_start(rest, format);
    (void)vsnprintf(words, sizeof words, format, rest);
    va_end(rest);
    (void)snprintf(command, sizeof command, "OWNER=%d '%s' %s %s >%s/said 2>&1 </dev/null",
                   getpid(), ETCD_NODES, nodes->folder, words, nodes->folder);
    status = system(command);
    if (status != 0) {
        (void)snprintf(command, sizeof command, "sed 's/^/# /' %s/said", nodes->folder);
        printf("# etcd-nodes %s: status %d\n", words, status);
        (void)fflush(stdout);
        if (system(command) != 0)
            printf("# and what it said is lost\n");
    }
    return status == 0;
}

static inline bool
nodes_are_here(void)
{
    bool is_here = system("'" ETCD_NODES "' /nonexistent is-here") == 0;

    if (!is_here)
        printf("# SKIP etcd is not here: run tools/deps\n");
    return is_here;
}

static inline bool
nodes_open(struct nodes *nodes, size_t count)
{
    char path[64];
    FILE *file;

    (void)signal(SIGPIPE, SIG_IGN); /* as in stekd */
    *nodes = (struct nodes){.count = count};
    (void)snprintf(nodes->folder, sizeof nodes->folder, "%s/stek-etcd-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"); /* fsync is quick there */
    if (mkdtemp(nodes->folder) == NULL || !nodes_do(nodes, "start %zu", count))
        return false;
    (void)snprintf(path, sizeof path, "%s/endpoints", nodes->folder);
    file = fopen(path, "re");
    for (size_t i = 0; file != NULL && i < count; i++)
        count = fscanf(file, "%63s", nodes->endpoints[i]) == 1 ? count : 0;
    return file != NULL && fclose(file) == 0 && count > 0;
}

static inline void
nodes_close(struct nodes *nodes)
{
    char command[128];

    if (nodes->folder[0] == '\0')
        return;
    (void)nodes_do(nodes, "stop"); /* else OWNER ends them */
    (void)snprintf(command, sizeof command, "rm -rf '%s'", nodes->folder);
    if (system(command) != 0)
        printf("# %s is left\n", nodes->folder);
    *nodes = (struct nodes){.count = 0};
}

/* ---- a client that puts and removes keys, as any other user of etcd may ---- */

struct client {
    char ca[64], cert[64], key[64];
    struct loop *loop;
    struct grpc *grpc;
};

static inline void
on_client(void *arg)
{
    (void)arg;
}

static inline bool
client_open(struct client *client, const struct nodes *nodes)
{
    struct grpc_setup setup = {.url = nodes->endpoints[0],
                               .ca = client->ca,
                               .cert = client->cert,
                               .key = client->key,
                               .ready = on_client};

    *client = (struct client){.loop = loop_new(NULL)};
    nodes_path(client->ca, nodes, "ca.pem");
    nodes_path(client->cert, nodes, "root.pem");
    nodes_path(client->key, nodes, "root.key");
    setup.loop = client->loop;
    client->grpc = client->loop == NULL ? NULL : grpc_new(&setup, NULL);
    return client->grpc != NULL;
}

static inline void
client_close(struct client *client)
{
    grpc_free(&client->grpc);
    loop_free(&client->loop);
}

struct client_call {
    struct grpc_call *call;
    struct grpc_result result;
};

static inline bool
is_call_over(void *arg)
{
    struct client_call *one = arg;

    return grpc_call_is_over(one->call, &one->result);
}

/* Is it done? */
static inline bool
client_do(struct client *client, const char *method, struct etcd_bytes *message)
{
    const struct grpc_request request = {.method = method,
                                         .message = message->bytes,
                                         .len = message->len,
                                         .answer_max = ETCD_ANSWER_MAX,
                                         .connect_ms = 60000,
                                         .complete_ms = 60000};
    struct client_call one = {.call = grpc_call_new(client->grpc, &request, NULL)};
    bool done =
        one.call != NULL && run_until(client->loop, is_call_over, &one) && one.result.status == 0;

    if (!done)
        printf("# %s: %s\n", method, one.result.text);
    grpc_call_free(&one.call);
    free(message->bytes);
    return done;
}

static inline bool
client_put(struct client *client, const char *key, const void *bytes, size_t len)
{
    struct etcd_bytes message;

    return etcd_wire_put(&message, key, bytes, len) &&
           client_do(client, "/etcdserverpb.KV/Put", &message);
}

/* By a transaction whose condition holds for keys that are there and for those that are not. */
static inline bool
client_remove(const struct nodes *nodes, const char *key)
{
    return nodes_do(nodes, "ctl del '%s'", key);
}

/* ---- the transport ---- */

/* What all worlds of a program share. */
struct etcd_shared {
    struct nodes nodes;
    struct client client;
    unsigned worlds;
    char ca[64], cert[64], key[64];
    const char *heartbeat;
};

static struct etcd_shared etcd_shared;

static inline void
etcd_shared_close(void)
{
    if (etcd_shared.nodes.count == 0)
        return;
    client_close(&etcd_shared.client);
    nodes_close(&etcd_shared.nodes);
}

/* The certificate that hosts which are started from now on have. */
static inline void
etcd_shared_certificate(const char *name)
{
    char file[32];

    (void)snprintf(file, sizeof file, "%.20s.pem", name);
    nodes_path(etcd_shared.cert, &etcd_shared.nodes, file);
    (void)snprintf(file, sizeof file, "%.20s.key", name);
    nodes_path(etcd_shared.key, &etcd_shared.nodes, file);
}

/* Use the nodes that are there; processes that share them number their worlds apart. */
static inline bool
etcd_shared_use(unsigned first_world)
{
    struct etcd_shared *shared = &etcd_shared;

    if (!client_open(&shared->client, &shared->nodes))
        return false;
    shared->worlds = first_world;
    shared->heartbeat = "500ms"; /* in place of 2s, to lose no time */
    nodes_path(shared->ca, &shared->nodes, "ca.pem");
    etcd_shared_certificate("client");
    return true;
}

static inline bool
etcd_shared_open(size_t count)
{
    return nodes_open(&etcd_shared.nodes, count) && etcd_shared_use(0);
}

static inline bool
etcd_begin(struct farm_world *world)
{
    if (etcd_shared.nodes.count == 0) {
        if (!etcd_shared_open(1))
            return false;
        (void)atexit(etcd_shared_close);
    }
    (void)snprintf(world->path, sizeof world->path, "world%u/", etcd_shared.worlds++);
    return true;
}

static inline void
etcd_end(struct farm_world *world)
{
    (void)world;
}

static inline size_t
etcd_options(struct farm_world *world, struct engine_option *out)
{
    size_t count = 0;

    for (size_t i = 0; i < etcd_shared.nodes.count; i++)
        out[count++] = (struct engine_option){"endpoints", etcd_shared.nodes.endpoints[i]};
    out[count++] = (struct engine_option){"ca", etcd_shared.ca};
    out[count++] = (struct engine_option){"cert", etcd_shared.cert};
    out[count++] = (struct engine_option){"key", etcd_shared.key};
    out[count++] = (struct engine_option){"prefix", world->path};
    out[count++] = (struct engine_option){"heartbeat", etcd_shared.heartbeat};
    return count;
}

static inline void
etcd_key_of(char *out, size_t cap, const struct farm_world *world, const char *keyset,
            const struct engine_name *name)
{
    (void)snprintf(out, cap, "%s%s/%c/%016llx", world->path, keyset,
                   name->kind == RECORD_KEYS ? 'k' : 's', (unsigned long long)name->sender);
}

static inline bool
etcd_plant(struct farm_world *world, const char *keyset, const struct engine_name *name,
           const void *bytes, size_t len)
{
    char key[128];

    etcd_key_of(key, sizeof key, world, keyset, name);
    return bytes == NULL ? client_remove(&etcd_shared.nodes, key)
                         : client_put(&etcd_shared.client, key, bytes, len);
}

/* Keys that are no record's, before, among and behind them; and, of the hosts 201 and 202, a record
 * that is too long and one that is empty. */
static inline bool
etcd_litter(struct farm_world *world)
{
    static const char *const ends[] = {"",
                                       "README",
                                       "00000000000000C9",
                                       "0000000000000000",
                                       "00000000000000c",
                                       "00000000000000c80",
                                       "00000000000000c8/more",
                                       "zzzzzzzzzzzzzzzz"};
    static char large[RECORD_MAX + 1], long_key[1000];
    struct client *client = &etcd_shared.client;
    char key[128];
    bool done = true;

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        (void)snprintf(key, sizeof key, "%swww/k/%s", world->path, ends[i]);
        done = done && client_put(client, key, "litter", 6);
    }
    (void)snprintf(long_key, sizeof long_key, "%swww/k/%0900d", world->path, 0);
    return done && client_put(client, long_key, "litter", 6) &&
           etcd_plant(world, "www", &(struct engine_name){RECORD_KEYS, 201}, large, sizeof large) &&
           etcd_plant(world, "www", &(struct engine_name){RECORD_KEYS, 202}, "", 0) &&
           etcd_plant(world, "other", &(struct engine_name){RECORD_KEYS, 208}, "x", 1);
}

#define ETCD_AGAIN_MS 10000U /* within that everything is tried again */

static inline bool
etcd_bring_forward(uint64_t *due_ms, uint64_t now_ms)
{
    bool is_soon = *due_ms <= now_ms + ETCD_AGAIN_MS;

    *due_ms = *due_ms > now_ms ? now_ms : *due_ms;
    return is_soon;
}

/* What the host is going to try again by itself it tries now: tests need not wait for it. */
static inline bool
etcd_hurry(struct host *host)
{
    struct etcd *etcd = (void *)host->engine;
    uint64_t now_ms = loop_now_ms(host->world->loop);
    bool is_soon =
        etcd_bring_forward(&etcd->again_ms, now_ms) && etcd_bring_forward(&etcd->renew_ms, now_ms);

    for (unsigned kind = RECORD_KEYS; kind <= RECORD_STATUS; kind++)
        is_soon = is_soon && etcd_bring_forward(&etcd->own[kind].due_ms, now_ms) &&
                  etcd_bring_forward(&etcd->ranges[kind].deadline_ms, now_ms);
    etcd_soon(etcd);
    return is_soon;
}

static const struct transport transport_etcd = {
    .kind = &engine_etcd,
    .is_here = nodes_are_here,
    .begin = etcd_begin,
    .end = etcd_end,
    .options = etcd_options,
    .plant = etcd_plant,
    .litter = etcd_litter,
};

#endif
