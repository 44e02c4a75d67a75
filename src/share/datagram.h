/* datagram.h - what engines say to each other from host to host, beside records, sealed so that
 * nobody but members has a say. What is in it is no secret; that only members can write it counts.
 *
 *    0  4  "stkd"
 *    4  1  version = 1
 *    5  16 farm id
 *   21  8  sender: host id, never 0
 *   29  8  time: max(last + 1, milliseconds of the clock); its day is the day of the secret
 *   37  1  length k of the keyset's name
 *   38  k  the keyset's name
 *   38 + k       1   type: the first byte of the body, 0 if it has none
 *   39 + k       16  salt: random
 *   55 + k       n   body, encrypted
 *   55 + k + n   16  tag of AES-256-GCM over all before it
 *
 *   key = HKDF-Expand(S(day), F("stek1") F("datagram") F(bytes 0 to 38 + k) F(salt))
 *
 * Notation and keys are those of record.h.
 *
 *   R-DATAGRAM-1: what was sealed opens to the same bytes at every other member whose clock is
 *                 within 10 min.
 *   R-DATAGRAM-2: with any byte changed, cut short, lengthened, of another farm or keyset, or from
 *                 over 10 min ago or ahead, it does not open, and nothing of the body comes out.
 *   R-DATAGRAM-3: nothing of the body is parsed, and nobody is believed to be a member, before the
 *                 seal has opened. What is no datagram of this farm, keyset and day, or is our own,
 *                 costs no cryptography.
 *   R-DATAGRAM-4: of those of one sender each is fresh once, in whatever order they come; late
 *                 ones, 64 ms or more behind the last, are not.
 *   R-DATAGRAM-5: what another host seals under our id, while we seal, too, opens here with that
 *                 as its sender, but for what is older than our last 64; what we sealed does not,
 *                 however often and late it comes back. */
#ifndef SHARE_DATAGRAM_H
#define SHARE_DATAGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "share/farm.h"
#include "share/record.h"

#define DATAGRAM_MAX 1232U /* what every path of IPv6 carries in one piece */
#define DATAGRAM_OVERHEAD_MAX (39U + RECORD_KEYSET_MAX + RECORD_SALT_LEN + 16U)
#define DATAGRAM_BODY_MAX (DATAGRAM_MAX - DATAGRAM_OVERHEAD_MAX)

#define DATAGRAM_SENT_MAX 64U

/* One that we have sealed, by which it is known again. */
struct datagram_sent {
    uint64_t time_ms, salt; /* the beginning of the latter */
};

/* One host's end of what is said about a keyset. */
struct datagram_end {
    const struct farm *farm;            /* the caller's */
    char keyset[RECORD_KEYSET_MAX + 1]; /* its name */
    uint64_t host;                      /* our own id */
    uint64_t last_ms;                   /* the time of the last one; begins with 0 */
    struct datagram_sent sent[DATAGRAM_SENT_MAX];
    size_t sent_count;
};

/* One that has opened. */
struct datagram {
    uint64_t sender, time_ms;
    uint64_t from_ms, until_ms; /* a record with its sequence outside is of no use to us */
    size_t len;
    uint8_t body[DATAGRAM_BODY_MAX];
};

/* Seal up to DATAGRAM_BODY_MAX bytes into `out`. `salt` is fresh randomness. */
bool datagram_seal(struct datagram_end *end, uint8_t out[DATAGRAM_MAX], size_t *out_len,
                   const uint8_t salt[RECORD_SALT_LEN], const uint8_t *body, size_t len,
                   uint64_t now_ms, struct err *err);

/* RECORD_OPENED, or why not, with `out` as it was: RECORD_KNOWN is our own. RECORD_AHEAD and
 * RECORD_BEHIND are a member's, the others may be anybody's. One that opened with our own id as its
 * sender is another host's that has our id. */
enum record_verdict datagram_open(const struct datagram_end *end, struct datagram *out,
                                  const uint8_t *bytes, size_t len, uint64_t now_ms);

/* Its type and *sender, to pass over what is of no use now at no cost: nobody has vouched for them.
 * 0: none. */
uint8_t datagram_type(uint64_t *sender, const uint8_t *bytes, size_t len);

/* Which ones of a sender came; begins as zero. */
struct datagram_window {
    uint64_t last_ms;
    uint64_t seen; /* bit i: the one of last_ms - i */
};

/* Takes note of it. False: it was there before, or is too late to tell. */
bool datagram_is_fresh(struct datagram_window *window, uint64_t time_ms);

#endif
