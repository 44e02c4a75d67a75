/* needle.h - the search for what is left of a secret in all memory of this process that is its own:
 * stacks, heaps (blocks that were freed, too), data. Nothing here asserts.
 *
 * Memory that is shared, as a ring is, is left out: there a secret may be. A needle holds no copy
 * of its secret, lest it finds itself. */
#ifndef TESTS_NEEDLE_H
#define TESTS_NEEDLE_H

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"

#define NEEDLE_RUN 8 /* so many bytes of a secret in a row are a copy */
#define NEEDLE_RUNS (SECRET_LEN - NEEDLE_RUN + 1) /* found in one whole copy */
#define NEEDLE_DEPTH \
    ((size_t)96 * 1024) /* the search itself does not write over traces down there */
#define NEEDLE_FAILED SIZE_MAX

struct needle {
    uint64_t runs[NEEDLE_RUNS]; /* each run times an odd number: told by it, not readable from it */
    bool first[256];            /* their top bytes */
};

static inline uint64_t
needle_hash(const uint8_t *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof word);
    return word * 0x9e3779b97f4a7c15U;
}

static inline struct needle
needle_of(const uint8_t secret[SECRET_LEN])
{
    struct needle needle = {{0}, {false}};

    for (size_t i = 0; i < NEEDLE_RUNS; i++) {
        needle.runs[i] = needle_hash(secret + i);
        needle.first[needle.runs[i] >> 56] = true;
    }
    return needle;
}

/* How many runs of the secret are in a piece of memory. */
static inline size_t
needle_in(const struct needle *needle, const void *memory, size_t len)
{
    const uint8_t *at = memory;
    size_t found = 0;

    for (size_t i = 0; i + NEEDLE_RUN <= len; i++) {
        uint64_t hash = needle_hash(at + i);

        for (size_t j = 0; needle->first[hash >> 56] && j < NEEDLE_RUNS; j++)
            found += hash == needle->runs[j];
    }
    return found;
}

/* The text of /proc/self/maps in memory that is no heap; 0 if it does not fit. */
static inline size_t
needle_read_maps(char *text, size_t cap)
{
    int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    size_t len = 0;
    ssize_t got = 1;

    while (fd >= 0 && got > 0 && len + 1 < cap) {
        got = read(fd, text + len, cap - 1 - len);
        len += got > 0 ? (size_t)got : 0;
    }
    text[len] = '\0';
    if (fd >= 0)
        (void)close(fd);
    return got == 0 ? len : 0;
}

/* How many are in the whole process; NEEDLE_FAILED if that cannot be told. */
static inline size_t
needle_everywhere(const struct needle *needle)
{
    static char text[65536]; /* neither on the stack nor the heap, which are searched untouched */
    size_t found = 0;
    char *line = text;

    if (needle_read_maps(text, sizeof text) == 0)
        return NEEDLE_FAILED;
    while (*line != '\0') {
        char *rest, *end = strchr(line, '\n');
        uintptr_t from = strtoul(line, &rest, 16), to = strtoul(rest + 1, &rest, 16);

        if (strncmp(rest, " rw-p", 5) == 0) /* its own, and written to */
            found += needle_in(needle, (const void *)from, to - from);
        if (end == NULL)
            return NEEDLE_FAILED;
        line = end + 1;
    }
    return found;
}

/* Do the work so far down the stack that the search leaves its traces as they are. */
static __attribute__((noinline, unused)) bool
needle_deep(bool (*work)(void *arg), void *arg)
{
    volatile uint8_t room[NEEDLE_DEPTH];

    room[0] = 0;
    room[NEEDLE_DEPTH - 1] = work(arg); /* read below: this frame is there until work returns */
    return room[NEEDLE_DEPTH - 1] != 0;
}

/* How many of all of them are in the whole process. */
static inline size_t
needle_of_any(const struct needle *needles, size_t count)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        size_t here = needle_everywhere(&needles[i]);

        if (here == NEEDLE_FAILED)
            return NEEDLE_FAILED;
        found += here;
    }
    return found;
}

typedef bool needle_job_fn(void *arg);

/* Do the jobs, one after the other. False, and it is printed, where one fails or leaves any of
 * these behind. */
static inline bool
needle_jobs(needle_job_fn *const *jobs, size_t job_count, void *arg, const struct needle *needles,
            size_t count)
{
    for (size_t i = 0; i < job_count; i++) {
        bool done = needle_deep(jobs[i], arg);
        size_t found = needle_of_any(needles, count);

        if (done && found == 0)
            continue;
        printf("# job %zu %s; %zu runs are left\n", i, done ? "is done" : "failed", found);
        return false;
    }
    return true;
}

#endif
