/* sys.h - what libstek needs of the system: clock, entropy, memory maps. Nothing else of libstek
 * touches the system, so that a simulation swaps this folder (and io/) whole.
 *
 * Nothing here blocks. errno is kept where a call succeeds. A full disk, or a limit on the size of
 * files, makes a call fail and ends no process. */
#ifndef SYS_SYS_H
#define SYS_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define SYS_BOOT_ID_LEN 16
#define SYS_PROGRAM_LEN 16

uint64_t sys_boot_s(void); /* CLOCK_BOOTTIME */
uint64_t sys_boot_ms(void);
uint64_t sys_unix_ms(void); /* CLOCK_REALTIME */

/* getrandom(2); false with errno where it fails or the pool is not yet seeded. */
bool sys_random(void *out, size_t len);

/* What tells this boot from another, since CLOCK_BOOTTIME starts anew: ring files that outlived a
 * boot must not be used. A time namespace that shifts this clock is another boot. False where the
 * system does not tell. */
bool sys_boot_id(uint8_t out[SYS_BOOT_ID_LEN]);

/* This process, and its name as the kernel has it: cut, padded with zeros. */
uint64_t sys_pid(void);
void sys_program(uint8_t out[SYS_PROGRAM_LEN]);

/* A mapping, kept out of core dumps and, where the system lets us, locked in memory. */
struct sys_map {
    void *base; /* NULL: none */
    size_t len;
    dev_t device; /* of the file; 0 for anonymous memory, as the next two */
    ino_t inode;
    uid_t owner;
    bool is_locked; /* none of it comes to swap */
};

enum sys_open {
    SYS_OPENED,
    SYS_ABSENT, /* no file, or no folder, by that name */
    SYS_UNSAFE, /* not a regular file, or an owner or mode, also on the way, that lets others in */
    SYS_FAILED  /* errno says why */
};

/* Map a file read-only whose content we trust: a regular file, opened without following a final
 * link, whose owner is its folder's owner, that nobody but the owner can write and others cannot
 * read, in a folder that nobody but the owner can write. `owner` is who it must belong to, as the
 * one that was mapped before, or SYS_ANY_OWNER. Each folder and link on the way to it that stands
 * where others than that place's owner may write must belong to root, to us or to that owner. `err`
 * (may be NULL) says what is wrong. One of no length is opened with a base of NULL and len 0. */
#define SYS_ANY_OWNER ((uid_t)-1)
enum sys_open sys_map_trusted(struct sys_map *map, const char *path, uid_t owner, struct err *err);

/* True if `path` still names the file that is mapped. */
bool sys_map_is(const struct sys_map *map, const char *path);

/* Shared anonymous memory, zeroed, inherited by forked children. */
bool sys_map_anonymous(struct sys_map *map, size_t len);

/* Takes one that maps nothing. */
void sys_unmap(struct sys_map *map);

/* A file that this process alone writes and that is mapped for it: a ring, of its writer. The
 * lock lasts until sys_owned_close() or the end of the process. */
struct sys_owned {
    struct sys_map map;
    int fd;       /* -1: none */
    bool created; /* by this call; has no name yet */
};

/* Open and map `path` for writing, or create it, all zero, fully allocated, with `len` bytes, and
 * take its lock. An existing file keeps its length; it must be ours, regular, and nobody else's
 * to write. `group` is -1, or the group that may read it. The folder must be ours and nobody
 * else's to write, and the way there fit for sys_map_trusted(), or no reader would trust what is
 * in it. False, with the reason in `err`.
 *
 * A created one is there under "PATH.new" only, until sys_owned_publish(): so nobody ever meets
 * one that is half made. */
bool sys_owned_open(struct sys_owned *file, const char *path, size_t len, gid_t group,
                    struct err *err);

/* Let another group read it; -1: none. */
bool sys_owned_regroup(const struct sys_owned *file, gid_t group, const char *path,
                       struct err *err);

/* Give a created file its name, replacing nothing. */
bool sys_owned_publish(struct sys_owned *file, const char *path, struct err *err);

/* Undo what others did to it meanwhile. It has a second name beside PATH, which begins with a dot:
 * so one that is removed gets its name back and servers find what others of them have mapped. One
 * that is cut short gets its length again, mapped where it was, with zeros where it was cut. */
enum sys_mended {
    SYS_MEND_NONE, /* nothing was to be mended */
    SYS_MEND_NAMED,
    SYS_MEND_ZEROED,
    SYS_MEND_FAILED /* `err` says what stands in the way, and what to do */
};
enum sys_mended sys_owned_mend(struct sys_owned *file, const char *path, struct err *err);

/* Remove its names. */
bool sys_owned_remove(const struct sys_owned *file, const char *path, struct err *err);

/* Unmap and unlock; takes one that is not open. */
void sys_owned_close(struct sys_owned *file);

/* A file of counters: created by each opener of a ring under a name of its own in `folder`, mapped
 * shared for it and its children, and held under a shared flock(2) as long as one of them lives
 * and keeps its descriptors. The folder's group may read it. False where there is no such folder,
 * the way there is not fit for sys_map_trusted(), or it may not be written. */
struct sys_counters {
    struct sys_map map;
    int fd;
};
bool sys_counters_create(struct sys_counters *file, const char *folder, size_t len);

/* Unmaps; closes the descriptor unless the program itself closed it, and perhaps reused it. */
void sys_counters_close(struct sys_counters *file);

/* Read what another process counts, without mapping it: exactly `len` bytes of a regular file, or
 * false with the reason in `err`. *alive tells whether anybody still holds it. */
bool sys_counters_read(void *out, size_t len, bool *alive, const char *path, struct err *err);

#endif
