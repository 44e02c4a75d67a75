/* persist_format.h - a keyset as the bytes of a file that outlives a boot. Pure but for a salt.
 *
 *   magic "stekkept" | version u16 = 1 | keyset's name, with its length u8 before it
 *   saved_ms u64 | written_ms u64 | salt 32 | length u32 of what follows
 *   the keyset (keys/encode.h), sealed with AES-256-GCM, all before it authenticated
 *
 * Big-endian. The sealing key and nonce are derived with HKDF from the administrator's key, the
 * salt, which is fresh each time, and the name: so no pair is used twice, and one key may serve
 * several keysets. */
#ifndef DAEMON_PERSIST_FORMAT_H
#define DAEMON_PERSIST_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"
#include "keys/keyset.h"

#define PERSIST_SALT_LEN 32
#define PERSIST_FILE_MAX 1048576U /* bytes: more than any keyset that can be encoded takes */

struct persist_head {
    const char *keyset;
    uint64_t saved_ms;   /* the wall clock, in whose time the keyset is */
    uint64_t written_ms; /* the system's clock: when the file was put in its place, but for a bit */
    uint8_t salt[PERSIST_SALT_LEN];
};

/* To be freed. False if there is too much, or no memory. */
bool persist_seal(uint8_t **out, size_t *len, const struct persist_head *head,
                  const struct keyset *set, const struct secret *key, struct err *err);

/* Into an empty `set`, with what is over at `now_ms` left out; and saved_ms and written_ms of
 * `head`, whose keyset must be the file's. False, with what is wrong in words that follow the
 * file's name; then nothing is taken. One that is of a later time than now is refused. */
bool persist_open_sealed(struct persist_head *head, struct keyset *set, const uint8_t *in,
                         size_t len, const struct secret *key, uint64_t now_ms, struct err *err);

#endif
