/* see codec.h */
#include "ticket/codec.h"

#include <string.h>

#include "base/secret.h"

static const uint8_t nonce[12]; /* zero */

static bool
is_empty(const struct stek_context *context)
{
    static const struct stek_context empty;

    return memcmp(context, &empty, sizeof empty) == 0;
}

bool
codec_begin(struct codec_job *job, const struct stek_codec *codec, struct stek_handshake *handshake)
{
    if (codec->size < sizeof *codec || handshake->size < sizeof *handshake ||
        is_empty(&handshake->context))
        return false;
    *job = (struct codec_job){.codec = codec, .handshake = handshake};
    job->now = handshake->now != 0 ? handshake->now : stek_now();
    job->unix_now = handshake->unix_now != 0 ? handshake->unix_now : stek_unix_now();
    return true;
}

enum stek_status
codec_cipher(const struct codec_job *job, const struct stek_key *key, struct stek_gcm gcm,
             bool is_seal)
{
    const struct stek_codec *codec = job->codec;
    SECRET(once);
    enum stek_status status =
        derive(key, once.bytes, codec->product, "ticket", job->handshake->context.hash,
               gcm.aad + STEK_NAME_LEN, codec->hmac);

    if (status != STEK_OK)
        return status;
    gcm.key = once.bytes;
    gcm.nonce = nonce;
    if (is_seal)
        return codec->seal(&gcm, codec->ctx) == 1 ? STEK_OK : STEK_NO_CRYPTO;
    return codec->open(&gcm, codec->ctx) == 1 ? STEK_OK : STEK_BAD_TICKET;
}

void
stek_ticket_blank(uint8_t *ticket, size_t ticket_len)
{
    for (size_t i = 0; i < ticket_len; i++)
        ticket[i] = CODEC_BLANK;
}
