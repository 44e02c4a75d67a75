/* see ring.h: the kind of ring that stekd keeps in a file. This process only reads it. */
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ring/image.h"
#include "ring/lookup.h"
#include "ring/ring.h"
#include "ring/words.h"
#include "sys/sys.h"

#define NAME_LEN_MAX 64

/* A ring file that was mapped. Readers may be in any of them at any time, so none is unmapped
 * before the ring is closed; a ring is made anew only when its capacity changes. */
struct mapping {
    struct sys_map map;
    struct image image;
    struct mapping *older;
};

struct ring_file {
    struct stek_ring ring; /* first: see ring.h */
    _Atomic(struct mapping *) newest;
    char path[];
};

static struct ring_file *
file_of(struct stek_ring *ring)
{
    return (struct ring_file *)ring;
}

/* NULL: there is no ring yet. */
static const struct image *
image_of(struct stek_ring *ring)
{
    const struct mapping *newest =
        atomic_load_explicit(&file_of(ring)->newest, memory_order_acquire);

    return newest == NULL ? NULL : &newest->image;
}

static enum stek_status
map_image(struct mapping *fresh, const char *path, uid_t owner)
{
    uint8_t boot_id[SYS_BOOT_ID_LEN];

    switch (sys_map_trusted(&fresh->map, path, owner, NULL)) {
    case SYS_ABSENT: return STEK_NO_RING;
    case SYS_UNSAFE: return STEK_UNSAFE_RING;
    case SYS_FAILED: return STEK_SYSTEM;
    case SYS_OPENED: break;
    }
    if (!sys_boot_id(boot_id))
        return STEK_SYSTEM;
    switch (image_open(&fresh->image, fresh->map.base, fresh->map.len, boot_id)) {
    case IMAGE_OK: return STEK_OK;
    case IMAGE_EMPTY:
    case IMAGE_OLD_BOOT: return STEK_NO_RING; /* until stekd makes it anew */
    case IMAGE_FOREIGN: break;
    }
    return STEK_FOREIGN_RING;
}

/* Map what the path names now, and put it in front of what was mapped before. Who owned that is the
 * only one whose ring we take: the path may have come to somebody else. */
static enum stek_status
map_newest(struct ring_file *file)
{
    struct mapping *fresh = calloc(1, sizeof *fresh);
    enum stek_status status;

    if (fresh == NULL)
        return STEK_SYSTEM;
    fresh->older = atomic_load_explicit(&file->newest, memory_order_acquire);
    status = map_image(fresh, file->path,
                       fresh->older == NULL ? SYS_ANY_OWNER : fresh->older->map.owner);
    if (status == STEK_OK &&
        atomic_compare_exchange_strong_explicit(&file->newest, &fresh->older, fresh,
                                                memory_order_acq_rel, memory_order_acquire))
        return STEK_OK;
    /* Refused, or another thread was first: what it mapped will do. */
    sys_unmap(&fresh->map);
    free(fresh);
    return status;
}

static void
start_counting(struct ring_file *file)
{
    struct counters *none = NULL, *fresh;

    if (atomic_load_explicit(&file->ring.counters, memory_order_acquire) != NULL)
        return;
    fresh = counters_open(file->path);
    if (!atomic_compare_exchange_strong_explicit(&file->ring.counters, &none, fresh,
                                                 memory_order_acq_rel, memory_order_acquire))
        counters_close(fresh); /* another thread was first */
}

static enum stek_status
tick(struct stek_ring *ring, uint64_t now)
{
    struct ring_file *file = file_of(ring);
    const struct mapping *newest = atomic_load_explicit(&file->newest, memory_order_acquire);
    enum stek_status status = STEK_OK;
    int saved = errno, reason;

    (void)now; /* a file's ring is kept in time by stekd */
    if (newest == NULL || !sys_map_is(&newest->map, file->path))
        status = map_newest(file);
    reason = errno;
    if (image_of(ring) != NULL)
        start_counting(file);
    errno = status == STEK_SYSTEM ? reason : saved;
    return status;
}

static enum stek_status
sealing_key(struct stek_ring *ring, struct stek_key *key, const struct stek_request *request,
            uint64_t now)
{
    const struct image *image = image_of(ring);

    (void)request; /* one key for all */
    return image == NULL ? STEK_NO_RING : lookup_sealing(image, key, now);
}

static enum stek_status
opening_key(struct stek_ring *ring, struct stek_key *key, int *renew, enum stek_event *miss,
            const uint8_t name[STEK_NAME_LEN], const struct stek_request *request, uint64_t now)
{
    const struct image *image = image_of(ring);

    (void)request; /* as above */
    return image == NULL ? STEK_NO_RING : lookup_opening(image, key, renew, miss, name, now);
}

static enum stek_status
info(struct stek_ring *ring, struct stek_info *info, uint64_t now)
{
    const struct image *image = image_of(ring);

    return image == NULL ? STEK_NO_RING : lookup_info(image, info, now);
}

static uint64_t
generation(struct stek_ring *ring)
{
    const struct image *image = image_of(ring);

    return image == NULL ? 0 : word_load(&image->header->flip);
}

static void
close_file(struct stek_ring *ring)
{
    struct mapping *mapping = atomic_load_explicit(&file_of(ring)->newest, memory_order_acquire);

    while (mapping != NULL) {
        struct mapping *older = mapping->older;

        sys_unmap(&mapping->map);
        free(mapping);
        mapping = older;
    }
    free(file_of(ring));
}

static const struct ring_kind ring_file = {.tick = tick,
                                           .sealing_key = sealing_key,
                                           .opening_key = opening_key,
                                           .info = info,
                                           .generation = generation,
                                           .close = close_file};

/* Into `out`, which takes `cap`; false if `name` can be neither a name nor a path. */
static bool
path_of(char *out, size_t cap, const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_.-";
    bool is_path = strchr(name, '/') != NULL;
    size_t name_len = strnlen(name, cap);
    int len;

    if (!is_path && (name_len == 0 || name_len > NAME_LEN_MAX || strspn(name, allowed) != name_len))
        return false;
    len = snprintf(out, cap, is_path ? "%s" : STEK_RUN_DIR "/%s.r1", name);
    return len > 0 && (size_t)len < cap;
}

enum stek_status
stek_ring_open(struct stek_ring **ring, const char *name)
{
    char path[PATH_MAX];
    struct ring_file *file;
    enum stek_status status;
    int saved = errno;

    if (!path_of(path, sizeof path, name))
        return STEK_BAD_ARGUMENT;
    file = calloc(1, sizeof *file + strlen(path) + 1);
    if (file == NULL)
        return STEK_SYSTEM;
    file->ring.kind = &ring_file;
    atomic_init(&file->ring.references, 1);
    memcpy(file->path, path, strlen(path) + 1);
    status = tick(&file->ring, 0);
    if (status != STEK_OK && status != STEK_NO_RING) {
        struct stek_ring *gone = &file->ring;

        saved = errno; /* says why, where that is the status */
        stek_ring_close(&gone);
        errno = saved;
        return status;
    }
    *ring = &file->ring;
    errno = saved;
    return STEK_OK;
}
