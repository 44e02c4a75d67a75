/* One connection to one member of etcd; see etcd_inner.h */
#include <stdlib.h>
#include <string.h>

#include "io/entropy.h"
#include "share/etcd_inner.h"

#define CONNECT_MS 1000U
#define PATIENCE_MS 1000U
#define PATIENCE_DOUBLED 3U /* times at most */
#define QUICK_MS 100U       /* before the next endpoint */
#define PAUSE_MAX_MS 5000U  /* when all were tried again and again */

/* codes of gRPC */
enum {
    DONE = 0,
    NOT_PERMITTED = 7,
    EXHAUSTED = 8,
    OUT_OF_RANGE = 11,
    UNIMPLEMENTED = 12,
    INVALID = 3,
    UNAVAILABLE = 14,
    UNAUTHENTICATED = 16
};

enum etcd_verdict
etcd_verdict_of(const struct etcd *etcd, const struct grpc_result *result, struct err *err)
{
    const char *url = etcd->endpoints[etcd->at];

    (void)err_set(err, "%s: %s", url, result->text); /* as all of these: always false */
    if (result->broken == GRPC_TOO_LONG)
        return ETCD_TOO_LONG;
    if (result->broken != GRPC_ANSWERED)
        return ETCD_ELSEWHERE;
    switch (result->status) {
    case DONE: return ETCD_DONE;
    case NOT_PERMITTED:
    case UNAUTHENTICATED:
        (void)err_set(err,
                      "%s: etcd says \"%s\": give the user that %s names (its CN) a role that "
                      "reads what begins with %.80s and %.80s and writes its own there",
                      url, result->text, etcd->cert, etcd->from[RECORD_KEYS],
                      etcd->from[RECORD_STATUS]);
        return ETCD_REFUSED;
    case OUT_OF_RANGE: return ETCD_GONE;
    case EXHAUSTED:
        (void)err_set(err,
                      "%s: etcd says \"%s\": where its space is used up, compact and defragment "
                      "it, then \"etcdctl alarm disarm\"",
                      url, result->text);
        return ETCD_NO;
    case INVALID:
        (void)err_set(err,
                      "%s: etcd says \"%s\": for a record of many keys raise its "
                      "--max-request-bytes",
                      url, result->text);
        return ETCD_NO;
    case UNIMPLEMENTED:
        (void)err_set(err, "%s: this is no etcd of version 3.4 or later (\"%s\")", url,
                      result->text);
        return ETCD_ELSEWHERE;
    case UNAVAILABLE:
    default: (void)err_set(err, "%s: etcd says \"%s\"", url, result->text); return ETCD_ELSEWHERE;
    }
}

unsigned
etcd_patience_ms(const struct etcd *etcd)
{
    size_t doubled = etcd->failures / etcd->endpoint_count;

    return PATIENCE_MS << (doubled < PATIENCE_DOUBLED ? doubled : PATIENCE_DOUBLED);
}

struct grpc_call *
etcd_call(struct etcd *etcd, const char *method, struct etcd_bytes *message, bool needs_leader,
          unsigned complete_ms)
{
    const struct grpc_request request = {.method = method,
                                         .header = needs_leader ? "hasleader: true" : NULL,
                                         .message = message->bytes,
                                         .len = message->len,
                                         .answer_max = ETCD_ANSWER_MAX,
                                         .connect_ms = etcd_patience_ms(etcd),
                                         .complete_ms = complete_ms};
    struct grpc_call *call = grpc_call_new(etcd->grpc, &request, NULL);

    free(message->bytes);
    *message = (struct etcd_bytes){.len = 0};
    return call;
}

void
etcd_session_close(struct etcd *etcd)
{
    grpc_call_free(&etcd->watch.call);
    grpc_call_free(&etcd->removal);
    etcd->watch = (struct etcd_watch){.call = NULL};
    for (unsigned kind = RECORD_KEYS; kind <= RECORD_STATUS; kind++) {
        struct etcd_own *own = &etcd->own[kind];

        own->is_due = own->is_due || own->call != NULL;
        grpc_call_free(&own->call);
        etcd_range_drop(&etcd->ranges[kind]);
    }
    grpc_free(&etcd->grpc);
    etcd->renew_ms = etcd->stands_ms = 0;
}

uint64_t
etcd_jitter_ms(uint64_t pause_ms)
{
    uint32_t chance = 0;

    (void)entropy_get(&chance, sizeof chance, NULL); /* then there is none */
    return pause_ms / 2 + chance % (pause_ms / 2 + 1);
}

uint64_t
etcd_pause_ms(size_t failures)
{
    uint64_t pause_ms = QUICK_MS;

    for (size_t i = 1; i < failures && pause_ms < PAUSE_MAX_MS; i++)
        pause_ms *= 2;
    return etcd_jitter_ms(pause_ms < PAUSE_MAX_MS ? pause_ms : PAUSE_MAX_MS);
}

void
etcd_session_fail(struct etcd *etcd, const char *text)
{
    size_t rounds;

    etcd_session_close(etcd);
    etcd->failures++;
    etcd->at = (etcd->at + 1) % etcd->endpoint_count;
    rounds = etcd->failures / etcd->endpoint_count;
    etcd->again_ms = loop_now_ms(etcd->loop) + etcd_pause_ms(rounds);
    if (rounds > 0)
        etcd_trouble(etcd, ETCD_TROUBLE_REACH, text);
}

void
etcd_session_renew(struct etcd *etcd, uint64_t now_ms)
{
    if (etcd->renew_ms == 0)
        etcd->renew_ms = now_ms + etcd_jitter_ms((uint64_t)2 * ETCD_SLOW_MS);
}

void
etcd_session_refused(struct etcd *etcd, const char *text, uint64_t now_ms)
{
    etcd->failures = 0;
    etcd_trouble(etcd, ETCD_TROUBLE_REACH, ""); /* that it is not */
    etcd_trouble(etcd, ETCD_TROUBLE_ACCESS, text);
    etcd_session_renew(etcd, now_ms);
}

static void
open_session(struct etcd *etcd)
{
    const struct grpc_setup setup = {.loop = etcd->loop,
                                     .url = etcd->endpoints[etcd->at],
                                     .ca = etcd->ca,
                                     .cert = etcd->cert,
                                     .key = etcd->key,
                                     .ready = etcd_soon,
                                     .arg = etcd};
    struct err err = {""};

    etcd->grpc = grpc_new(&setup, &err);
    if (etcd->grpc == NULL)
        etcd_session_fail(etcd, err.text);
}

void
etcd_session_turn(struct etcd *etcd, uint64_t now_ms)
{
    if (etcd->stands_ms != 0 && now_ms - etcd->stands_ms >= ETCD_CALM_MS) {
        etcd->failures = etcd->restarts = 0;
        etcd_trouble(etcd, ETCD_TROUBLE_FLOOD, "");
    }
    if (etcd->grpc != NULL && etcd->renew_ms != 0 && now_ms >= etcd->renew_ms)
        etcd_session_close(etcd);
    if (etcd->grpc == NULL && now_ms >= etcd->again_ms)
        open_session(etcd);
    for (unsigned kind = RECORD_KEYS; kind <= RECORD_STATUS && etcd->grpc != NULL; kind++)
        etcd_own_turn(etcd, (enum record_kind)kind, now_ms);
    for (unsigned kind = RECORD_KEYS; kind <= RECORD_STATUS && etcd->grpc != NULL; kind++)
        etcd_range_turn(etcd, (enum record_kind)kind, now_ms);
    if (etcd->grpc != NULL)
        etcd_watch_turn(etcd, now_ms);
}
