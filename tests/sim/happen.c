/* see happen.h: to hosts, clocks and the network */
#include "happen.h"

#include <stdio.h>
#include <string.h>

#include "check.h"
#include "happen_inner.h"
#include "keys_support.h"
#include "network.h"

#define REBOOT_MS 5000U      /* also what is on its way has arrived by then */
#define AGREE_MAX_MS 240000U /* until all must agree: three heartbeats, and a list each 30 s */

struct host *
happen_any(struct world *world, bool runs)
{
    unsigned start = (unsigned)rng_below(&world->rng, world->count);

    for (unsigned i = 0; i < world->count; i++) {
        struct host *host = &world->hosts[(start + i) % world->count];

        if (runs ? host_runs(host) : host->stekd == NULL)
            return host;
    }
    return NULL;
}

static bool
chance(struct world *world, unsigned one_in)
{
    return rng_below(&world->rng, one_in) == 0;
}

/* ---- time ---- */

/* From a millisecond to some epochs, short ones as often as long ones. */
static bool
happen_time(struct world *world)
{
    uint64_t most = 1;

    while (most < 2 * world->wish.rotate_s * 1000)
        most *= 2;
    most >>= rng_below(&world->rng, 12);
    return world_pass(world, 1 + rng_below(&world->rng, most));
}

int64_t
happen_error(struct world *world, uint64_t most_ms)
{
    if (most_ms > world->apart_ms)
        most_ms = world->apart_ms;
    return (int64_t)rng_below(&world->rng, 2 * most_ms) - (int64_t)most_ms;
}

/* ---- hosts ---- */

static bool
happen_kill(struct world *world)
{
    struct host *host = happen_any(world, true);

    if (host == NULL)
        return true;
    if (chance(world, 2))
        host->dies_in = 1 + (unsigned)rng_below(&world->rng, 3);
    else
        host_kill(host);
    return true;
}

static bool
happen_start(struct world *world)
{
    struct host *host = happen_any(world, false);

    return host == NULL || host_start(host);
}

static bool
happen_restart(struct world *world)
{
    struct host *host = happen_any(world, true);

    if (host == NULL)
        return true;
    host_kill(host);
    return host_start(host);
}

static bool
happen_reboot(struct world *world)
{
    struct host *host = happen_any(world, true);

    if (host == NULL)
        return true;
    host_reboot(host);
    return world_pass(world, REBOOT_MS) && (chance(world, 2) || host_start(host));
}

static bool
happen_pause(struct world *world)
{
    struct host *host = happen_any(world, true);

    if (host != NULL)
        host_pause(host,
                   1 + rng_below(&world->rng, (uint64_t)1 << (10 + rng_below(&world->rng, 14))),
                   chance(world, 2));
    return true;
}

bool
happen_join(struct world *world)
{
    struct host *host = world->count < WORLD_HOSTS_MAX ? world_add(world) : NULL;

    if (host == NULL)
        return world->fault[0] == '\0';
    host->ahead_ms = happen_error(world, chance(world, 8) ? AHEAD_MAX_MS : 3000);
    host->drift_ppm = (int64_t)rng_below(&world->rng, 100) - 50;
    return farm_deploy(host) && host_start(host);
}

static bool
happen_join_sometimes(struct world *world)
{
    return world->count >= world->count_max || happen_join(world);
}

/* ---- clocks ---- */

/* A step that is followed, or one that is held off until stekd starts anew. */
static bool
happen_clock(struct world *world)
{
    struct host *host = &world->hosts[rng_below(&world->rng, world->count)];

    host->ahead_ms = happen_error(world, chance(world, 3) ? AHEAD_MAX_MS : 20000);
    return true;
}

/* ---- the network ---- */

static bool
happen_partition(struct world *world)
{
    uint64_t side = rng_next(&world->rng);
    bool is_one_way = chance(world, 4), with_store = chance(world, 2);

    for (unsigned a = 0; a < world->count; a++) {
        if (with_store)
            network_cut_store(world->network, a, (side >> a & 1) != 0);
        for (unsigned b = 0; b < world->count; b++) {
            bool is_apart = (side >> a & 1) != (side >> b & 1);

            network_cut(world->network, a, b, is_apart && !(is_one_way && a < b));
        }
    }
    return true;
}

static bool
happen_cut(struct world *world)
{
    unsigned host = (unsigned)rng_below(&world->rng, world->count);

    network_cut_store(world->network, host, true);
    for (unsigned other = 0; other < world->count; other++) {
        network_cut(world->network, host, other, true);
        network_cut(world->network, other, host, true);
    }
    return true;
}

