/* persist_support.h - a service whose keys are saved, and reboots of its host. It asserts nothing.
 */
#ifndef TESTS_PERSIST_SUPPORT_H
#define TESTS_PERSIST_SUPPORT_H

#include <unistd.h>

#include "daemon/persist_format.h"
#include "io/file.h"
#include "io/key_file.h"
#include "service_support.h"

/* A key file, readable by its owner alone. */
static inline bool
put_key(const char *path, uint8_t seed)
{
    uint8_t bytes[SECRET_LEN];
    FILE *file;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)((i + seed) * 0x9d + (i * i ^ seed));
    (void)unlink(path);
    file = fopen(path, "w");
    return file != NULL && fwrite(bytes, 1, sizeof bytes, file) == sizeof bytes &&
           fclose(file) == 0 && chmod(path, 0600) == 0;
}

/* Open a world whose service saves its keys in FOLDER/saved.keys, under the key in FOLDER/key. */
static inline bool
saved_open(struct world *world)
{
    struct err err = {""};

    if (!world_open(world, RING_CAPACITY_DEFAULT))
        return false;
    service_retire(&world->service, world->now);
    stek_ring_close(&world->ring);
    (void)snprintf(world->config.persist, sizeof world->config.persist, "%s/key", world->folder);
    (void)snprintf(world->config.persist_file, sizeof world->config.persist_file, "%s/saved.keys",
                   world->folder);
    if (!put_key(world->config.persist, 1))
        return false;
    world->service = service_open(&world->config, &world->env, world->now, &err);
    return world->service != NULL && stek_ring_open(&world->ring, world->ring_path) == STEK_OK;
}

/* stekd ends, by its death, and the host is off for so long; the boot clock starts anew. */
static inline bool
reboot(struct world *world, uint64_t off_ms)
{
    char spare[96];
    struct err err = {""};

    service_close(&world->service);
    stek_ring_close(&world->ring);
    (void)snprintf(spare, sizeof spare, "%s/.www.r1", world->folder);
    (void)unlink(world->ring_path); /* /run is empty */
    (void)unlink(spare);
    world->now.boot_ms = 20000;
    world->now.unix_ms += off_ms;
    world->service = service_open(&world->config, &world->env, world->now, &err);
    return world->service != NULL && stek_ring_open(&world->ring, world->ring_path) == STEK_OK;
}

/* What the file holds, also of keys that were over at `now_ms`; false if it cannot be read. */
static inline bool
saved_read(const struct world *world, struct keyset *set, uint64_t now_ms)
{
    struct persist_head head = {.keyset = world->config.name};
    char *bytes;
    size_t len;
    bool ok;
    SECRET(key);

    if (!key_file_read(&key, world->config.persist, NULL) ||
        file_read(&bytes, &len, world->config.persist_file, PERSIST_FILE_MAX, NULL) != FILE_READ)
        return false;
    ok = persist_open_sealed(&head, set, (const uint8_t *)bytes, len, &key, now_ms, NULL);
    free(bytes);
    return ok;
}

#endif
