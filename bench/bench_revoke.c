/* bench_revoke: how long after stekd's write the last of several worker processes sees that a key
 * is revoked. Workers do with a ring's file what servers do, forked after they mapped it: each
 * looks the key up again and again, with a pause of some microseconds, as if handshakes came. The
 * time counts from before the write, which is stekd's own, with the keyset of a busy host. */
#include <sched.h>
#include <stek/stek.h>
#include <string.h>
#include <sys/prctl.h>

#include "bench.h"
#include "ring_support.h"

#define ROUNDS 400
#define WORKERS 4
#define KEYS 16
#define PAUSE_NS 20000
#define GIVE_UP_NS 10000000000U

/* Shared by all processes. */
struct shared {
    _Atomic uint32_t round; /* the key of this round is there */
    uint8_t name[STEK_NAME_LEN];
    struct {
        _Atomic uint32_t opened; /* the last round whose key was found ... */
        _Atomic uint32_t gone;   /* ... and whose key was not, any more */
        _Atomic uint64_t at_ns;
    } workers[WORKERS];
};

struct bench {
    struct scratch scratch;
    struct ring_writer writer;
    struct keyset set;
    struct stek_ring *ring;
    struct shared *shared;
    pid_t pids[WORKERS];
    uint64_t rng;
    double took_us[ROUNDS];
};

static uint64_t
now_ns(void)
{
    return bench_now_ns(CLOCK_MONOTONIC);
}

static void
pause_a_bit(void)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};

    (void)nanosleep(&pause, NULL); /* early is fine */
}

static bool
opens(const struct bench *bench)
{
    int renew;
    STEK_KEY(key);

    return stek_ring_opening_key(bench->ring, &key, &renew, bench->shared->name, RING_S) == STEK_OK;
}

/* Look the key of a round up, and note the first time that it is there, or there no more. */
static void
look(const struct bench *bench, int i, uint32_t round)
{
    struct shared *shared = bench->shared;
    bool is_there = opens(bench);

    if (is_there) {
        atomic_store(&shared->workers[i].opened, round);
    } else if (atomic_load(&shared->workers[i].opened) == round) {
        atomic_store(&shared->workers[i].at_ns, now_ns());
        atomic_store(&shared->workers[i].gone, round);
    }
}

/* In a process of its own, until it is killed. */
static void
work(const struct bench *bench, int i)
{
    struct shared *shared = bench->shared;

    (void)prctl(PR_SET_TIMERSLACK, 1); /* else each pause takes 50 us more */
    for (;;) {
        uint32_t round = atomic_load(&shared->round);

        if (round != 0 && atomic_load(&shared->workers[i].gone) != round)
            look(bench, i, round);
        pause_a_bit();
    }
}

static bool
store(struct bench *bench)
{
    const struct policy policy = ring_policy();

    return ring_writer_store(&bench->writer, &bench->set, &policy, 0, ring_time_at(0), NULL);
}

static bool
add_key(struct bench *bench)
{
    struct key key = key_of(1, -3600);

    rng_fill(&bench->rng, key.name, sizeof key.name);
    rng_fill(&bench->rng, key.secret.bytes, sizeof key.secret.bytes);
    memcpy(bench->shared->name, key.name, sizeof key.name);
    return keyset_add(&bench->set, &key, NOW_MS, NULL) == KEYSET_CHANGED;
}

static bool
bench_open(struct bench *bench)
{
    bool done = scratch_open(&bench->scratch);

    bench->shared = mmap(NULL, sizeof *bench->shared, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    done = done && bench->shared != MAP_FAILED;
    for (int i = 0; i < KEYS && done; i++)
        done = add_key(bench);
    if (!done ||
        !ring_writer_open(&bench->writer, bench->scratch.ring, RING_CAPACITY_DEFAULT, NO_GROUP,
                          NULL) ||
        !store(bench) || stek_ring_open(&bench->ring, bench->scratch.ring) != STEK_OK)
        return false;
    for (int i = 0; i < WORKERS; i++) {
        bench->pids[i] = child_fork();
        if (bench->pids[i] == 0)
            work(bench, i);
        if (bench->pids[i] < 0)
            return false;
    }
    return true;
}

static void
bench_close(struct bench *bench)
{
    for (int i = 0; i < WORKERS; i++)
        if (bench->pids[i] > 0) {
            (void)kill(bench->pids[i], SIGKILL); /* ours, and not yet waited for */
            (void)waitpid(bench->pids[i], NULL, 0);
        }
    stek_ring_close(&bench->ring);
    ring_writer_close(&bench->writer);
    keyset_free(&bench->set);
    scratch_close(&bench->scratch);
}

/* True once all workers have got there. */
static bool
wait_for_all(const struct bench *bench, uint32_t round, bool is_gone)
{
    uint64_t end = now_ns() + GIVE_UP_NS;

    for (int i = 0; i < WORKERS;) {
        const _Atomic uint32_t *at =
            is_gone ? &bench->shared->workers[i].gone : &bench->shared->workers[i].opened;

        if (atomic_load(at) == round)
            i++;
        else if (now_ns() > end)
            return false;
        else
            pause_a_bit();
    }
    return true;
}

static bool
run_round(struct bench *bench, uint32_t round)
{
    uint64_t start, last = 0;

    if (!add_key(bench) || !store(bench))
        return false;
    atomic_store(&bench->shared->round, round + 1);
    if (!wait_for_all(bench, round + 1, false) ||
        keyset_revoke_name(&bench->set, bench->shared->name, NOW_S + 99999, NOW_MS, NULL) !=
            KEYSET_CHANGED)
        return false;
    start = now_ns();
    if (!store(bench) || !wait_for_all(bench, round + 1, true))
        return false;
    for (int i = 0; i < WORKERS; i++) {
        uint64_t at = atomic_load(&bench->shared->workers[i].at_ns);

        last = at > last ? at : last;
    }
    bench->took_us[round] = (double)(last - start) / 1e3;
    return true;
}

int
main(void)
{
    struct bench bench = {.writer.file.fd = -1, .rng = 1};
    struct bench_row row = {.unit = " ms", .digits = 3, .goal = BENCH_BELOW, .bound = 1};
    bool done = bench_open(&bench);

    for (uint32_t round = 0; round < ROUNDS && done; round++)
        done = run_round(&bench, round);
    bench_close(&bench);
    if (!done) {
        (void)fprintf(stderr, "bench_revoke: failed\n");
        return 1;
    }
    row.reached = bench_quantile(bench.took_us, ROUNDS, 500) / 1e3;
    printf("stekd's write to the last of %d workers seeing a revocation", WORKERS);
    bench_tell(&row);
    printf("p99 %.3f ms, worst %.3f ms of %d; workers pause %d us\n",
           bench_quantile(bench.took_us, ROUNDS, 990) / 1e3,
           bench_quantile(bench.took_us, ROUNDS, 1000) / 1e3, ROUNDS, PAUSE_NS / 1000);
    return 0;
}
