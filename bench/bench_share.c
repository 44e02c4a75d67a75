/* bench_share: how long after one host's put the others have its record, for 200 hosts that share a
 * directory, then for 200 at an etcd of one node with mutual TLS: each is a process with a loop and
 * an engine of its own, as in stekd, and all are on this machine. The time counts from before the
 * put. The kernel gives a user 128 instances of inotify, and hosts beyond would only poll: so, as
 * root, they are of several users. */
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "bench.h"
#include "engine_directory_support.h"
#ifdef STEK_ETCD
#include "engine_etcd_support.h"
#endif

#define OTHERS 200
#define ROUNDS 100
#define GAP_MS 50 /* between puts */
#define RECORD_LEN 600
#define FIRST_USER 60000
#define HOSTS_A_USER 50

/* Shared by all processes. */
struct shared {
    _Atomic uint64_t begun_ns;
    struct {
        _Atomic uint32_t round; /* of the last record that came */
        _Atomic uint64_t at_ns;
    } hosts[OTHERS];
};

/* A transport, what is to be reached, and whether hosts are of several users. */
struct bench_kind {
    const struct transport *transport;
    double aim_ms;
    bool has_users;
};

static const struct bench_kind kinds[] = {
    {&transport_directory, 5, true},
#ifdef STEK_ETCD
    {&transport_etcd, 50, false},
#endif
};

struct bench {
    const struct bench_kind *kind;
    struct farm_world world;
    struct shared *shared;
    pid_t pids[OTHERS];
    double each_ms[OTHERS * ROUNDS], last_ms[ROUNDS];
};

struct record {
    uint32_t round;
    uint8_t rest[RECORD_LEN];
};

/* What a child is told. */
struct child {
    struct shared *shared;
    int i;
};

static void
on_bench_record(void *arg, const struct engine_name *name, const uint8_t *bytes, size_t len)
{
    const struct child *child = arg; /* NULL: the one that puts */
    uint32_t round;

    if (child == NULL || name->sender != 1 || len != sizeof(struct record))
        return;
    memcpy(&round, bytes, sizeof round);
    if (atomic_load(&child->shared->hosts[child->i].round) == round)
        return;
    atomic_store(&child->shared->hosts[child->i].at_ns, bench_now_ns(CLOCK_MONOTONIC));
    atomic_store(&child->shared->hosts[child->i].round, round);
}

static void
on_bench_complete(void *arg, enum record_kind kind, bool is_whole)
{
    (void)arg, (void)kind, (void)is_whole;
}

static void
on_bench_state(void *arg)
{
    (void)arg;
}

static struct engine *
engine_of(struct bench *bench, struct loop *loop, uint64_t host, void *arg)
{
    const struct transport *transport = bench->kind->transport;
    struct engine_option options[OPTIONS_MAX];
    const struct engine_setup setup = {
        .loop = loop,
        .keyset = "www",
        .host = host,
        .options = options,
        .option_count = transport->options(&bench->world, options),
        .events = {on_bench_record, on_bench_complete, on_bench_state, arg}};

    return transport->kind->start(&setup, NULL);
}

/* In a process of its own, until it is killed. */
static int
work(struct bench *bench, int i)
{
    static const struct record own = {.round = 0};
    uid_t user = FIRST_USER + (uid_t)(i / HOSTS_A_USER);
    struct child child = {bench->shared, i};
    struct loop *loop;
    struct engine *engine;

    if (bench->kind->has_users && geteuid() == 0 && setresuid(user, user, user) != 0)
        return 1;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* else it ends by the parent's kill only */
    loop = loop_new(NULL);
    engine = loop == NULL ? NULL : engine_of(bench, loop, (uint64_t)i + 2, &child);
    return engine != NULL &&
                   engine->kind->put(engine, RECORD_KEYS, (const uint8_t *)&own, sizeof own,
                                     NULL) &&
                   loop_run(loop, NULL)
               ? 0
               : 1;
}

