/* bench_fleet: what a host's status costs another host, with tables of 10,000 hosts and of 1,000:
 * processor time per status, of both in turn, as a ratio. Taken are the tables alone, without the
 * seal, which costs each status the same. Hosts come in no order, as from a folder; first they are
 * new, then each says something else. After each such round it is seen who holds a key, who is
 * silent, and what the clocks are. */
#include <string.h>

#include "bench.h"
#include "fleet_support.h"
#include "share/inbox.h"

#define MANY 10000U
#define FEW 1000U
#define ROUNDS 9
#define CHANGES 4U

/* Processor time of one status, in ns. */
static double
measure(unsigned hosts, const struct farm *farm, bool *ok)
{
    uint64_t begun_ns = bench_now_ns(CLOCK_PROCESS_CPUTIME_ID);
    uint64_t sequence = NOW_MS;
    struct key key = key_of(1, 0);
    struct inbox inbox;
    struct fleet fleet;
    FARM(days);

    days = *farm;
    inbox_init(&inbox, &days, "www", US);
    fleet_init(&fleet, US);
    for (unsigned change = 0; change < CHANGES; change++) {
        uint64_t rng = 1, at = 1 + change * BEAT;
        int64_t clock_ms;

        for (unsigned i = 0; i < hosts; i++) {
            struct record_head head = head_of(rng_next(&rng), RECORD_STATUS, ++sequence);
            struct status status = status_of(NOW_MS + at, 4);

            *ok = *ok &&
                  fleet_saw(&fleet, head.sender, head.sequence, &status, at, NOW_MS + at, 0) ==
                      RECORD_OPENED &&
                  inbox_take(&inbox, &head, sequence) == RECORD_OPENED;
        }
        fleet_looked(&fleet, at);
        *ok = *ok && fleet_all_hold(&fleet, key.name) && fleet_clock(&fleet, &clock_ms) &&
              fleet_count(&fleet, FLEET_LIVE) == hosts;
    }
    inbox_free(&inbox);
    fleet_free(&fleet);
    return (double)(bench_now_ns(CLOCK_PROCESS_CPUTIME_ID) - begun_ns) / hosts / CHANGES;
}

int
main(void)
{
    struct bench_row row = {"", 2, 0, BENCH_AT_MOST, 2};
    double ratios[ROUNDS], many[ROUNDS];
    bool ok = true;
    FARM(farm);

    ok = farm_of(&farm, 1, NOW_MS);
    for (int i = 0; i < ROUNDS && ok; i++) {
        double few = 0;

        for (unsigned n = 0; n < MANY / FEW; n++)
            few += measure(FEW, &farm, &ok) * FEW / MANY;
        many[i] = measure(MANY, &farm, &ok);
        ratios[i] = many[i] / few;
    }
    if (!ok) {
        (void)fprintf(stderr, "bench_fleet: failed\n");
        return 1;
    }
    row.reached = bench_quantile(ratios, ROUNDS, 500);
    printf("a host's status in tables of %u hosts / of %u", MANY, FEW);
    bench_tell(&row);
    printf("%.2f to %.2f; %.2f us each\n", ratios[0], ratios[ROUNDS - 1],
           bench_quantile(many, ROUNDS, 500) / 1000);
    return 0;
}
