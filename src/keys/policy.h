/* policy.h - how long keys seal and open, and which policies cannot work. */
#ifndef KEYS_POLICY_H
#define KEYS_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define POLICY_LIFETIME_MAX_S 604800U /* RFC 8446, 4.6.1: seven days */
#define POLICY_ROTATE_MAX_S 2592000U /* thirty days: far above "e.g. once every week" of RFC 9325 */
#define POLICY_SESSION_MAX_S 31536000U /* a year */
#define POLICY_AUTO UINT64_MAX         /* patience: a quarter of rotate */

struct policy {
    uint64_t rotate_s;      /* a new key seals every so often */
    uint64_t lifetime_s;    /* a ticket opens for so long, at most */
    uint64_t patience_s;    /* an unconfirmed key is held back for so long */
    uint64_t max_session_s; /* a chain of renewals ends so long after its first full handshake */
    bool each;              /* keys = each: every host seals with its own key */
};

/* rotate 1 h, lifetime 12 h, patience POLICY_AUTO, max_session 24 h, one key for all. No other call
 * takes it before policy_resolve() has seen it. */
struct policy policy_default(void);

/* Resolve POLICY_AUTO and refuse what cannot work, saying why and what would: rotate of 0 or over
 * 30 days, lifetime of 0 or over 7 days, patience not below rotate, max_session under lifetime or
 * over a year, or more keys alive at once than `capacity` holds. */
bool policy_resolve(struct policy *policy, uint32_t capacity, struct err *err);

/* Keys of one host that are alive at once under this (resolved) policy, at most: one an epoch from
 * one and a half epochs before it seals until it opens no more, and two for an ordered rotation
 * and an emergency. */
uint64_t policy_keys(const struct policy *policy);

#endif
