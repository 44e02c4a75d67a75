/* see happen.h: what is set at hosts, and set right again: policies, farm secrets, clocks that are
 * far out; and sources that fail */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "happen_inner.h"
#include "keys_support.h"
#include "network.h"
#include "share/farm.h"

#define OUT_LEAST_MS 660000U          /* of a clock that is wrong ... */
#define OUT_MOST_MS (86400000ULL * 3) /* ... on either side */
#define FARM_LEN_MAX 1024U

/* ---- configuration ---- */

/* The file is new everywhere at once, who reads it when is another matter. */
static bool
configure_all(struct world *world)
{
    for (unsigned i = 0; i < world->count; i++) {
        if (!host_configure(&world->hosts[i]))
            return world_fail(world, "host %u: its configuration cannot be written", i);
    }
    return true;
}

static void
reload_some(struct world *world)
{
    for (unsigned i = 0; i < world->count; i++) {
        if (rng_below(&world->rng, 2) == 0)
            host_reload(&world->hosts[i]);
    }
}

/* Other times; and clocks are not further apart than patience allows. */
bool
setting_policy(struct world *world)
{
    static const uint64_t rotates[] = {120, 600, 3600};
    struct wish *wish = &world->wish;

    do {
        wish->rotate_s = rotates[rng_below(&world->rng, 3)];
        wish->patience_s = wish->rotate_s / (2 + rng_below(&world->rng, 4));
    } while (wish->patience_s * 250 < world->apart_ms);
    wish->lifetime_s = wish->rotate_s * (2 + rng_below(&world->rng, 11));
    if (!configure_all(world))
        return false;
    reload_some(world);
    return true;
}

/* Of what is new, or of nothing. */
bool
setting_reload(struct world *world)
{
    struct host *host = happen_any(world, true);

    if (host == NULL)
        return true;
    if (!farm_deploy(host))
        return false;
    host_reload(host);
    return true;
}

/* ---- membership ---- */

static bool
write_secret(const struct host *host, const uint8_t *bytes, size_t len)
{
    char path[96];
    int fd;
    bool ok;

    (void)snprintf(path, sizeof path, "%s/state/www.farm", host->folder);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ok = fd >= 0 && write(fd, bytes, len) == (ssize_t)len;
    return (fd >= 0 && close(fd) == 0 && ok) || world_fail(host->world, "%s: not written", path);
}

/* The file of another host, as `scp` brings it. */
static bool
copy_secret(const struct host *host, const struct host *from)
{
    uint8_t bytes[FARM_LEN_MAX];
    char path[96];
    ssize_t len = -1;
    int fd;

    (void)snprintf(path, sizeof path, "%s/state/www.farm", from->folder);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        len = read(fd, bytes, sizeof bytes);
        (void)close(fd); /* it was read */
    }
    return len > 0 ? write_secret(host, bytes, (size_t)len)
                   : world_fail(host->world, "%s cannot be read", path);
}

bool
farm_deploy(struct host *host)
{
    struct world *world = host->world;
    uint64_t rng = world->began_ms;
    uint8_t id[FARM_ID_LEN];
    struct secret secret;
    FARM(farm);
    SECRET_BUF(text);

    if (world->rekeyed == host)
        return true;
    if (world->rekeyed != NULL)
        return copy_secret(host, world->rekeyed);
    rng_fill(&rng, id, sizeof id);
    rng_fill(&rng, secret.bytes, sizeof secret.bytes);
    if (!farm_create(&farm, id, &secret, world->began_ms, NULL) || !farm_encode(&text, &farm, NULL))
        return world_fail(world, "no farm secret");
    return write_secret(host, text.bytes, text.len);
}

