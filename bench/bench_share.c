/* bench_share: how long after one host's put the others have its record, for 200 hosts that share
 * a directory, an etcd of one node with mutual TLS, a multicast group, or a list of each other:
 * each is a process with a loop and an engine of its own, as in stekd, and all are on this machine.
 * The time counts from before the put. The kernel gives a user 128 instances of inotify, and hosts
 * beyond would only poll: so, as root, they are of several users.
 *
 * With the argument "rest" it also counts, for a minute, what hosts send while nothing changes. */
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
#include "engine_peers_support.h"

#define OTHERS 200
#define ROUNDS 100
#define GAP_MS 50 /* between puts */
#define RECORD_LEN 600
#define SETTLE_S 20U /* by then Trickle is at its longest interval, twice */
#define REST_S 60U
#define FIRST_USER 60000
#define HOSTS_A_USER 50

/* Shared by all processes. */
struct shared {
    _Atomic uint64_t begun_ns;
    struct {
        _Atomic uint32_t round; /* of the last record that came */
        _Atomic uint64_t at_ns;
        _Atomic uint32_t sealed, opened;
        _Atomic uint64_t sealed_bytes;
    } hosts[OTHERS];
};

struct bench {
    const struct way *way;
    struct farm_world world;
    struct shared *shared;
    pid_t pids[OTHERS];
    double each_ms[OTHERS * ROUNDS], last_ms[ROUNDS];
};

/* What is measured: a transport, whether hosts are of several users, and the aim. */
struct way {
    const char *name;
    const struct transport *transport;
    bool has_users;
    bool is_listed; /* each host lists all others */
    double most_ms; /* 0: no aim */
};

static const struct way ways[] = {
    {"directory", &transport_directory, true, false, 5},
#ifdef STEK_ETCD
    {"etcd", &transport_etcd, false, false, 50},
#endif
    {"peers by multicast", &transport_group, false, false, 10},
    {"peers by list", &transport_list, false, true, 0},
};

/* What a child is told; the engine's calls to the one that puts lead nowhere. */
struct child {
    struct shared *shared;
    int i;
    struct host host; /* for its seal */
};

