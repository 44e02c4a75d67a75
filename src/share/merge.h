/* merge.h - keys records: what a host says of its keyset, and what of a peer's word enters ours.
 * The content is a keyset as keys/encode.h has it.
 *
 * A record speaks for its sender. Keys in it are those that the sender made, and orphans, which it
 * carries: keys that their makers do not say any more, as they are gone or have lost their memory.
 * Confirmations and revocations may come from any member, too: a confirmation is written by who is
 * there if the maker is gone, and a revocation travels with whoever has learnt of it.
 *
 *   R-MERGE-1: hosts that have taken the newest record of each have the same keys, revocations and
 *              sealing key, in whatever order, how often, and after how many losses they came.
 *   R-MERGE-2: a key that the sender carries enters as its maker's, and moves no times of one that
 *              is here. What is nobody's is left out and reported; so is what is over 10 min ahead
 *              of our clock, weak, or not to be reconciled. The rest is taken.
 *   R-MERGE-3: of a key whose times were moved, as a clock was set, the maker's word holds, but
 *              where the key would have sealed before it was made: then that clock is wrong.
 *   R-MERGE-4: at the default policy a record fits a datagram (RECORD_SMALL), also if one host made
 *              all keys, and two rotations were ordered; those that it carries may be too many. */
#ifndef SHARE_MERGE_H
#define SHARE_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "keys/keyset.h"

/* True if this host carries that key, which another made, and which is neither over nor revoked. */
typedef bool merge_carries_fn(void *arg, const struct key *key);

/* What this host has to say, into an initialised, empty `out`: the keys that it made or carries
 * (`carries` may be NULL: none), all that is revoked, and what is confirmed of keys that are still
 * to seal, since of others it does not matter. False if there is no memory. */
bool merge_own(struct keyset *out, const struct keyset *set, uint64_t host,
               merge_carries_fn *carries, void *arg, uint64_t now_ms, struct err *err);

/* Take in the content of a record that opened. *refused: something was left out, `err` names the
 * first, and the record should not be marked as taken: another time it may do. KEYSET_REFUSED: it
 * is malformed, or nothing of it was taken. */
enum keyset_change merge_peer(struct keyset *set, bool *refused, uint64_t sender,
                              const uint8_t *content, size_t len, uint64_t now_ms, struct err *err);

/* The same of our own record, of an earlier run: it gives back keys that are not here any more.
 * Those that are stay as they are, for since then our clock may have been set, and they with it. */
enum keyset_change merge_back(struct keyset *set, bool *refused, uint64_t host,
                              const uint8_t *content, size_t len, uint64_t now_ms, struct err *err);

/* Tells apart what two keysets revoke: equal for equal revocations, 0 for none. */
uint64_t merge_withdrawn(const struct keyset *set);

#endif
