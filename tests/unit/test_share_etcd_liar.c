/* The etcd engine against an etcd with a good certificate that lies, on virtual time: whatever it
 * answers, for however long, the engine asks no more often than now and then, holds no more calls
 * than it needs, and answers each list; and when the truth comes again all is well by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "etcd_lies_support.h"
#include "loop_virtual.h"
#include "virtual.h"

#define LIES_MS 300000U  /* it lies for so long, ... */
#define TRUTH_MS 150000U /* ... and after that all is well within this */
#define LOOK_MS 30000U   /* how often statuses and keys are asked for, as by a member */
#define ASKED_MAX 4U     /* calls a second; one that does not wait makes 1,000 */
#define TURNS_MAX 10U    /* turns of the loop */
#define LIVE_MAX 8U      /* calls at a time */
#define FLOOD_MS 30000U  /* somebody writes so long, ... */
#define POUR_MS 10U      /* ... at each of these moments, ... */
#define POURED 1000U     /* ... so many keys */
#define OURS "stek/www/k/0000000000000001"
#define THEIRS "stek/www/k/0000000000000007"

/* What table.c would bring, with all engines. */
const struct engine_kind *const engine_kinds[] = {NULL};

struct host {
    struct loop *loop;
    struct engine *engine;
    unsigned listed, completed, whole, turns, records;
    char told[FALSE_TEXT_MAX]; /* of host 7 */
};

static void
on_record(void *arg, const struct engine_name *name, const uint8_t *bytes, size_t len)
{
    struct host *host = arg;

    host->records++;
    if (name->sender == 7 && name->kind == RECORD_KEYS)
        (void)snprintf(host->told, sizeof host->told, "%.*s", (int)len, (const char *)bytes);
}

static void
on_complete(void *arg, enum record_kind kind, bool is_whole)
{
    struct host *host = arg;

    (void)kind;
    host->completed++;
    host->whole += is_whole ? 1 : 0;
}

static void
on_state(void *arg)
{
    (void)arg;
}

static bool
open_host(struct host *host, size_t endpoints)
{
    static const struct engine_option options[] = {
        {"ca", "/ca"},
        {"cert", "/cert"},
        {"key", "/key"},
        {"endpoints", "https://192.0.2.1:2379"},
        {"endpoints", "https://192.0.2.2:2379"},
        {"endpoints", "https://192.0.2.3:2379"},
    };
    struct engine_setup setup = {.keyset = "www",
                                 .host = 1,
                                 .options = options,
                                 .option_count = 3 + endpoints,
                                 .events = {on_record, on_complete, on_state, host}};

    *host = (struct host){.loop = loop_new(NULL)};
    virtual_system.boot_ms = 1000000;
    false_grpc = (struct false_grpc){.serve = false_serve};
    false_etcd = (struct false_etcd){.revision = 1000};
    setup.loop = host->loop;
    host->engine = host->loop == NULL ? NULL : engine_etcd.start(&setup, NULL);
    return host->engine != NULL &&
           engine_etcd.put(host->engine, RECORD_KEYS, (const uint8_t *)"ours", 4, NULL) &&
           engine_etcd.put(host->engine, RECORD_STATUS, (const uint8_t *)"status", 6, NULL);
}

static void
close_host(struct host *host)
{
    engine_etcd.stop(&host->engine);
    loop_free(&host->loop);
}

static bool
is_calm(const struct host *host)
{
    return false_grpc.asked + false_grpc.connections < LIES_MS / 1000 * ASKED_MAX &&
           host->turns < LIES_MS / 1000 * TURNS_MAX;
}

/* Let so much time pass, or all that is left where there is no calm: it takes long then. */
static void
pass(struct host *host, uint64_t ms)
{
    uint64_t end_ms = virtual_system.boot_ms + ms, next_ms;

    for (next_ms = loop_virtual_next_ms(host->loop); next_ms <= end_ms && is_calm(host);
         next_ms = loop_virtual_next_ms(host->loop)) {
        virtual_system.boot_ms =
            next_ms > virtual_system.boot_ms ? next_ms : virtual_system.boot_ms;
        host->turns += loop_virtual_step(host->loop) ? 1 : 0;
    }
    virtual_system.boot_ms = end_ms;
}

