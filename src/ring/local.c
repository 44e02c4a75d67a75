/* see stek/stek.h and ring.h: the kind of ring that a program keeps by itself, in anonymous memory
 * that its forked children share. Whoever uses it when time asks for something does that.
 *
 *   page       struct local_shared
 *   image      as in a file (layout.h), with ring times in place of Unix times: no step of the
 *              wall clock means anything here
 *
 * The image is the whole state: who rotates reads the keyset out of it, adds the key of the epoch,
 * and writes it back. So one that dies at it leaves nothing but an image to repair. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "keys/schedule.h"
#include "ring/image.h"
#include "ring/lookup.h"
#include "ring/ring.h"
#include "ring/words.h"
#include "ring/writer.h"
#include "sys/lock.h"
#include "sys/sys.h"

#define SHARED_LEN 4096U
#define LATE_S 60U /* a `now` that was read before the last rotation is taken as of then */
#define LOOKS 256  /* at a ring without a key that another one is about to fill */

struct local_shared {
    struct sys_lock lock;
    /* What each use looks at: in a cache line of its own. */
    _Alignas(64) ring_word next_change; /* ring time at which there is something to do; 0: now */
    ring_word last_change;
};

_Static_assert(sizeof(struct local_shared) <= SHARED_LEN, "page");

struct ring_local {
    struct stek_ring ring; /* first: see ring.h */
    struct sys_map map;
    struct local_shared *shared;
    struct image image;
    struct policy policy;
};

enum settled {
    SETTLED,
    SETTLED_NOT, /* another one is at it */
    SETTLED_FAILED
};

static struct ring_local *
local_of(struct stek_ring *ring)
{
    return (struct ring_local *)ring;
}

static void
wipe_material(struct key_material *fresh)
{
    secret_wipe_bytes(fresh, sizeof *fresh);
}

/* The key of this epoch, if it is not there. */
static bool
add_key(struct keyset *set, const struct policy *policy, uint64_t now)
{
    uint64_t epoch = schedule_epoch(policy, now);
    __attribute__((cleanup(wipe_material))) struct key_material fresh = {0};
    KEY(key);

    for (size_t i = 0; i < set->key_count; i++)
        if (set->keys[i].seal_from == schedule_start_s(policy, epoch))
            return true;
    if (!sys_random(&fresh, sizeof fresh))
        return false;
    schedule_make_epoch(&key, set, policy, &fresh, 0, epoch, now * 1000);
    /* Nobody else need hold it before it seals. */
    return keyset_add(set, &key, now * 1000, NULL) == KEYSET_CHANGED &&
           keyset_confirm(set, key.name, key.open_until, now * 1000, NULL) == KEYSET_CHANGED;
}

static uint64_t
next_change(const struct keyset *set, const struct policy *policy, uint64_t now)
{
    uint64_t next = schedule_start_s(policy, schedule_epoch(policy, now) + 1);

    for (size_t i = 0; i < set->key_count; i++)
        if (set->keys[i].open_until < next)
            next = set->keys[i].open_until;
    return next;
}

/* For the one that holds the lock. Where no key could be made, what is over goes nevertheless. */
static bool
change(struct ring_local *local, uint64_t now)
{
    struct ring_writer writer = {.file.fd = -1, .image = local->image};
    const struct ring_time time = {.boot_ms = now * 1000, .unix_ms = now * 1000};
    int reason = 0;
    KEYSET(set);

    if (!ring_writer_load(&writer, &set, now * 1000, NULL))
        return false;
    (void)keyset_expire(&set, now * 1000); /* whether anything was over does not matter */
    if (!add_key(&set, &local->policy, now))
        reason = errno == 0 ? EAGAIN : errno;
    /* Before the store: who misses a key that it drops from the list of turns sees why. */
    word_put(&local->shared->last_change, now);
    if (!ring_writer_store(&writer, &set, &local->policy, 0, time, NULL))
        return false;
    if (reason == 0)
        word_release(&local->shared->next_change, next_change(&set, &local->policy, now));
    errno = reason;
    return reason == 0;
}

/* Do what time asks for, if nobody else is at it. */
static enum settled
settle_now(struct ring_local *local, uint64_t now)
{
    enum sys_lock_got got = sys_lock_try(&local->shared->lock);
    bool done;

    if (got == SYS_LOCK_BUSY)
        return SETTLED_NOT;
    if (got == SYS_LOCK_LEFT)
        (void)image_repair(&local->image); /* mended, it is as good */
    errno = 0;
    done = now < word_load(&local->shared->next_change) || change(local, now);
    sys_lock_release(&local->shared->lock, got);
    return done ? SETTLED : SETTLED_FAILED;
}

/* True if the ring has moved on since the caller read the clock; *now becomes the ring's time. */
static inline bool
catch_up(const struct ring_local *local, uint64_t *now)
{
    uint64_t last = word_load(&local->shared->last_change);

    if (*now >= last || last - *now > LATE_S)
        return false;
    *now = last;
    return true;
}

