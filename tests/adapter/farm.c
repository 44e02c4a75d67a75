/* see farm.h */
#include "farm.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ring/ring.h"

#define HOUR 3600

bool
farm_init(struct farm *farm)
{
    static const char *const folders[] = {"count", "count/www"};
    char path[64];

    *farm = (struct farm){.folder = "/tmp/stek-adapter-XXXXXX"};
    farm->policy = (struct policy){HOUR, 12 * HOUR, 0, 24 * HOUR, false};
    keyset_init(&farm->set);
    for (unsigned id = 0; id < FARM_KEYS; id++)
        if (!sys_random(farm->names[id], sizeof farm->names[id]) ||
            !sys_random(farm->secrets[id].bytes, sizeof farm->secrets[id].bytes))
            return false;
    if (mkdtemp(farm->folder) == NULL)
        return false;
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", farm->folder, folders[i]); /* fits */
        if (mkdir(path, 0700) != 0)
            return false;
    }
    (void)snprintf(farm->path, sizeof farm->path, "%s/www.r1", farm->folder);
    return true;
}

bool
farm_write(struct farm *farm)
{
    uint64_t unix_ms = sys_unix_ms();
    struct ring_time now = {sys_boot_ms(), unix_ms};

    return ring_writer_store(&farm->writer, &farm->set, &farm->policy, 0, now, NULL);
}

bool
farm_begin(struct farm *farm)
{
    farm->begun = ring_writer_open(&farm->writer, farm->path, 16, (gid_t)-1, NULL);
    return farm->begun && farm_write(farm);
}

static void
remove_all(const char *folder)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    char path[512];

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            unlink(path) != 0)
            remove_all(path);
    }
    if (dir != NULL)
        (void)closedir(dir);
    (void)rmdir(folder); /* what stays is in a scratch folder */
}

void
farm_free(struct farm *farm)
{
    if (farm->begun)
        ring_writer_close(&farm->writer);
    keyset_free(&farm->set);
    remove_all(farm->folder);
    for (unsigned id = 0; id < FARM_KEYS; id++)
        secret_wipe(&farm->secrets[id]);
}

bool
farm_key(struct farm *farm, unsigned id, int from, int until, int open)
{
    uint64_t now_ms = sys_unix_ms(), now = now_ms / 1000;
    KEY(key);

    memcpy(key.name, farm->names[id], sizeof key.name);
    key.secret = farm->secrets[id];
    key.seal_from = now + (uint64_t)(int64_t)from;
    key.seal_until = now + (uint64_t)(int64_t)until;
    key.open_until = now + (uint64_t)(int64_t)open;
    key.made_ms = (from < 0 ? key.seal_from : now) * 1000 - 1000 + id;
    return keyset_add(&farm->set, &key, now_ms, NULL) == KEYSET_CHANGED &&
           keyset_confirm(&farm->set, key.name, key.open_until, now_ms, NULL) == KEYSET_CHANGED &&
           farm_write(farm);
}

bool
farm_seal(struct farm *farm, unsigned id, int from)
{
    return farm_key(farm, id, from, from + HOUR, from + 13 * HOUR);
}

void
farm_share(struct farm *farm, const struct farm *from, unsigned id)
{
    memcpy(farm->names[id], from->names[id], sizeof farm->names[id]);
    farm->secrets[id] = from->secrets[id];
}

bool
farm_revoke(struct farm *farm, unsigned id)
{
    return keyset_revoke(&farm->set, farm->names[id], true, sys_unix_ms(), NULL) ==
               KEYSET_CHANGED &&
           farm_write(farm);
}

uint64_t
farm_count(struct stek_ring *ring, enum stek_event event)
{
    struct counters *counters = atomic_load(&ring->counters);

    return counters == NULL ? UINT64_MAX : atomic_load(&counters->at->events[event]);
}

bool
farm_wait(bool (*is_met)(void *arg), void *arg)
{
    const struct timespec step = {0, 10 * 1000 * 1000};

    for (int i = 0; i < 2000; i++) {
        if (is_met(arg))
            return true;
        (void)nanosleep(&step, NULL);
    }
    return false;
}
