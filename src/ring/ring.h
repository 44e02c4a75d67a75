/* ring.h - inside ring: what stands behind a struct stek_ring. */
#ifndef RING_RING_H
#define RING_RING_H

#include <stdatomic.h>
#include <stek/stek.h>

#include "keys/policy.h"
#include "ring/counters.h"

/* One kind of ring. All but `close` may be called by any number of threads at once. */
struct ring_kind {
    enum stek_status (*tick)(struct stek_ring *ring, uint64_t now);
    enum stek_status (*sealing_key)(struct stek_ring *ring, struct stek_key *key,
                                    const struct stek_request *request, uint64_t now);
    /* On STEK_NO_KEY *miss is the event to count. */
    enum stek_status (*opening_key)(struct stek_ring *ring, struct stek_key *key, int *renew,
                                    enum stek_event *miss, const uint8_t name[STEK_NAME_LEN],
                                    const struct stek_request *request, uint64_t now);
    enum stek_status (*info)(struct stek_ring *ring, struct stek_info *info, uint64_t now);
    uint64_t (*generation)(struct stek_ring *ring);
    /* Free `ring` and all that the kind holds; nobody uses it any more. */
    void (*close)(struct stek_ring *ring);
};

/* The first member of every kind's own struct. */
struct stek_ring {
    const struct ring_kind *kind;
    _Atomic uint64_t references;
    _Atomic(struct counters *) counters; /* NULL: nothing is counted; closed with the ring */
};

/* Into a default policy: what a program gave, where zeros stand for the defaults, or for what goes
 * with the other one. */
static inline void
ring_read_times(struct policy *policy, uint64_t lifetime, uint64_t max_session)
{
    if (max_session != 0)
        policy->max_session_s = max_session;
    if (lifetime != 0)
        policy->lifetime_s = lifetime;
    else if (policy->lifetime_s > policy->max_session_s)
        policy->lifetime_s = policy->max_session_s;
    if (max_session == 0 && policy->max_session_s < policy->lifetime_s)
        policy->max_session_s = policy->lifetime_s;
}

/* What sealing_key, opening_key and info need of a caller's struct. */
#define RING_KEY_SIZE (offsetof(struct stek_key, open_until) + sizeof(uint64_t))
#define RING_REQUEST_SIZE (offsetof(struct stek_request, sni) + sizeof(const char *))
#define RING_POLICY_SIZE (offsetof(struct stek_policy, max_session) + sizeof(uint64_t))
#define RING_CALLBACKS_SIZE (offsetof(struct stek_callbacks, max_session) + sizeof(uint64_t))
#define RING_INFO_SIZE (offsetof(struct stek_info, sealing) + sizeof(uint32_t))

#endif
