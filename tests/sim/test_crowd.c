/* What the peers engine sends and does where there are hundreds of hosts: counted, on virtual time.
 * What it must not be is a storm: datagrams that keep hosts from hearing others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crowd.h"

#define HOSTS 200U
#define LEN 600U /* of a record: a part */

static int
setup(void **state)
{
    static struct crowd crowd;

    *state = &crowd;
    return 0;
}

static int
teardown(void **state)
{
    crowd_close(*state);
    return 0;
}

static bool
put_all(struct crowd *crowd)
{
    bool done = true;

    for (unsigned i = 0; i < crowd->setup.hosts; i++)
        done = crowd_put(crowd, i, RECORD_KEYS, LEN) && done;
    return done;
}

/* One change, where nothing is lost: a datagram for each host, none of them twice, and then few
 * words. The list's is sent to each apart. */
static void
test_change(void **state)
{
    for (unsigned is_group = 0; is_group < 2; is_group++) {
        const struct crowd_setup setup = {.hosts = HOSTS, .is_group = is_group != 0};
        struct crowd *crowd = *state;
        struct crowd_counts before;

        assert_true(crowd_open(crowd, &setup) && crowd_put(crowd, 0, RECORD_KEYS, LEN));
        assert_true(crowd_agree(crowd, 1000));
        crowd_run(crowd, 30000);
        before = crowd->counts;
        assert_true(crowd_put(crowd, 0, RECORD_KEYS, LEN) && crowd_agree(crowd, 100));
        crowd_run(crowd, 20000);
        assert_int_equal(crowd->counts.sealed[PEERS_PART] - before.sealed[PEERS_PART], 1);
        assert_in_range(crowd->counts.sealed[PEERS_SUMMARY] - before.sealed[PEERS_SUMMARY], 1,
                        is_group ? HOSTS : 10 * HOSTS);
        crowd_close(crowd);
    }
}

/* All have news at once, and hear a tenth of a datagram each in a millisecond: most of what is said
 * is lost. All of it comes through, though, nobody asks or answers without end, and then it is
 * quiet. By multicast, where each is heard by all, 300 hosts had a storm once that did not end. */
static void
test_overload(void **state)
{
    static const struct {
        struct crowd_setup setup;
        uint64_t parts, summaries, rest; /* of each host, at most, and in the minute after that */
    } cases[] = {{{.hosts = 300, .is_group = true, .at_a_ms = 30}, 800, 300, 1},
                 {{.hosts = 200, .is_group = false, .at_a_ms = 20}, 2400, 100, 8}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const unsigned hosts = cases[i].setup.hosts;
        struct crowd *crowd = *state;
        struct crowd_counts before;

        assert_true(crowd_open(crowd, &cases[i].setup) && put_all(crowd));
        assert_true(crowd_agree(crowd, 40000));
        crowd_run(crowd, 20000);
        before = crowd->counts;
        assert_in_range(before.sealed[PEERS_PART], hosts, cases[i].parts * hosts);
        assert_in_range(before.sealed[PEERS_SUMMARY], 1, cases[i].summaries * hosts);
        crowd_run(crowd, 60000);
        assert_int_equal(crowd->counts.sealed[PEERS_PART], before.sealed[PEERS_PART]);
        assert_in_range(crowd->counts.sealed[PEERS_SUMMARY] - before.sealed[PEERS_SUMMARY], 1,
                        cases[i].rest * hosts);
        crowd_close(crowd);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_change, setup, teardown),
        cmocka_unit_test_setup_teardown(test_overload, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
