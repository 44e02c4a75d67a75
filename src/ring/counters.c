/* see counters.h: the process that counts. No count waits for another, or for anything. */
#include "ring/counters.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RING_SUFFIX ".r1"

/* RUNDIR/NAME.r1 -> RUNDIR/count/NAME; false if that is too long. */
static bool
folder_of(char out[PATH_MAX], const char *ring_path)
{
    const char *slash = strrchr(ring_path, '/');
    const char *base = slash == NULL ? ring_path : slash + 1;
    int folder = (int)(base - ring_path), name = (int)strnlen(base, NAME_MAX), len;

    if (name > 3 && strcmp(base + name - 3, RING_SUFFIX) == 0)
        name -= 3;
    len = snprintf(out, PATH_MAX, "%.*scount/%.*s", folder, ring_path, name, base);
    return len > 0 && len < PATH_MAX;
}

static void
set(counters_word *word, uint64_t value)
{
    atomic_store_explicit(word, value, memory_order_relaxed);
}

static uint64_t
get(counters_word *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

struct counters *
counters_open(const char *ring_path)
{
    char folder[PATH_MAX];
    uint64_t program[2];
    struct counters *counters;

    if (!folder_of(folder, ring_path))
        return NULL;
    counters = malloc(sizeof *counters);
    if (counters == NULL)
        return NULL;
    if (!sys_counters_create(&counters->file, folder, sizeof *counters->at)) {
        free(counters);
        return NULL;
    }
    counters->at = counters->file.map.base;
    sys_program((uint8_t *)program);
    set(&counters->at->version, COUNTERS_VERSION);
    set(&counters->at->pid, sys_pid());
    set(&counters->at->started_at, sys_boot_s());
    set(&counters->at->program[0], program[0]);
    set(&counters->at->program[1], program[1]);
    atomic_store_explicit(&counters->at->magic, COUNTERS_MAGIC, memory_order_release);
    return counters;
}

void
counters_close(struct counters *counters)
{
    if (counters == NULL)
        return;
    sys_counters_close(&counters->file);
    free(counters);
}

static void
add(counters_word *word)
{
    (void)atomic_fetch_add_explicit(word, 1, memory_order_relaxed); /* wraps in no lifetime */
}

void
counters_add(struct counters *counters, enum stek_event event, uint64_t generation)
{
    if ((unsigned)event >= COUNTERS_EVENTS)
        return;
    add(&counters->at->events[event]);
    if (get(&counters->at->generation) != generation)
        set(&counters->at->generation, generation);
}

static uint64_t
id_of(const uint8_t name[STEK_NAME_LEN])
{
    uint64_t id;

    memcpy(&id, name, sizeof id);
    return id;
}

static struct counters_key *
entry(struct counters *counters, uint64_t id, unsigned step)
{
    return &counters->at->keys[(id + step) % COUNTERS_KEYS];
}

bool
counters_use(struct counters *counters, enum stek_event event, const uint8_t name[STEK_NAME_LEN],
             uint64_t now)
{
    uint64_t id = id_of(name);

    for (unsigned step = 0; step < COUNTERS_PROBES && id != 0; step++) {
        struct counters_key *key = entry(counters, id, step);

        if (get(&key->id) != id)
            continue;
        add(event == STEK_SEALED ? &key->sealed : &key->opened);
        if (get(&key->last_at) != now)
            set(&key->last_at, now);
        return true;
    }
    return false;
}

/* Two who enter keys at once may lose a count, or enter one key twice: the daemon adds them up. */
void
counters_enter(struct counters *counters, const uint8_t name[STEK_NAME_LEN], uint64_t open_until,
               uint64_t now)
{
    uint64_t id = id_of(name);

    for (unsigned step = 0; step < COUNTERS_PROBES && id != 0; step++) {
        struct counters_key *key = entry(counters, id, step);
        uint64_t old = get(&key->id);

        if (old == id)
            return;
        if (old != 0 && get(&key->open_until) > now)
            continue;
        if (!atomic_compare_exchange_strong_explicit(&key->id, &old, id, memory_order_relaxed,
                                                     memory_order_relaxed))
            continue;
        set(&key->open_until, open_until);
        set(&key->sealed, 0);
        set(&key->opened, 0);
        set(&key->last_at, now);
        return;
    }
}
