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

bool
check_fail(const struct check *check, const struct host *host, const struct seen_key *key,
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
    return check_learn(check, host) && check_late(check, host);
}

/* ---- what seals ---- */

bool
check_is_in_reach(const struct check *check, const struct seen_key *key, const struct host *host,
                  const struct host *other)
{
    const struct world *world = check->world;
    unsigned maker = network_find(world->network, key->maker);

    if (!check_is_linked(host, other))
        return false;
    if (!(world->wish.has_store && world->wish.has_peers) && world->rekeyed == NULL)
        return true;
    if (maker == host->index || maker == other->index)
        return true;
    return maker < world->count && check_is_linked(&world->hosts[maker], other);
}

/* A revocation came to both? What one engine brought is carried to the other only where too few say
 * it, so with two engines the store has to have it. */
static bool
is_told(const struct check *check, const struct host *host, const struct host *other)
{
    const struct world *world = check->world;
    uint64_t a_ms = network_store_ms(world->network, host->index);
    uint64_t b_ms = network_store_ms(world->network, other->index);

    if (!world->wish.has_store || !world->wish.has_peers)
        return true;
    return a_ms != 0 && b_ms != 0 && (a_ms > b_ms ? a_ms : b_ms) + CHECK_SETTLE_MS < world->now_ms;
}

/* May it be asked for wherever it can have come? What waits for nobody seals where it is made; and
 * a key that comes late, as its maker or this host was cut off, waits for a while, but not where
 * nothing else seals. */
static bool
has_settled(struct check *check, const struct seen_key *key, const struct host *host)
{
    uint64_t had_ms = key->had_ms[host->index];
    uint64_t since_ms = key->told_ms > had_ms ? key->told_ms : had_ms;
    bool is_bare = check_had_nothing(check, host, key);

    if (!key->is_emergency && !check->world->wish.is_each && key->told_ms != 0 &&
        (since_ms <= key->seal_from * 1000 || !is_bare))
        return true;
    return key->told_ms != 0 && since_ms + CHECK_SETTLE_MS <= check->world->now_ms;
}

/* `host` seals with this key: at whom must its tickets open? */
static bool
note_sealing(struct check *check, const struct host *host, struct seen_key *key)
{
    const struct world *world = check->world;
    uint64_t bit = (uint64_t)1 << host->index;
    bool has_spread = has_settled(check, key, host) && !key->is_odd;

    key->sealed_ms = world->now_ms;
    check->counts.sealed++;
    if ((key->knows & bit) != 0)
        return check_fail(check, host, key, "it seals, and was revoked here");
    check_owe(check, key, host->index, host->index);
    for (unsigned i = 0; i < world->count; i++) {
        const struct host *other = &world->hosts[i];
        uint64_t other_bit = (uint64_t)1 << i;

        if (i == host->index || !check_is_in_reach(check, key, host, other))
            continue;
        if ((key->knows & other_bit) != 0 && is_told(check, host, other) &&
            key->knows_ms[i] + CHECK_SETTLE_MS < world->now_ms)
            return check_fail(check, host, key,
                              "it seals, and a host in reach knows that it is revoked");
        if (has_spread)
            check_owe(check, key, i, host->index);
    }
    return true;
}

/* It cannot make keys, or could not lately. */
static bool
has_no_source(struct check *check, const struct host *host)
{
    uint64_t *last_ms = &check->broken_ms[host->index];

    if (host->source != SOURCE_GOOD || host->system.is_source_broken)
        *last_ms = check->world->now_ms;
    return *last_ms != 0 && check->world->now_ms < *last_ms + CHECK_START_MS;
}

/* Nothing seals: for how long may that be? */
static bool
note_dry(struct check *check, const struct host *host, bool is_dry)
{
    uint64_t now_ms = check->world->now_ms, *since_ms = &check->dry_ms[host->index];
    bool is_new = !host_runs(host) || now_ms < host->runs_ms + CHECK_START_MS ||
                  member_is_listing(host_service(host)->member); /* in a new farm, too */
    bool is_broken = has_no_source(check, host);
    uint64_t most_ms =
        check->revoked_ms[host->index] + CHECK_DRY_MS > now_ms ? CHECK_DRY_MS : CHECK_GAP_MS;

    if (!is_dry || is_new || is_broken) {
        *since_ms = 0;
        return true;
    }
    if (*since_ms == 0)
        *since_ms = now_ms;
    return now_ms - *since_ms < most_ms ||
           world_fail(host->world, "%.3f s: host %u: no key seals",
                      (double)(now_ms - host->world->began_ms) / 1000, host->index);
}

/* A ticket ends after the lifetime that its host gives it, or with its key. */
static void
note_tickets(struct check *check, const struct host *host, struct seen_key *key,
             const struct stek_key *sealing)
{
    uint64_t key_ms = host->booted_ms + sealing->open_until * 1000, end_ms;

    if (host->stekd != NULL)
        check->lifetime_s[host->index] = host_service(host)->config.policy.lifetime_s;
    end_ms = check->world->now_ms + check->lifetime_s[host->index] * 1000;
    end_ms = end_ms < key_ms ? end_ms : key_ms;
    if ((check->out >> host->index & 1) != 0)
        return; /* others end it before */
    if (key->tickets_ms < end_ms)
        key->tickets_ms = end_ms;
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
    note_tickets(check, host, key, &sealing);
    return note_sealing(check, host, key);
}

/* ---- what opens ---- */

/* A ticket that was sealed last may still live. */
static bool
has_tickets(const struct check *check, const struct seen_key *key)
{
    return check->world->now_ms + key->spread_ms + SLACK_MS < key->tickets_ms;
}

/* The clock of its maker was out while it lived, and its times may have moved with it. */
static bool
has_moved(const struct check *check, const struct seen_key *key)
{
    unsigned maker = network_find(check->world->network, key->maker);

    return maker < WORLD_HOSTS_MAX && (key->out >> maker & 1) != 0;
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
        return check_fail(check, host, key, "it opens, and was revoked here");
    if (opens && !has_moved(check, key) && (key->out & bit) == 0 &&
        check->world->now_ms > key->over_ms + key->spread_ms + SLACK_MS)
        return check_fail(check, host, key, "it opens, and its time is over");
    if ((key->owes & bit) == 0 || (key->knows & bit) != 0 || !has_tickets(check, key))
        return true;
    check->counts.opened++;
    if (opens || has_moved(check, key))
        return true;
    (void)snprintf(what, sizeof what,
                   "a ticket is lost: sealed at %.3f s, it does not open here, and has to since "
                   "%.3f s, for host %u",
                   (double)(key->sealed_ms - host->world->began_ms) / 1000,
                   (double)(key->owes_ms[host->index] - host->world->began_ms) / 1000,
                   key->owes_to[host->index]);
    return check_fail(check, host, key, what);
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
    for (unsigned i = 0; ok && i < world->count; i++)
        ok = look_at_sealing(check, &world->hosts[i]);
    for (unsigned i = 0; ok && i < world->count; i++)
        ok = look_at_keys(check, &world->hosts[i]);
    check_drop_old(check);
    return ok && world->fault[0] == '\0';
}
