/* see world.h: hosts */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"
#include "check.h"
#include "keys_support.h"
#include "loop_virtual.h"
#include "network.h"
#include "world.h"

#define LISTED 12U /* hosts, at most, in a farm by peers */
#define PEERS_LEN ((size_t)WORLD_HOSTS_MAX * ADDRESS_TEXT_MAX)

/* All hosts that there may be. */
static void
write_peers(char out[PEERS_LEN], const struct wish *wish)
{
    size_t len = (size_t)snprintf(out, PEERS_LEN, "    share peers { %s {", "peers =");
    char address[ADDRESS_TEXT_MAX];

    if (wish->is_group) {
        (void)snprintf(out, PEERS_LEN, "    share peers { multicast = \"239.255.79.84:7984\" }\n");
        return;
    }
    for (unsigned i = 0; i < LISTED; i++) {
        network_address(address, i);
        len +=
            (size_t)snprintf(out + len, PEERS_LEN - len, "%s\"%s\"", i == 0 ? "" : ", ", address);
    }
    (void)snprintf(out + len, PEERS_LEN - len, "} }\n"); /* fits */
}

bool
host_configure(const struct host *host)
{
    const struct wish *wish = &host->world->wish;
    bool is_shared = wish->has_store || wish->has_peers;
    char path[96], peers[PEERS_LEN];
    FILE *file;
    bool ok;

    write_peers(peers, wish);
    (void)snprintf(path, sizeof path, "%s/stekd.conf", host->folder);
    file = fopen(path, "w");
    ok = file != NULL &&
         fprintf(file,
                 "keyset " WORLD_KEYSET " { rotate = %llu lifetime = %llu patience = %llu\n"
                 "    keys = %s capacity = 256 max_session = 7d\n%s%s%s%s%s}\n",
                 (unsigned long long)wish->rotate_s, (unsigned long long)wish->lifetime_s,
                 (unsigned long long)wish->patience_s, wish->is_each ? "each" : "one",
                 is_shared ? "    farm = \"" : "", is_shared ? host->folder : "",
                 is_shared ? "/state/www.farm\"\n" : "",
                 wish->has_store ? "    share store { }\n" : "", wish->has_peers ? peers : "") > 0;
    return file != NULL && fclose(file) == 0 && ok;
}

static bool
make_folders(const struct host *host)
{
    char path[96];

    (void)snprintf(path, sizeof path, "%s/state", host->folder);
    return mkdir(host->folder, 0700) == 0 && mkdir(path, 0700) == 0 && host_configure(host);
}

struct host *
world_add(struct world *world)
{
    struct host *host = &world->hosts[world->count];
    char folder[sizeof host->folder];

    if (world->count == WORLD_HOSTS_MAX)
        return NULL;
    *host = (struct host){.world = world, .index = world->count};
    (void)snprintf(folder, sizeof folder, "%.39s/h%02u", world->folder, host->index);
    memcpy(host->folder, folder, sizeof folder);
    host->booted_ms = world->now_ms - 1000 - rng_below(&world->rng, 1000000000);
    host->system = (struct virtual_system){.rng = rng_next(&world->rng), .boots = 1};
    if (!make_folders(host)) {
        (void)world_fail(world, "%s cannot be made", host->folder);
        return NULL;
    }
    world->count++;
    return host;
}

/* The server looks for its ring, as it does whenever it makes a context. */
static bool
look_for_ring(struct host *host)
{
    char path[128];
    enum stek_status status = STEK_OK;

    (void)snprintf(path, sizeof path, "%s/run/" WORLD_KEYSET ".r1", host->folder);
    if (host->server == NULL)
        status = stek_ring_open(&host->server, path);
    else
        (void)stek_ring_tick(host->server,
                             host_boot_s(host)); /* the checks look at what it finds */
    return status == STEK_OK || world_fail(host->world, "host %u: no server", host->index);
}

