/* key.h - one session ticket encryption key. Pure: time and randomness are arguments. */
#ifndef KEYS_KEY_H
#define KEYS_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"

#define KEY_NAME_LEN 16
/* `made` or a mark further ahead of our clock is refused. */
#define KEY_SKEW_MS ((uint64_t)600 * 1000)
/* Above it no time is sane: no sum of times overflows, and JSON holds them. */
#define KEY_TIME_MAX ((uint64_t)1 << 53)

enum key_flags {
    KEY_EMERGENCY = 1U << 0, /* made because nothing could seal: counts only where no other may */
    KEY_EACH = 1U << 1,      /* its maker's own, in the mode keys = each */
    KEY_CONFIRMED = 1U << 2, /* all live hosts hold it; set by the keyset */
    KEY_REVOKED = 1U << 3    /* its secret is wiped, its name remembered; set by the keyset */
};
#define KEY_MADE_FLAGS (KEY_EMERGENCY | KEY_EACH) /* those that belong to the key itself */

/* Times are Unix seconds, `made` milliseconds. */
struct key {
    uint8_t name[KEY_NAME_LEN]; /* public, random, never zero */
    struct secret secret;
    uint64_t made_ms;
    uint64_t seal_from;
    uint64_t seal_until;
    uint64_t open_until;
    uint64_t maker; /* host id; 0 for a host without a farm */
    uint32_t flags;
    uint64_t held_until; /* it does not seal here before: see keyset_hold(). No part of the key */
};

void key_wipe(struct key *key);

/* Declares a key that is wiped however its scope ends. */
#define KEY(var) __attribute__((cleanup(key_wipe))) struct key var = {0}

/* True if it is fit for use: a secret and a name that are not weak (prior-art P1), known flags, and
 * times that some policy can have made: seal_from < seal_until <= open_until, it seals for up to
 * two of the longest epochs, is made up to two before, and opens for up to the longest lifetime
 * after. Of a KEY_REVOKED one the secret does not matter. Says what is wrong with it in words that
 * follow its name, and never what the bytes were. */
bool key_check(const struct key *key, struct err *err);

/* True if both are the same key: everything but the keyset's flags is equal. */
bool key_same(const struct key *a, const struct key *b);

/* The same without a look at the secrets: for keys that are a wiped name. */
bool key_same_public(const struct key *a, const struct key *b);

#endif
