/* see stek/stek.h: what all kinds of rings have in common */
#include "ring/ring.h"

#include <errno.h>
#include <stddef.h>

#include "base/secret.h"
#include "sys/sys.h"

uint64_t
stek_now(void)
{
    return sys_boot_s();
}

uint64_t
stek_unix_now(void)
{
    return sys_unix_ms() / 1000;
}

void
stek_key_wipe(struct stek_key *key)
{
    /* `size` stays, so that the key can be used again. */
    secret_wipe_bytes(key->name, RING_KEY_SIZE - offsetof(struct stek_key, name));
}

struct stek_ring *
stek_ring_ref(struct stek_ring *ring)
{
    (void)atomic_fetch_add_explicit(&ring->references, 1, memory_order_relaxed); /* cannot wrap */
    return ring;
}

void
stek_ring_close(struct stek_ring **ring)
{
    struct stek_ring *gone = *ring;
    int saved = errno;

    *ring = NULL;
    if (gone == NULL || atomic_fetch_sub_explicit(&gone->references, 1, memory_order_acq_rel) != 1)
        return;
    counters_close(atomic_load_explicit(&gone->counters, memory_order_relaxed));
    gone->kind->close(gone);
    errno = saved;
}

enum stek_status
stek_ring_tick(struct stek_ring *ring, uint64_t now)
{
    return ring->kind->tick(ring, now);
}

enum stek_status
stek_ring_sealing_key(struct stek_ring *ring, struct stek_key *key, uint64_t now)
{
    STEK_REQUEST(request);

    return stek_ring_sealing_key_for(ring, key, &request, now);
}

enum stek_status
stek_ring_sealing_key_for(struct stek_ring *ring, struct stek_key *key,
                          const struct stek_request *request, uint64_t now)
{
    if (key->size < RING_KEY_SIZE || request->size < RING_REQUEST_SIZE)
        return STEK_BAD_ARGUMENT;
    return ring->kind->sealing_key(ring, key, request, now);
}

enum stek_status
stek_ring_opening_key(struct stek_ring *ring, struct stek_key *key, int *renew,
                      const uint8_t name[STEK_NAME_LEN], uint64_t now)
{
    STEK_REQUEST(request);

    return stek_ring_opening_key_for(ring, key, renew, name, &request, now);
}

enum stek_status
stek_ring_opening_key_for(struct stek_ring *ring, struct stek_key *key, int *renew,
                          const uint8_t name[STEK_NAME_LEN], const struct stek_request *request,
                          uint64_t now)
{
    enum stek_event miss = STEK_FULL_UNKNOWN;
    enum stek_status status;

    if (key->size < RING_KEY_SIZE || request->size < RING_REQUEST_SIZE)
        return STEK_BAD_ARGUMENT;
    status = ring->kind->opening_key(ring, key, renew, &miss, name, request, now);
    if (status == STEK_NO_KEY)
        stek_ring_count(ring, miss, NULL);
    return status;
}

enum stek_status
stek_ring_info(struct stek_ring *ring, struct stek_info *info, uint64_t now)
{
    if (info->size < RING_INFO_SIZE)
        return STEK_BAD_ARGUMENT;
    return ring->kind->info(ring, info, now);
}

/* A key that is used for the first time needs an entry, which ends when the key does. */
static void
count_first(struct stek_ring *ring, struct counters *counters, enum stek_event event,
            const uint8_t name[STEK_NAME_LEN], uint64_t now)
{
    enum stek_event miss;
    int renew;
    STEK_KEY(key);
    STEK_REQUEST(request);

    if (ring->kind->opening_key(ring, &key, &renew, &miss, name, &request, now) != STEK_OK)
        return;
    counters_enter(counters, name, key.open_until, now);
    (void)counters_use(counters, event, name, now); /* false: there was no room */
}

void
stek_ring_count(struct stek_ring *ring, enum stek_event event, const uint8_t name[STEK_NAME_LEN])
{
    struct counters *counters = atomic_load_explicit(&ring->counters, memory_order_acquire);
    uint64_t now;

    if (counters == NULL)
        return;
    counters_add(counters, event, ring->kind->generation(ring));
    if (name == NULL || (event != STEK_SEALED && event != STEK_OPENED))
        return;
    now = sys_boot_s();
    if (!counters_use(counters, event, name, now))
        count_first(ring, counters, event, name, now);
}
