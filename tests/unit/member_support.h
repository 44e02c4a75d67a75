/* member_support.h - hosts of one farm on virtual time, what they know, and orders to them. Nothing
 * here asserts. */
#ifndef TESTS_MEMBER_SUPPORT_H
#define TESTS_MEMBER_SUPPORT_H

#include "member_host_support.h"

#define FARM_SPINS_MAX 200000U

/* ---- the world ---- */

/* With so many hosts; none runs yet. */
static inline struct farm_world *
farm_open(size_t hosts)
{
    struct farm_world *world = &the_world;
    bool ok;

    *world = (struct farm_world){.boot_ms = FARM_BOOT_MS, .unix_ms = FARM_UNIX_MS};
    (void)snprintf(world->folder, sizeof world->folder, "%s/stek-test-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"); /* fsync is quick there */
    world->loop = loop_new(NULL);
    ok = world->loop != NULL && mkdtemp(world->folder) != NULL &&
         farm_of(&world->farm, 7, world->unix_ms);
    for (size_t i = 0; ok && i < hosts; i++)
        ok = host_add(world) != NULL;
    return ok ? world : NULL;
}

static inline int
farm_remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)stat, (void)type, (void)ftw;
    return remove(path);
}

static inline void
farm_close(struct farm_world *world)
{
    for (size_t i = 0; i < world->count; i++)
        host_close(&world->hosts[i]);
    for (size_t m = 0; m < MEDIA; m++)
        for (size_t i = 0; i < FARM_HOSTS_MAX; i++)
            for (size_t kind = 0; kind < RECORD_KINDS; kind++)
                free(world->media[m].records[kind][i].bytes);
    for (size_t i = 0; i < world->line_count; i++)
        free(world->lines[i]);
    loop_free(&world->loop);
    farm_wipe(&world->farm);
    (void)nftw(world->folder, farm_remove_one, 8, FTW_DEPTH | FTW_PHYS); /* best effort */
}

static inline uint64_t
farm_sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* When its member has something to do; UINT64_MAX: never. */
static inline uint64_t
host_member_due(const struct farm_host *host)
{
    const struct member *member = host->member;
    const struct member_due *due;
    uint64_t next;

    if (member == NULL)
        return UINT64_MAX;
    due = &member->due;
    next = farm_sooner(farm_sooner(due->listing, due->keys), farm_sooner(due->status, due->look));
    next = farm_sooner(next, farm_sooner(due->again, due->day));
    if (member->look.is_on)
        next = farm_sooner(next, member->look.begun_ms + MEMBER_LISTING_MS);
    for (size_t i = 0; i < member->engine_count; i++)
        next = member->engines[i].is_all_told ? 0 : next;
    return member->letter_count > 0 ? 0 : next;
}

static inline bool
host_is_busy(const struct farm_host *host)
{
    bool is_busy = host_member_due(host) <= host->world->boot_ms;

    for (size_t m = 0; m < MEDIA; m++)
        is_busy =
            is_busy || (host->scripts[m].at != NULL && scripted_has_work(host->scripts[m].at));
    return is_busy;
}

/* Let all that is due now be done. */
static inline void
farm_pump(struct farm_world *world)
{
    bool is_busy = true;
    unsigned spins = 0;

    medium_wake(world); /* the script may have changed */
    for (size_t i = 0; i < world->count; i++)
        if (world->hosts[i].member != NULL)
            member_arm(world->hosts[i].member, host_now(&world->hosts[i]));
    while (is_busy && spins++ < FARM_SPINS_MAX) {
        (void)event_base_loop(loop_base(world->loop), EVLOOP_NONBLOCK);
        is_busy = false;
        for (size_t i = 0; i < world->count; i++)
            is_busy = is_busy || host_is_busy(&world->hosts[i]);
    }
    world->is_stuck = world->is_stuck || is_busy;
}

/* Let so much time pass, from one thing that is due to the next. */
static inline void
farm_run(struct farm_world *world, uint64_t ms)
{
    uint64_t end = world->boot_ms + ms;

    for (bool is_over = false; !is_over && !world->is_stuck;) {
        uint64_t next = end;

        farm_pump(world);
        for (size_t i = 0; i < world->count; i++) {
            const struct farm_host *host = &world->hosts[i];

            next = farm_sooner(next, host_member_due(host));
            if (host->service != NULL)
                next = farm_sooner(next, host->due_boot_ms);
        }
        is_over = next >= end && world->boot_ms >= end;
        next = next > world->boot_ms ? next : world->boot_ms;
        world->unix_ms += next - world->boot_ms;
        world->boot_ms = next;
        for (size_t i = 0; i < world->count; i++)
            if (world->hosts[i].service != NULL && world->hosts[i].due_boot_ms <= next)
                host_tick(&world->hosts[i]);
    }
}

