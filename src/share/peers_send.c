/* What the peers engine sends; see peers_inner.h
 *
 * Records go out part by part, some in each turn of the loop, so that nothing floods a socket or
 * holds up other work: our own first, then answers in turn. */
#include <string.h>

#include "share/peers_inner.h"

#define AT_ONCE 32U   /* datagrams in a turn */
#define PAUSE_MS 1U   /* between turns */
#define FULL_MS 5U    /* for the kernel to make room */
#define BURST 256     /* parts for the questions of all, at once ... */
#define A_MS 2U       /* ... and for each ms */
#define HOST_BURST 96 /* the same of one host */
#define HOST_MS 2U    /* ... in which there is one more */

/* ---- how much ---- */

static void
refill(struct peers_budget *budget, int64_t burst, uint64_t more, uint64_t now_ms)
{
    budget->left = budget->at_ms == 0 || more > (uint64_t)(burst - budget->left)
                       ? burst
                       : budget->left + (int64_t)more;
    if (more > 0 || budget->at_ms == 0)
        budget->at_ms = now_ms;
}

bool
peers_budget_take(struct peers *peers, struct peers_host *host, const struct peers_record *record,
                  uint64_t now_ms)
{
    int64_t parts = (int64_t)((record->len - 1) / PEERS_PART_LEN + 1);

    refill(&peers->budget, BURST, (now_ms - peers->budget.at_ms) * A_MS, now_ms);
    if (host != NULL)
        refill(&host->budget, HOST_BURST, (now_ms - host->budget.at_ms) / HOST_MS, now_ms);
    if (peers->budget.left <= 0 || (host != NULL && host->budget.left <= 0))
        return false;
    peers->budget.left -= parts;
    if (host != NULL)
        host->budget.left -= parts;
    return true;
}

/* ---- datagrams ---- */

static bool
seal(struct peers *peers, uint8_t out[DATAGRAM_MAX], size_t *out_len, const uint8_t *body,
     size_t len)
{
    struct err err = {"there is no farm"};
    bool done = peers->seal.seal != NULL &&
                peers->seal.seal(peers->seal.arg, out, out_len, body, len, &err);

    if (!done)
        (void)err_add(&err, "nothing can be sent to other hosts"); /* always false */
    peers_trouble(peers, PEERS_SEAL, done ? "" : err.text);
    return done;
}

/* To the group if `to` is NULL. */
static enum udp_sent
send_one(struct peers *peers, const struct address *to, const uint8_t *bytes, size_t len)
{
    const struct udp *udp = peers->udp[address_is_v6(to == NULL ? &peers->group : to)];
    struct err err = {""};
    enum udp_sent sent;

    if (udp == NULL || (to == NULL && peers->udp_group == NULL))
        return UDP_FAILED; /* which is said */
    sent = to == NULL ? udp_send_group(udp, peers->udp_group, bytes, len, &err)
                      : udp_send(udp, to, bytes, len, &err);
    if (sent == UDP_FAILED) {
        (void)err_add(&err, "the network takes nothing for other hosts; it is tried again");
        peers_trouble(peers, PEERS_SEND, err.text);
    }
    return sent;
}

bool
peers_send_body(struct peers *peers, const struct address *const *to, size_t count,
                const uint8_t *body, size_t len)
{
    uint8_t sealed[DATAGRAM_MAX];
    size_t sealed_len;

    if (!seal(peers, sealed, &sealed_len, body, len))
        return false;
    for (size_t i = 0; i < count; i++)
        (void)send_one(peers, to[i], sealed, sealed_len); /* as if it were lost on its way */
    return true;
}

/* ---- records ---- */

static void
remove_job(struct peers *peers, size_t at)
{
    if (at == 0)
        peers->sealed_len = 0;
    peers->job_count--;
    memmove(&peers->jobs[at], &peers->jobs[at + 1],
            (peers->job_count - at) * sizeof peers->jobs[0]);
}

static void
insert_job(struct peers *peers, size_t at, const struct peers_job *job)
{
    if (at == 0)
        peers->sealed_len = 0;
    memmove(&peers->jobs[at + 1], &peers->jobs[at],
            (peers->job_count - at) * sizeof peers->jobs[0]);
    peers->jobs[at] = *job;
    peers->job_count++;
    peers->send_ms = loop_now_ms(peers->loop);
}

