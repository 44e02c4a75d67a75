/* disk.h - files on a disk that are replaced whole and leave nothing of what they held, as far as
 * the file system lets us: old bytes are overwritten in place before they are given up. One that
 * never writes in place (btrfs, ZFS, a log of data, flash below) may keep them. */
#ifndef IO_DISK_H
#define IO_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Put these bytes in the place of the file, mode 0600, safe against a loss of power: afterwards
 * there is the old file or the new one, whole. Its old bytes are overwritten. On failure the old
 * one is as it was. */
bool disk_replace(const char *path, const void *bytes, size_t len, struct err *err);

/* Can disk_replace() make files there? */
bool disk_try(const char *path, struct err *err);

/* Overwrite and remove the file, also one that disk_replace() left half made; none is fine. */
bool disk_destroy(const char *path, struct err *err);

/* Give a file that is of no use the name PATH.bad, in the place of an older one. */
bool disk_set_aside(const char *path, struct err *err);

/* Is the file there to be left alone: its owner has no right to write it, or its file system is
 * read-only? */
bool disk_is_fixed(const char *path);

/* When the file was put there, which nobody can set: Unix milliseconds. 0 where there is none. */
uint64_t disk_placed_ms(const char *path);

/* Where the daemon keeps what outlives a boot: what systemd says, or /var/lib/stek. */
const char *disk_state_folder(void);

#endif
