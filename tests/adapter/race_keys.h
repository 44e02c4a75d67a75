/* race_keys.h - keys that come and go 100 times a second, and what must become of their tickets. */
#ifndef TESTS_RACE_KEYS_H
#define TESTS_RACE_KEYS_H

#include <stdatomic.h>

#include "client.h"
#include "farm.h"

#define RACE_KEYS 300U

/* `made` many came, of which the first `revoked` went. */
struct race_keys {
    atomic_uint made, revoked;
    uint8_t names[RACE_KEYS][STEK_NAME_LEN];
};

/* One more seals every 10 ms, an older one is revoked, until all have come. The ring must have been
 * empty. */
bool race_keys_rotate(struct farm *farm, struct race_keys *keys);

/* Which key the ticket is of: RACE_KEYS if that is not known yet. */
unsigned race_keys_which(struct race_keys *keys, const struct got *got);

/* True if a ticket of `key` did not become what it must: resumed if its key is there, a full
 * handshake if that was revoked before. Of a key that goes meanwhile anything may become. */
bool race_keys_is_wrong(struct race_keys *keys, unsigned key, unsigned revoked_before,
                        const struct got *got);

#endif
