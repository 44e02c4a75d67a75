/* engine_directory_support.h - the directory as a transport for engine_support.h, and files in it.
 * Nothing here asserts. */
#ifndef TESTS_ENGINE_DIRECTORY_SUPPORT_H
#define TESTS_ENGINE_DIRECTORY_SUPPORT_H

#include <errno.h>
#include <fcntl.h>

#include "engine_support.h"
#include "share/directory_inner.h"

static inline bool
directory_begin(struct farm_world *world)
{
    (void)snprintf(world->path, sizeof world->path, "%s/farm", world->folder);
    return mkdir(world->path, 0700) == 0;
}

static inline void
directory_end(struct farm_world *world)
{
    (void)chmod(world->path, 0700); /* it may be gone */
}

static inline size_t
directory_options(struct farm_world *world, struct engine_option *out)
{
    out[0] = (struct engine_option){"path", world->path};
    return 1;
}

/* The path of a file in the folder. */
struct path {
    char text[320];
};

static inline struct path
path_in(const struct farm_world *world, const char *name)
{
    struct path path;

    (void)snprintf(path.text, sizeof path.text, "%s/%s", world->path, name);
    return path;
}

static inline struct path
path_of(const struct farm_world *world, const char *keyset, enum record_kind kind, uint64_t sender)
{
    const struct engine_name name = {kind, sender};
    char file[DIRECTORY_NAME_LEN];

    directory_name_write(file, &name, keyset);
    return path_in(world, file);
}

/* Written in place. */
static inline bool
file_write(const char *path, const void *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool done = fd >= 0 && write(fd, bytes, len) == (ssize_t)len;

    return fd >= 0 && close(fd) == 0 && done;
}

static inline bool
file_is(const char *path, const char *text)
{
    char bytes[256];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);

    if (fd >= 0)
        (void)close(fd);
    return got == (ssize_t)strlen(text) && memcmp(bytes, text, (size_t)got) == 0;
}

static inline bool
directory_plant(struct farm_world *world, const char *keyset, const struct engine_name *name,
                const void *bytes, size_t len)
{
    struct path path = path_of(world, keyset, name->kind, name->sender);

    return bytes == NULL ? unlink(path.text) == 0 : file_write(path.text, bytes, len);
}

/* Files of others; and, under names of records of the hosts 201 to 207, one that is too large, one
 * that is empty, a fifo, a folder, and links that lead out. */
static inline bool
directory_litter(struct farm_world *world)
{
    struct path large = path_of(world, "www", RECORD_KEYS, 201);
    struct path outside = path_in(world, "../outside");

    return file_write(path_in(world, "README").text, "hello", 5) &&
           file_write(path_in(world, "00000000000000c9.keys.www.stkr~").text, "x", 1) &&
           file_write(path_in(world, "00000000000000C9.keys.www.stkr").text, "x", 1) &&
           file_write(path_in(world, ".00000000000000c8.keys.www.stkr.tmp").text, "x", 1) &&
           file_write(large.text, "x", 1) && truncate(large.text, RECORD_MAX + 1) == 0 &&
           file_write(path_of(world, "www", RECORD_KEYS, 202).text, "", 0) &&
           mkfifo(path_of(world, "www", RECORD_KEYS, 203).text, 0600) == 0 &&
           mkdir(path_of(world, "www", RECORD_KEYS, 204).text, 0700) == 0 &&
           file_write(outside.text, "outside", 7) &&
           symlink("../outside", path_of(world, "www", RECORD_KEYS, 205).text) == 0 &&
           symlink("/etc/passwd", path_of(world, "www", RECORD_KEYS, 206).text) == 0 &&
           symlink("nowhere", path_of(world, "www", RECORD_KEYS, 207).text) == 0 &&
           file_write(path_of(world, "other", RECORD_KEYS, 208).text, "x", 1);
}

static const struct transport transport_directory = {
    .kind = &engine_directory,
    .begin = directory_begin,
    .end = directory_end,
    .options = directory_options,
    .plant = directory_plant,
    .litter = directory_litter,
};

#endif
