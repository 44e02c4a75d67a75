/* see stek/ticket.h and codec.h: opening */
#include <errno.h>

#include "base/bytes.h"
#include "base/secret.h"
#include "ticket/codec.h"

#define SKEW_S 600U /* a start this far in the future may be another host's clock */

/* No key has such a name: it is weak. */
static bool
is_blank(const uint8_t name[STEK_NAME_LEN])
{
    uint8_t all = CODEC_BLANK;

    for (size_t i = 0; i < STEK_NAME_LEN; i++)
        all &= name[i];
    return all == CODEC_BLANK;
}

/* False if the ticket's own time is over, or its start is not to be believed. */
static bool
is_in_time(const struct codec_job *job)
{
    STEK_INFO(info);

    if (job->end <= job->unix_now || job->start > job->unix_now + SKEW_S)
        return false;
    /* Its end was set under the policy of then. */
    return stek_ring_info(job->codec->ring, &info, job->now) != STEK_OK || info.max_session == 0 ||
           job->start > job->unix_now || job->unix_now - job->start < info.max_session;
}

/* On failure *event is the one to count. */
static enum stek_status
unseal(struct codec_job *job, enum stek_event *event, const struct stek_key *key, uint8_t *session,
       const uint8_t *ticket, size_t text_len)
{
    uint8_t head[CODEC_HEAD_LEN], tag[CODEC_TAG_LEN];
    const struct stek_gcm gcm = {
        .aad = head, .aad_len = sizeof head, .text = session, .text_len = text_len, .tag = tag};
    struct reader times = reader_of(session + text_len - CODEC_TIMES_LEN, CODEC_TIMES_LEN);
    enum stek_status status;

    memcpy(head, ticket, sizeof head);
    memcpy(tag, ticket + CODEC_HEAD_LEN + text_len, sizeof tag);
    memmove(session, ticket + CODEC_HEAD_LEN, text_len);
    status = codec_cipher(job, key, gcm, false);
    *event = STEK_FULL_CONTEXT;
    if (status == STEK_OK) {
        job->start = read_u64(&times);
        job->end = read_u64(&times);
        *event = STEK_FULL_EXPIRED;
        status = is_in_time(job) ? STEK_OK : STEK_NO_KEY;
    }
    if (status != STEK_OK)
        secret_wipe_bytes(session, text_len);
    else
        secret_wipe_bytes(session + text_len - CODEC_TIMES_LEN, CODEC_TIMES_LEN);
    return status;
}

/* STEK_OK if it may be one of ours, and there is room to open it. */
static enum stek_status
look_at(const uint8_t *ticket, size_t ticket_len, size_t session_cap)
{
    if (ticket_len <= STEK_TICKET_OVERHEAD || ticket_len > STEK_TICKET_MAX)
        return STEK_BAD_TICKET;
    if (is_blank(ticket))
        return STEK_NO_KEY;
    return session_cap < ticket_len - CODEC_HEAD_LEN - CODEC_TAG_LEN ? STEK_TOO_SMALL : STEK_OK;
}

enum stek_status
stek_ticket_open(const struct stek_codec *codec, struct stek_handshake *handshake, uint8_t *session,
                 size_t *session_len, size_t session_cap, const uint8_t *ticket, size_t ticket_len)
{
    enum stek_event event;
    enum stek_status status;
    struct codec_job job;
    int renew = 0, saved = errno;
    STEK_KEY(key);
    STEK_REQUEST(request);

    if (!codec_begin(&job, codec, handshake))
        return STEK_BAD_ARGUMENT;
    status = look_at(ticket, ticket_len, session_cap);
    if (status != STEK_OK) {
        event = status == STEK_NO_KEY ? STEK_FULL_NO_KEY : STEK_FULL_CONTEXT;
        stek_ring_count(codec->ring, event, NULL);
        return status;
    }
    request.sni = handshake->sni;
    status = stek_ring_opening_key_for(codec->ring, &key, &renew, ticket, &request, job.now);
    if (status != STEK_OK)
        return status; /* which counted why */
    status =
        unseal(&job, &event, &key, session, ticket, ticket_len - CODEC_HEAD_LEN - CODEC_TAG_LEN);
    stek_ring_count(codec->ring, status == STEK_OK ? STEK_OPENED : event, key.name);
    if (status != STEK_OK)
        return status;
    handshake->start = job.start;
    handshake->renew = renew;
    *session_len = ticket_len - STEK_TICKET_OVERHEAD;
    errno = saved;
    return STEK_OK;
}
