/* keys_support.h - random numbers that a seed repeats, and keys, for the tests of keys. Nothing
 * here asserts. */
#ifndef TESTS_KEYS_SUPPORT_H
#define TESTS_KEYS_SUPPORT_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/mix.h"
#include "keys/keyset.h"
#include "keys/schedule.h"

#define NOW_S ((uint64_t)1700000000)
#define NOW_MS (NOW_S * 1000)

static inline uint64_t
rng_next(uint64_t *rng)
{
    return mix_next(rng);
}

static inline uint64_t
rng_below(uint64_t *rng, uint64_t limit)
{
    return limit == 0 ? 0 : rng_next(rng) % limit;
}

static inline void
rng_fill(uint64_t *rng, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(rng_next(rng) >> 56);
}

/* STEK_SEED if that is set, else a new one; printed in any case. */
static inline uint64_t
rng_seed(void)
{
    const char *given = getenv("STEK_SEED");
    struct timespec now = {0};
    uint64_t seed;

    (void)clock_gettime(CLOCK_REALTIME, &now); /* always there */
    seed = given != NULL ? strtoull(given, NULL, 10)
                         : (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    printf("# STEK_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

static inline struct key_material
material_of(uint64_t *rng)
{
    struct key_material fresh = {0};

    rng_fill(rng, fresh.name, sizeof fresh.name);
    rng_fill(rng, fresh.secret.bytes, sizeof fresh.secret.bytes);
    return fresh;
}

/* A good key: made at NOW, seals an hour from NOW_S + from on, opens half a day after that. Its
 * name begins with `id`, so that keys sort by it. */
static inline struct key
key_of(uint16_t id, int64_t from)
{
    uint64_t rng = id;
    struct key_material fresh = material_of(&rng);
    struct key key = {.made_ms = NOW_MS, .seal_from = NOW_S + (uint64_t)from};

    memcpy(key.name, fresh.name, sizeof key.name);
    key.name[0] = (uint8_t)(id >> 8);
    key.name[1] = (uint8_t)id;
    key.secret = fresh.secret;
    key.seal_until = key.seal_from + 3600;
    key.open_until = key.seal_until + 43200;
    return key;
}

static inline struct policy
policy_of(uint64_t rotate_s, uint64_t patience_s, uint64_t lifetime_s)
{
    return (struct policy){.rotate_s = rotate_s,
                           .lifetime_s = lifetime_s,
                           .patience_s = patience_s,
                           .max_session_s = 2 * lifetime_s};
}

/* Make the key of an epoch and add it. */
static inline bool
host_make_epoch(struct keyset *set, const struct policy *policy, uint64_t *rng, uint64_t maker,
                uint64_t epoch, uint64_t now_s)
{
    struct key_material fresh = material_of(rng);
    KEY(key);

    schedule_make_epoch(&key, set, policy, &fresh, maker, epoch, now_s * 1000);
    return keyset_add(set, &key, now_s * 1000, NULL) == KEYSET_CHANGED &&
           (policy->each ||
            keyset_confirm(set, key.name, key.open_until, now_s * 1000, NULL) == KEYSET_CHANGED);
}

static inline bool
host_make_emergency(struct keyset *set, const struct policy *policy, uint64_t *rng, uint64_t now_s)
{
    struct key_material fresh = material_of(rng);
    KEY(key);

    schedule_make_emergency(&key, set, policy, &fresh, 0, now_s * 1000);
    return keyset_add(set, &key, now_s * 1000, NULL) == KEYSET_CHANGED;
}

static inline bool
host_fill_gap(struct keyset *set, const struct policy *policy, uint64_t *rng, uint64_t now_s)
{
    struct key_material fresh = material_of(rng);
    uint64_t from_s;
    KEY(key);

    if (!schedule_gap(set, policy, 0, now_s, &from_s))
        return true;
    schedule_make_gap(&key, set, policy, &fresh, 0, from_s, now_s * 1000);
    return keyset_add(set, &key, now_s * 1000, NULL) == KEYSET_CHANGED &&
           (policy->each ||
            keyset_confirm(set, key.name, key.open_until, now_s * 1000, NULL) == KEYSET_CHANGED);
}

/* What a lone host does whenever it wakes up; false where a key that it makes is refused. */
static inline bool
host_wake(struct keyset *set, const struct policy *policy, uint64_t *rng, uint64_t now_s)
{
    uint64_t epoch;

    (void)keyset_expire(set, now_s * 1000); /* whether anything was over does not matter */
    while (schedule_missing(set, policy, 0, now_s, &epoch))
        if (!host_make_epoch(set, policy, rng, 0, epoch, now_s))
            return false;
    if (keyset_sealing(set, policy, 0, now_s) == NULL)
        return host_make_emergency(set, policy, rng, now_s);
    return host_fill_gap(set, policy, rng, now_s);
}

/* All that a keyset holds, wiped names too, as bytes to compare. */
struct dump {
    uint8_t bytes[32768];
    size_t len; /* 0: it did not fit */
};

static inline void
dump_key(struct writer *w, const struct key *key)
{
    write_bytes(w, key->name, sizeof key->name);
    if ((key->flags & KEY_REVOKED) == 0)
        write_bytes(w, key->secret.bytes, sizeof key->secret.bytes);
    write_u64(w, key->made_ms);
    write_u64(w, key->seal_from);
    write_u64(w, key->seal_until);
    write_u64(w, key->open_until);
    write_u64(w, key->maker);
    write_u32(w, key->flags);
}

static inline struct dump
dump_of(const struct keyset *set)
{
    struct dump dump = {{0}, 0};
    struct writer w = writer_of(dump.bytes, sizeof dump.bytes);

    write_u64(&w, set->key_count);
    for (size_t i = 0; i < set->key_count; i++)
        dump_key(&w, &set->keys[i]);
    write_u64(&w, set->confirmation_count);
    for (size_t i = 0; i < set->confirmation_count; i++) {
        write_bytes(&w, set->confirmations[i].name, KEY_NAME_LEN);
        write_u64(&w, set->confirmations[i].until);
    }
    write_u64(&w, set->revocation_count);
    for (size_t i = 0; i < set->revocation_count; i++) {
        write_bytes(&w, set->revocations[i].name, KEY_NAME_LEN);
        write_u64(&w, set->revocations[i].until);
    }
    write_u64(&w, set->mark.made_ms);
    write_u64(&w, set->mark.until);
    write_u64(&w, set->newest_ms);
    dump.len = w.failed ? 0 : w.len;
    return dump;
}

/* True if both hold the same. */
static inline bool
dump_equal(const struct dump *a, const struct dump *b)
{
    return a->len > 0 && a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

#endif
