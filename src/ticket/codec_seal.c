/* see stek/ticket.h and codec.h: sealing */
#include <errno.h>

#include "base/bytes.h"
#include "base/secret.h"
#include "ticket/codec.h"

#define LIFETIME_MAX_S 604800 /* RFC 8446, 4.6.1 */

static uint64_t
least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* When this ticket begins and ends; STEK_NO_KEY where that is over by now. */
static enum stek_status
plan(struct codec_job *job, const struct stek_key *key)
{
    const struct stek_handshake *handshake = job->handshake;
    uint64_t left = key->open_until - least(key->open_until, job->now);
    enum stek_status status;
    STEK_INFO(info);

    status = stek_ring_info(job->codec->ring, &info, job->now);
    if (status != STEK_OK)
        return status;
    left = least(left, LIFETIME_MAX_S);
    if (info.lifetime > 0)
        left = least(left, info.lifetime);
    if (handshake->timeout > 0)
        left = least(left, handshake->timeout);
    job->start = handshake->start != 0 ? handshake->start : job->unix_now;
    job->end = job->unix_now + left;
    if (info.max_session > 0)
        job->end = least(job->end, job->start + info.max_session);
    return job->end > job->unix_now ? STEK_OK : STEK_NO_KEY;
}

/* Make the random bytes in front of the text into its salt. */
static enum stek_status
set_salt(const struct codec_job *job, const struct stek_key *key, uint8_t *salt, size_t text_len)
{
    const struct stek_codec *codec = job->codec;
    SECRET(salting);
    SECRET(hash);
    enum stek_status status = derive(key, salting.bytes, codec->product, "salt",
                                     job->handshake->context.hash, NULL, codec->hmac);

    if (status != STEK_OK)
        return status;
    if (codec->random(salt, CODEC_SALT_LEN, codec->ctx) != 1 ||
        codec->hmac(hash.bytes, salt, CODEC_SALT_LEN + text_len, salting.bytes,
                    sizeof salting.bytes) != 1)
        return STEK_NO_CRYPTO;
    memcpy(salt, hash.bytes, CODEC_SALT_LEN);
    return STEK_OK;
}

/* The ticket has the session in its place: all else. */
static enum stek_status
fill_in(const struct codec_job *job, const struct stek_key *key, uint8_t *ticket,
        size_t session_len)
{
    uint8_t *text = ticket + CODEC_HEAD_LEN, times[CODEC_TIMES_LEN];
    size_t text_len = session_len + CODEC_TIMES_LEN;
    const struct stek_gcm gcm = {.aad = ticket,
                                 .aad_len = CODEC_HEAD_LEN,
                                 .text = text,
                                 .text_len = text_len,
                                 .tag = text + text_len};
    struct writer w = writer_of(times, sizeof times);
    enum stek_status status;

    write_u64(&w, job->start);
    write_u64(&w, job->end);
    memcpy(text + session_len, times, sizeof times);
    memcpy(ticket, key->name, STEK_NAME_LEN);
    status = set_salt(job, key, ticket + STEK_NAME_LEN, text_len);
    if (status == STEK_OK)
        status = codec_cipher(job, key, gcm, true);
    /* A cipher that does nothing would put the session on the wire. */
    if (status == STEK_OK && memcmp(text + session_len, times, sizeof times) == 0)
        status = STEK_NO_CRYPTO;
    return status;
}

static enum stek_status
seal(struct codec_job *job, struct stek_key *key, uint8_t *ticket, const uint8_t *session,
     size_t session_len)
{
    enum stek_status status;
    STEK_REQUEST(request);

    request.sni = job->handshake->sni;
    status = stek_ring_sealing_key_for(job->codec->ring, key, &request, job->now);
    if (status == STEK_OK)
        status = plan(job, key);
    if (status != STEK_OK)
        return status;
    memmove(ticket + CODEC_HEAD_LEN, session, session_len);
    status = fill_in(job, key, ticket, session_len);
    if (status != STEK_OK)
        secret_wipe_bytes(ticket, session_len + STEK_TICKET_OVERHEAD);
    return status;
}

enum stek_status
stek_ticket_seal(const struct stek_codec *codec, struct stek_handshake *handshake, uint8_t *ticket,
                 size_t *ticket_len, size_t ticket_cap, const uint8_t *session, size_t session_len)
{
    enum stek_status status;
    struct codec_job job;
    int saved = errno;
    STEK_KEY(key);

    if (!codec_begin(&job, codec, handshake) || session_len == 0 || session_len > STEK_SESSION_MAX)
        return STEK_BAD_ARGUMENT;
    status = ticket_cap < session_len + STEK_TICKET_OVERHEAD
                 ? STEK_TOO_SMALL
                 : seal(&job, &key, ticket, session, session_len);
    if (status != STEK_OK) {
        stek_ring_count(codec->ring, STEK_FULL_NO_KEY, NULL);
        return status;
    }
    stek_ring_count(codec->ring, STEK_SEALED, key.name);
    if (handshake->renew)
        stek_ring_count(codec->ring, STEK_RENEWED, key.name);
    handshake->renew = 0;
    handshake->start = job.start;
    handshake->lifetime = job.end - job.unix_now;
    *ticket_len = session_len + STEK_TICKET_OVERHEAD;
    errno = saved;
    return STEK_OK;
}
