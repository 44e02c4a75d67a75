/* bench_stekd STEKD: the daemon at rest: from its start to a ring that a server can seal with; then
 * what memory it has for itself, and how often it wakes up. */
#include <signal.h>
#include <stek/stek.h>
#include <string.h>

#include "bench.h"
#include "ring_support.h"

#define STARTS 15
#define REST_S 10
#define GIVE_UP_NS 10000000000U

static void
pause_ms(long ms)
{
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    (void)nanosleep(&pause, NULL); /* early is fine */
}

static bool
is_usable(const char *path)
{
    struct stek_ring *ring = NULL;
    bool seals = false;
    STEK_KEY(key);

    if (stek_ring_open(&ring, path) == STEK_OK)
        seals = stek_ring_sealing_key(ring, &key, stek_now()) == STEK_OK;
    stek_ring_close(&ring);
    return seals;
}

/* A daemon in a folder of its own; its process id, or -1. */
static pid_t
start(const struct scratch *scratch, const char *program, double *took_ms)
{
    static const char text[] = "keyset \"www\" { }\n";
    uint64_t began, end;
    pid_t pid;

    if (!file_make(scratch->other, text, sizeof text - 1, 0644))
        return -1;
    began = bench_now_ns(CLOCK_MONOTONIC);
    pid = child_fork();
    if (pid == 0) {
        if (freopen("/dev/null", "w", stderr) != NULL) /* what it logs is not wanted */
            (void)execl(program, program, "-f", "-c", scratch->other, "-r", scratch->folder,
                        (char *)NULL);
        _exit(127);
    }
    end = began + GIVE_UP_NS;
    while (pid > 0 && !is_usable(scratch->ring) && bench_now_ns(CLOCK_MONOTONIC) < end)
        (void)usleep(200);
    *took_ms = (double)(bench_now_ns(CLOCK_MONOTONIC) - began) / 1e6;
    return pid;
}

/* The ring can be used before the signal would be waited for. */
static bool
stop(pid_t pid)
{
    int status;

    return kill(pid, SIGTERM) == 0 && waitpid(pid, &status, 0) == pid &&
           (WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
}

/* The sum of all numbers behind this name in a file of /proc/PID. */
static unsigned long
number_in(pid_t pid, const char *file, const char *name)
{
    char path[64], line[256];
    unsigned long sum = 0;
    FILE *in;

    (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file); /* fits */
    in = fopen(path, "re");
    while (in != NULL && fgets(line, sizeof line, in) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            sum += strtoul(line + strlen(name), NULL, 10);
    if (in != NULL)
        (void)fclose(in); /* only read */
    return sum;
}

static void
tell_rest(pid_t pid)
{
    struct bench_row memory = {.unit = " MiB", .digits = 1, .goal = BENCH_BELOW, .bound = 8};
    struct bench_row wakes = {.unit = "/s", .digits = 1, .goal = BENCH_BELOW, .bound = 2};
    unsigned long before, dirty, clean;

    pause_ms(1000); /* it has just started */
    before = number_in(pid, "status", "voluntary_ctxt_switches:");
    pause_ms(REST_S * 1000);
    wakes.reached =
        (double)(number_in(pid, "status", "voluntary_ctxt_switches:") - before) / REST_S;
    dirty = number_in(pid, "smaps_rollup", "Private_Dirty:");
    clean = number_in(pid, "smaps_rollup", "Private_Clean:");
    memory.reached = (double)(dirty + clean) / 1024;
    printf("stekd at rest: private memory");
    bench_tell(&memory);
    printf("%.1f MiB of it written to\n", (double)dirty / 1024);
    printf("stekd at rest: wake-ups");
    bench_tell(&wakes);
    printf("in %d s\n", REST_S);
}

int
main(int argc, char **argv)
{
    struct bench_row row = {.unit = " ms", .digits = 1, .goal = BENCH_BELOW, .bound = 50};
    double took_ms[STARTS];
    bool done = argc == 2;

    for (int i = 0; i < STARTS && done; i++) {
        struct scratch scratch = {.folder = ""};
        pid_t pid = scratch_open(&scratch) ? start(&scratch, argv[1], &took_ms[i]) : -1;

        done = pid > 0 && is_usable(scratch.ring);
        if (done && i == STARTS - 1)
            tell_rest(pid);
        done = pid > 0 && stop(pid) && done;
        scratch_close(&scratch);
    }
    if (!done) {
        (void)fprintf(stderr, "bench_stekd: failed\n");
        return 1;
    }
    row.reached = bench_quantile(took_ms, STARTS, 500);
    printf("stekd: from its start to a ring that seals");
    bench_tell(&row);
    printf("worst %.1f ms of %d\n", bench_quantile(took_ms, STARTS, 1000), STARTS);
    return 0;
}
