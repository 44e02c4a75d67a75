/* engine_host_support.h - an engine at work as a host of a farm, and what it told; see
 * engine_support.h. Nothing here asserts. */
#ifndef TESTS_ENGINE_HOST_SUPPORT_H
#define TESTS_ENGINE_HOST_SUPPORT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "share/engine.h"

#define HOSTS_MAX 300
#define KINDS (RECORD_STATUS + 1)
#define GIVE_UP_MS 90000U
#define OPTIONS_MAX 16
#define WORLD_MS (1700000000U * (uint64_t)1000) /* when a world begins */
#define FRONT_LEN (39 + 3 + RECORD_SALT_LEN)    /* of a record of "www" */
#define TEXT_MAX (RECORD_MAX - FRONT_LEN - 16)  /* in one */

/* One host, with the last record it was told of each sender. */
struct host {
    struct farm_world *world;
    struct engine *engine;
    struct {
        uint8_t *bytes;
        size_t len;
        unsigned told;
    } seen[KINDS][HOSTS_MAX + 1];
    unsigned told, completed[KINDS], whole[KINDS];
    unsigned states;
    bool is_in_call, was_called_within; /* R-ENGINE-1 */
    struct datagram_end end;
    unsigned sealed, opened;
    uint64_t sealed_bytes;
    const char *refusal; /* why nothing is sealed, if so */
    int64_t clock_ms;    /* how far it is ahead */
};

struct farm_world {
    const struct transport *transport;
    struct loop *loop;
    char folder[32], path[64];
    struct host *hosts[HOSTS_MAX + 1];
    struct farm farm;
    uint64_t begun_ms, sequence, sealed;
    /* Is what `from` says lost on its way to that host? NULL: never. */
    bool (*is_lost)(struct farm_world *world, const struct host *to, uint64_t from);
    uint64_t starting;
    uint64_t copied; /* hosts that start from now on have the id of this one; 0: their own */
    uint64_t rng;    /* the test's own */
    /* of transports by datagrams */
    unsigned port;
    bool is_group, is_v6;
    struct datagram_end stranger;
};

/* What a kind of engine needs to be tested: a transport of its own, per test. */
struct transport {
    const char *name; /* NULL: as its kind's */
    const struct engine_kind *kind;
    bool needs_others;     /* records live in the memory of hosts, and have to be records */
    bool (*is_here)(void); /* or NULL; where it is not, it says so */
    bool (*begin)(struct farm_world *world);
    void (*end)(struct farm_world *world);
    /* At most OPTIONS_MAX options of the host world->starting. */
    size_t (*options)(struct farm_world *world, struct engine_option *out);
    /* Put a record's bytes under that name past all engines; NULL removes it. */
    bool (*plant)(struct farm_world *world, const char *keyset, const struct engine_name *name,
                  const void *bytes, size_t len);
    /* What no engine put there, some of it dangerous to read. */
    bool (*litter)(struct farm_world *world);
};

static inline void
on_record(void *arg, const struct engine_name *name, const uint8_t *bytes, size_t len)
{
    struct host *host = arg;
    size_t at = name->sender <= HOSTS_MAX ? (size_t)name->sender : 0;
    uint8_t *copy = malloc(len + 1);

    host->was_called_within = host->was_called_within || host->is_in_call;
    host->told++;
    if (copy == NULL)
        return;
    memcpy(copy, bytes, len);
    free(host->seen[name->kind][at].bytes);
    host->seen[name->kind][at].bytes = copy;
    host->seen[name->kind][at].len = len;
    host->seen[name->kind][at].told++;
}

static inline void
on_complete(void *arg, enum record_kind kind, bool is_whole)
{
    struct host *host = arg;

    host->was_called_within = host->was_called_within || host->is_in_call;
    host->completed[kind]++;
    host->whole[kind] += is_whole ? 1 : 0;
}

static inline void
on_state(void *arg)
{
    struct host *host = arg;

    host->was_called_within = host->was_called_within || host->is_in_call;
    host->states++;
}

/* ---- seals ---- */

static inline uint64_t
world_now_ms(const struct farm_world *world)
{
    return WORLD_MS + loop_now_ms(world->loop) - world->begun_ms;
}

static inline uint64_t
host_now_ms(const struct host *host)
{
    return world_now_ms(host->world) + (uint64_t)host->clock_ms;
}

static inline bool
host_seal(void *arg, uint8_t out[DATAGRAM_MAX], size_t *out_len, const uint8_t *body, size_t len,
          struct err *err)
{
    struct host *host = arg;
    uint8_t salt[RECORD_SALT_LEN] = {7};

    if (host->refusal != NULL)
        return err_set(err, "%s", host->refusal);
    host->world->sealed++;
    memcpy(salt, &host->world->sealed, sizeof host->world->sealed);
    host->sealed++;
    host->sealed_bytes += len;
    return datagram_seal(&host->end, out, out_len, salt, body, len, host_now_ms(host), err);
}

