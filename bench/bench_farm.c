/* bench_farm ROUNDS QUIET_MS ORDER RING...: how long after one host's change the rings of the
 * others have it. ORDER is a command that changes something at one of the hosts; it runs ROUNDS
 * times, each when no ring has changed for QUIET_MS. The time counts from the first ring that
 * changed, which is that host's own; looking at all rings takes turns of half a millisecond.
 * Prints, in milliseconds: median and 99th percentile of all, median and worst of the last in each
 * round. */
#include <spawn.h>
#include <stek/stek.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define HOSTS_MAX 1000
#define ROUNDS_MAX 200
#define LOOK_NS 500000
#define GIVE_UP_NS 60000000000U

struct bench {
    struct stek_ring *rings[HOSTS_MAX];
    uint64_t generations[HOSTS_MAX], seen_ns[HOSTS_MAX]; /* 0: not yet in this round */
    size_t count, changed, rounds;
    uint64_t quiet_ns;
    double each_ms[HOSTS_MAX * ROUNDS_MAX], last_ms[ROUNDS_MAX];
    size_t each_count;
};

static void
rest(void)
{
    const struct timespec pause = {.tv_nsec = LOOK_NS};

    (void)nanosleep(&pause, NULL); /* early is fine */
}

/* How many rings are others than they were; notes when that was seen. */
static size_t
look(struct bench *bench)
{
    size_t changes = 0;

    for (size_t i = 0; i < bench->count; i++) {
        STEK_INFO(info);

        if (stek_ring_info(bench->rings[i], &info, stek_now()) != STEK_OK ||
            info.generation == bench->generations[i])
            continue;
        bench->generations[i] = info.generation;
        changes++;
        if (bench->seen_ns[i] == 0) {
            bench->seen_ns[i] = bench_now_ns(CLOCK_MONOTONIC);
            bench->changed++;
        }
    }
    return changes;
}

static void
await_quiet(struct bench *bench)
{
    uint64_t since = bench_now_ns(CLOCK_MONOTONIC);

    while (bench_now_ns(CLOCK_MONOTONIC) < since + bench->quiet_ns) {
        if (look(bench) > 0)
            since = bench_now_ns(CLOCK_MONOTONIC);
        rest();
    }
}

static void
note_round(struct bench *bench)
{
    uint64_t first = UINT64_MAX;
    double last = 0;

    for (size_t i = 0; i < bench->count; i++) {
        if (bench->seen_ns[i] < first)
            first = bench->seen_ns[i];
    }
    for (size_t i = 0; i < bench->count; i++) {
        double ms = (double)(bench->seen_ns[i] - first) / 1e6;

        if (ms > 0) /* the first one is where it was ordered */
            bench->each_ms[bench->each_count++] = ms;
        if (ms > last)
            last = ms;
    }
    bench->last_ms[bench->rounds++] = last;
}

static bool
run_round(struct bench *bench, char *order)
{
    char shell[] = "sh", option[] = "-c";
    char *const words[] = {shell, option, order, NULL};
    uint64_t end = bench_now_ns(CLOCK_MONOTONIC) + GIVE_UP_NS;
    pid_t pid;
    int status;

    memset(bench->seen_ns, 0, sizeof bench->seen_ns);
    bench->changed = 0;
    if (posix_spawn(&pid, "/bin/sh", NULL, NULL, words, environ) != 0)
        return false;
    while (bench->changed < bench->count && bench_now_ns(CLOCK_MONOTONIC) < end) {
        (void)look(bench); /* counts */
        rest();
    }
    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0 ||
        bench->changed < bench->count) {
        (void)fprintf(stderr, "bench_farm: %zu of %zu hosts have it: %s\n", bench->changed,
                      bench->count, order);
        return false;
    }
    note_round(bench);
    await_quiet(bench);
    return true;
}

int
main(int argc, char **argv)
{
    static struct bench bench;
    size_t rounds = argc < 6 ? 0 : strtoul(argv[1], NULL, 10);
    bool done = rounds > 0 && rounds <= ROUNDS_MAX && argc - 4 <= HOSTS_MAX;

    if (done)
        bench.quiet_ns = strtoull(argv[2], NULL, 10) * 1000000U;
    for (int i = 4; i < argc && done; i++) {
        done = stek_ring_open(&bench.rings[bench.count], argv[i]) == STEK_OK;
        bench.count++;
    }
    if (done)
        await_quiet(&bench);
    while (done && bench.rounds < rounds)
        done = run_round(&bench, argv[3]);
    if (!done || bench.each_count == 0) {
        (void)fprintf(stderr, "bench_farm: failed\n");
        return 1;
    }
    printf("%.1f %.1f %.1f %.1f\n", bench_quantile(bench.each_ms, bench.each_count, 500),
           bench_quantile(bench.each_ms, bench.each_count, 990),
           bench_quantile(bench.last_ms, bench.rounds, 500),
           bench_quantile(bench.last_ms, bench.rounds, 1000));
    return 0;
}
