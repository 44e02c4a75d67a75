/* see fleet.h: what comes in */
#include "share/fleet.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "keys/items.h"

void
fleet_init(struct fleet *fleet, uint64_t self)
{
    *fleet = (struct fleet){.self = self};
}

void
fleet_free(struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->count; i++)
        free(fleet->hosts[i].keys);
    items_free(fleet->hosts, fleet->cap, sizeof *fleet->hosts);
    index_free(&fleet->index);
    *fleet = (struct fleet){.self = fleet->self};
}

static void
set_name(uint8_t name[KEY_NAME_LEN], uint64_t id)
{
    struct writer w = writer_of(name, KEY_NAME_LEN);

    write_u64(&w, id);
    write_u64(&w, 0);
}

static struct fleet_host *
host_of(const struct fleet *fleet, uint64_t id)
{
    uint8_t name[KEY_NAME_LEN];
    size_t place;

    set_name(name, id);
    place = index_find(&fleet->index, fleet->hosts, sizeof *fleet->hosts, name);
    return place != SIZE_MAX ? &fleet->hosts[place] : NULL;
}

const struct fleet_host *
fleet_find(const struct fleet *fleet, uint64_t id)
{
    return host_of(fleet, id);
}

static int
compare_names(const void *a, const void *b)
{
    return memcmp(a, b, KEY_NAME_LEN);
}

static const char *
write_text(struct writer *w, const char *text)
{
    const char *at = (const char *)w->at;

    write_bytes(w, text, strlen(text) + 1);
    return at;
}

/* What the status says, into a block of just that size: there may be thousands of hosts. */
static bool
set_said(struct fleet_host *host, const struct status *status)
{
    size_t named = (size_t)status->coming_count + status->others_count;
    size_t size = named * KEY_NAME_LEN + strlen(status->host_name) + strlen(status->version) + 2;
    uint8_t(*keys)[KEY_NAME_LEN] = malloc(size);
    struct writer w = writer_of(keys, size);

    if (keys == NULL)
        return false;
    write_bytes(&w, status->coming, (size_t)status->coming_count * KEY_NAME_LEN);
    write_bytes(&w, status->others, (size_t)status->others_count * KEY_NAME_LEN);
    qsort(keys, named, KEY_NAME_LEN, compare_names);
    free(host->keys);
    host->keys = keys;
    host->key_count = (uint32_t)named;
    host->host_name = write_text(&w, status->host_name);
    host->version = write_text(&w, status->version);
    host->beat = status->beat;
    host->generation = status->generation;
    host->held = status->held;
    memcpy(host->digest, status->digest, sizeof host->digest);
    return true;
}

static void
set_seen(struct fleet_host *host, uint64_t boot_ms, size_t engine)
{
    if (engine >= FLEET_ENGINES_MAX)
        return;
    host->engines |= 1U << engine;
    host->seen_ms[engine] = boot_ms;
}

/* When we last saw what it said before: its status is not older than that. */
static uint64_t
last_seen(const struct fleet_host *host)
{
    uint64_t last = host->moved_ms;

    for (size_t i = 0; i < FLEET_ENGINES_MAX; i++)
        if ((host->engines & 1U << i) != 0 && host->seen_ms[i] > last)
            last = host->seen_ms[i];
    return last;
}

/* The least difference that fits: the status was written within the last `lay_ms`. */
static void
set_clock(struct fleet_host *host, const struct status *status, uint64_t lay_ms, uint64_t unix_ms)
{
    int64_t least = (int64_t)status->clock_ms - (int64_t)unix_ms, most = least + (int64_t)lay_ms;

    host->has_clock = true;
    host->clock_ms = least > 0 ? least : most < 0 ? most : 0;
}

