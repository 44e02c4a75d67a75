/* The engine "etcd": sealed records as keys of an etcd, version 3.4 or later. See
 * docs/share-etcd.md.
 *
 * One member of it at a time is spoken to, over one connection: all records are read once, as they
 * were at one revision, and what changes after that is told by a watch, which outlives connections:
 * at the next member it goes on from the revision that it had come to. Our own record is put until
 * that is acknowledged, and again where it is not there any more. All is done in turns of the loop;
 * docs/share-etcd.md says what happens when something fails. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/entropy.h"
#include "share/etcd_inner.h"

static const struct engine_option_kind options[] = {
    {"endpoints", "the members of etcd: https://HOST:PORT each", ENGINE_TEXTS, true},
    {"ca", "file with the CA that signed their certificates", ENGINE_TEXT, true},
    {"cert", "file with the certificate of this host", ENGINE_TEXT, true},
    {"key", "file with its key", ENGINE_TEXT, true},
    {"prefix", "what all keys in etcd begin with; \"" ETCD_PREFIX "\"", ENGINE_TEXT, false},
    {"heartbeat", "how often a sign of life is asked for; 2s", ENGINE_TEXT, false},
    {NULL, NULL, ENGINE_TEXT, false},
};

void
etcd_trouble(struct etcd *etcd, enum etcd_trouble which, const char *text)
{
    if (strcmp(etcd->troubles[which].text, text) == 0)
        return;
    if (etcd->troubles[which].text[0] == '\0')
        etcd->troubles[which].since_ms = loop_now_ms(etcd->loop);
    (void)snprintf(etcd->troubles[which].text, sizeof etcd->troubles[which].text, "%s",
                   text); /* of the same size */
    etcd->is_state_new = true;
    etcd->well_ms = loop_now_ms(etcd->loop);
}

static void
state(const struct engine *engine, struct engine_state *out)
{
    const struct etcd *etcd = (const void *)engine;
    struct err text = {"well"};
    size_t which = 0;

    while (which < ETCD_TROUBLES && etcd->troubles[which].text[0] == '\0')
        which++;
    out->is_well = which == ETCD_TROUBLES;
    out->since_ms = out->is_well ? etcd->well_ms : etcd->troubles[which].since_ms;
    if (!out->is_well)
        (void)err_set(&text, "%s", etcd->troubles[which].text); /* always false */
    memcpy(out->text, text.text, sizeof out->text);
}

/* It has a place in the loop since start(), so this does not fail. */
void
etcd_soon(void *arg)
{
    const struct etcd *etcd = arg;

    (void)loop_timer_set(etcd->turn, 0);
}

static uint64_t
earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* When something is to be done though nothing comes. */
static uint64_t
next_ms(const struct etcd *etcd)
{
    uint64_t next = etcd->grpc == NULL ? etcd->again_ms : etcd_watch_next_ms(etcd);

    if (etcd->grpc != NULL && etcd->renew_ms != 0)
        next = earlier(next, etcd->renew_ms);
    for (unsigned kind = RECORD_KEYS; kind <= RECORD_STATUS; kind++) {
        const struct etcd_own *own = &etcd->own[kind];
        const struct etcd_range *range = &etcd->ranges[kind];

        if (etcd->grpc != NULL && own->is_due && own->call == NULL)
            next = earlier(next, own->due_ms);
        if (etcd->grpc != NULL)
            next = earlier(next, etcd_range_next_ms(etcd, (enum record_kind)kind));
        if (range->is_wanted || range->is_listed)
            next = earlier(next, range->deadline_ms);
    }
    return next;
}

static void
on_turn(void *arg)
{
    struct etcd *etcd = arg;
    struct grpc_result ignored;
    uint64_t now_ms = loop_now_ms(etcd->loop), then_ms;

    if (etcd->removal != NULL && grpc_call_is_over(etcd->removal, &ignored))
        grpc_call_free(&etcd->removal);
    etcd_session_turn(etcd, now_ms);
    for (unsigned kind = RECORD_KEYS; kind <= RECORD_STATUS; kind++)
        etcd_range_deadline(etcd, (enum record_kind)kind, now_ms);
    if (etcd->is_state_new) {
        etcd->is_state_new = false;
        etcd->events.state(etcd->events.arg);
    }
    now_ms = loop_now_ms(etcd->loop);
    then_ms = next_ms(etcd);
    if (then_ms != UINT64_MAX) /* as in etcd_soon() */
        (void)loop_timer_set(etcd->turn, then_ms > now_ms ? then_ms - now_ms : 0);
}

static void
stop(struct engine **engine)
{
    struct etcd *etcd = (void *)*engine;

    if (etcd == NULL)
        return;
    etcd_session_close(etcd);
    loop_timer_free(&etcd->turn);
    for (unsigned kind = RECORD_KEYS; kind <= RECORD_STATUS; kind++)
        free(etcd->own[kind].bytes);
    etcd_options_free(etcd);
    free(etcd);
    *engine = NULL;
}

static struct engine *
start(const struct engine_setup *setup, struct err *err)
{
    struct etcd *etcd = calloc(1, sizeof *etcd);
    struct engine *engine;
    uint32_t chance = 0;

    if (etcd == NULL) {
        (void)err_set(err, "etcd: no memory"); /* always false */
        return NULL;
    }
    engine = &etcd->engine;
    etcd->engine.kind = &engine_etcd;
    etcd->loop = setup->loop;
    etcd->events = setup->events;
    etcd->host = setup->host;
    etcd->turn = loop_timer_new(setup->loop, on_turn, etcd, err);
    if (etcd->turn == NULL || !etcd_options_take(etcd, setup) || !loop_timer_set(etcd->turn, 0)) {
        (void)err_set(err, "etcd: no memory"); /* always false */
        stop(&engine);
        return NULL;
    }
    (void)entropy_get(&chance, sizeof chance, NULL); /* else all hosts begin with the first */
    etcd->at = chance % etcd->endpoint_count;
    etcd_trouble(etcd, ETCD_TROUBLE_REACH, "not connected yet");
    etcd->is_state_new = false; /* that is how it begins */
    return engine;
}

static bool
put(struct engine *engine, enum record_kind kind, const uint8_t *bytes, size_t len, struct err *err)
{
    struct etcd *etcd = (void *)engine;

    if (!etcd_own_put(etcd, kind, bytes, len, err))
        return false;
    etcd_soon(etcd);
    return true;
}

static void
list(struct engine *engine, enum record_kind kind)
{
    struct etcd *etcd = (void *)engine;
    struct etcd_range *range = &etcd->ranges[kind];

    if (!range->is_wanted && !range->is_listed)
        range->deadline_ms = loop_now_ms(etcd->loop) + ETCD_LIST_MS;
    range->is_wanted = true;
    etcd_soon(etcd);
}

const struct engine_kind engine_etcd = {
    .name = "etcd",
    .summary = "keys of an etcd cluster",
    .options = options,
    .has_sockets = true,
    .check = etcd_options_check,
    .start = start,
    .put = put,
    .list = list,
    .state = state,
    .stop = stop,
};