void
peers_send_own(struct peers *peers, const struct peers_record *record, enum record_kind kind)
{
    const struct peers_job job = {
        .is_to_all = true, .kind = kind, .pair = {record->sender, record->sequence}};

    for (size_t i = peers->job_count; i > 0; i--) {
        const struct peers_job *other = &peers->jobs[i - 1];

        if (other->is_to_all && other->kind == kind)
            remove_job(peers, i - 1); /* of what is over */
    }
    if (peers->job_count == PEERS_JOBS)
        remove_job(peers, PEERS_JOBS - 1); /* who asked asks again */
    insert_job(peers, 0, &job);
}

bool
peers_send_answer(struct peers *peers, const struct address *to, const struct peers_record *record,
                  enum record_kind kind)
{
    struct peers_job job = {.kind = kind, .pair = {record->sender, record->sequence}};

    if (to != NULL)
        job.to = *to;
    for (size_t i = 0; i < peers->job_count; i++) {
        const struct peers_job *other = &peers->jobs[i];

        if (!other->is_to_all && address_equal(&other->to, &job.to) && other->kind == kind &&
            other->pair.sender == job.pair.sender && other->pair.sequence == job.pair.sequence)
            return true;
    }
    if (peers->job_count == PEERS_JOBS)
        return false;
    insert_job(peers, peers->job_count, &job);
    return true;
}

static bool
seal_part(struct peers *peers, const struct peers_job *job, const struct peers_record *record)
{
    uint8_t body[DATAGRAM_BODY_MAX];
    size_t left = record->len - job->at;
    const struct peers_part part = {
        .kind = job->kind,
        .sender = record->sender,
        .sequence = record->sequence,
        .total = (uint32_t)record->len,
        .at = (uint32_t)job->at,
        .bytes = record->bytes + job->at,
        .len = left < PEERS_PART_LEN ? left : PEERS_PART_LEN,
    };

    return peers->sealed_len > 0 ||
           seal(peers, peers->sealed, &peers->sealed_len, body, peers_part_write(body, &part));
}

/* To whom the first job's part goes next. False: all have had it. */
static bool
next_of(const struct peers *peers, struct peers_job *job, const struct address **to)
{
    size_t at = job->next++;

    if (job->is_to_all && at == 0 && peers->group.len == 0)
        at = job->next++;
    *to = NULL;
    if (!job->is_to_all) {
        *to = job->to.len == 0 ? NULL : &job->to;
        return at == 0;
    }
    if (at > 0 && at <= peers->peer_count)
        *to = &peers->peers[at - 1];
    return at <= peers->peer_count;
}

/* One step of the first job. False: the kernel has no room. */
static bool
step(struct peers *peers, uint64_t now_ms)
{
    struct peers_job *job = &peers->jobs[0];
    struct peers_store *store = &peers->stores[job->kind];
    struct peers_record *record = peers_store_find(store, job->pair.sender);
    size_t before = job->next;
    const struct address *to;

    if (record == NULL || record->sequence != job->pair.sequence ||
        !seal_part(peers, job, record)) {
        remove_job(peers, 0); /* a newer one is on its way, or a summary will tell of it */
        return true;
    }
    if (next_of(peers, job, &to)) {
        if (send_one(peers, to, peers->sealed, peers->sealed_len) != UDP_FULL)
            return true;
        job->next = before;
        return false;
    }
    job->next = 0;
    job->at += PEERS_PART_LEN;
    peers->sealed_len = 0;
    if (job->at < record->len)
        return true;
    if (job->is_to_all || job->to.len == 0) {
        record->seen_ms = now_ms;
        peers_store_due(store, record, 0);
    }
    remove_job(peers, 0);
    return true;
}

void
peers_send_some(struct peers *peers, uint64_t now_ms)
{
    bool has_room = true;

    if (now_ms < peers->send_ms)
        return;
    for (unsigned i = 0; has_room && peers->job_count > 0 && i < AT_ONCE; i++)
        has_room = step(peers, now_ms);
    peers->send_ms = now_ms + (has_room ? PAUSE_MS : FULL_MS);
}
