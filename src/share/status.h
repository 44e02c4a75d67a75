/* status.h - what a host says of itself, for who confirms keys and for people: the content of
 * status records. Nobody watches them, so what changes all the time is here.
 *
 *   version u8 = 1
 *   length u8, the host's name      up to 64 printable characters, as the next one
 *   length u8, version of stekd
 *   clock_ms u64 | beat u64 | generation u64 | held u32 | digest 16
 *   count u8, names of 16           keys that are still to seal: in its ring, and in its servers
 *   count u8, names of 16           others that open there; up to 64 of both, not necessarily all
 *
 * Big-endian; names are strictly sorted. What comes behind is of a later version, and ignored.
 *
 *   R-STATUS-1: what was encoded decodes to the same.
 *   R-STATUS-2: what is not exactly this is refused; nothing that is shown to people can hold a
 *               control character.
 *   R-STATUS-3: two hosts' digests are equal if the same keys open there, and else differ.
 *   R-STATUS-4: each key that is still to seal is named, or of more than fit those that seal first.
 *   R-STATUS-5: a sealed status fits a datagram (RECORD_SMALL). */
#ifndef SHARE_STATUS_H
#define SHARE_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"
#include "keys/keyset.h"

#define STATUS_TEXT_MAX 64
#define STATUS_NAMES_MAX 64U
#define STATUS_DIGEST_LEN 16

struct status {
    char host_name[STATUS_TEXT_MAX + 1];
    char version[STATUS_TEXT_MAX + 1];
    uint64_t clock_ms;                 /* Unix time there */
    uint64_t beat;                     /* goes up with each status: the host lives */
    uint64_t generation;               /* of its ring: goes up with each change there */
    uint32_t held;                     /* how many keys open there */
    uint8_t digest[STATUS_DIGEST_LEN]; /* over their names */
    uint8_t coming[STATUS_NAMES_MAX][KEY_NAME_LEN];
    uint8_t others[STATUS_NAMES_MAX][KEY_NAME_LEN];
    uint8_t coming_count, others_count; /* together up to STATUS_NAMES_MAX */
};

/* Copy a text, cut to fit, with '?' for what is not printable. */
void status_set_text(char out[STATUS_TEXT_MAX + 1], const char *text);

/* Fill in held, digest and names from the keys that stand in the ring and in all servers. False,
 * with nothing changed, where libcrypto or memory failed. */
bool status_set_keys(struct status *status, const struct keyset *set, const struct policy *policy,
                     uint64_t now_s, struct err *err);

/* True if the host says that it holds the key of this name. */
bool status_names(const struct status *status, const uint8_t name[KEY_NAME_LEN]);

/* Into an empty `out`. False if there is no memory, or a text is not printable. */
bool status_encode(struct secret_buf *out, const struct status *status, struct err *err);

bool status_decode(struct status *out, const uint8_t *in, size_t len, struct err *err);

#endif