static enum record_verdict
add(struct fleet *fleet, uint64_t sender, uint64_t sequence, const struct status *status,
    uint64_t boot_ms, size_t engine)
{
    struct fleet_host fresh = {.id = sender,
                               .sequence = sequence,
                               .first_ms = boot_ms,
                               .moved_ms = boot_ms,
                               .changed_ms = boot_ms};
    struct fleet_host *hosts;

    if (fleet->count >= FLEET_HOSTS_MAX)
        return RECORD_FULL;
    hosts = items_reserve(fleet->hosts, fleet->count, &fleet->cap, sizeof *hosts, 1);
    if (hosts == NULL)
        return RECORD_FAILED;
    fleet->hosts = hosts;
    if (!index_reserve(&fleet->index, hosts, fleet->count, sizeof *hosts) ||
        !set_said(&fresh, status))
        return RECORD_FAILED;
    set_seen(&fresh, boot_ms, engine);
    set_name(fresh.name, sender);
    hosts[fleet->count] = fresh;
    index_add(&fleet->index, hosts, fleet->count++, sizeof *hosts);
    return RECORD_OPENED;
}

/* It moves: how long did it stand? Where nobody looked for a while nobody knows. */
static void
note_stood(struct fleet_host *host, uint64_t boot_ms)
{
    if (!host->is_still && boot_ms - host->moved_ms >= FLEET_SILENT_MS)
        return;
    host->stood_ms[1] = host->stood_ms[0];
    host->stood_ms[0] = host->is_still ? boot_ms - host->still_ms : 0;
}

/* As the inbox sees it: a sequence of a clock that went mad does not count. */
static bool
is_newer(const struct fleet_host *host, uint64_t sequence, uint64_t unix_ms)
{
    return sequence > host->sequence ||
           (sequence < host->sequence && host->sequence > unix_ms + KEY_SKEW_MS);
}

enum record_verdict
fleet_saw(struct fleet *fleet, uint64_t sender, uint64_t sequence, const struct status *status,
          uint64_t boot_ms, uint64_t unix_ms, size_t engine)
{
    struct fleet_host *host = host_of(fleet, sender);
    bool has_changed;

    if (host == NULL)
        return add(fleet, sender, sequence, status, boot_ms, engine);
    if (!is_newer(host, sequence, unix_ms)) {
        fleet_carried(fleet, sender, sequence, boot_ms, engine);
        return RECORD_KNOWN;
    }
    has_changed = !fleet_agrees(host, status->digest);
    if (!set_said(host, status))
        return RECORD_FAILED;
    if (has_changed)
        host->changed_ms = boot_ms;
    set_clock(host, status, boot_ms - last_seen(host), unix_ms);
    set_seen(host, boot_ms, engine);
    note_stood(host, boot_ms);
    host->sequence = sequence;
    host->moved_ms = boot_ms;
    host->is_still = false;
    return RECORD_OPENED;
}

void
fleet_carried(struct fleet *fleet, uint64_t sender, uint64_t sequence, uint64_t boot_ms,
              size_t engine)
{
    struct fleet_host *host = host_of(fleet, sender);

    if (host != NULL && host->sequence == sequence)
        set_seen(host, boot_ms, engine);
}

void
fleet_looked(struct fleet *fleet, uint64_t begun_ms)
{
    if (fleet->has_looked && begun_ms < fleet->looked_ms)
        return; /* one that began before has taken longer */
    fleet->has_looked = true;
    fleet->looked_ms = begun_ms;
    for (size_t i = 0; i < fleet->count; i++) {
        struct fleet_host *host = &fleet->hosts[i];

        if (host->is_still || host->moved_ms >= begun_ms)
            continue;
        host->is_still = true;
        host->still_ms = begun_ms;
    }
}

static bool
is_over(const void *item, uint64_t until_ms)
{
    const struct fleet_host *host = item;

    return host->keys == NULL && host->moved_ms < until_ms;
}

void
fleet_prune(struct fleet *fleet, uint64_t keep_ms, uint64_t boot_ms)
{
    uint64_t until_ms = boot_ms > keep_ms ? boot_ms - keep_ms : 0;

    for (size_t i = 0; i < fleet->count; i++) {
        struct fleet_host *host = &fleet->hosts[i];

        if (host->moved_ms >= until_ms || fleet_state_of(fleet, host) != FLEET_SILENT)
            continue;
        free(host->keys);
        host->keys = NULL;
    }
    if (items_drop(fleet->hosts, &fleet->count, sizeof *fleet->hosts, is_over, until_ms))
        index_renew(&fleet->index, fleet->hosts, fleet->count, sizeof *fleet->hosts);
}

void
fleet_forget_clocks(struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->count; i++)
        fleet->hosts[i].has_clock = false;
}
