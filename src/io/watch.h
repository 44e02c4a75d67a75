/* watch.h - to be told at once when a file in a folder goes, comes, or is written or cut by others.
 * What a process writes through a mapping is not told. Where much happens in a row, it is told up
 * to 20 ms later, and together. A system has few inotify instances for a user, so all watches of a
 * loop share one. */
#ifndef IO_WATCH_H
#define IO_WATCH_H

#include "base/err.h"
#include "io/loop.h"

struct watch;

/* `name` is in the folder; NULL: too much happened at once, look at all. */
typedef void watch_fn(void *arg, const char *name);

struct watch *watch_new(struct loop *loop, const char *folder, watch_fn *call, void *arg,
                        struct err *err);

/* Before the loop's end; sets NULL, takes NULL. */
void watch_free(struct watch **watch);

#endif
