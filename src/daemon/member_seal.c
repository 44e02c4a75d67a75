/* see member_inner.h: the farm's seal for what engines say to each other */
#include "daemon/member_inner.h"
#include "io/entropy.h"
#include "share/datagram.h"

static uint64_t
unix_ms(const struct member *member)
{
    return member->calls.now(member->calls.arg).unix_ms;
}

static bool
seal(void *arg, uint8_t out[DATAGRAM_MAX], size_t *out_len, const uint8_t *body, size_t len,
     struct err *err)
{
    struct member *member = arg;
    uint8_t salt[RECORD_SALT_LEN];

    if (!member->has_farm)
        return err_set(err, "there is no farm secret yet");
    return entropy_get(salt, sizeof salt, err) &&
           datagram_seal(&member->end, out, out_len, salt, body, len, unix_ms(member), err);
}

static enum record_verdict
unseal(void *arg, struct datagram *out, const uint8_t *bytes, size_t len)
{
    const struct member *member = arg;

    return member->has_farm ? datagram_open(&member->end, out, bytes, len, unix_ms(member))
                            : RECORD_FARM;
}

const struct engine_seal member_seals = {.seal = seal, .open = unseal};