/* Begin all, and let them find each other. */
static inline bool
farm_begin(struct farm_world *world)
{
    bool ok = true;

    for (size_t i = 0; i < world->count; i++) {
        ok = ok && host_open(&world->hosts[i]);
        farm_pump(world); /* one after the other, so that the first one makes the keys */
    }
    farm_run(world, 5 * MINUTE_MS);
    return ok && !world->is_stuck;
}

/* ---- what is known ---- */

static inline bool
host_has(const struct farm_host *host, const uint8_t name[KEY_NAME_LEN], uint32_t flags)
{
    const struct key *key = keyset_find(&host->service->set, name);

    return key != NULL && (key->flags & flags) == flags;
}

/* How many hosts that run have the key, with these flags. */
static inline size_t
farm_having(const struct farm_world *world, const uint8_t name[KEY_NAME_LEN], uint32_t flags)
{
    size_t count = 0;

    for (size_t i = 0; i < world->count; i++)
        count += world->hosts[i].service != NULL && host_has(&world->hosts[i], name, flags);
    return count;
}

/* The key that it seals with; NULL: none. */
static inline const struct key *
host_sealing(const struct farm_host *host)
{
    return keyset_sealing(&host->service->set, &host->service->config.policy, host->service->maker,
                          host_now(host).unix_ms / 1000);
}

/* Do all that run seal with one key? */
static inline bool
farm_agrees(const struct farm_world *world)
{
    const struct key *first = NULL;

    for (size_t i = 0; i < world->count; i++) {
        const struct farm_host *host = &world->hosts[i];
        const struct key *key = host->service == NULL ? first : host_sealing(host);

        if (host->service != NULL && key == NULL)
            return false;
        first = first == NULL ? key : first;
        if (key != NULL && memcmp(key->name, first->name, sizeof key->name) != 0)
            return false;
    }
    return first != NULL;
}

static inline unsigned
host_puts(const struct farm_host *host)
{
    return host->scripts[0].puts[RECORD_KEYS];
}

/* Put a keys record of a host that does not run, with this keyset; its number is its index. */
static inline bool
farm_plant(struct farm_world *world, uint64_t sender, const struct keyset *set)
{
    struct record_head head = head_of(sender, RECORD_KEYS, world->unix_ms);
    uint64_t rng = sender ^ world->unix_ms;
    uint8_t salt[RECORD_SALT_LEN];
    SECRET_BUF(content);
    SECRET_BUF(sealed);

    rng_fill(&rng, salt, sizeof salt);
    if (!content_of(&content, set, sender, world->unix_ms) ||
        !record_seal(&sealed, &world->farm, &head, salt, content.bytes, content.len, NULL) ||
        !medium_put(world, 0, RECORD_KEYS, sender - 1, sender, sealed.bytes, sealed.len))
        return false;
    medium_wake(world);
    return true;
}

/* ---- orders ---- */

static inline int
farm_teardown(void **state)
{
    (void)state;
    farm_close(&the_world);
    return 0;
}

static inline enum service_outcome
order_rotate(struct farm_host *host, uint8_t name[KEY_NAME_LEN])
{
    enum service_outcome outcome;
    KEY(made);

    outcome = service_rotate(host->service, &made, host_now(host), NULL);
    memcpy(name, made.name, sizeof made.name);
    return outcome;
}

static inline enum service_outcome
order_revoke(struct farm_host *host, const uint8_t name[KEY_NAME_LEN])
{
    struct revoke_name order_name;
    struct revoke_order order = {.only = true, .names = &order_name, .name_count = 1};
    struct revoke_result result = {.names = NULL};
    enum service_outcome outcome;

    memcpy(order_name.bytes, name, sizeof order_name.bytes);
    outcome = service_revoke(host->service, &result, &order, host_now(host), NULL);
    revoke_result_free(&result);
    return outcome;
}

#endif
