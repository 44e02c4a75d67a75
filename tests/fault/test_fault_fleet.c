/* Whichever allocation fails while stekd tells of a farm's hosts: there is no answer, or a whole
 * one, that says what is so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/report_fleet.h"
#include "fault.h"
#include "fleet_support.h"

#define HOSTS 20

struct telling {
    struct fleet fleet;
    struct keyset set;
    struct policy policy;
    uint64_t counts[RECORD_VERDICTS];
    uint8_t id[FARM_ID_LEN];
    bool done;
};

/* The first key opens here, all others have another one. */
static bool
telling_open(struct telling *telling)
{
    struct key key = key_of(1, -60);

    *telling = (struct telling){.policy = policy_of(3600, 900, 43200)};
    return fleet_of(&telling->fleet, HOSTS, 2) &&
           keyset_add(&telling->set, &key, NOW_MS, NULL) == KEYSET_CHANGED;
}

static const char *
tell(void *arg)
{
    struct telling *telling = arg;
    const struct report_farm farm = {.keyset = "www",
                                     .id = telling->id,
                                     .fleet = &telling->fleet,
                                     .set = &telling->set,
                                     .policy = &telling->policy,
                                     .counts = telling->counts};
    const struct ring_time now = {.boot_ms = 1000, .unix_ms = NOW_MS};
    json_t *answer = report_fleet(&farm, NULL, SIZE_MAX, now);
    const json_t *short_one = json_object_get(answer, "farm");
    const char *text = json_string_value(json_object_get(short_one, "text"));
    bool is_whole = json_array_size(json_object_get(answer, "hosts")) == HOSTS &&
                    json_integer_value(json_object_get(short_one, "hosts")) == HOSTS &&
                    text != NULL && strstr(text, "20 hosts") != NULL;

    telling->done = answer != NULL;
    json_decref(answer);
    return !telling->done || is_whole ? NULL : "half an answer";
}

static const char *
look(void *arg)
{
    const struct telling *telling = arg;

    return telling->fleet.count == HOSTS ? NULL : "hosts are lost";
}

static void
test_each_failure(void **state)
{
    const struct fault_case telling_case = {NULL, tell, look, NULL};
    struct telling telling;
    size_t calls, failures;

    (void)state;
    assert_true(telling_open(&telling));
    failures = fault_each(&telling_case, &telling, &calls);
    fleet_free(&telling.fleet);
    keyset_free(&telling.set);
    assert_int_equal(failures, 0);
    assert_true(calls >= 4 && telling.done);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
