/* see check.h */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "check_inner.h"
#include "network.h"

void
check_free(struct check **check)
{
    if (*check != NULL)
        free((*check)->keys);
    free(*check);
    *check = NULL;
}

struct check *
check_new(struct world *world)
{
    struct check *check = calloc(1, sizeof *check);

    if (check == NULL)
        return NULL;
    check->world = world;
    check->keys = calloc(KEYS_MAX, sizeof *check->keys);
    if (check->keys == NULL)
        check_free(&check);
    return check;
}

const struct check_counts *
check_counts(const struct check *check)
{
    return &check->counts;
}

void
check_forget(struct check *check, const struct host *host)
{
    uint64_t bit = (uint64_t)1 << host->index;

    for (size_t i = 0; i < check->count; i++) {
        check->keys[i].owes &= ~bit;
        check->keys[i].knows &= ~bit;
    }
    check->has_error[host->index] = false;
    check->generations[host->index] = 0;
}

static bool
fail(const struct check *check, const struct host *host, const struct seen_key *key,
     const char *what)
{
    char hex[HEX_LEN(KEY_NAME_LEN)];
    const struct world *world = check->world;

    return world_fail(world->hosts[0].world,
                      "%.3f s: host %u: key %.8s of %016llx, seen first at %.3f s: %s",
                      (double)(world->now_ms - world->began_ms) / 1000, host->index,
                      hex_encode(hex, key->name, KEY_NAME_LEN), (unsigned long long)key->maker,
                      (double)(key->first_ms - world->began_ms) / 1000, what);
}

bool
check_host(struct check *check, const struct host *host)
{
    uint64_t generation;

    if (host->stekd == NULL)
        return true;
    if (check->error_ms[host->index] != host_error_ms(host))
        check_clocks(check);
    generation = service_generation(host_service(host));
    if (generation == check->generations[host->index])
        return true;
    check->generations[host->index] = generation;
    return check_learn(check, host);
}

/* ---- what seals ---- */

/* Records about this key came to both? With two engines it may have come to the one by an engine
 * that the other is cut off from, unless that is in reach of its maker. */
static bool
is_in_reach(const struct check *check, const struct seen_key *key, const struct host *host,
            const struct host *other)
{
    const struct world *world = check->world;
    unsigned maker = network_find(world->network, key->maker);

    if (!check_is_linked(host, other))
        return false;
    if (!world->wish.has_store || !world->wish.has_mesh || maker == host->index ||
        maker == other->index)
        return true;
    return maker < world->count && check_is_linked(&world->hosts[maker], other);
}

/* May it be asked for wherever it can have come? What waits for nobody seals where it is made; and
 * a key that comes late, as its maker or this host was cut off, seals wherever it comes. */
static bool
has_settled(const struct check *check, const struct seen_key *key, const struct host *host)
{
    uint64_t had_ms = key->had_ms[host->index];
    uint64_t since_ms = key->told_ms > had_ms ? key->told_ms : had_ms;

    if (!key->is_emergency && !check->world->wish.is_each && key->told_ms != 0 &&
        since_ms <= key->seal_from * 1000)
        return true;
    return key->told_ms != 0 && since_ms + CHECK_SETTLE_MS <= check->world->now_ms;
}

/* `host` seals with this key: at whom must its tickets open? */
static bool
note_sealing(struct check *check, const struct host *host, struct seen_key *key)
{
    const struct world *world = check->world;
    uint64_t bit = (uint64_t)1 << host->index;
    bool has_spread = has_settled(check, key, host);

    key->sealed_ms = world->now_ms;
    check->counts.sealed++;
    if ((key->knows & bit) != 0)
        return fail(check, host, key, "it seals, and was revoked here");
    check_owe(check, key, host->index, host->index);
    for (unsigned i = 0; i < world->count; i++) {
        const struct host *other = &world->hosts[i];
        uint64_t other_bit = (uint64_t)1 << i;

        if (i == host->index || !is_in_reach(check, key, host, other))
            continue;
        if ((key->knows & other_bit) != 0 && key->knows_ms[i] + CHECK_SETTLE_MS < world->now_ms)
            return fail(check, host, key, "it seals, and a host in reach knows that it is revoked");
        if (has_spread)
            check_owe(check, key, i, host->index);
    }
    return true;
}

/* Nothing seals: for how long may that be? */
static bool
note_dry(struct check *check, const struct host *host, bool is_dry)
{
    uint64_t now_ms = check->world->now_ms, *since_ms = &check->dry_ms[host->index];
    bool is_new = !host_runs(host) || now_ms < host->runs_ms + CHECK_START_MS;
    uint64_t most_ms =
        check->revoked_ms[host->index] + CHECK_DRY_MS > now_ms ? CHECK_DRY_MS : CHECK_GAP_MS;

    if (!is_dry || is_new) {
        *since_ms = 0;
        return true;
    }
    if (*since_ms == 0)
        *since_ms = now_ms;
    return now_ms - *since_ms < most_ms ||
           world_fail(host->world, "%.3f s: host %u: no key seals",
                      (double)(now_ms - host->world->began_ms) / 1000, host->index);
}

