/* process.h - the daemon as a process of the system. */
#ifndef IO_PROCESS_H
#define IO_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

uid_t process_uid(void); /* the effective one */
pid_t process_pid(void);

/* What the host calls itself, cut to fit; "" if it does not. Returns `out`. */
char *process_host_name(char *out, size_t size);

/* Where the standard input, output or error is closed, it becomes /dev/null; call this first. Else
 * the next file that is opened, perhaps a ring, would be one of them, and messages would go into
 * it. */
bool process_keep_standard(struct err *err);

#define PROCESS_FDS 1024U /* descriptors that are enough for it */

/* For a process that holds secrets: no core dump, no debugger of the same user, umask 077, all
 * memory locked where the limit lets us (never where a later allocation could fail by it), as many
 * descriptors as its own hard limit lets it have, up to PROCESS_FDS, and no death by a closed pipe
 * or by a limit on the size of files.
 * Only the first is a must. */
bool process_harden(struct err *err);

/* From now on a file that others cut short while it is mapped ends no process: the pages that it
 * lost become private ones of zeros. Who mapped it finds out by its length. */
bool process_outlive_cut_files(struct err *err);

/* Go on in a child, in a session of its own; the parent waits there until process_ready(), and
 * ends with status 0, or with 1 if the child ended before. */
bool process_detach(int *ready_fd, struct err *err);

/* Let the parent of process_detach() end, and leave terminal and folder; ready_fd -1: nothing. */
void process_ready(int *ready_fd);

/* The file of this process's lock; held until pid_lock_close(). */
struct pid_lock {
    char *path;
    int fd; /* -1: none */
};

/* Take the lock and write our process id into it, if there is room. False where another lives:
 * *other is its process id then (0 if it does not say), else -1 with the reason in `err`. */
bool pid_lock_open(struct pid_lock *lock, pid_t *other, const char *path, struct err *err);

/* Removes the file; takes one that is not held. */
void pid_lock_close(struct pid_lock *lock);

/* The number of a group by name; false where there is none. */
bool group_find(gid_t *group, const char *name);

#endif
