/* schedule.h - epochs, and what is to be made when. Pure.
 *
 * Time is cut into epochs of `rotate` seconds counted from the Unix epoch, so that all hosts agree
 * without talking. The key of epoch e seals from e * rotate; it is made one and a half epochs
 * before, after a random delay, so that usually one host of a farm makes it. */
#ifndef KEYS_SCHEDULE_H
#define KEYS_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "keys/keyset.h"

#define SCHEDULE_EMERGENCY_MS 60000U /* emergency keys are at least this far apart */
#define SCHEDULE_WAIT_S 5U           /* an ordered rotation waits no longer for its second */

/* Fresh randomness, as the caller got it from its source. */
struct key_material {
    uint8_t name[KEY_NAME_LEN];
    struct secret secret;
};

/* The epoch at a Unix time, and when an epoch begins. */
uint64_t schedule_epoch(const struct policy *policy, uint64_t now_s);
uint64_t schedule_start_s(const struct policy *policy, uint64_t epoch);

/* When the key of an epoch is due to be made, before any random delay. */
uint64_t schedule_due_s(const struct policy *policy, uint64_t epoch);

/* The longest random delay for the making of a key: a tenth of rotate, at most 60 s. */
uint64_t schedule_delay_max_ms(const struct policy *policy);

/* The first epoch after the present one whose key is due and that `set` has no usable key for: one
 * that counts (keyset_counts), is no emergency key, seals from the start of that epoch and through
 * it. False if there is none. A host that finds none sealing now makes an emergency key as well. */
bool schedule_missing(const struct keyset *set, const struct policy *policy, uint64_t maker,
                      uint64_t now_s, uint64_t *epoch);

/* The first second at which no key seals, of those until the key of the next epoch does, also where
 * it is not confirmed: keys that do not begin with an epoch, or stand in for one that was revoked,
 * may end before. A key that waits for its confirmation is taken to get it: else one more would be
 * made for the same gap. False where there is none, and where none seals now, an emergency. */
bool schedule_gap(const struct keyset *set, const struct policy *policy, uint64_t maker,
                  uint64_t now_s, uint64_t *from_s);

/* Fill in the key of an epoch; of a gap, which begins at `from_s`; of a rotation ordered now, which
 * seals from the first second on in which no other key begins, since of two that begin together
 * the lowest name seals, or, if the next SCHEDULE_WAIT_S seconds are all taken, from the last of
 * these; of an emergency, which seals at once. */
void schedule_make_epoch(struct key *key, const struct keyset *set, const struct policy *policy,
                         const struct key_material *fresh, uint64_t maker, uint64_t epoch,
                         uint64_t now_ms);
void schedule_make_gap(struct key *key, const struct keyset *set, const struct policy *policy,
                       const struct key_material *fresh, uint64_t maker, uint64_t from_s,
                       uint64_t now_ms);
void schedule_make_rotation(struct key *key, const struct keyset *set, const struct policy *policy,
                            const struct key_material *fresh, uint64_t maker, uint64_t now_ms);
void schedule_make_emergency(struct key *key, const struct keyset *set, const struct policy *policy,
                             const struct key_material *fresh, uint64_t maker, uint64_t now_ms);

/* The next Unix second after now_s at which anything changes by time alone: a key starts or ends
 * to seal, ends to open, is due to be made, or a confirmation or revocation ends. */
uint64_t schedule_next_s(const struct keyset *set, const struct policy *policy, uint64_t now_s);

#endif
