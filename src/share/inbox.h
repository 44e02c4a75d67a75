/* inbox.h - what comes in for one keyset of one farm: which records are let in, which are refused
 * and why, and how far each sender has got.
 *
 * A record is opened, its content used, and then taken: from then on neither it nor an older one
 * opens again. So what could not be used in full (no memory, a key of a clock that is ahead) may
 * be offered again. R-RECORD-4 to -7 of record.h.
 *
 * What came when it was dated over 10 min ahead is not let in when time has caught up either: it
 * was said by a clock that was wrong, and that may be right since, and say something else. Unless
 * ours was wrong: then it was not ahead, as we see it now.
 *
 * Engines are of different speeds: what one brings after another has brought something newer is
 * known, and only what is older than what it brought itself is rolled back. */
#ifndef SHARE_INBOX_H
#define SHARE_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/secret.h"
#include "keys/key.h"
#include "share/index.h"
#include "share/record.h"

#define INBOX_SENDERS_MAX 32768U /* who sends both kinds counts twice */

#define INBOX_ENGINES_MAX 4U
#define INBOX_NO_ENGINE INBOX_ENGINES_MAX

/* Of one sender and kind, the highest sequence that was taken. */
struct inbox_seen {
    uint8_t name[KEY_NAME_LEN]; /* sender 8 | kind 1 | zeros: for items.h, index.h */
    uint64_t sequence;
    uint64_t brought[INBOX_ENGINES_MAX]; /* the highest of each engine, up to that */
};

/* A keys record that came when it was dated ahead. */
struct inbox_early {
    uint64_t tag;     /* by which it is known again: the end of its seal */
    uint64_t boot_ms; /* when it came */
};

#define INBOX_EARLY_MAX 256U /* the last ones */

struct inbox {
    struct farm *farm;                  /* the caller's, as the next one */
    char keyset[RECORD_KEYSET_MAX + 1]; /* its name */
    uint64_t host;                      /* our own id */
    size_t engine;      /* which one brings what is offered and taken; or INBOX_NO_ENGINE */
    uint64_t offset_ms; /* Unix time minus boot time, by our clock, for who offers keys */
    bool lets_back; /* older records of ours are let in: they are of before we lost our memory */
    struct inbox_seen *seen; /* as they came */
    size_t seen_count, seen_cap;
    struct index index; /* of them */
    struct inbox_early early[INBOX_EARLY_MAX];
    size_t early_count;               /* that ever came: the next one is put behind the last */
    uint64_t counts[RECORD_VERDICTS]; /* how often each verdict was given */
};

void inbox_init(struct inbox *inbox, struct farm *farm, const char *keyset, uint64_t host);
void inbox_free(struct inbox *inbox);

/* Open a record of this kind into an empty `content`, which stays empty on failure, as `head` stays
 * as it was. Our own comes back like any other. Counted, but for what opened. */
enum record_verdict inbox_open(struct inbox *inbox, struct secret_buf *content,
                               struct record_head *head, enum record_kind kind,
                               const uint8_t *bytes, size_t len, uint64_t now_ms);

/* The record that opened has done what it can. A peer's tells the farm of its day. Counted as what
 * is returned: RECORD_OPENED, or RECORD_FULL or RECORD_FAILED where it cannot be remembered. */
enum record_verdict inbox_take(struct inbox *inbox, const struct record_head *head,
                               uint64_t now_ms);

/* The keys records of others that were taken last, and none before, open once more: what was in
 * them was lost here, as our clock was wrong and they were over by it. */
void inbox_let_again(struct inbox *inbox);

/* The record that opened is of no use, for this reason. */
void inbox_refuse(struct inbox *inbox, enum record_verdict verdict);

/* The highest sequence taken, 0: none. Of our own, what record_sequence() goes on from. One over
 * 10 min ahead of our clock was taken when the clock was wrong, and counts no more. */
uint64_t inbox_last(const struct inbox *inbox, uint64_t sender, enum record_kind kind,
                    uint64_t now_ms);

#endif
