/* bench_ring: how long a server waits for a key, while a writer in another process changes the ring
 * a thousand times a second. One lookup upon the other: in a ring of 16 keys; in one of 65,536, of
 * which 16 have living tickets; in one of 65,536 that all have, so that each lookup finds its slot
 * in no near cache. Rounds take turns. A key's secret is one number four times: a copy in which
 * they differ is torn. Beside it what one read of as much memory takes, which no lookup can be
 * quicker than; and what the info of a ring takes, small and large, at rest. */
#include <sched.h>
#include <stek/stek.h>

#include "bench.h"
#include "ring_support.h"

#define ROUNDS 10
#define SAMPLES 300000U /* in a round */
#define FLIPS_PER_S 1000
#define LARGE 65536U
#define SMALL 16U

struct bench {
    struct scratch scratch;
    struct ring_writer writer;
    struct stek_ring *ring;
    struct image_slot *slots;        /* what the writer puts, one by one */
    uint32_t count, used;            /* keys in the ring, and those with tickets */
    uint8_t (*names)[STEK_NAME_LEN]; /* of the tickets of a round */
    uint32_t *times;                 /* ns, of all rounds */
    size_t samples;
    uint64_t flips, missed, torn, took_ns;
};

static uint64_t
now_ns(void)
{
    return bench_now_ns(CLOCK_MONOTONIC);
}

static void
set_version(struct image_slot *slot, uint64_t version)
{
    for (size_t i = 0; i < sizeof slot->secret / sizeof version; i++)
        memcpy(slot->secret.bytes + i * sizeof version, &version, sizeof version);
}

static bool
fill(struct image_half *half, const void *arg)
{
    const struct bench *bench = arg;
    struct image_state state = {.seal_count = 1};
    bool put = true;

    for (uint32_t i = 0; i < bench->count && put; i++)
        put = image_put(half, &bench->slots[i]);
    memcpy(state.seals[0].name, bench->slots[0].name, sizeof bench->slots[0].name);
    state.seals[0].until = UINT64_MAX;
    image_set(half, &state);
    return put;
}

static bool
fill_one(struct image_half *half, const void *slot)
{
    return image_put(half, slot);
}

static bool
bench_open(struct bench *bench, uint32_t count, uint32_t used)
{
    uint64_t rng = count;

    *bench = (struct bench){.count = count, .used = used};
    bench->slots = calloc(count, sizeof *bench->slots);
    bench->names = calloc(SAMPLES, sizeof *bench->names);
    bench->times = calloc((size_t)ROUNDS * SAMPLES, sizeof *bench->times);
    if (bench->slots == NULL || bench->names == NULL || bench->times == NULL ||
        !scratch_open(&bench->scratch))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        bench->slots[i] = slot_of(rng_next(&rng), 0);
        bench->slots[i].seal_until = bench->slots[i].open_until = UINT64_MAX - 1;
        set_version(&bench->slots[i], i + 1);
    }
    return ring_writer_open(&bench->writer, bench->scratch.ring, count, NO_GROUP, NULL) &&
           image_change(&bench->writer.image, fill, bench) &&
           stek_ring_open(&bench->ring, bench->scratch.ring) == STEK_OK;
}

static void
bench_close(struct bench *bench)
{
    stek_ring_close(&bench->ring);
    ring_writer_close(&bench->writer);
    scratch_close(&bench->scratch);
    free(bench->slots);
    free(bench->names);
    free(bench->times);
}

/* In a process of its own, until it is killed. */
static void
write_on(struct bench *bench)
{
    struct timespec next;
    uint64_t rng = 1;

    (void)clock_gettime(CLOCK_MONOTONIC, &next); /* always there */
    for (uint64_t version = 1;; version++) {
        struct image_slot slot = bench->slots[rng_below(&rng, bench->count)];

        set_version(&slot, version);
        if (!image_change(&bench->writer.image, fill_one, &slot))
            _exit(1);
        next.tv_nsec += 1000000000 / FLIPS_PER_S;
        next.tv_sec += next.tv_nsec / 1000000000;
        next.tv_nsec %= 1000000000;
        (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL); /* early is fine */
    }
}

static bool
is_torn(const struct stek_key *key)
{
    return memcmp(key->secret, key->secret + 8, STEK_SECRET_LEN - 8) != 0;
}

static void
look_up(struct bench *bench, uint64_t empty_ns)
{
    for (uint32_t i = 0; i < SAMPLES; i++) {
        uint64_t start, took;
        enum stek_status status;
        int renew;
        STEK_KEY(key);

        start = now_ns();
        status = stek_ring_opening_key(bench->ring, &key, &renew, bench->names[i], 1);
        took = now_ns() - start;
        bench->missed += status != STEK_OK;
        bench->torn += status == STEK_OK && is_torn(&key);
        bench->times[bench->samples++] = (uint32_t)(took > empty_ns ? took - empty_ns : 0);
    }
}

static int
compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* What reading the clock itself costs. */
static uint64_t
clock_cost_ns(void)
{
    static uint32_t times[SAMPLES];

    for (uint32_t i = 0; i < SAMPLES; i++) {
        uint64_t start = now_ns();

        times[i] = (uint32_t)(now_ns() - start);
    }
    qsort(times, SAMPLES, sizeof *times, compare);
    return times[SAMPLES / 2];
}

