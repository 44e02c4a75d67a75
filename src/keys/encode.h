/* encode.h - a keyset as bytes, for records and for the disk.
 *
 *   version u8 = 1
 *   count u16, per key:           name 16 | secret 32 | made_ms u64 | seal_from u64 |
 *                                 seconds from seal_from to seal_until u24 |
 *                                 seconds from seal_until to open_until u24 | flags u8 |
 *                                 with 0x80 in flags: maker u64
 *   count u16, per confirmation:  name 16 | until u64
 *   count u16, per revocation:    name 16 | until u64
 *   mark                          made_ms u64 | until u64
 *
 * Big-endian. The maker is told where it is not that of the key before (in front of the first: 0),
 * so that a record of one host's keys is small. Arrays are strictly sorted by name, so one content
 * has one encoding. Revoked keys are not written (their revocation is), nor is a key ever together
 * with its revocation. What is not exactly this is refused whole. */
#ifndef KEYS_ENCODE_H
#define KEYS_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"
#include "keys/keyset.h"

#define ENCODE_VERSION 1
#define ENCODE_ITEMS_MAX 4096U /* of each kind */

/* Into an empty `out`. False if there is too much or no memory. */
bool encode_keyset(struct secret_buf *out, const struct keyset *set, struct err *err);

/* Into an initialised, empty `out`, which stays empty on failure. Keys that are over at `now_ms`
 * are left out; keys that keyset_add() refuses make the whole refused. */
bool decode_keyset(struct keyset *out, const uint8_t *in, size_t len, uint64_t now_ms,
                   struct err *err);

/* The same, but what keyset_add() and its like refuse is left out, and the rest taken: *refused,
 * and `err` names the first. False only for bytes that are no encoding. */
bool decode_keyset_parts(struct keyset *out, bool *refused, const uint8_t *in, size_t len,
                         uint64_t now_ms, struct err *err);

#endif
