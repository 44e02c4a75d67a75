/* see policy.h */
#include "keys/policy.h"

struct policy
policy_default(void)
{
    return (struct policy){.rotate_s = 3600,
                           .lifetime_s = 43200,
                           .patience_s = POLICY_AUTO,
                           .max_session_s = 86400,
                           .each = false};
}

static bool
check_range(const char *what, uint64_t value, uint64_t max, const char *why_min,
            const char *why_max, struct err *err)
{
    if (value == 0)
        return err_set(err, "%s = 0: %s", what, why_min);
    if (value > max)
        return err_set(err, "%s = %llu s: %s (%llu s)", what, (unsigned long long)value, why_max,
                       (unsigned long long)max);
    return true;
}

static bool
check_times(const struct policy *policy, struct err *err)
{
    if (!check_range("rotate", policy->rotate_s, POLICY_ROTATE_MAX_S,
                     "a key must seal for at least 1 s; 1h is usual",
                     "a key may seal for 30 days at most", err))
        return false;
    if (!check_range("lifetime", policy->lifetime_s, POLICY_LIFETIME_MAX_S,
                     "a ticket must live for at least 1 s; 12h is usual",
                     "TLS lets a ticket live for 7 days at most", err))
        return false;
    if (policy->patience_s >= policy->rotate_s)
        return err_set(err,
                       "patience = %llu s: it must be below rotate (%llu s), or a key that is "
                       "not confirmed never seals; a quarter of rotate is usual",
                       (unsigned long long)policy->patience_s,
                       (unsigned long long)policy->rotate_s);
    if (policy->max_session_s < policy->lifetime_s)
        return err_set(err,
                       "max_session = %llu s: it must be at least lifetime (%llu s), since no "
                       "ticket outlives the session it renews",
                       (unsigned long long)policy->max_session_s,
                       (unsigned long long)policy->lifetime_s);
    return check_range("max_session", policy->max_session_s, POLICY_SESSION_MAX_S, "",
                       "a chain of renewals may go on for a year at most", err);
}

bool
policy_resolve(struct policy *policy, uint32_t capacity, struct err *err)
{
    struct policy resolved = *policy;

    if (resolved.patience_s == POLICY_AUTO)
        resolved.patience_s = resolved.rotate_s / 4;
    if (!check_times(&resolved, err))
        return false;
    if (policy_keys(&resolved) > capacity)
        return err_set(err,
                       "rotate = %llu s with lifetime = %llu s keeps up to %llu keys alive, and "
                       "the ring has room for %lu: rotate less often, shorten lifetime, or raise "
                       "capacity",
                       (unsigned long long)resolved.rotate_s,
                       (unsigned long long)resolved.lifetime_s,
                       (unsigned long long)policy_keys(&resolved), (unsigned long)capacity);
    *policy = resolved;
    return true;
}

uint64_t
policy_keys(const struct policy *policy)
{
    uint64_t before_s = policy->rotate_s + policy->rotate_s / 2;
    uint64_t after_s = policy->rotate_s + policy->patience_s + policy->lifetime_s;

    return (before_s + after_s + policy->rotate_s - 1) / policy->rotate_s + 2;
}