static bool
look_at_sealing(struct check *check, struct host *host)
{
    enum stek_status status;
    struct seen_key *key;
    STEK_KEY(sealing);

    if (host->server == NULL)
        return true;
    world_enter(host);
    status = stek_ring_sealing_key(host->server, &sealing, host_boot_s(host));
    world_leave(host);
    if (!note_dry(check, host, status != STEK_OK))
        return false;
    if (status != STEK_OK)
        return true;
    key = check_find(check, sealing.name);
    if (key == NULL)
        return world_fail(host->world, "host %u: a key seals that no stekd knew", host->index);
    return note_sealing(check, host, key);
}

/* ---- what opens ---- */

/* A ticket that was sealed last may still live. */
static bool
has_tickets(const struct check *check, const struct seen_key *key)
{
    return key->sealed_ms != 0 && check->world->now_ms + key->spread_ms + SLACK_MS <
                                      key->sealed_ms + check->world->wish.lifetime_s * 1000;
}

static bool
look_at_key(struct check *check, struct host *host, const struct seen_key *key)
{
    uint64_t bit = (uint64_t)1 << host->index;
    char what[160];
    bool opens;
    int renew;
    STEK_KEY(opening);

    opens = stek_ring_opening_key(host->server, &opening, &renew, key->name, host_boot_s(host)) ==
            STEK_OK;
    check->world->counts.looks++;
    if (opens && (key->knows & bit) != 0)
        return fail(check, host, key, "it opens, and was revoked here");
    if (opens && check->world->now_ms > key->over_ms + key->spread_ms + SLACK_MS)
        return fail(check, host, key, "it opens, and its time is over");
    if ((key->owes & bit) == 0 || (key->knows & bit) != 0 || !has_tickets(check, key))
        return true;
    check->counts.opened++;
    if (opens || key->is_orphan)
        return true;
    (void)snprintf(what, sizeof what,
                   "a ticket is lost: sealed at %.3f s, it does not open here, and has to since "
                   "%.3f s, for host %u",
                   (double)(key->sealed_ms - host->world->began_ms) / 1000,
                   (double)(key->owes_ms[host->index] - host->world->began_ms) / 1000,
                   key->owes_to[host->index]);
    return fail(check, host, key, what);
}

static bool
look_at_keys(struct check *check, struct host *host)
{
    bool ok = true;

    if (host->server == NULL)
        return true;
    world_enter(host);
    for (size_t i = 0; ok && i < check->count; i++)
        ok = look_at_key(check, host, &check->keys[i]);
    world_leave(host);
    return ok;
}

bool
check_all(struct check *check)
{
    struct world *world = check->world;
    bool ok = true;

    world->counts.checks++;
    for (unsigned i = 0; ok && i < world->count; i++)
        ok = check_host(check, &world->hosts[i]);
    check_clocks(check);
    check_orphans(check);
    for (unsigned i = 0; ok && i < world->count; i++)
        ok = look_at_sealing(check, &world->hosts[i]);
    for (unsigned i = 0; ok && i < world->count; i++)
        ok = look_at_keys(check, &world->hosts[i]);
    check_drop_old(check);
    return ok && world->fault[0] == '\0';
}

/* ---- agreement ---- */

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
    return ((own->flags ^ key->flags) & flags) == 0;
}

static bool
is_out_of_reach(const struct check *check, const struct key *key)
{
    const struct seen_key *seen = check_find(check, key->name);

    return seen != NULL && seen->is_orphan;
}

/* It may be over at one host already. */
static uint64_t
spread_ms(const struct check *check, const struct key *key)
{
    const struct seen_key *seen = check_find(check, key->name);

    return 2 * CHECK_SETTLE_MS + (seen == NULL ? 0 : seen->spread_ms);
}

static bool
is_same(const struct check *check, const struct host *a, const struct host *b, char *why,
        size_t size)
{
    const struct service *own = host_service(a), *other = host_service(b);
    uint64_t now_s = check->world->now_ms / 1000;
    const struct key *seals, *others;

    for (size_t i = 0; i < own->set.key_count; i++) {
        const struct key *key = &own->set.keys[i];
        char hex[HEX_LEN(KEY_NAME_LEN)];

        if (!is_out_of_reach(check, key) &&
            key->open_until * 1000 > check->world->now_ms + spread_ms(check, key) &&
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
    seals = keyset_sealing(&own->set, &own->config.policy, own->maker, now_s);
    others = keyset_sealing(&other->set, &other->config.policy, other->maker, now_s);
    if ((seals != NULL && is_out_of_reach(check, seals)) ||
        (others != NULL && is_out_of_reach(check, others)))
        return true;
    if ((seals == NULL) == (others == NULL) &&
        (seals == NULL || memcmp(seals->name, others->name, KEY_NAME_LEN) == 0))
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
