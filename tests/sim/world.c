/* see world.h: time */
#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "keys_support.h"
#include "loop_virtual.h"
#include "network.h"

static struct host *inside;

bool
world_fail(struct world *world, const char *format, ...)
{
    va_list args;

    if (world->fault[0] != '\0')
        return false; /* the first counts */
    va_start(args, format);
    (void)vsnprintf(world->fault, sizeof world->fault, format, args);
    va_end(args);
    return false;
}

static void
trace_line(void *arg, bool is_warning, const char *line)
{
    const struct world *world = arg;

    if (getenv("STEK_TRACE") == NULL)
        return;
    printf("# %10.3f host %2u %s%s\n", (double)(world->now_ms - world->began_ms) / 1000,
           inside == NULL ? 0 : inside->index, is_warning ? "! " : "", line);
}

bool
world_open(struct world *world, uint64_t seed, const struct wish *wish)
{
    *world = (struct world){.rng = seed, .wish = *wish, .log = {.sink = trace_line, .arg = world}};
    (void)snprintf(world->folder, sizeof world->folder, "%s/stek-sim-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    world->began_ms = world->now_ms = NOW_MS + rng_below(&world->rng, 86400000);
    world->check_every_ms = 2000;
    world->apart_ms = wish->patience_s * 250; /* happen_inner.h says why */
    world->network = network_new(world);
    world->check = check_new(world);
    if (world->network == NULL || world->check == NULL)
        return world_fail(world, "no memory");
    return mkdtemp(world->folder) != NULL || world_fail(world, "no folder");
}

void
world_close(struct world *world)
{
    char command[64];

    for (unsigned i = 0; i < world->count; i++) {
        host_kill(&world->hosts[i]);
        stek_ring_close(&world->hosts[i].server);
    }
    network_free(&world->network);
    check_free(&world->check);
    (void)snprintf(command, sizeof command, "rm -rf %.39s", world->folder);
    (void)!system(command);
}

/* ---- who runs ---- */

void
world_enter(struct host *host)
{
    uint64_t up_ms = host->world->now_ms - host->booted_ms;

    inside = host;
    virtual_system = host->system;
    virtual_system.boot_ms = up_ms;
    virtual_system.wall_ms = host->world->now_ms + (uint64_t)host->ahead_ms +
                             (uint64_t)((int64_t)(host->world->now_ms - host->world->began_ms) /
                                        1000 * host->drift_ppm / 1000);
}

void
world_leave(struct host *host)
{
    host->system = virtual_system;
    inside = NULL;
}

struct host *
world_inside(void)
{
    return inside;
}

/* ---- time ---- */

/* When something happens in this host, in true time. */
static uint64_t
next_of(const struct host *host)
{
    uint64_t due;

    if (host->paused_ms != 0)
        return host->resumes_ms;
    if (host->stekd == NULL)
        return UINT64_MAX;
    due = loop_virtual_next_ms(host->stekd->loop);
    return due == UINT64_MAX ? due : due + host->system.slept_ms + host->booted_ms;
}

static struct host *
next_host(struct world *world, uint64_t *at_ms)
{
    struct host *best = NULL;

    for (unsigned i = 0; i < world->count; i++) {
        uint64_t due = next_of(&world->hosts[i]);

        if (due < *at_ms) {
            *at_ms = due;
            best = &world->hosts[i];
        }
    }
    return best;
}

static void
resume(struct host *host)
{
    host->runs_ms = host->world->now_ms;
    if (host->is_asleep) {
        host->system.slept_ms += host->resumes_ms - host->paused_ms;
        host->runs_ms += SERVICE_LOOK_MS; /* that long stekd may not look at the clock */
    }
    host->paused_ms = 0;
    network_resume(host->world->network, host->index);
    if (host->is_signalled)
        host_reload(host);
}

/* One timer. */
static void
run_host(struct host *host)
{
    if (host->paused_ms != 0) {
        resume(host);
        return;
    }
    world_enter(host);
    (void)loop_virtual_step(host->stekd->loop); /* one is due */
    world_leave(host);
}

static bool
after(struct world *world, struct host *host)
{
    world->counts.events++;
    if (host != NULL && host->is_dying)
        host_kill(host);
    return host == NULL || check_host(world->check, host);
}

static bool
look_at_all(struct world *world)
{
    world->check_ms = world->now_ms + 1 + rng_below(&world->rng, 2 * world->check_every_ms);
    return check_all(world->check);
}

bool
world_pass(struct world *world, uint64_t ms)
{
    uint64_t end_ms = world->now_ms + ms;

    for (;;) {
        uint64_t at_ms = end_ms, net_ms = network_next_ms(world->network);
        struct host *host;

        if (world->check_ms < at_ms)
            at_ms = world->check_ms;
        host = next_host(world, &at_ms);
        if (net_ms < at_ms) {
            at_ms = net_ms;
            host = NULL;
        }
        if (at_ms > world->now_ms) /* what was due while it stood still is late */
            world->now_ms = at_ms;
        if (host == NULL && at_ms == end_ms && net_ms > end_ms && world->check_ms > end_ms)
            return look_at_all(world);
        if (host != NULL)
            run_host(host);
        else if (net_ms <= at_ms)
            host = network_step(world->network);
        else if (!look_at_all(world))
            return false;
        if (!after(world, host))
            return false;
    }
}
