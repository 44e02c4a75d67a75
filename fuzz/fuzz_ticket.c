/* Any bytes may come as a whole ticket: none that we did not seal opens, and nothing is written but
 * where it may be. The key's name stands in front of each, so that more than that is tried; and as
 * a session any bytes are sealed, and come back. */
#include "../tests/ctime/plain_cipher.h"
#include "../tests/ctime/plain_hmac.h"
#include "fuzz.h"

static enum stek_status
give(void *ctx, struct stek_key *key, const struct stek_request *request, uint64_t now)
{
    (void)ctx, (void)request;
    memcpy(key->name, "the key's name..", sizeof key->name);
    (void)plain_hmac(key->secret, key->name, sizeof key->name, key->name, 8); /* always 1 */
    key->seal_until = key->open_until = now + 100;
    return STEK_OK;
}

static enum stek_status
give_by_name(void *ctx, struct stek_key *key, const uint8_t name[STEK_NAME_LEN],
             const struct stek_request *request, uint64_t now)
{
    (void)name;
    return give(ctx, key, request, now);
}

static void
open_bytes(const struct stek_codec *codec, struct stek_handshake *handshake, const uint8_t *ticket,
           size_t len)
{
    size_t out_len = 0, cap = len > 48 ? len - 48 : 0;
    uint8_t *out = malloc(cap + 1);

    must(out != NULL);
    must(stek_ticket_open(codec, handshake, out, &out_len, cap, ticket, len) != STEK_OK);
    free(out);
}

static void
seal_bytes(const struct stek_codec *codec, struct stek_handshake *handshake, const uint8_t *session,
           size_t len)
{
    size_t ticket_len = 0, back = 0, cap = len + STEK_TICKET_OVERHEAD;
    uint8_t *ticket = malloc(cap);

    must(ticket != NULL);
    must(stek_ticket_seal(codec, handshake, ticket, &ticket_len, cap, session, len) == STEK_OK);
    must(stek_ticket_open(codec, handshake, ticket, &back, cap, ticket, ticket_len) == STEK_OK);
    must(ticket_len == cap && back == len && memcmp(ticket, session, len) == 0);
    free(ticket);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint64_t count = 0;
    uint8_t *named = malloc(len + STEK_NAME_LEN);
    STEK_CODEC(codec);
    STEK_CALLBACKS(callbacks);
    STEK_HANDSHAKE(handshake);

    callbacks.sealing_key = give;
    callbacks.opening_key = give_by_name;
    codec.product = "fuzz";
    codec.hmac = plain_hmac;
    codec.seal = plain_seal;
    codec.open = plain_open;
    codec.random = plain_random;
    codec.ctx = &count;
    handshake.context.hash[0] = 1;
    must(named != NULL && stek_ring_custom(&codec.ring, &callbacks, NULL) == STEK_OK);
    memcpy(named, "the key's name..", STEK_NAME_LEN);
    if (len > 0)
        memcpy(named + STEK_NAME_LEN, data, len);
    open_bytes(&codec, &handshake, data, len);
    open_bytes(&codec, &handshake, named, len + STEK_NAME_LEN);
    if (len > 0 && len <= STEK_SESSION_MAX)
        seal_bytes(&codec, &handshake, data, len);
    stek_ring_close(&codec.ring);
    free(named);
    return 0;
}
