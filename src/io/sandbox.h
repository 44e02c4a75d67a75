/* sandbox.h - once all is open, the daemon gives up what it will not need: privileges to come, most
 * system calls, and writing anywhere but in its own folders. What a break-in finds then can hardly
 * do more than the daemon does.
 *
 *   R-SANDBOX-1: no program is run, no other process touched: who tries is ended.
 *   R-SANDBOX-2: a call that is not in the table fails with ENOSYS, as in an older kernel, and
 *                libraries go another way. So neither a newer libc nor a forgotten line ends us.
 *   R-SANDBOX-3: no memory becomes executable that was written.
 *   R-SANDBOX-4: nothing is written, made or removed but below the given folders.
 *
 * A new feature that needs another call: add it to the table of sandbox_calls.c, with what for.
 * tools/trace-calls shows what a stekd asks for in vain. What it reads is for its user's
 * permissions to say: name services read everywhere. */
#ifndef IO_SANDBOX_H
#define IO_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Each for good, for this thread and those it starts; false, with the reason in `err` and nothing
 * given up, where the system has no such thing. */
bool sandbox_filter_calls(struct err *err);

/* Folders that are not there are passed over. */
bool sandbox_confine_writes(const char *const *folders, size_t count, struct err *err);

#endif