/* A fresh secret; some of the others have it at once, some later, by a reload. */
bool
setting_rekey(struct world *world)
{
    struct host *host = happen_any(world, true);
    json_t *root;
    int status;

    if (host == NULL || host->system.is_source_broken || host_is_out(host))
        return true;
    status =
        host_ask(host, &root, "POST", "/v1/farm/rekey", "", "{\"keyset\": \"" WORLD_KEYSET "\"}");
    json_decref(root);
    if (status != 200)
        return world_fail(world, "host %u: rekey: %d", host->index, status);
    world->rekeyed = host;
    network_links(world->network); /* what was on its way in the old farm is lost */
    for (unsigned i = 0; i < world->count; i++) {
        struct host *other = &world->hosts[i];

        if (rng_below(&world->rng, 2) == 0)
            continue;
        if (!farm_deploy(other))
            return false;
        host_reload(other);
    }
    host_reload(host);
    return true;
}

/* ---- sources of keys ---- */

static void
mend_source(struct host *host)
{
    host->source = SOURCE_GOOD;
    host_break_randomness(host, false);
}

/* It fails, or, where it does, works again. */
bool
setting_source(struct world *world)
{
    struct host *host = &world->hosts[rng_below(&world->rng, world->count)];

    if (host->source != SOURCE_GOOD || host->system.is_source_broken) {
        mend_source(host);
    } else if (rng_below(&world->rng, 4) == 0) {
        host_break_randomness(host, true);
    } else {
        host->source = (enum world_source)(SOURCE_FAILS + rng_below(&world->rng, 3));
        if (host->source == SOURCE_REPEATS && host->given.name[0] == 0)
            host->source = SOURCE_FAILS; /* it has given none yet */
    }
    return true;
}

/* ---- clocks that are far out ---- */

static bool
is_out(const struct host *host)
{
    return host_is_out(host) || host->ahead_ms > WORLD_CLOCK_MS || host->ahead_ms < -WORLD_CLOCK_MS;
}

/* stekd takes over a clock that was set when it starts anew; or, where it runs on, if others
 * agree. */
static bool
set_clock(struct host *host, int64_t ahead_ms, bool is_restarted)
{
    host->ahead_ms = ahead_ms;
    if (!is_restarted || host->stekd == NULL)
        return true;
    host_kill(host);
    return host_start(host);
}

/* It knows a key that another host made lately: who knows none cannot tell a clock that goes wrong
 * from one that is set right, and loses what it made after a revocation. */
static bool
knows_others(const struct host *host)
{
    const struct service *service = host_service(host);
    uint64_t from_ms = host->world->now_ms - OUT_LEAST_MS + KEY_SKEW_MS;

    for (size_t i = 0; service != NULL && i < service->set.key_count; i++) {
        const struct key *key = &service->set.keys[i];

        if (key->maker != service->maker && key->made_ms > from_ms + WORLD_CLOCK_MS)
            return true;
    }
    return false;
}

/* One that is further out than records are taken from; or, where there is one, it is set right. It
 * is not so little ahead that what it says is taken later. */
bool
setting_clock(struct world *world)
{
    bool is_restarted = rng_below(&world->rng, 2) == 0;
    struct host *host = &world->hosts[rng_below(&world->rng, world->count)];
    uint64_t most = (uint64_t)OUT_MOST_MS >> rng_below(&world->rng, 9);
    int64_t out_ms = (int64_t)(OUT_LEAST_MS + rng_below(&world->rng, most));

    for (unsigned i = 0; i < world->count; i++) {
        if (is_out(&world->hosts[i]))
            return set_clock(&world->hosts[i], happen_error(world, AHEAD_MAX_MS), is_restarted);
    }
    if (rng_below(&world->rng, 2) == 0)
        return set_clock(host, out_ms + (int64_t)OUT_MOST_MS, is_restarted);
    return !knows_others(host) || set_clock(host, -out_ms, is_restarted);
}

/* ---- peace ---- */

bool
settings_mend(struct world *world)
{
    for (unsigned i = 0; i < world->count; i++) {
        struct host *host = &world->hosts[i];

        mend_source(host);
        if (is_out(host) && !set_clock(host, happen_error(world, AHEAD_MAX_MS), true))
            return false;
        if (!farm_deploy(host))
            return false;
        host_reload(host);
    }
    return true;
}