static bool
happen_heal(struct world *world)
{
    network_heal(world->network);
    return true;
}

static bool
happen_weather(struct world *world)
{
    struct network_weather weather = {.delay_max_ms = (uint64_t)1 << rng_below(&world->rng, 12)};

    if (chance(world, 2))
        weather.lost = (unsigned)rng_below(&world->rng, 50);
    if (chance(world, 2))
        weather.repeated = (unsigned)rng_below(&world->rng, 50);
    network_set_weather(world->network, &weather);
    return true;
}

/* A host whose record the store loses while it does not run, or is cut off, puts it again; but
 * until then nobody can learn its keys, and if its memory is gone, too, nobody ever can. */
static bool
may_lose(const struct world *world)
{
    for (unsigned i = 0; i < world->count; i++) {
        const struct host *host = &world->hosts[i];

        if (!host_runs(host) || network_is_store_cut(world->network, i) ||
            world->now_ms < host->runs_ms + CHECK_START_MS)
            return false;
    }
    return true;
}

static bool
happen_store(struct world *world)
{
    uint64_t dice = rng_below(&world->rng, 3);

    if (dice == 0 || !may_lose(world))
        network_replay(world->network);
    else if (dice == 1)
        network_wipe_store(world->network);
    else
        network_restore_old(world->network);
    return world_pass(world, REBOOT_MS);
}

/* ---- peace ---- */

static bool
start_all(struct world *world)
{
    for (unsigned i = 0; i < world->count; i++) {
        struct host *host = &world->hosts[i];

        host->dies_in = 0;
        if (host->stekd == NULL && !host_start(host))
            return false;
        if (host->paused_ms != 0)
            host->resumes_ms = world->now_ms;
    }
    return true;
}

/* From when on all take what all say. */
static uint64_t
doubted_ms(const struct world *world)
{
    uint64_t last_ms = world->now_ms;

    for (unsigned i = 0; i < world->count; i++) {
        const struct host *host = &world->hosts[i];

        if (host->doubted_ms > last_ms)
            last_ms = host->doubted_ms;
        if (world->wish.has_peers && host->stekd != NULL &&
            host->spoke_ms - (uint64_t)host_error_ms(host) > last_ms)
            last_ms = host->spoke_ms - (uint64_t)host_error_ms(host);
    }
    return last_ms;
}

bool
happen_quiet(struct world *world)
{
    const struct network_weather calm = {.delay_max_ms = 20};
    uint64_t began_ms = world->now_ms, latest_ms;
    char why[160] = "";

    network_heal(world->network);
    network_set_weather(world->network, &calm);
    if (!start_all(world) || !settings_mend(world) || !check_all(world->check))
        return false;
    if (!world->wish.has_store && !world->wish.has_peers)
        return true;
    latest_ms = doubted_ms(world) + AGREE_MAX_MS;
    do {
        if (!world_pass(world, 1000))
            return false;
        if (world->now_ms > latest_ms)
            return world_fail(world, "%.3f s: hosts do not agree: %s",
                              (double)(world->now_ms - world->began_ms) / 1000, why);
    } while (!check_agree(world->check, why, sizeof why));
    if (world->now_ms - began_ms > world->counts.longest_ms)
        world->counts.longest_ms = world->now_ms - began_ms;
    return true;
}

const struct happening happenings[] = {
    {"time", 40, happen_time},
    {"rotate", 4, order_rotate},
    {"revoke all", 1, order_revoke_all},
    {"revoke names", 3, order_revoke_names},
    {"kill", 4, happen_kill},
    {"start", 6, happen_start},
    {"restart", 3, happen_restart},
    {"reboot", 1, happen_reboot},
    {"pause", 2, happen_pause},
    {"join", 1, happen_join_sometimes},
    {"clock", 2, happen_clock},
    {"partition", 2, happen_partition},
    {"cut", 2, happen_cut},
    {"heal", 4, happen_heal},
    {"weather", 2, happen_weather},
    {"store", 2, happen_store},
    {"policy", 1, setting_policy},
    {"reload", 2, setting_reload},
    {"source", 2, setting_source},
    {"rekey", 1, setting_rekey},
    {"wrong clock", 2, setting_clock},
    {"quiet", 4, happen_quiet},
    {NULL, 0, NULL},
};

const struct happening *
happen_choose(struct world *world)
{
    const struct happening *at = happenings;
    uint64_t sum = 0, dice;

    for (; at->name != NULL; at++)
        sum += at->weight;
    dice = rng_below(&world->rng, sum);
    for (at = happenings; dice >= at->weight; at++)
        dice -= at->weight;
    return at;
}