static void
on_bench_record(void *arg, const struct engine_name *name, const uint8_t *bytes, size_t len)
{
    const struct child *child = arg;
    char text[9] = "";
    uint32_t round;

    if (child->shared == NULL || name->sender != 1 || len != FRONT_LEN + RECORD_LEN + 16)
        return;
    memcpy(text, bytes + FRONT_LEN, sizeof text - 1);
    round = (uint32_t)strtoul(text, NULL, 10);
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

static bool
bench_seal(void *arg, uint8_t out[DATAGRAM_MAX], size_t *out_len, const uint8_t *body, size_t len,
           struct err *err)
{
    struct child *child = arg;

    if (child->shared != NULL) {
        atomic_fetch_add(&child->shared->hosts[child->i].sealed, 1);
        atomic_fetch_add(&child->shared->hosts[child->i].sealed_bytes, len);
    }
    return host_seal(&child->host, out, out_len, body, len, err);
}

static enum record_verdict
bench_unseal(void *arg, struct datagram *out, const uint8_t *bytes, size_t len)
{
    struct child *child = arg;
    enum record_verdict verdict = host_open(&child->host, out, bytes, len);

    if (child->shared != NULL && verdict == RECORD_OPENED)
        atomic_fetch_add(&child->shared->hosts[child->i].opened, 1);
    return verdict;
}

/* `child` and `loop` are of this process. */
static struct engine *
engine_of(struct bench *bench, struct loop *loop, uint64_t id, struct child *child)
{
    static char texts[OTHERS + 1][ADDRESS_TEXT_MAX];
    static struct engine_option options[OTHERS + 1 + OPTIONS_MAX];
    struct farm_world *world = &bench->world;
    struct engine_setup setup = {
        .loop = loop,
        .keyset = "www",
        .host = id,
        .options = options,
        .events = {on_bench_record, on_bench_complete, on_bench_state, child},
        .seal = {bench_seal, bench_unseal, child}};

    child->host.world = world;
    child->host.end = (struct datagram_end){.farm = &world->farm, .keyset = "www", .host = id};
    world->loop = loop;
    world->starting = id;
    setup.option_count = world->transport->options(world, options);
    if (bench->way->is_listed)
        setup.option_count = 1; /* its own address */
    for (uint64_t other = 1; bench->way->is_listed && other <= OTHERS + 1; other++) {
        peers_address(texts[other - 1], world, other);
        options[setup.option_count++] = (struct engine_option){"peers", texts[other - 1]};
    }
    return world->transport->kind->start(&setup, NULL);
}

/* A record of this round. */
static bool
put_round(struct bench *bench, struct engine *engine, uint64_t id, uint32_t round)
{
    const struct engine_name name = {RECORD_KEYS, id};
    char text[RECORD_LEN + 1];
    uint8_t *record;
    size_t len;
    bool done;

    memset(text, 'x', sizeof text - 1);
    text[RECORD_LEN] = '\0';
    (void)snprintf(text, sizeof text, "%08u", round);
    text[8] = 'x';
    record = record_of(&bench->world, "www", &name, text, &len);
    done = record != NULL && engine->kind->put(engine, RECORD_KEYS, record, len, NULL);
    free(record);
    return done;
}

/* In a process of its own, until it is killed. */
static int
work(struct bench *bench, int i)
{
    static struct child child;
    uid_t user = FIRST_USER + (uid_t)(i / HOSTS_A_USER);
    uint64_t id = (uint64_t)i + 2;
    struct loop *loop;
    struct engine *engine;

    if (bench->way->has_users && geteuid() == 0 && setresuid(user, user, user) != 0)
        return 1;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* else it ends by the parent's kill only */
    child.shared = bench->shared;
    child.i = i;
    loop = loop_new(NULL);
    engine = loop == NULL ? NULL : engine_of(bench, loop, id, &child);
    return engine != NULL && put_round(bench, engine, id, 0) && loop_run(loop, NULL) ? 0 : 1;
}

static bool
bench_open(struct bench *bench)
{
    bench->shared = mmap(NULL, sizeof *bench->shared, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (bench->shared == MAP_FAILED || !world_open(&bench->world, bench->way->transport))
        return false;
    if (bench->way->has_users &&
        (chmod(bench->world.folder, 0755) != 0 || chmod(bench->world.path, 02777) != 0))
        return false;
    host_stop(&bench->world, KEEPER); /* it is not measured */
    (void)fflush(stdout);             /* children have a copy */
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

static bool
is_time_over(void *arg)
{
    const struct awaited *awaited = arg;

    return loop_now_ms(awaited->loop) >= awaited->not_before_ms;
}

/* Round 0 waits until all are there, and is not measured. */
static bool
run_round(struct bench *bench, struct engine *engine, uint32_t round)
{
    struct loop *loop = bench->world.loop;
    struct awaited awaited = {bench->shared, round + 1, loop_now_ms(loop) + GAP_MS, loop};

    atomic_store(&bench->shared->begun_ns, bench_now_ns(CLOCK_MONOTONIC));
    if (!put_round(bench, engine, 1, round + 1) || !run_until(loop, is_round_over, &awaited))
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

/* What hosts send and hear while nothing changes, in an hour. The engine that puts goes on. */
static void
tell_rest(struct bench *bench)
{
    struct awaited awaited = {bench->shared, 0, 0, bench->world.loop};
    uint64_t sums[2][3] = {{0}};

    for (unsigned at = 0; at < 2; at++) {
        awaited.not_before_ms =
            loop_now_ms(bench->world.loop) + (at == 0 ? SETTLE_S : REST_S) * 1000U;
        while (!is_time_over(&awaited))
            (void)run_until(bench->world.loop, is_time_over, &awaited); /* it gives up in between */
        for (unsigned i = 0; i < OTHERS; i++) {
            sums[at][0] += atomic_load(&bench->shared->hosts[i].sealed);
            sums[at][1] += atomic_load(&bench->shared->hosts[i].opened);
            sums[at][2] += atomic_load(&bench->shared->hosts[i].sealed_bytes);
        }
    }
    printf("at rest, a host and hour: %.0f datagrams sealed, %.0f opened, %.0f bytes said\n",
           (double)(sums[1][0] - sums[0][0]) / OTHERS * 3600 / REST_S,
           (double)(sums[1][1] - sums[0][1]) / OTHERS * 3600 / REST_S,
           (double)(sums[1][2] - sums[0][2]) / OTHERS * 3600 / REST_S);
}

static bool
measure(struct bench *bench, bool with_rest)
{
    static struct child own; /* shared is NULL */
    bool done = bench_open(bench);
    struct engine *engine = done ? engine_of(bench, bench->world.loop, 1, &own) : NULL;

    done = engine != NULL;
    for (uint32_t round = 0; round <= ROUNDS && done; round++)
        done = run_round(bench, engine, round);
    if (done && with_rest && bench->way->transport->needs_others)
        tell_rest(bench);
    bench->way->transport->kind->stop(&engine);
    bench_close(bench);
    return done;
}

int
main(int argc, char **argv)
{
    static struct bench bench;
    bool with_rest = argc > 1 && strcmp(argv[1], "rest") == 0;

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct bench_row row = {" ms", 2, 0, ways[i].most_ms > 0 ? BENCH_BELOW : BENCH_NONE,
                                ways[i].most_ms};

        if (ways[i].transport->is_here != NULL && !ways[i].transport->is_here())
            continue;
        bench = (struct bench){.way = &ways[i]};
        if (!measure(&bench, with_rest)) {
            (void)fprintf(stderr, "bench_share: a record did not reach all of %d hosts by %s\n",
                          OTHERS, ways[i].name);
            return 1;
        }
        row.reached = bench_quantile(bench.each_ms, OTHERS * ROUNDS, 990);
        printf("one change to %d hosts, %s, p99", OTHERS, ways[i].name);
        bench_tell(&row);
        printf("median %.2f ms; to the last host median %.2f ms, p99 %.2f ms of %d\n",
               bench_quantile(bench.each_ms, OTHERS * ROUNDS, 500),
               bench_quantile(bench.last_ms, ROUNDS, 500),
               bench_quantile(bench.last_ms, ROUNDS, 990), ROUNDS);
    }
    return 0;
}
