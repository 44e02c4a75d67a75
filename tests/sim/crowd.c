/* see crowd.h: the hosts */
#include "crowd_inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "share/record.h"

#define BEGUN_MS 100000U
#define UNIX_MS (1700000000U * (uint64_t)1000) /* when it begins */
#define NAME "www"
#define FRONT_LEN (39 + sizeof NAME - 1 + RECORD_SALT_LEN)

struct crowd *crowd_now;

bool __wrap_entropy_get(void *out, size_t len, struct err *err);

bool
__wrap_entropy_get(void *out, size_t len, struct err *err)
{
    (void)err;
    rng_fill(&crowd_now->rng, out, len);
    return true;
}

static uint64_t
unix_ms(const struct crowd *crowd)
{
    return UNIX_MS + crowd->now_ms - BEGUN_MS;
}

/* ---- what engines ask for ---- */

static bool
seal(void *arg, uint8_t out[DATAGRAM_MAX], size_t *out_len, const uint8_t *body, size_t len,
     struct err *err)
{
    static const uint8_t zeros[FARM_ID_LEN];
    struct crowd_host *host = arg;
    struct writer w = writer_of(out, DATAGRAM_MAX);

    (void)err;
    host->time_ms = record_sequence(host->time_ms, unix_ms(host->crowd));
    write_bytes(&w, "stkd\1", 5);
    write_bytes(&w, zeros, sizeof zeros);
    write_u64(&w, host->index + 1);
    write_u64(&w, host->time_ms);
    write_u8(&w, sizeof NAME - 1);
    write_bytes(&w, NAME, sizeof NAME - 1);
    write_u8(&w, body[0]);
    write_bytes(&w, zeros, RECORD_SALT_LEN);
    write_bytes(&w, body, len);
    *out_len = w.len;
    host->crowd->counts.sealed[body[0]]++;
    return true;
}

static enum record_verdict
unseal(void *arg, struct datagram *out, const uint8_t *bytes, size_t len)
{
    struct crowd_host *host = arg;
    struct reader r = reader_of(bytes, len);

    (void)read_bytes(&r, 5 + FARM_ID_LEN); /* as sealed above */
    out->sender = read_u64(&r);
    out->time_ms = read_u64(&r);
    if (out->sender == host->index + 1)
        return RECORD_KNOWN;
    out->from_ms = UNIX_MS;
    out->until_ms = unix_ms(host->crowd) + 600000;
    out->len = len - FRONT_LEN;
    memcpy(out->body, bytes + FRONT_LEN, out->len);
    return RECORD_OPENED;
}

static void
on_record(void *arg, const struct engine_name *name, const uint8_t *bytes, size_t len)
{
    struct crowd_host *host = arg;
    struct record_head head;

    if (name->kind == RECORD_KEYS && record_peek(&head, bytes, len) == RECORD_OPENED)
        host->sequences[name->sender - 1] = head.sequence;
}

static void
on_complete(void *arg, enum record_kind kind, bool is_whole)
{
    (void)arg, (void)kind, (void)is_whole;
}

static void
on_state(void *arg)
{
    (void)arg;
}

/* ---- hosts ---- */

static bool
start(struct crowd *crowd, struct crowd_host *host)
{
    static char texts[CROWD_HOSTS_MAX][ADDRESS_TEXT_MAX];
    static struct engine_option options[CROWD_HOSTS_MAX];
    struct engine_setup setup = {.loop = (struct loop *)(void *)host,
                                 .keyset = NAME,
                                 .host = host->index + 1,
                                 .options = options,
                                 .option_count = 1,
                                 .events = {on_record, on_complete, on_state, host},
                                 .seal = {seal, unseal, host}};

    options[0] = (struct engine_option){"multicast", "239.255.79.84:7984"};
    for (unsigned i = 0; !crowd->setup.is_group && i < crowd->setup.hosts; i++) {
        crowd_address(texts[i], i);
        options[i] = (struct engine_option){"peers", texts[i]};
        setup.option_count = i + 1;
    }
    host->engine = engine_peers.start(&setup, NULL);
    return host->engine != NULL;
}

bool
crowd_open(struct crowd *crowd, const struct crowd_setup *setup)
{
    char text[ADDRESS_TEXT_MAX];
    bool done;

    *crowd = (struct crowd){.setup = *setup, .now_ms = BEGUN_MS, .rng = 1};
    crowd_now = crowd;
    crowd->hosts = calloc(setup->hosts, sizeof *crowd->hosts);
    done = crowd->hosts != NULL;
    for (unsigned i = 0; done && i < setup->hosts; i++) {
        crowd->hosts[i].crowd = crowd;
        crowd->hosts[i].index = i;
        crowd->hosts[i].due_ms = UINT64_MAX;
        crowd_address(text, i);
        done = address_parse(&crowd->hosts[i].at, text) && start(crowd, &crowd->hosts[i]);
    }
    return done;
}

void
crowd_close(struct crowd *crowd)
{
    for (unsigned i = 0; crowd->hosts != NULL && i < crowd->setup.hosts; i++) {
        crowd_forget(&crowd->hosts[i]);
        engine_peers.stop(&crowd->hosts[i].engine);
    }
    free(crowd->hosts);
    crowd->hosts = NULL;
}

bool
crowd_put(struct crowd *crowd, unsigned host, enum record_kind kind, size_t len)
{
    static const uint8_t zeros[FARM_ID_LEN];
    uint8_t *bytes = calloc(1, len);
    struct writer w = writer_of(bytes, len);
    struct engine *engine = crowd->hosts[host].engine;
    bool done;

    if (bytes == NULL)
        return false;
    crowd->sequence = record_sequence(crowd->sequence, unix_ms(crowd));
    write_bytes(&w, "stkr\1", 5);
    write_u8(&w, (uint8_t)kind);
    write_bytes(&w, zeros, sizeof zeros);
    write_u64(&w, host + 1);
    write_u64(&w, crowd->sequence);
    write_u8(&w, sizeof NAME - 1);
    write_bytes(&w, NAME, sizeof NAME - 1);
    done = engine_peers.put(engine, kind, bytes, len, NULL);
    if (kind == RECORD_KEYS)
        crowd->hosts[host].sequences[host] = crowd->sequence;
    free(bytes);
    return done;
}

static bool
agrees(const struct crowd *crowd)
{
    for (unsigned to = 0; to < crowd->setup.hosts; to++) {
        for (unsigned from = 0; from < crowd->setup.hosts; from++)
            if (crowd->hosts[to].sequences[from] != crowd->hosts[from].sequences[from])
                return false;
    }
    return true;
}

bool
crowd_agree(struct crowd *crowd, uint64_t ms)
{
    uint64_t end_ms = crowd->now_ms + ms;

    while (!agrees(crowd) && crowd->now_ms < end_ms)
        crowd_run(crowd, 1);
    return agrees(crowd);
}
