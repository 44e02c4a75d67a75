/* see counters.h: the daemon that reads. The bytes are another program's: nothing but numbers is
 * taken from them. */
#include <string.h>

#include "ring/counters.h"

/* The file, as plain words. */
struct words {
    uint64_t magic, version, pid, started_at;
    uint8_t program[COUNTERS_PROGRAM_LEN];
    uint64_t generation, is_kept, reserved[8];
    uint64_t events[COUNTERS_EVENTS];
    struct {
        uint8_t id[8];
        uint64_t open_until, sealed, opened, last_at, reserved[3];
    } keys[COUNTERS_KEYS];
};

_Static_assert(sizeof(struct words) == sizeof(struct counters_file), "the same layout");

bool
counters_is_name(const char *name)
{
    size_t digits = strspn(name, "0123456789");

    return digits >= 1 && digits <= 10 && name[digits] == '-' &&
           strspn(name + digits + 1, "0123456789abcdef") == 16 &&
           strcmp(name + digits + 17, ".c1") == 0;
}

static void
copy_program(char out[COUNTERS_PROGRAM_LEN + 1], const uint8_t in[COUNTERS_PROGRAM_LEN])
{
    size_t len = 0;

    for (; len < COUNTERS_PROGRAM_LEN && in[len] != 0; len++)
        out[len] = (char)(in[len] > ' ' && in[len] < 127 ? in[len] : '?');
    out[len] = '\0';
}

static void
copy_keys(struct counters_total *out, const struct words *words)
{
    static const uint8_t none[8];

    for (size_t i = 0; i < COUNTERS_KEYS; i++) {
        if (memcmp(words->keys[i].id, none, sizeof none) == 0)
            continue;
        memcpy(out->keys[out->key_count].id, words->keys[i].id, sizeof none);
        out->keys[out->key_count].open_until = words->keys[i].open_until;
        out->keys[out->key_count].sealed = words->keys[i].sealed;
        out->keys[out->key_count].opened = words->keys[i].opened;
        out->keys[out->key_count++].last_at = words->keys[i].last_at;
    }
}

static void
take_words(struct counters_total *out, const struct words *words)
{
    *out = (struct counters_total){.pid = words->pid,
                                   .started_at = words->started_at,
                                   .generation = words->generation,
                                   .is_kept = words->is_kept != 0};
    copy_program(out->program, words->program);
    memcpy(out->events, words->events, sizeof out->events);
    copy_keys(out, words);
}

bool
counters_read(struct counters_total *out, bool *alive, const char *path, struct err *err)
{
    struct words words;
    bool held;

    if (!sys_counters_read(&words, sizeof words, &held, path, err))
        return false;
    if (words.magic != COUNTERS_MAGIC || words.version != COUNTERS_VERSION)
        return err_set(err, "%s is not a file of counters, or of another version", path);
    take_words(out, &words);
    *alive = held;
    return true;
}

/* ---- what the daemon keeps ---- */

static void
add(counters_word *word, uint64_t more)
{
    uint64_t sum = atomic_load_explicit(word, memory_order_relaxed);

    sum = sum > UINT64_MAX - more ? UINT64_MAX : sum + more;
    atomic_store_explicit(word, sum, memory_order_relaxed); /* nobody else writes it */
}

struct counters *
counters_open_kept(const char *ring_path)
{
    struct counters *kept = counters_open(ring_path);

    if (kept != NULL)
        atomic_store_explicit(&kept->at->is_kept, 1, memory_order_relaxed);
    return kept;
}

static void
keep_key(struct counters *kept, const uint8_t id[8], uint64_t sealed, uint64_t opened, uint64_t now)
{
    for (size_t i = 0; i < COUNTERS_KEYS; i++) {
        struct counters_key *key = &kept->at->keys[i];
        uint64_t word = atomic_load_explicit(&key->id, memory_order_relaxed);

        if (memcmp(&word, id, sizeof word) != 0)
            continue;
        add(&key->sealed, sealed);
        add(&key->opened, opened);
        atomic_store_explicit(&key->last_at, now, memory_order_relaxed);
        return;
    }
}

void
counters_keep(struct counters *kept, const struct counters_total *file, uint64_t now)
{
    for (size_t i = 0; i < COUNTERS_EVENTS; i++)
        add(&kept->at->events[i], file->events[i]);
    for (size_t i = 0; i < file->key_count; i++) {
        uint8_t name[STEK_NAME_LEN] = {0}; /* of which only the id counts */

        if (file->keys[i].open_until <= now)
            continue;
        memcpy(name, file->keys[i].id, sizeof file->keys[i].id);
        counters_enter(kept, name, file->keys[i].open_until, now);
        keep_key(kept, file->keys[i].id, file->keys[i].sealed, file->keys[i].opened, now);
    }
}

void
counters_kept(struct counters_total *out, const struct counters *kept)
{
    struct words words;

    memcpy(&words, (const void *)kept->at, sizeof words); /* nobody else writes there */
    take_words(out, &words);
}