static bool
run_round(struct bench *bench, uint64_t *rng, uint64_t empty_ns)
{
    uint64_t before = atomic_load(&bench->writer.image.header->flip), start;
    pid_t pid;
    int status;

    for (uint32_t i = 0; i < SAMPLES; i++)
        memcpy(bench->names[i], bench->slots[rng_below(rng, bench->used)].name, STEK_NAME_LEN);
    pid = child_fork();
    if (pid == 0)
        write_on(bench);
    if (pid < 0)
        return false;
    while (atomic_load(&bench->writer.image.header->flip) < before + 3)
        (void)sched_yield(); /* until the writer is at work */
    start = now_ns();
    before = atomic_load(&bench->writer.image.header->flip);
    look_up(bench, empty_ns);
    bench->flips += atomic_load(&bench->writer.image.header->flip) - before;
    bench->took_ns += now_ns() - start;
    if (kill(pid, SIGKILL) != 0 || waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
        return false;
    return image_repair(&bench->writer.image);
}

static uint32_t
quantile(const struct bench *bench, size_t permille)
{
    return bench->times[(bench->samples - 1) * permille / 1000];
}

static void
tell_median(struct bench *bench, const char *what)
{
    struct bench_row row = {.unit = " ns", .goal = BENCH_BELOW, .bound = 100};

    qsort(bench->times, bench->samples, sizeof *bench->times, compare);
    row.reached = quantile(bench, 500);
    printf("ring lookup, %s", what);
    bench_tell(&row);
    printf("p99 %u ns; a writer flips %.0f times a second\n", quantile(bench, 990),
           (double)bench->flips * 1e9 / (double)bench->took_ns);
}

static void
tell_ratio(const struct bench *bench, const struct bench *small, const char *what)
{
    struct bench_row row = {.unit = "", .digits = 2, .goal = BENCH_AT_MOST, .bound = 2};

    row.reached = quantile(bench, 500) / (double)quantile(small, 500);
    printf("ring lookup, %s / 16 keys", what);
    bench_tell(&row);
    printf("p99s %.2f\n", quantile(bench, 990) / (double)quantile(small, 990));
}

/* Of all rings. */
static void
tell_faults(const struct bench benches[3])
{
    struct bench_row row = {.unit = "", .goal = BENCH_AT_MOST, .bound = 0};

    for (int i = 0; i < 3; i++)
        row.reached += (double)(benches[i].torn + benches[i].missed);
    printf("ring lookup, torn or missed keys");
    bench_tell(&row);
    printf("of %u lookups\n", 3 * ROUNDS * SAMPLES);
}

/* One read at random of as much memory as the slots of a large ring's half have: the median, or 0
 * without memory. */
static double
read_ns(uint64_t empty_ns)
{
    const size_t buckets = (size_t)2 * LARGE;
    struct ring_slot *slots = calloc(buckets, sizeof *slots);
    double *times = calloc(SAMPLES, sizeof *times), median = 0;
    uint64_t rng = 7;

    for (size_t i = 0; i < buckets && slots != NULL; i++)
        atomic_store(&slots[i].name[0], rng_next(&rng)); /* now it is there */
    for (uint32_t i = 0; i < SAMPLES && slots != NULL && times != NULL; i++) {
        const ring_word *word = &slots[rng_below(&rng, buckets)].name[0];
        uint64_t start = now_ns();

        (void)atomic_load_explicit(word, memory_order_acquire); /* before the clock is read */
        times[i] = (double)(now_ns() - start) - (double)empty_ns;
    }
    if (slots != NULL && times != NULL)
        median = bench_quantile(times, SAMPLES, 500);
    free(slots);
    free(times);
    return median;
}

static void
tell_read(uint64_t empty_ns)
{
    struct bench_row row = {.unit = " ns", .reached = read_ns(empty_ns)};

    printf("for comparison: one read of 8 MiB at random");
    bench_tell(&row);
    printf("what a lookup waits for where its slot is in no near cache\n");
}

/* What stek_ring_info() takes, which a server may ask for in each handshake; 0 if it fails. */
static double
info_ns(const struct bench *bench)
{
    uint64_t start = now_ns();

    for (uint32_t i = 0; i < SAMPLES; i++) {
        STEK_INFO(info);

        if (stek_ring_info(bench->ring, &info, 1) != STEK_OK)
            return 0;
    }
    return (double)(now_ns() - start) / SAMPLES;
}

static void
tell_info(const struct bench *small, const struct bench *large)
{
    double small_ns = info_ns(small), large_ns = info_ns(large);
    struct bench_row row = {.unit = "", .digits = 2, .reached = large_ns / small_ns};

    printf("info of a ring, 65,536 keys / 16 keys");
    bench_tell(&row);
    printf("%.0f ns / %.0f ns\n", large_ns, small_ns);
}

int
main(void)
{
    static const char *const names[] = {"16 keys", "65,536 keys, 16 in use",
                                        "65,536 keys, all in use"};
    struct bench benches[3];
    uint64_t rng = 42, empty_ns = clock_cost_ns();
    bool done = bench_open(&benches[0], SMALL, SMALL) && bench_open(&benches[1], LARGE, SMALL) &&
                bench_open(&benches[2], LARGE, LARGE);

    for (int round = 0; round < 3 * ROUNDS && done; round++)
        done = run_round(&benches[round % 3], &rng, empty_ns);
    if (!done) {
        (void)fprintf(stderr, "bench_ring: failed\n");
        return 1;
    }
    for (int i = 0; i < 3; i++)
        tell_median(&benches[i], names[i]);
    for (int i = 1; i < 3; i++)
        tell_ratio(&benches[i], &benches[0], names[i]);
    tell_read(empty_ns);
    tell_faults(benches);
    tell_info(&benches[0], &benches[1]);
    for (int i = 0; i < 3; i++)
        bench_close(&benches[i]);
    return 0;
}