bool
host_start(struct host *host)
{
    struct stekd_options options;
    struct config config = {0};
    struct err err = {""};
    char path[96], run[96];
    bool ok;

    (void)snprintf(path, sizeof path, "%s/stekd.conf", host->folder);
    (void)snprintf(run, sizeof run, "%s/run", host->folder);
    options = (struct stekd_options){.config_path = path, .run_dir = run};
    host->runs_ms = host->world->now_ms;
    host->is_dying = false;
    world_enter(host);
    if (config_load(&config, path, false, &err))
        host->stekd = stekd_start(&options, &config, &host->world->log, &err);
    config_free(&config);
    ok = host->stekd != NULL && look_for_ring(host);
    world_leave(host);
    network_links(host->world->network);
    /* its id is random */
    return ok || host->system.is_source_broken ||
           world_fail(host->world, "host %u does not start: %s", host->index, err.text);
}

void
host_reload(struct host *host)
{
    host->is_signalled = host->stekd != NULL && host->paused_ms != 0;
    if (!host_runs(host))
        return;
    world_enter(host);
    loop_virtual_signal(host->stekd->loop, false);
    world_leave(host);
    network_links(host->world->network);
}

void
host_kill(struct host *host)
{
    if (host->stekd == NULL)
        return;
    (void)check_host(host->world->check, host); /* fails in its world */
    host_note_time(host);
    world_enter(host);
    host->is_dying = true;
    stekd_stop(&host->stekd);
    world_leave(host);
    host->is_dying = false;
    host->dies_in = 0;
    host->is_signalled = false;
    host->paused_ms = 0;
    network_links(host->world->network);
}

void
host_reboot(struct host *host)
{
    char command[96];

    host_kill(host);
    stek_ring_close(&host->server);
    (void)snprintf(command, sizeof command, "rm -rf %s/run", host->folder);
    (void)!system(command);                       /* a ring that stays is of another boot */
    host->booted_ms = host->world->now_ms - 2000; /* stekd is not the first thing in a boot */
    host->system.slept_ms = 0;
    host->system.boots++;
    host->source = SOURCE_GOOD; /* else it gives what others hold, and this one forgot */
    check_forget(host->world->check, host);
}

void
host_pause(struct host *host, uint64_t ms, bool is_asleep)
{
    host->paused_ms = host->world->now_ms;
    host->resumes_ms = host->paused_ms + ms;
    host->is_asleep = is_asleep;
    network_links(host->world->network);
}

bool
host_runs(const struct host *host)
{
    return host->stekd != NULL && host->paused_ms == 0;
}

struct service *
host_service(const struct host *host)
{
    return host->stekd == NULL ? NULL : host->stekd->services[0];
}

int64_t
host_error_ms(const struct host *host)
{
    return host->stekd->clock.offset_ms - (int64_t)host->booted_ms;
}

bool
host_is_out(const struct host *host)
{
    return host->stekd != NULL &&
           (host->world->now_ms < host->doubted_ms || host_error_ms(host) > WORLD_CLOCK_MS ||
            host_error_ms(host) < -WORLD_CLOCK_MS);
}

void
host_note_time(struct host *host)
{
    uint64_t time_ms = host->world->now_ms + (uint64_t)host_error_ms(host);

    if (host->spoke_ms < time_ms && host_error_ms(host) <= WORLD_CLOCK_MS)
        host->spoke_ms = time_ms;
}

bool
host_is_stale(const struct host *host)
{
    return host->world->now_ms + (uint64_t)host_error_ms(host) < host->spoke_ms;
}

void
host_break_randomness(struct host *host, bool is_broken)
{
    host->system.is_source_broken = is_broken;
    network_links(host->world->network);
}

uint64_t
host_boot_s(const struct host *host)
{
    return (host->world->now_ms - host->booted_ms) / 1000;
}

int
host_ask(struct host *host, json_t **root, const char *method, const char *path, const char *query,
         const char *body)
{
    int status;

    world_enter(host);
    status = ask_stekd(host->stekd, root, 0, method, path, query, body);
    world_leave(host);
    return status;
}
