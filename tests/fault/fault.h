/* fault.h - the n-th allocation or system call of a piece of work fails, for each n in turn: once
 * that one alone, once that one and all after it. Programs are linked with --wrap for each call in
 * fault.c, so only calls of this project's own objects fail. Nothing here asserts. */
#ifndef TESTS_FAULT_H
#define TESTS_FAULT_H

#include <stdbool.h>
#include <stddef.h>

/* From now on the call after `good` more fails, with `onward` all that follow too. */
void fault_arm(size_t good, bool onward);

/* No call fails. True if one did since fault_arm(). */
bool fault_disarm(void);

/* For wrappers of other calls, in a file of their own: true if this call is to fail. */
bool fault_fails(const char *name);

/* True if all calls that follow the first one fail, too. */
bool fault_is_lasting(void);

/* One piece of work for fault_each(): NULL, or what is wrong, in words. */
struct fault_case {
    const char *(*begin)(void *arg); /* without faults; may be NULL */
    const char *(*work)(void *arg);  /* with one */
    const char *(*end)(void *arg);   /* without: looks at what came of it */
    const char *keeps;               /* a call whose failure may leave a descriptor open; or NULL */
};

/* Run the case for each n until all goes well. Returns how many times something was wrong, which is
 * printed, descriptors left open included; and the number of calls in *calls. */
size_t fault_each(const struct fault_case *one, void *arg, size_t *calls);

/* The same for each n of one part of `parts`: for processes that share the work. */
size_t fault_each_of(const struct fault_case *one, void *arg, size_t *calls, size_t part,
                     size_t parts);

#endif
