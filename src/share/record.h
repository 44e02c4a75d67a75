/* record.h - what a host tells the others, sealed: so an engine can neither read nor forge it.
 *
 *    0  4  "stkr"
 *    4  1  version = 1
 *    5  1  kind
 *    6  16 farm id
 *   22  8  sender: host id, never 0
 *   30  8  sequence: its day is the day of the secret
 *   38  1  length k of the keyset's name
 *   39  k  the keyset's name
 *   39 + k       16  salt: random
 *   55 + k       n   content, encrypted
 *   55 + k + n   16  tag of AES-256-GCM over all before it
 *
 *   key = HKDF-Expand(S(day), F("stek1") F("record") F(bytes 0 to 38 + k) F(salt))
 *
 * Big-endian; F(x) is the length of x in 2 bytes, then x; S(day) is that of farm.h. The sequence is
 * max(last + 1, milliseconds of the clock), and so says the day. docs/farm-protocol.md says why.
 *
 *   R-RECORD-1: what was sealed opens to the same bytes at every member of the farm.
 *   R-RECORD-2: with any byte changed, cut short, lengthened, of another farm or keyset, it does
 *               not open, and nothing of the content comes out.
 *   R-RECORD-3: no two contents are sealed under one key, unless a host repeats its sequence and
 *               the salt.
 *   R-RECORD-4: nothing of the content is parsed, and no host is believed in, before the seal has
 *               opened.
 *   R-RECORD-5: a sequence over 10 min ahead of our clock is refused, and of keys
 *               stays so; so is one that is not above the last one taken from that sender, keyset
 *               and kind.
 *   R-RECORD-6: each refusal is counted by its cause.
 *   R-RECORD-7: memory for what was seen is bounded. */
#ifndef SHARE_RECORD_H
#define SHARE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"
#include "share/farm.h"

#define RECORD_KEYSET_MAX 64 /* characters of a keyset's name */
#define RECORD_SALT_LEN 16
#define RECORD_OVERHEAD_MAX (39 + RECORD_KEYSET_MAX + RECORD_SALT_LEN + 16)
#define RECORD_MAX ((size_t)1 << 20)
#define RECORD_SMALL 1400 /* what a datagram holds: records should stay under it */

enum record_kind { RECORD_KEYS = 1, RECORD_STATUS = 2 };

struct record_head {
    enum record_kind kind;
    uint8_t farm[FARM_ID_LEN];
    uint64_t sender;
    uint64_t sequence;
    char keyset[RECORD_KEYSET_MAX + 1];
};

/* What became of a record. */
enum record_verdict {
    RECORD_OPENED,
    RECORD_MALFORMED,   /* no record, or cut short */
    RECORD_TOO_LARGE,   /* over RECORD_MAX */
    RECORD_VERSION,     /* of a later stekd */
    RECORD_FARM,        /* another farm's, or of this one before a rekey */
    RECORD_KEYSET,      /* another keyset's */
    RECORD_KIND,        /* not the kind that was asked for */
    RECORD_AHEAD,       /* sequence over 10 min ahead of our clock */
    RECORD_BEHIND,      /* a datagram's time over 10 min behind it; records may be as old */
    RECORD_DAY_OVER,    /* of a day whose secret is wiped */
    RECORD_KNOWN,       /* taken already, or a newer one by a faster engine: everyday */
    RECORD_ROLLED_BACK, /* older than one that was taken, and that this engine had brought */
    RECORD_FORGED,      /* the seal does not open: damaged, or not by a member */
    RECORD_CONTENT,     /* sealed by a member, but not well-formed */
    RECORD_FULL,        /* too many senders */
    RECORD_FAILED,      /* libcrypto or memory */
    RECORD_VERDICTS
};

/* In words that follow "a record of HOST was refused: "; for metrics, one word. */
const char *record_verdict_text(enum record_verdict verdict);
const char *record_verdict_word(enum record_verdict verdict);

/* The sequence for the next record of a host, of this keyset and kind, after `last` (0: none). A
 * last one over 10 min ahead is of a clock that went mad: others refused it, so it does not
 * count. */
uint64_t record_sequence(uint64_t last, uint64_t now_ms);

/* True for 1 to 64 of [a-z0-9_.-]. */
bool record_is_keyset(const char *name);

/* What the front says, for engines: nobody has vouched for it. RECORD_OPENED if it can be read. */
enum record_verdict record_peek(struct record_head *head, const uint8_t *bytes, size_t len);

/* Seal `content` into an empty `out`. Of `head` all but the farm counts, which is `farm`.
 * `salt` is fresh randomness. */
bool record_seal(struct secret_buf *out, const struct farm *farm, const struct record_head *head,
                 const uint8_t salt[RECORD_SALT_LEN], const uint8_t *content, size_t len,
                 struct err *err);

/* Open one of this farm into an empty `content`, which stays empty on failure: nothing of time,
 * keyset or sequence is looked at. Others want inbox_open() of inbox.h. */
enum record_verdict record_unseal(struct secret_buf *content, struct record_head *head,
                                  const struct farm *farm, const uint8_t *bytes, size_t len);

/* The key of a text whose front has `front_len` bytes, with RECORD_SALT_LEN of salt right behind,
 * of the day of `time_ms`: for records, and the datagrams of datagram.h. */
bool record_key(struct secret *key, const struct farm *farm, const char *purpose, uint64_t time_ms,
                const uint8_t *front, size_t front_len);

#endif
