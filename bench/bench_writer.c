/* bench_writer: what stekd's side of a ring takes where each host of a large farm has keys of its
 * own: to take the ring up after a restart, to see that nothing has changed, which is asked all the
 * time, and to put in one key more and revoke one. All keys are of other hosts but three. Each
 * figure is the median of ROUNDS. */
#include "bench.h"
#include "ring_support.h"

#define ROUNDS 9
#define OWN 3U

enum { LOAD, SAME, PUT, REVOKE, WORKS };
static const char *const works[WORKS] = {
    "stekd: take up a ring after a restart", "stekd: see that nothing has changed",
    "stekd: put one key more into the ring", "stekd: revoke one key"};

static const uint32_t counts[] = {RING_CAPACITY_MAX - ROUNDS, 1024, 16};
#define COUNTS (sizeof counts / sizeof *counts)

struct bench {
    struct scratch scratch;
    struct ring_writer writer;
    struct keyset set;
    uint64_t rng;
    double took_ms[WORKS][ROUNDS];
};

static uint64_t
now_ns(void)
{
    return bench_now_ns(CLOCK_MONOTONIC);
}

static struct key
next_key(struct bench *bench, uint64_t maker)
{
    struct key key = key_of(1, 3600 * (int64_t)rng_below(&bench->rng, 3) - 3600);

    rng_fill(&bench->rng, key.name, sizeof key.name);
    rng_fill(&bench->rng, key.secret.bytes, sizeof key.secret.bytes);
    key.maker = maker;
    key.flags = KEY_EACH;
    return key;
}

static bool
bench_open(struct bench *bench, uint32_t count)
{
    struct key *keys = calloc(count, sizeof *keys);
    bool done = keys != NULL && scratch_open(&bench->scratch);

    for (uint32_t i = 0; i < count && done; i++)
        keys[i] = next_key(bench, i < OWN ? 0 : i);
    done = done && keyset_add_all(&bench->set, keys, count, NOW_MS, NULL) == KEYSET_CHANGED &&
           bench->set.key_count == count &&
           ring_writer_open(&bench->writer, bench->scratch.ring, count + ROUNDS, NO_GROUP, NULL);
    free(keys);
    return done;
}

static void
bench_close(struct bench *bench)
{
    ring_writer_close(&bench->writer);
    keyset_free(&bench->set);
    scratch_close(&bench->scratch);
}

static bool
store(struct bench *bench, double *took_ms)
{
    struct policy policy = ring_policy();
    uint64_t start = now_ns();
    bool done;

    policy.each = true;
    done = ring_writer_store(&bench->writer, &bench->set, &policy, 0, ring_time_at(0), NULL);
    *took_ms = (double)(now_ns() - start) / 1e6;
    return done;
}

static bool
load(struct bench *bench, double *took_ms)
{
    uint64_t start;
    bool done;
    KEYSET(back);

    start = now_ns();
    done = ring_writer_load(&bench->writer, &back, NOW_MS, NULL);
    *took_ms = (double)(now_ns() - start) / 1e6;
    return done && back.key_count == bench->set.key_count;
}

static bool
run_round(struct bench *bench, size_t round)
{
    struct key key = next_key(bench, 1);

    if (!store(bench, &bench->took_ms[SAME][round]) || !load(bench, &bench->took_ms[LOAD][round]) ||
        keyset_add(&bench->set, &key, NOW_MS, NULL) != KEYSET_CHANGED ||
        !store(bench, &bench->took_ms[PUT][round]))
        return false;
    return keyset_revoke_name(&bench->set, key.name, NOW_S + 99999, NOW_MS, NULL) ==
               KEYSET_CHANGED &&
           store(bench, &bench->took_ms[REVOKE][round]);
}

/* The medians of all works in a ring of so many keys. */
static bool
measure(double medians_ms[WORKS], uint32_t count)
{
    struct bench bench = {.writer.file.fd = -1, .rng = count};
    double first_ms;
    bool done = bench_open(&bench, count) && store(&bench, &first_ms);

    for (size_t round = 0; round < ROUNDS && done; round++)
        done = run_round(&bench, round);
    for (int work = 0; work < WORKS && done; work++)
        medians_ms[work] = bench_quantile(bench.took_ms[work], ROUNDS, 500);
    bench_close(&bench);
    return done;
}

int
main(void)
{
    double medians_ms[COUNTS][WORKS];

    for (size_t i = 0; i < COUNTS; i++)
        if (!measure(medians_ms[i], counts[i])) {
            (void)fprintf(stderr, "bench_writer: failed\n");
            return 1;
        }
    for (int work = 0; work < WORKS; work++) {
        struct bench_row row = {.unit = " ms", .digits = 3, .reached = medians_ms[0][work]};

        printf("%s, %u keys", works[work], counts[0]);
        bench_tell(&row);
        printf("%u keys %.3f ms, %u keys %.3f ms\n", counts[1], medians_ms[1][work], counts[2],
               medians_ms[2][work]);
    }
    return 0;
}