static bool
bench_open(struct bench *bench)
{
    bench->shared = mmap(NULL, sizeof *bench->shared, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (bench->shared == MAP_FAILED || !world_open(&bench->world, bench->kind->transport))
        return false;
    if (bench->kind->has_users &&
        (chmod(bench->world.folder, 0755) != 0 || chmod(bench->world.path, 02777) != 0))
        return false;
    (void)fflush(stdout); /* children have a copy */
    for (int i = 0; i < OTHERS; i++) {
        bench->pids[i] = fork();
        if (bench->pids[i] == 0)
            _exit(work(bench, i));
        if (bench->pids[i] < 0)
            return false;
    }
    return true;
}

static void
bench_close(struct bench *bench)
{
    for (int i = 0; i < OTHERS; i++) {
        if (bench->pids[i] > 0 && kill(bench->pids[i], SIGKILL) == 0)
            (void)waitpid(bench->pids[i], NULL, 0); /* ours */
    }
    (void)world_close(&bench->world); /* no host of its own */
    (void)munmap(bench->shared, sizeof *bench->shared);
}

struct awaited {
    const struct shared *shared;
    uint32_t round;
    uint64_t not_before_ms;
    const struct loop *loop;
};

static bool
is_round_over(void *arg)
{
    const struct awaited *awaited = arg;

    for (int i = 0; i < OTHERS; i++) {
        if (atomic_load(&awaited->shared->hosts[i].round) != awaited->round)
            return false;
    }
    return loop_now_ms(awaited->loop) >= awaited->not_before_ms;
}

/* Round 0 waits until all are there, and is not measured. */
static bool
run_round(struct bench *bench, struct engine *engine, uint32_t round)
{
    struct loop *loop = bench->world.loop;
    struct awaited awaited = {bench->shared, round + 1, loop_now_ms(loop) + GAP_MS, loop};
    const struct record record = {.round = round + 1};

    atomic_store(&bench->shared->begun_ns, bench_now_ns(CLOCK_MONOTONIC));
    if (!engine->kind->put(engine, RECORD_KEYS, (const uint8_t *)&record, sizeof record, NULL) ||
        !run_until(loop, is_round_over, &awaited))
        return false;
    for (int i = 0; i < OTHERS && round > 0; i++) {
        double ms = (double)(atomic_load(&bench->shared->hosts[i].at_ns) -
                             atomic_load(&bench->shared->begun_ns)) /
                    1e6;

        bench->each_ms[(round - 1) * OTHERS + (unsigned)i] = ms;
        if (ms > bench->last_ms[round - 1])
            bench->last_ms[round - 1] = ms;
    }
    return true;
}

static bool
run_kind(const struct bench_kind *kind)
{
    static struct bench bench;
    struct engine *engine;
    struct bench_row row = {" ms", 2, 0, BENCH_BELOW, kind->aim_ms};
    bool done;

    bench = (struct bench){.kind = kind};
    engine = bench_open(&bench) ? engine_of(&bench, bench.world.loop, 1, NULL) : NULL;
    done = engine != NULL;
    for (uint32_t round = 0; round <= ROUNDS && done; round++)
        done = run_round(&bench, engine, round);
    kind->transport->kind->stop(&engine);
    bench_close(&bench);
    if (!done) {
        (void)fprintf(stderr, "bench_share: %s: a record did not reach all of %d hosts\n",
                      kind->transport->kind->name, OTHERS);
        return false;
    }
    row.reached = bench_quantile(bench.each_ms, OTHERS * ROUNDS, 990);
    printf("one change to %d hosts, %s, p99", OTHERS, kind->transport->kind->name);
    bench_tell(&row);
    printf("median %.2f ms; to the last host median %.2f ms, p99 %.2f ms of %d\n",
           bench_quantile(bench.each_ms, OTHERS * ROUNDS, 500),
           bench_quantile(bench.last_ms, ROUNDS, 500), bench_quantile(bench.last_ms, ROUNDS, 990),
           ROUNDS);
    return true;
}

int
main(void)
{
    bool done = true;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].transport->is_here == NULL || kinds[i].transport->is_here())
            done = run_kind(&kinds[i]) && done;
    }
    return done ? 0 : 1;
}
