/* Whole daemons on virtual time, as a farm: random orders, crashes, reboots, partitions, losses,
 * clocks that are wrong or set; and after each step what must hold (check.h) does.
 *
 * Each run is of some seeds that are always the same, then of new ones for as long as STEK_SECONDS
 * says. STEK_SEED repeats one alone; STEK_TRACE=1 tells all. docs/simulation.md says more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "check.h"
#include "happen.h"
#include "keys_support.h"
#include "network.h"

#define FIXED_SECONDS 12U /* where the machine is slow it is fewer seeds, not more time */
#define STEPS 300U
#define REST_HOSTS 50U
#define REST_HOURS 26U

static const uint64_t fixed_seeds[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

struct totals {
    uint64_t runs, hosts, steps, events, looks, checks, virtual_s, longest_ms;
    struct check_counts check;
    struct network_counts network;
};

static double
elapsed_s(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* always there */
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The policy, the engines and the number of hosts are the seed's choice, too. */
static struct wish
some_wish(uint64_t *rng)
{
    static const uint64_t rotates[] = {120, 600, 3600};
    struct wish wish = {.rotate_s = rotates[rng_below(rng, 3)]};
    uint64_t engines = rng_below(rng, 4);

    wish.lifetime_s = wish.rotate_s * (2 + rng_below(rng, 11));
    wish.patience_s = wish.rotate_s / (2 + rng_below(rng, 4));
    wish.has_store = engines != 1;
    wish.has_peers = engines == 1 || engines == 2;
    wish.is_group = rng_below(rng, 2) == 0;
    wish.is_each = rng_below(rng, 8) == 0;
    return wish;
}

static bool
live(struct world *world, unsigned steps)
{
    for (unsigned step = 0; step < steps; step++) {
        const struct happening *what = happen_choose(world);

        if (getenv("STEK_TRACE") != NULL)
            printf("# step %u: %s\n", step, what->name);
        world->counts.faults++;
        if (!what->happen(world) || !check_all(world->check)) {
            printf("# step %u, %s: %s\n", step, what->name, world->fault);
            return false;
        }
    }
    return happen_quiet(world) || (printf("# at the end: %s\n", world->fault), false);
}

static void
add_up(struct totals *totals, const struct world *world)
{
    const struct check_counts *check = check_counts(world->check);
    const struct network_counts *network = network_counts(world->network);

    totals->runs++;
    totals->hosts += world->count;
    totals->steps += world->counts.faults;
    totals->events += world->counts.events;
    totals->checks += world->counts.checks;
    totals->looks += world->counts.looks;
    totals->virtual_s += (world->now_ms - world->began_ms) / 1000;
    if (world->counts.longest_ms > totals->longest_ms)
        totals->longest_ms = world->counts.longest_ms;
    totals->check.keys += check->keys;
    totals->check.emergencies += check->emergencies;
    totals->check.revoked += check->revoked;
    totals->check.epochs += check->epochs;
    totals->check.epochs_twice += check->epochs_twice;
    totals->check.confirmed += check->confirmed;
    totals->check.held_back += check->held_back;
    totals->check.sealed += check->sealed;
    totals->check.opened += check->opened;
    totals->network.told += network->told;
    totals->network.lost += network->lost;
    totals->network.puts[RECORD_KEYS] += network->puts[RECORD_KEYS];
}

static bool
run(struct totals *totals, uint64_t seed)
{
    static struct world world; /* large */
    uint64_t rng = seed;
    struct wish wish = some_wish(&rng);
    unsigned hosts = 1 + (unsigned)rng_below(&rng, 8);
    bool ok = world_open(&world, rng_next(&rng), &wish);

    if (getenv("STEK_TRACE") != NULL)
        printf("# rotate %llu, lifetime %llu, patience %llu%s%s%s\n",
               (unsigned long long)wish.rotate_s, (unsigned long long)wish.lifetime_s,
               (unsigned long long)wish.patience_s, wish.is_each ? ", each" : "",
               wish.has_store ? ", store" : "",
               !wish.has_peers ? ""
               : wish.is_group ? ", group"
                               : ", peers");
    world.count_max = hosts + 4;
    for (unsigned i = 0; ok && i < hosts; i++)
        ok = happen_join(&world) && world_pass(&world, rng_below(&rng, 3000));
    ok = ok && live(&world, STEPS);
    if (!ok)
        printf("# STEK_SEED=%llu fails: %s\n", (unsigned long long)seed, world.fault);
    else
        add_up(totals, &world);
    world_close(&world);
    return ok;
}

static void
tell(const struct totals *totals)
{
    const struct check_counts *check = &totals->check;

    printf("# %llu farms of %llu hosts, %.1f days, %llu steps, %llu events\n",
           (unsigned long long)totals->runs, (unsigned long long)totals->hosts,
           (double)totals->virtual_s / 86400, (unsigned long long)totals->steps,
           (unsigned long long)totals->events);
    printf("# %llu tickets, offered %llu times, in %llu looks at %llu keys; agreed within %.0f s\n",
           (unsigned long long)check->sealed, (unsigned long long)check->opened,
           (unsigned long long)totals->checks, (unsigned long long)totals->looks,
           (double)totals->longest_ms / 1000);
    printf("# %llu keys: %llu in emergencies, %llu revoked, %llu confirmed in time, %llu not; "
           "of %llu epochs %llu keys too many\n",
           (unsigned long long)check->keys, (unsigned long long)check->emergencies,
           (unsigned long long)check->revoked, (unsigned long long)check->confirmed,
           (unsigned long long)check->held_back, (unsigned long long)check->epochs,
           (unsigned long long)check->epochs_twice);
    printf("# %llu keys records put, %llu records told, %llu lost\n",
           (unsigned long long)totals->network.puts[RECORD_KEYS],
           (unsigned long long)totals->network.told, (unsigned long long)totals->network.lost);
}

static void
test_farms(void **state)
{
    const char *given = getenv("STEK_SEED"), *seconds = getenv("STEK_SECONDS");
    double began_s = elapsed_s(), most_s = seconds == NULL ? 0 : strtod(seconds, NULL);
    struct totals totals = {.runs = 0};
    uint64_t seed = (uint64_t)(time(NULL)) * 1000;
    bool ok = true;

    (void)state;
    if (given != NULL) {
        ok = run(&totals, strtoull(given, NULL, 10));
    } else {
        for (size_t i = 0; ok && i < sizeof fixed_seeds / sizeof *fixed_seeds; i++)
            ok = (i > 0 && elapsed_s() - began_s > FIXED_SECONDS) || run(&totals, fixed_seeds[i]);
        while (ok && elapsed_s() - began_s < most_s)
            ok = run(&totals, seed++);
    }
    tell(&totals);
    assert_true(ok);
    assert_true(totals.check.sealed > 0);
}

/* A farm of fifty hosts at rest, for a day: how often hosts write a keys record, which all others
 * get, does not grow with the number of hosts. */
static bool
rest(struct world *world, uint64_t hours)
{
    const struct wish wish = {
        .rotate_s = 3600, .lifetime_s = 43200, .patience_s = 900, .has_store = true};
    const struct network_weather calm = {.delay_max_ms = 20};
    bool ok = world_open(world, 50, &wish);

    world->check_every_ms = 300000;
    network_set_weather(world->network, &calm);
    for (unsigned i = 0; ok && i < REST_HOSTS; i++)
        ok = happen_join(world) && world_pass(world, 100);
    for (uint64_t hour = 0; ok && hour < hours; hour++)
        ok = world_pass(world, 3600000);
    return ok;
}

static void
test_rest(void **state)
{
    static struct world world; /* large */
    const struct network_counts *network;
    const struct check_counts *check;
    double began_s = elapsed_s();
    bool ok = getenv("STEK_SEED") == NULL && rest(&world, REST_HOURS);
    uint64_t puts, most = 0;

    (void)state;
    if (getenv("STEK_SEED") != NULL) {
        skip(); /* that one is of a seed of its own */
        return;
    }
    if (!ok)
        printf("# %s\n", world.fault);
    network = network_counts(world.network);
    check = check_counts(world.check);
    puts = network->puts[RECORD_KEYS];
    for (unsigned i = 0; i < REST_HOSTS; i++)
        most =
            network_keys_puts(world.network, i) > most ? network_keys_puts(world.network, i) : most;
    printf(
        "# %u hosts, %u hours: %llu keys records, the busiest host %llu; of %llu epochs %llu keys "
        "too many, %llu emergencies; %.1f s\n",
        REST_HOSTS, REST_HOURS, (unsigned long long)puts, (unsigned long long)most,
        (unsigned long long)check->epochs, (unsigned long long)check->epochs_twice,
        (unsigned long long)check->emergencies, elapsed_s() - began_s);
    world_close(&world);
    assert_true(ok);
    /* an epoch's key is made and confirmed, by one host or a few; each day all speak anew */
    assert_in_range(puts, REST_HOURS, 10 * REST_HOURS + 3 * REST_HOSTS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rest),
        cmocka_unit_test(test_farms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
