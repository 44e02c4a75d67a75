/* see check_inner.h: what is known of keys */
#include <string.h>

#include "check_inner.h"
#include "network.h"

#define KEEP_MS 3600000U /* keys that are over are looked for */

struct seen_key *
check_find(const struct check *check, const uint8_t name[KEY_NAME_LEN])
{
    for (size_t i = check->count; i > 0; i--) {
        if (memcmp(check->keys[i - 1].name, name, KEY_NAME_LEN) == 0)
            return &check->keys[i - 1];
    }
    return NULL;
}

void
check_owe(const struct check *check, struct seen_key *key, unsigned host, unsigned to)
{
    uint64_t bit = (uint64_t)1 << host;

    if ((key->owes & bit) != 0 || (check->out & bit) != 0)
        return;
    key->owes |= bit;
    key->owes_ms[host] = check->world->now_ms;
    key->owes_to[host] = to;
}

bool
check_is_linked(const struct host *a, const struct host *b)
{
    uint64_t since_ms = a->linked_ms[b->index];

    return since_ms != 0 && a->world->now_ms - since_ms >= CHECK_SETTLE_MS;
}

/* Whose clock is how far out; where one comes to be wrong, or is set right, it begins anew to talk
 * with others. */
static void
look_at_clock(struct check *check, struct host *host)
{
    uint64_t bit = (uint64_t)1 << host->index;
    bool was_out = (check->out & bit) != 0, was_stale = (check->stale & bit) != 0;
    int64_t before_ms = check->error_ms[host->index];

    if (host->stekd == NULL)
        return;
    if (check->has_error[host->index] && before_ms > WORLD_CLOCK_MS &&
        host_error_ms(host) <= WORLD_CLOCK_MS)
        host->doubted_ms = check->world->now_ms + WORLD_DOUBT_MS;
    check->error_ms[host->index] = host_error_ms(host);
    host_note_time(host);
    check->has_error[host->index] = true;
    if (host_is_out(host) == was_out && host_is_stale(host) == was_stale)
        return;
    check->out ^= host_is_out(host) != was_out ? bit : 0;
    check->stale ^= host_is_stale(host) != was_stale ? bit : 0;
    network_links(check->world->network);
}

void
check_clocks(struct check *check)
{
    int64_t least = INT64_MAX, most = INT64_MIN;

    for (unsigned i = 0; i < check->world->count; i++) {
        look_at_clock(check, &check->world->hosts[i]);
        if (!check->has_error[i] || (check->out >> i & 1) != 0)
            continue;
        if (check->error_ms[i] < least)
            least = check->error_ms[i];
        if (check->error_ms[i] > most)
            most = check->error_ms[i];
    }
    for (size_t i = 0; i < check->count; i++) {
        struct seen_key *key = &check->keys[i];

        key->least_ms = least < key->least_ms ? least : key->least_ms;
        key->most_ms = most > key->most_ms ? most : key->most_ms;
        key->out |= check->out;
        key->owes &= ~check->out;
        key->knows &= ~check->out; /* it may be over there, as is what revoked it */
        /* a clock that drifts, and is set after that, moves a key twice */
        if (key->most_ms > key->least_ms)
            key->spread_ms = 2 * (uint64_t)(key->most_ms - key->least_ms);
    }
}

void
check_drop_old(struct check *check)
{
    uint64_t now_ms = check->world->now_ms;
    size_t kept = 0;

    for (size_t i = 0; i < check->count; i++) {
        const struct seen_key *key = &check->keys[i];

        if (key->over_ms + key->spread_ms + KEEP_MS > now_ms)
            check->keys[kept++] = *key;
    }
    check->count = kept;
}

static void
count_epoch(struct check *check, const struct key *key)
{
    if (key->seal_from % check->world->wish.rotate_s != 0 || (key->flags & KEY_MADE_FLAGS) != 0)
        return;
    check->counts.epochs++;
    for (size_t i = 0; i < check->count; i++) {
        if (check->keys[i].seal_from == key->seal_from && !check->keys[i].is_emergency) {
            check->counts.epochs--;
            check->counts.epochs_twice++;
            return;
        }
    }
}

static struct seen_key *
add(struct check *check, const struct host *host, const struct key *key)
{
    struct seen_key *seen = &check->keys[check->count];

    if (check->count == KEYS_MAX) {
        (void)world_fail(check->world, "too many keys for this test");
        return NULL;
    }
    count_epoch(check, key);
    check->count++;
    *seen = (struct seen_key){.maker = key->maker, .seal_from = key->seal_from};
    seen->seal_until = key->seal_until;
    memcpy(seen->name, key->name, sizeof seen->name);
    seen->is_emergency = (key->flags & KEY_EMERGENCY) != 0;
    seen->first_ms = check->world->now_ms;
    seen->over_ms = key->open_until * 1000 - (uint64_t)host_error_ms(host);
    seen->is_odd = host_is_out(host);
    seen->least_ms = seen->is_odd ? INT64_MAX : host_error_ms(host);
    seen->most_ms = seen->is_odd ? INT64_MIN : host_error_ms(host);
    check->counts.keys++;
    check->counts.emergencies += seen->is_emergency;
    return seen;
}

/* From now on it opens at all that are in reach of who knows of the confirmation. */
static void
note_confirmed(struct check *check, const struct host *host, struct seen_key *seen)
{
    const struct world *world = check->world;

    if (seen->confirmed_ms != 0)
        return;
    seen->confirmed_ms = world->now_ms;
    if (world->now_ms + (uint64_t)host_error_ms(host) <= seen->seal_from * 1000)
        check->counts.confirmed++;
    else
        check->counts.held_back++;
    for (unsigned i = 0; i < world->count; i++) {
        if (i == host->index || check_is_linked(host, &world->hosts[i]))
            check_owe(check, seen, i, host->index);
    }
}

static void
note_revoked(struct check *check, const struct host *host, struct seen_key *seen)
{
    uint64_t bit = (uint64_t)1 << host->index;

    if ((seen->knows & bit) != 0)
        return;
    if (seen->knows == 0 && seen->revoked_ms == 0) {
        seen->revoked_ms = check->world->now_ms;
        check->counts.revoked++;
    }
    seen->knows |= bit;
    seen->knows_ms[host->index] = check->world->now_ms;
    check->revoked_ms[host->index] = check->world->now_ms;
}

bool
check_learn(struct check *check, const struct host *host)
{
    const struct keyset *set = &host_service(host)->set;

    for (size_t i = 0; i < set->key_count; i++) {
        const struct key *key = &set->keys[i];
        struct seen_key *seen = check_find(check, key->name);

        if (seen == NULL)
            seen = add(check, host, key);
        if (seen == NULL)
            return false;
        if (seen->had_ms[host->index] == 0)
            seen->had_ms[host->index] = check->world->now_ms;
        if (seen->told_ms == 0 && key->maker != host_service(host)->maker)
            seen->told_ms = check->world->now_ms;
        if ((key->flags & KEY_REVOKED) != 0)
            note_revoked(check, host, seen);
        else if ((key->flags & KEY_CONFIRMED) != 0)
            note_confirmed(check, host, seen);
    }
    return true;
}