/* What each use begins with. *now becomes the time that counts. */
static enum settled
settle(struct ring_local *local, uint64_t *now)
{
    enum settled settled = SETTLED;

    (void)catch_up(local, now); /* whether it had to does not matter */
    if (*now >= atomic_load_explicit(&local->shared->next_change, memory_order_acquire)) {
        settled = *now > KEY_TIME_MAX / 1000 ? SETTLED_FAILED : settle_now(local, *now);
        (void)catch_up(local, now); /* as above */
    }
    return settled;
}

/* The key that seals, also where another one is just about to make it, or has just done so. */
static enum stek_status
seek(struct ring_local *local, struct stek_key *key, uint64_t now)
{
    enum stek_status status = STEK_NO_KEY;
    enum settled settled = SETTLED;
    int saved = errno, reason = 0;

    for (int look = 0; look < LOOKS; look++) {
        settled = settle(local, &now);
        reason = errno;
        status = lookup_sealing(&local->image, key, now);
        if (status == STEK_OK || (settled != SETTLED_NOT && !catch_up(local, &now)))
            break;
        sys_yield();
    }
    errno = status == STEK_OK ? saved : reason;
    return status != STEK_OK && settled == SETTLED_FAILED ? STEK_SYSTEM : status;
}

static enum stek_status
tick(struct stek_ring *ring, uint64_t now)
{
    STEK_KEY(key);

    return seek(local_of(ring), &key, now);
}

static enum stek_status
sealing_key(struct stek_ring *ring, struct stek_key *key, const struct stek_request *request,
            uint64_t now)
{
    (void)request; /* one key for all */
    return seek(local_of(ring), key, now);
}

static enum stek_status
opening_key(struct stek_ring *ring, struct stek_key *key, int *renew, enum stek_event *miss,
            const uint8_t name[STEK_NAME_LEN], const struct stek_request *request, uint64_t now)
{
    struct ring_local *local = local_of(ring);
    int saved = errno;

    (void)request;             /* as above */
    (void)settle(local, &now); /* whether it could or not: what is there opens */
    errno = saved;
    return lookup_opening(&local->image, key, renew, miss, name, now);
}

static enum stek_status
info(struct stek_ring *ring, struct stek_info *info, uint64_t now)
{
    struct ring_local *local = local_of(ring);
    int saved = errno;

    (void)settle(local, &now); /* as above */
    errno = saved;
    return lookup_info(&local->image, info, now);
}

static uint64_t
generation(struct stek_ring *ring)
{
    return word_load(&local_of(ring)->image.header->flip);
}

static void
close_local(struct stek_ring *ring)
{
    sys_unmap(&local_of(ring)->map);
    free(local_of(ring));
}

static const struct ring_kind ring_local = {.tick = tick,
                                            .sealing_key = sealing_key,
                                            .opening_key = opening_key,
                                            .info = info,
                                            .generation = generation,
                                            .close = close_local};

/* What stek.h says of zeros. */
static bool
read_policy(struct policy *out, const struct stek_policy *given)
{
    struct policy policy = policy_default();

    if (given != NULL) {
        if (given->size < RING_POLICY_SIZE)
            return false;
        if (given->rotate != 0)
            policy.rotate_s = given->rotate;
        ring_read_times(&policy, given->lifetime, given->max_session);
    }
    if (!policy_resolve(&policy, RING_CAPACITY_MAX, NULL))
        return false;
    *out = policy;
    return true;
}

static bool
make_shared(struct ring_local *local)
{
    static const uint8_t no_boot[16]; /* this memory ends with the boot */
    uint64_t keys = policy_keys(&local->policy);
    uint32_t capacity = keys < RING_CAPACITY_MIN ? RING_CAPACITY_MIN : (uint32_t)keys;

    if (!sys_map_anonymous(&local->map, SHARED_LEN + image_len(capacity)))
        return false;
    local->shared = local->map.base;
    image_format(&local->image, (uint8_t *)local->map.base + SHARED_LEN, capacity, no_boot);
    return sys_lock_init(&local->shared->lock);
}

enum stek_status
stek_ring_local(struct stek_ring **ring, const struct stek_policy *policy)
{
    struct ring_local *local;
    struct policy resolved;
    int saved = errno, reason;

    if (!read_policy(&resolved, policy))
        return STEK_BAD_ARGUMENT;
    local = calloc(1, sizeof *local);
    if (local == NULL)
        return STEK_SYSTEM;
    local->ring.kind = &ring_local;
    atomic_init(&local->ring.references, 1);
    local->policy = resolved;
    if (!make_shared(local)) {
        reason = errno;
        close_local(&local->ring);
        errno = reason;
        return STEK_SYSTEM;
    }
    *ring = &local->ring;
    errno = saved;
    return STEK_OK;
}
