/* see stek/stek.h and ring.h: the kind of ring behind which the program's own callbacks stand */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "keys/policy.h"
#include "ring/ring.h"
#include "sys/sys.h"

#define RECENT 32U

struct ring_custom {
    struct stek_ring ring; /* first: see ring.h */
    struct stek_callbacks callbacks;
    void *ctx;
    /* Which secrets came under which names lately: half a word each, mixed with `salt`, so that no
     * secret can be had from it. */
    uint64_t salt[2];
    _Atomic uint64_t recent[RECENT];
};

static struct ring_custom *
custom_of(struct stek_ring *ring)
{
    return (struct ring_custom *)ring;
}

/* 32 bits of some bytes, whose number is a multiple of 8; takes the same time for all. */
static uint64_t
mix(const uint64_t salt[2], const uint8_t *bytes, size_t len)
{
    uint64_t sum = salt[0];

    for (size_t i = 0; i < len; i += sizeof sum) {
        uint64_t word;

        memcpy(&word, bytes + i, sizeof word);
        sum = (sum ^ word) * (salt[1] | 1);
        sum ^= sum >> 29;
        secret_wipe_bytes(&word, sizeof word);
    }
    return (sum * (salt[1] | 1)) >> 32;
}

/* True if the secret came under another name lately; else it is noted. */
static bool
is_repeated(struct ring_custom *custom, const struct stek_key *key)
{
    uint64_t secret = mix(custom->salt, key->secret, sizeof key->secret);
    uint64_t name = mix(custom->salt, key->name, sizeof key->name);
    uint64_t here = secret << 32 | name, repeated = 0;

    for (size_t i = 0; i < RECENT; i++) {
        uint64_t there = atomic_load_explicit(&custom->recent[i], memory_order_relaxed);

        repeated |= (uint64_t)(there >> 32 == secret) & (uint64_t)(there != here);
    }
    if (repeated == 0)
        atomic_store_explicit(&custom->recent[name % RECENT], here, memory_order_relaxed);
    return repeated != 0;
}

static bool
is_fit(struct ring_custom *custom, const struct stek_key *key)
{
    if (secret_is_weak(key->name, sizeof key->name) ||
        secret_is_weak(key->secret, sizeof key->secret))
        return false;
    for (size_t i = 0; i + sizeof key->name <= sizeof key->secret; i += sizeof key->name)
        if (secret_equal(key->name, key->secret + i, sizeof key->name))
            return false;
    return key->seal_until <= key->open_until && !is_repeated(custom, key);
}

static enum stek_status
tick(struct stek_ring *ring, uint64_t now)
{
    (void)ring,
        (void)now; /* nothing is ours to do, and whether there is a key depends on the SNI */
    return STEK_OK;
}

/* Into the caller's key, whose size may be another. */
static void
hand_out(struct stek_key *key, const struct stek_key *fresh)
{
    memcpy(key->name, fresh->name, sizeof key->name);
    memcpy(key->secret, fresh->secret, sizeof key->secret);
    key->seal_until = fresh->seal_until;
    key->open_until = fresh->open_until;
}

static enum stek_status
sealing_key(struct stek_ring *ring, struct stek_key *key, const struct stek_request *request,
            uint64_t now)
{
    struct ring_custom *custom = custom_of(ring);
    enum stek_status status;
    int saved = errno;
    STEK_KEY(fresh);

    status = custom->callbacks.sealing_key(custom->ctx, &fresh, request, now);
    errno = saved;
    if (status != STEK_OK || now >= fresh.seal_until || !is_fit(custom, &fresh))
        return STEK_NO_KEY;
    hand_out(key, &fresh);
    return STEK_OK;
}

static enum stek_status
opening_key(struct stek_ring *ring, struct stek_key *key, int *renew, enum stek_event *miss,
            const uint8_t name[STEK_NAME_LEN], const struct stek_request *request, uint64_t now)
{
    struct ring_custom *custom = custom_of(ring);
    enum stek_status status;
    int saved = errno;
    STEK_KEY(fresh);

    *miss = STEK_FULL_UNKNOWN;
    status = custom->callbacks.opening_key(custom->ctx, &fresh, name, request, now);
    errno = saved;
    if (status != STEK_OK || memcmp(fresh.name, name, sizeof fresh.name) != 0)
        return STEK_NO_KEY;
    if (now >= fresh.open_until)
        *miss = STEK_FULL_EXPIRED;
    if (now >= fresh.open_until || !is_fit(custom, &fresh))
        return STEK_NO_KEY;
    hand_out(key, &fresh);
    *renew = now >= fresh.seal_until;
    return STEK_OK;
}

static enum stek_status
info(struct stek_ring *ring, struct stek_info *info, uint64_t now)
{
    const struct stek_callbacks *callbacks = &custom_of(ring)->callbacks;

    (void)now; /* what callbacks hold is not known */
    info->generation = 0;
    info->written_at = 0;
    info->next_rotation = 0;
    info->rotate = 0;
    info->lifetime = callbacks->lifetime;
    info->max_session = callbacks->max_session;
    info->keys = 0;
    info->sealing = 0;
    return STEK_OK;
}

static uint64_t
generation(struct stek_ring *ring)
{
    (void)ring; /* as above */
    return 0;
}

static void
close_custom(struct stek_ring *ring)
{
    struct ring_custom *custom = custom_of(ring);

    if (custom->callbacks.release != NULL)
        custom->callbacks.release(custom->ctx);
    secret_wipe_bytes(custom, sizeof *custom);
    free(custom);
}

static const struct ring_kind ring_custom = {.tick = tick,
                                             .sealing_key = sealing_key,
                                             .opening_key = opening_key,
                                             .info = info,
                                             .generation = generation,
                                             .close = close_custom};

/* Fill in what zeros stand for. */
static bool
read_callbacks(struct stek_callbacks *out, const struct stek_callbacks *given)
{
    struct policy policy = policy_default();

    if (given->size < RING_CALLBACKS_SIZE || given->sealing_key == NULL ||
        given->opening_key == NULL)
        return false;
    ring_read_times(&policy, given->lifetime, given->max_session);
    if (!policy_resolve(&policy, UINT32_MAX, NULL))
        return false;
    *out = (struct stek_callbacks){.size = sizeof *out,
                                   .sealing_key = given->sealing_key,
                                   .opening_key = given->opening_key,
                                   .release = given->release,
                                   .lifetime = policy.lifetime_s,
                                   .max_session = policy.max_session_s};
    return true;
}

enum stek_status
stek_ring_custom(struct stek_ring **ring, const struct stek_callbacks *callbacks, void *ctx)
{
    struct ring_custom *custom;
    struct stek_callbacks read;
    int saved = errno;

    if (!read_callbacks(&read, callbacks))
        return STEK_BAD_ARGUMENT;
    custom = calloc(1, sizeof *custom);
    if (custom == NULL)
        return STEK_SYSTEM;
    if (!sys_random(custom->salt, sizeof custom->salt)) {
        saved = errno;
        free(custom);
        errno = saved;
        return STEK_SYSTEM;
    }
    custom->ring.kind = &ring_custom;
    atomic_init(&custom->ring.references, 1);
    custom->callbacks = read;
    custom->ctx = ctx;
    *ring = &custom->ring;
    errno = saved;
    return STEK_OK;
}
