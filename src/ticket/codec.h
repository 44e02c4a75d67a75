/* codec.h - inside ticket: what sealing and opening a whole ticket have in common.
 *
 *   ticket:   key name 16 | salt 16 | text | tag 16
 *   text:     AES-256-GCM(session | start 8 | end 8), Unix seconds, big-endian
 *   key:      derive(ring key, product, "ticket", context, salt), for this one text; so the nonce
 *             is zero. Authenticated with it: key name and salt
 *   salt:     HMAC(derive(ring key, product, "salt", context), random 16 | session | start | end),
 *             cut to 16 bytes: no two alike but for texts alike, whatever `random` gives */
#ifndef TICKET_CODEC_H
#define TICKET_CODEC_H

#include <stdbool.h>
#include <stek/ticket.h>

#include "ticket/derive.h"

#define CODEC_SALT_LEN ((size_t)DERIVE_SALT_LEN)
#define CODEC_HEAD_LEN (STEK_NAME_LEN + CODEC_SALT_LEN)
#define CODEC_TIMES_LEN ((size_t)16)
#define CODEC_TAG_LEN ((size_t)16)
#define CODEC_BLANK 255

_Static_assert(CODEC_HEAD_LEN + CODEC_TIMES_LEN + CODEC_TAG_LEN == STEK_TICKET_OVERHEAD,
               "overhead");

/* One call, on its way. */
struct codec_job {
    const struct stek_codec *codec;
    struct stek_handshake *handshake;
    uint64_t now, unix_now;
    uint64_t start, end; /* of the ticket */
};

/* False for arguments that cannot be. */
bool codec_begin(struct codec_job *job, const struct stek_codec *codec,
                 struct stek_handshake *handshake);

/* Encrypt or decrypt; of `gcm` the key and the nonce are filled in here, and the aad is the first
 * CODEC_HEAD_LEN bytes of the ticket. */
enum stek_status codec_cipher(const struct codec_job *job, const struct stek_key *key,
                              struct stek_gcm gcm, bool is_seal);

#endif