/* The same, with lists as a member asks for them. */
static void
pass_looking(struct host *host, uint64_t ms)
{
    for (uint64_t at = 0; at < ms; at += LOOK_MS) {
        engine_etcd.list(host->engine, RECORD_KEYS);
        engine_etcd.list(host->engine, RECORD_STATUS);
        host->listed += 2;
        pass(host, LOOK_MS);
    }
}

/* The engine says so, and what was put and what others have put is there; each list was answered,
 * and those of now in full. */
static bool
is_mended(const struct host *host)
{
    struct engine_state state;
    bool has_ours = false;

    engine_etcd.state(host->engine, &state);
    for (size_t i = 0; i < false_etcd.key_count; i++)
        has_ours = has_ours || (strcmp(false_etcd.keys[i].key, OURS) == 0 &&
                                strcmp(false_etcd.keys[i].value, "ours") == 0);
    return state.is_well && has_ours && strcmp(host->told, "there") == 0 &&
           host->completed == host->listed && host->whole == 2;
}

/* R-ENGINE-4 R-ENGINE-5 R-ENGINE-6. */
static bool
is_harmless(enum lie lie, size_t endpoints)
{
    struct host host;
    bool is_well;

    if (!open_host(&host, endpoints))
        return false;
    lie_now = lie;
    false_etcd.lie = tell_lie;
    pass_looking(&host, LIES_MS);
    false_etcd.lie = NULL;
    false_write(THEIRS, "there");
    pass_looking(&host, TRUTH_MS - LOOK_MS);
    host.whole = 0;
    pass_looking(&host, LOOK_MS);
    is_well = is_mended(&host) && is_calm(&host) && false_grpc.live_most <= LIVE_MAX;
    if (!is_well)
        printf("# %zu endpoints, %s: %u calls, %u at a time, %u turns, %u of %u lists\n", endpoints,
               lie_names[lie], false_grpc.asked, false_grpc.live_most, host.turns, host.completed,
               host.listed);
    close_host(&host);
    return is_well;
}

static void
test_lies(void **state)
{
    (void)state;
    for (enum lie lie = 0; lie < LIES; lie++) {
        assert_true(is_harmless(lie, 1));
        assert_true(is_harmless(lie, 3));
    }
}

/* All of it well-formed, as any member may write it. */
static void
pour(void)
{
    static struct false_key keys[POURED];
    Etcd__WatchReply reply;

    etcd__watch_reply__init(&reply);
    for (size_t i = 0; i < POURED; i++) {
        keys[i].revision = ++false_etcd.revision;
        (void)snprintf(keys[i].key, sizeof keys[i].key, "stek/www/k/%016zx", 0x1000 + i); /* fits */
        keys[i].value[0] = 'x';
    }
    if (false_watcher() != NULL)
        false_say_watch(false_watcher(), &reply, keys, POURED);
}

static void
pass_flooded(struct host *host, uint64_t ms)
{
    for (uint64_t at = 0; at < ms; at += POUR_MS) {
        pour();
        pass(host, POUR_MS);
    }
}

/* R-ENGINE-5 R-ENGINE-7: no more is looked at than so much a second, what is true comes all the
 * same, in lists, and it is said. */
static void
test_flood(void **state)
{
    struct engine_state now;
    struct host host;

    (void)state;
    assert_true(open_host(&host, 1));
    pass_flooded(&host, FLOOD_MS / 2);
    false_write(THEIRS, "there");
    pass_flooded(&host, FLOOD_MS / 2);
    engine_etcd.state(host.engine, &now);
    assert_false(now.is_well);
    assert_non_null(strstr(now.text, "changes a second"));
    assert_string_equal(host.told, "there");
    assert_in_range(host.records, POURED, FLOOD_MS / 1000 * ETCD_CHANGES_MAX);
    assert_true(false_grpc.asked < FLOOD_MS / 1000 * ASKED_MAX);
    pass(&host, 2 * ETCD_CALM_MS + ETCD_SLOW_MS);
    engine_etcd.state(host.engine, &now);
    assert_true(now.is_well);
    close_host(&host);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lies),
        cmocka_unit_test(test_flood),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