static inline enum record_verdict
host_open(void *arg, struct datagram *out, const uint8_t *bytes, size_t len)
{
    struct host *host = arg;
    struct farm_world *world = host->world;
    enum record_verdict verdict = datagram_open(&host->end, out, bytes, len, host_now_ms(host));

    host->opened += verdict == RECORD_OPENED ? 1 : 0;
    if (verdict == RECORD_OPENED && world->is_lost != NULL &&
        world->is_lost(world, host, out->sender))
        return RECORD_FORGED;
    return verdict;
}

/* A text as a record's content, not sealed, with a sequence of its own; the caller frees it. */
static inline uint8_t *
record_of(struct farm_world *world, const char *keyset, const struct engine_name *name,
          const char *text, size_t *len)
{
    size_t keyset_len = strlen(keyset), text_len = strlen(text);
    struct writer w;
    uint8_t *bytes;

    *len = 39 + keyset_len + RECORD_SALT_LEN + text_len + 16;
    bytes = calloc(1, *len);
    if (bytes == NULL)
        return NULL;
    w = writer_of(bytes, *len);
    write_bytes(&w, "stkr\1", 5);
    write_u8(&w, (uint8_t)name->kind);
    write_bytes(&w, world->farm.id, sizeof world->farm.id);
    write_u64(&w, name->sender);
    write_u64(&w, WORLD_MS + ++world->sequence);
    write_u8(&w, (uint8_t)keyset_len);
    write_bytes(&w, keyset, keyset_len);
    memcpy(bytes + 39 + keyset_len + RECORD_SALT_LEN, text, text_len);
    return bytes;
}

static inline bool
host_start(struct farm_world *world, uint64_t id, const char *keyset, struct err *err)
{
    struct engine_option options[OPTIONS_MAX];
    struct host *host = calloc(1, sizeof *host);
    struct engine_setup setup = {.loop = world->loop,
                                 .keyset = keyset,
                                 .host = world->copied != 0 ? world->copied : id,
                                 .options = options,
                                 .events = {on_record, on_complete, on_state, host},
                                 .seal = {host_seal, host_open, host}};

    if (host == NULL)
        return false;
    world->starting = id;
    setup.option_count = world->transport->options(world, options);
    host->world = world;
    host->end = (struct datagram_end){.farm = &world->farm, .host = setup.host};
    (void)snprintf(host->end.keyset, sizeof host->end.keyset, "%s", keyset);
    host->is_in_call = true;
    host->engine = world->transport->kind->start(&setup, err);
    host->is_in_call = false;
    world->hosts[id] = host;
    return host->engine != NULL;
}

static inline void
host_stop(struct farm_world *world, uint64_t id)
{
    struct host *host = world->hosts[id];

    if (host == NULL)
        return;
    world->transport->kind->stop(&host->engine);
    for (size_t kind = 0; kind < KINDS; kind++) {
        for (size_t i = 0; i <= HOSTS_MAX; i++)
            free(host->seen[kind][i].bytes);
    }
    free(host);
    world->hosts[id] = NULL;
}

static inline bool
host_put(struct host *host, enum record_kind kind, const char *text)
{
    const struct engine_name name = {kind, host->end.host};
    bool is_record = host->world->transport->needs_others && text[0] != '\0', done;
    size_t len = strlen(text);
    uint8_t *record =
        is_record ? record_of(host->world, host->end.keyset, &name, text, &len) : NULL;

    host->is_in_call = true;
    done = host->world->transport->kind->put(
        host->engine, kind, record != NULL ? record : (const uint8_t *)text, len, NULL);
    host->is_in_call = false;
    free(record);
    return done;
}

static inline void
host_list(struct host *host, enum record_kind kind)
{
    host->is_in_call = true;
    host->world->transport->kind->list(host->engine, kind);
    host->is_in_call = false;
}

static inline struct engine_state
host_state(const struct host *host)
{
    struct engine_state state = {.is_well = false};

    host->world->transport->kind->state(host->engine, &state);
    return state;
}

/* Has the host this text as the sender's record? */
static inline bool
host_has(const struct host *host, enum record_kind kind, uint64_t sender, const char *text)
{
    const uint8_t *bytes = host->seen[kind][sender].bytes;
    size_t len = host->seen[kind][sender].len, text_len = strlen(text);
    size_t front = 39 + strlen(host->end.keyset) + RECORD_SALT_LEN;

    if (bytes != NULL && host->world->transport->needs_others)
        return len == front + text_len + 16 && memcmp(bytes + front, text, text_len) == 0;
    return bytes != NULL && len == text_len && memcmp(bytes, text, text_len) == 0;
}

/* Put a text past all engines: one that is newer than all, or, as that of a host that is there, an
 * old one. NULL removes it. */
static inline bool
world_plant(struct farm_world *world, const char *keyset, const struct engine_name *name,
            const char *text)
{
    uint64_t newest = world->sequence;
    uint8_t *record;
    size_t len;
    bool done;

    if (text == NULL || !world->transport->needs_others)
        return world->transport->plant(world, keyset, name, text, text == NULL ? 0 : strlen(text));
    if (world->hosts[name->sender] != NULL)
        world->sequence = 0;
    record = record_of(world, keyset, name, text, &len);
    done = record != NULL && world->transport->plant(world, keyset, name, record, len);
    if (world->sequence < newest)
        world->sequence = newest;
    free(record);
    return done;
}

#endif
