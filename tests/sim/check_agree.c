/* see check.h: whether all know the same */
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "check_inner.h"

/* It need not know a revoked key, if it would not take it. */
static bool
would_refuse(const struct keyset *set, const struct key *key)
{
    for (size_t i = 0; i < set->revocation_count; i++) {
        if (memcmp(set->revocations[i].name, key->name, sizeof key->name) == 0)
            return true;
    }
    return key->made_ms <= set->mark.made_ms;
}

/* Does `set` know what is known of this key elsewhere? Who revoked it need not know more of it, and
 * nobody asks whether a key that has ended to seal was confirmed. */
static bool
knows_key(const struct keyset *set, const struct key *key, uint64_t now_s)
{
    const struct key *own = keyset_find(set, key->name);
    uint32_t flags = KEY_REVOKED | (key->seal_until > now_s + SLACK_MS / 1000 ? KEY_CONFIRMED : 0);

    if (own == NULL)
        return (key->flags & KEY_REVOKED) != 0 && would_refuse(set, key);
    if (((own->flags | key->flags) & KEY_REVOKED) != 0)
        flags = KEY_REVOKED;
    else if (own->seal_from != key->seal_from || own->open_until != key->open_until)
        return false;
    return ((own->flags ^ key->flags) & flags) == 0;
}

/* It may be over at one host already. */
static uint64_t
spread_ms(const struct check *check, const struct key *key)
{
    const struct seen_key *seen = check_find(check, key->name);

    return 2 * CHECK_SETTLE_MS + (seen == NULL ? 0 : seen->spread_ms);
}

/* The name of the key that this host seals with at `now_s`, zeros if there is none: what it holds
 * back until its own clock says so is no longer held when that has come. False: no memory. */
static bool
sealing_of(uint8_t name[KEY_NAME_LEN], const struct host *host, uint64_t now_s)
{
    const struct service *service = host_service(host);
    uint64_t own_s = (host->world->now_ms + (uint64_t)host_error_ms(host)) / 1000;
    const struct key *key;
    KEYSET(set);

    memset(name, 0, KEY_NAME_LEN);
    if (!keyset_copy(&set, &service->set))
        return false;
    for (size_t i = 0; i < set.key_count; i++)
        if (set.keys[i].held_until <= own_s)
            set.keys[i].held_until = 0;
    key = keyset_sealing(&set, &service->config.policy, service->maker, now_s);
    if (key != NULL)
        memcpy(name, key->name, KEY_NAME_LEN);
    return true;
}

static bool
is_same(const struct check *check, const struct host *a, const struct host *b, char *why,
        size_t size)
{
    const struct service *own = host_service(a), *other = host_service(b);
    uint64_t now_s = check->world->now_ms / 1000;
    uint8_t seals[KEY_NAME_LEN], others[KEY_NAME_LEN];

    for (size_t i = 0; i < own->set.key_count; i++) {
        const struct key *key = &own->set.keys[i];
        char hex[HEX_LEN(KEY_NAME_LEN)];

        if (key->open_until * 1000 > check->world->now_ms + spread_ms(check, key) &&
            !knows_key(&other->set, key, now_s)) {
            (void)snprintf(why, size, "key %.8s (%s) of host %u is not so at host %u",
                           hex_encode(hex, key->name, KEY_NAME_LEN),
                           (key->flags & KEY_REVOKED) != 0 ? "revoked" : "good", a->index,
                           b->index);
            return false;
        }
    }
    if (check->world->wish.is_each)
        return true;
    if (sealing_of(seals, a, now_s) && sealing_of(others, b, now_s) &&
        memcmp(seals, others, sizeof seals) == 0)
        return true;
    (void)snprintf(why, size, "hosts %u and %u seal with different keys", a->index, b->index);
    return false;
}

bool
check_agree(const struct check *check, char *why, size_t size)
{
    const struct world *world = check->world;

    for (unsigned i = 0; i < world->count; i++) {
        for (unsigned j = 0; j < world->count; j++) {
            if (i != j && world->hosts[i].stekd != NULL && world->hosts[j].stekd != NULL &&
                !is_same(check, &world->hosts[i], &world->hosts[j], why, size))
                return false;
        }
    }
    return true;
}
