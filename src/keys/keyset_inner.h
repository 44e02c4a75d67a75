/* keyset_inner.h - what the files of the keyset share. */
#ifndef KEYS_KEYSET_INNER_H
#define KEYS_KEYSET_INNER_H

#include "keys/keyset.h"

/* Set the error "key NAME: WHY" and return KEYSET_REFUSED. */
enum keyset_change keyset_refuse(struct err *err, const uint8_t name[KEY_NAME_LEN],
                                 const char *why);

/* What many events did, and why the first one was refused. */
struct tally {
    bool changed, refused;
    struct err first;
};

/* `why` is looked at only with KEYSET_REFUSED. */
void tally_count(struct tally *tally, enum keyset_change change, const struct err *why);

void tally_join(struct tally *tally, const struct tally *more);

/* What they did together; `err` (may be NULL) gets the first refusal, if there is one. */
enum keyset_change tally_tell(const struct tally *tally, struct err *err);

/* keyset_add_all(), counted. */
void keyset_add_many(struct keyset *set, const struct key *keys, size_t count, uint64_t now_ms,
                     struct tally *tally);

/* Bring a key in line with what is known of it: flag it confirmed, wipe and flag it revoked; and
 * make what concerns it last as long as it. To be called for each key that an event may concern,
 * so that the order of events does not matter. */
void keyset_settle(struct keyset *set, struct key *key);

#endif
