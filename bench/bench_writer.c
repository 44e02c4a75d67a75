/* bench_writer: what stekd's side of a ring takes where each host of a large farm has keys of its
 * own: to take the ring up after a restart, to see that nothing has changed, which is asked all the
 * time, and to put in one key more and revoke one. All keys are of other hosts but three. Each
 * figure is the median of ROUNDS. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ring_support.h"

#define ROUNDS 9
#define OWN 3U

struct bench {
    struct scratch scratch;
    struct ring_writer writer;
    struct keyset set;
    uint64_t rng;
    uint64_t load_ns[ROUNDS], same_ns[ROUNDS], put_ns[ROUNDS], revoke_ns[ROUNDS];
};

static uint64_t
now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* always there */
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
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
store(struct bench *bench, uint64_t *took_ns)
{
    struct policy policy = ring_policy();
    uint64_t start = now_ns();
    bool done;

    policy.each = true;
    done = ring_writer_store(&bench->writer, &bench->set, &policy, 0, ring_time_at(0), NULL);
    *took_ns = now_ns() - start;
    return done;
}

static bool
load(struct bench *bench, uint64_t *took_ns)
{
    uint64_t start;
    bool done;
    KEYSET(back);

    start = now_ns();
    done = ring_writer_load(&bench->writer, &back, NOW_MS, NULL);
    *took_ns = now_ns() - start;
    return done && back.key_count == bench->set.key_count;
}

static bool
run_round(struct bench *bench, size_t round)
{
    struct key key = next_key(bench, 1);

    if (!store(bench, &bench->same_ns[round]) || !load(bench, &bench->load_ns[round]) ||
        keyset_add(&bench->set, &key, NOW_MS, NULL) != KEYSET_CHANGED ||
        !store(bench, &bench->put_ns[round]))
        return false;
    return keyset_revoke_name(&bench->set, key.name, NOW_S + 99999, NOW_MS, NULL) ==
               KEYSET_CHANGED &&
           store(bench, &bench->revoke_ns[round]);
}

static int
compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static double
median_us(uint64_t times_ns[ROUNDS])
{
    const size_t middle = ROUNDS / 2;

    qsort(times_ns, ROUNDS, sizeof *times_ns, compare);
    return (double)times_ns[middle] / 1000;
}

int
main(void)
{
    static const uint32_t counts[] = {16, 1024, RING_CAPACITY_MAX - ROUNDS};

    printf("%8s %12s %12s %12s %12s\n", "keys", "load us", "same us", "put us", "revoke us");
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct bench bench = {.writer.file.fd = -1, .rng = i + 1};
        uint64_t first_ns;
        bool done = bench_open(&bench, counts[i]) && store(&bench, &first_ns);

        for (size_t round = 0; round < ROUNDS && done; round++)
            done = run_round(&bench, round);
        if (!done) {
            (void)fprintf(stderr, "bench_writer: failed\n");
            return 1;
        }
        printf("%8u %12.1f %12.1f %12.1f %12.1f\n", counts[i], median_us(bench.load_ns),
               median_us(bench.same_ns), median_us(bench.put_ns), median_us(bench.revoke_ns));
        bench_close(&bench);
    }
    return 0;
}
