/* ring_support.h - folders to work in, rings with keys, and children, for the tests of sys and
 * ring. Nothing here asserts.
 *
 * Tests of rings run on a time of their own: at the Unix time NOW_S the ring time is RING_S. */
#ifndef TESTS_RING_SUPPORT_H
#define TESTS_RING_SUPPORT_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keys_support.h"
#include "ring/writer.h"

#define RING_S ((uint64_t)1000)
#define NO_GROUP ((gid_t)-1)
#define NOBODY 65534

/* ---- folders ---- */

struct scratch {
    char folder[32];
    char ring[96];  /* a path in it; nothing is there yet */
    char other[96]; /* another one */
};

static inline bool
scratch_open(struct scratch *scratch)
{
    (void)snprintf(scratch->folder, sizeof scratch->folder, "/tmp/stek-test-XXXXXX");
    if (mkdtemp(scratch->folder) == NULL || chmod(scratch->folder, 0755) != 0)
        return false;
    (void)snprintf(scratch->ring, sizeof scratch->ring, "%.31s/www.r1", scratch->folder);
    (void)snprintf(scratch->other, sizeof scratch->other, "%.31s/other", scratch->folder);
    return true;
}

static inline int
scratch_remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)stat, (void)type, (void)ftw;
    return remove(path);
}

static inline void
scratch_close(struct scratch *scratch)
{
    (void)nftw(scratch->folder, scratch_remove_one, 8, FTW_DEPTH | FTW_PHYS); /* best effort */
}

static inline bool
err_says(const struct err *err, const char *what)
{
    if (strstr(err->text, what) != NULL)
        return true;
    printf("# %s\n", err->text);
    return false;
}

/* A fresh file with this content and mode, whatever the umask. */
static inline bool
file_make(const char *path, const void *bytes, size_t len, mode_t mode)
{
    int fd = unlink(path) == 0 || errno == ENOENT
                 ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)
                 : -1;
    bool done = fd >= 0 && write(fd, bytes, len) == (ssize_t)len && fchmod(fd, mode) == 0;

    return fd >= 0 && close(fd) == 0 && done;
}

/* All of a file, malloc'd; NULL if it cannot be read. */
static inline uint8_t *
file_read(const char *path, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat stat;
    uint8_t *bytes = NULL;

    if (fd >= 0 && fstat(fd, &stat) == 0) {
        *len = (size_t)stat.st_size;
        bytes = malloc(*len + 1);
        if (bytes != NULL && pread(fd, bytes, *len, 0) != (ssize_t)*len) {
            free(bytes);
            bytes = NULL;
        }
    }
    if (fd >= 0)
        (void)close(fd);
    return bytes;
}

/* ---- children ---- */

/* fork(), with nothing in stdout's buffer that both would print. */
static inline pid_t
child_fork(void)
{
    (void)fflush(stdout); /* of a terminal or pipe to the test's runner */
    return fork();
}

/* Run `work` in a forked child, after giving up root if `uid` is not 0. Returns what it returned,
 * 0 to 99; 100 + signal if it was killed; -1 if there was no child. */
static inline int
child_run(int (*work)(void *arg), void *arg, uid_t uid)
{
    pid_t pid = child_fork();
    int status;

    if (pid == 0) {
        if (uid != 0 && (setgid(uid) != 0 || setuid(uid) != 0))
            _exit(99);
        _exit(work(arg));
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return -1;
    return WIFSIGNALED(status) ? 100 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Let this process write no file beyond so many bytes: SIGXFSZ comes to one that tries. */
static inline bool
file_limit(size_t len)
{
    const struct rlimit limit = {.rlim_cur = len, .rlim_max = len};

    return setrlimit(RLIMIT_FSIZE, &limit) == 0;
}

/* ---- rings ---- */

static inline struct ring_time
ring_time_at(uint64_t after_s)
{
    return (struct ring_time){.boot_ms = (RING_S + after_s) * 1000,
                              .unix_ms = (NOW_S + after_s) * 1000};
}

/* An hour, half a day, and no patience. */
static inline struct policy
ring_policy(void)
{
    return policy_of(3600, 0, 43200);
}

/* Keys 1 to `count`, an hour apart, of which the first one seals now. */
static inline bool
ring_keys(struct keyset *set, uint16_t count)
{
    for (uint16_t i = 1; i <= count; i++) {
        struct key key = key_of(i, 3600 * (i - 1));

        if (keyset_add(set, &key, NOW_MS, NULL) != KEYSET_CHANGED)
            return false;
    }
    return true;
}

static inline bool
ring_store(struct ring_writer *writer, const struct keyset *set, uint64_t after_s)
{
    struct policy policy = ring_policy();

    return ring_writer_store(writer, set, &policy, 0, ring_time_at(after_s), NULL);
}

/* A slot with bytes that a seed repeats, sealing and opening from `from` on for an hour. */
static inline struct image_slot
slot_of(uint64_t seed, uint64_t from)
{
    struct image_slot slot = {.open_until = from + 7200,
                              .seal_from = from,
                              .seal_until = from + 3600,
                              .made_ms = 1,
                              .unix_open_until = NOW_S + from + 7200};
    uint64_t rng = seed;

    rng_fill(&rng, slot.name, sizeof slot.name);
    rng_fill(&rng, slot.secret.bytes, sizeof slot.secret.bytes);
    return slot;
}

#endif
