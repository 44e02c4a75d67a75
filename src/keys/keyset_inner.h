/* keyset_inner.h - what the files of the keyset share. */
#ifndef KEYS_KEYSET_INNER_H
#define KEYS_KEYSET_INNER_H

#include "keys/keyset.h"

/* Set the error "key NAME: WHY" and return KEYSET_REFUSED. */
enum keyset_change keyset_refuse(struct err *err, const uint8_t name[KEY_NAME_LEN],
                                 const char *why);

/* Bring a key in line with what is known of it: flag it confirmed, wipe and flag it revoked; and
 * make what concerns it last as long as it. To be called for each key that an event may concern,
 * so that the order of events does not matter. */
void keyset_settle(struct keyset *set, struct key *key);

#endif
