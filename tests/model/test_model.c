/* Thousands of random orders, reloads, restarts, steps of the clock and failures of the source
 * against a model of the daemon (model.h): no key opens past its time, what is revoked never comes
 * back, a key seals at each moment unless that is impossible, and what fails changes nothing. After
 * each, and at each tick between, daemon, rings and model are compared.
 *
 * STEK_SEED, which each run prints, repeats it; STEK_OPS says how many; STEK_TRACE=1 tells all.
 *
 * That faults are seen was tried, each within 2,500 operations: keys that a revoked one was renewed
 * into are left; times do not move with a clock that was set; a clock that goes back, or another
 * mode, leaves no key that seals; readers open for an hour too long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "keys_support.h"
#include "orders.h"

#define OPS 2500

static const struct {
    const char *name;
    unsigned weight;
    bool (*happen)(struct drive *drive);
} kinds[] = {
    {"time", 30, happen_time},           {"rotate", 14, order_rotate},
    {"revoke all", 3, order_revoke_all}, {"revoke names", 12, order_revoke_names},
    {"refused", 6, order_refused},       {"look", 3, order_look},
    {"reload", 8, happen_reload},        {"bad reload", 8, happen_bad_reload},
    {"restart", 8, happen_restart},      {"clock", 6, happen_clock},
    {"source", 2, happen_source},
};

static size_t
choose(uint64_t *rng)
{
    unsigned sum = 0;
    uint64_t dice;
    size_t i = 0;

    for (size_t j = 0; j < sizeof kinds / sizeof *kinds; j++)
        sum += kinds[j].weight;
    for (dice = rng_below(rng, sum); dice >= kinds[i].weight; i++)
        dice -= kinds[i].weight;
    return i;
}

static bool
begin(struct drive *drive)
{
    struct wish wishes[DRIVE_KEYSETS] = {{true, 60, 600, 15, false, 1024}};

    return drive_configure(drive, wishes) && drive_start(drive, wishes) && drive_compare(drive);
}

static bool
run(struct drive *drive, unsigned long ops)
{
    if (!begin(drive))
        return false;
    for (unsigned long op = 0; op < ops; op++) {
        size_t kind = choose(&drive->rng);

        if (getenv("STEK_TRACE") != NULL)
            printf("# %lu: %s\n", op, kinds[kind].name);
        if (!kinds[kind].happen(drive)) {
            printf("# operation %lu, %s: %s\n", op, kinds[kind].name, drive->fault);
            return false;
        }
    }
    return true;
}

static void
test_model(void **state)
{
    static struct drive drive; /* large */
    const char *given = getenv("STEK_OPS");
    unsigned long ops = given == NULL ? OPS : strtoul(given, NULL, 10);
    bool opened = drive_open(&drive, rng_seed()), good = opened && run(&drive, ops);

    (void)state;
    printf("# %lu operations, %llu looks at keys\n", ops, (unsigned long long)drive.looks);
    drive_close(&drive);
    assert_true(good);
    assert_true(drive.looks > ops);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
