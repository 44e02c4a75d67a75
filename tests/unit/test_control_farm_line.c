/* How a farm is, in a sentence. R-LINE-1: well only where it is; else hosts are named, and the rest
 * counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "control/farm_line.h"

#define MINUTE 60000

static const struct {
    struct farm_line farm;
    struct farm_line_host hosts[6];
    bool is_well;
    const char *text;
} cases[] = {
    {{.hosts = 1, .has_looked = true},
     {{.name = "a", .is_self = true, .agrees = true}},
     true,
     "this host alone: no other has been heard of"},
    {{.hosts = 5, .keys = 14, .has_looked = true},
     {{.name = NULL}},
     true,
     "5 hosts, all hold the same 14 keys"},
    {{.hosts = 2, .keys = 1, .has_looked = true},
     {{.name = NULL}},
     true,
     "2 hosts, all hold the same 1 key"},
    {{.hosts = 2, .keys = 1},
     {{.name = NULL}},
     true,
     "2 hosts so far: the others have not been asked yet"},
    {{.hosts = 5, .keys = 14, .differing = 1, .silent = 1, .has_looked = true},
     {{.name = "web3", .missing = 1},
      {.name = "db1", .state = CONTROL_SILENT, .heard_ms = 4 * MINUTE, .agrees = true}},
     false,
     "5 hosts; web3 lacks 1 key; db1 silent for 4 min"},
    {{.hosts = 5, .keys = 14, .silent = 1, .has_looked = true},
     {{.name = "db1", .state = CONTROL_SILENT, .heard_ms = 90000}}, /* what it held is no matter */
     false,
     "5 hosts, all that answer hold the same 14 keys; db1 silent for 90 s"},
    {{.hosts = 9, .differing = 5, .has_looked = true},
     {{.name = "a", .extra = 2},
      {.name = "b", .missing = 3, .extra = 1},
      {.name = "c"},
      {.name = "d"},
      {.name = "e"}},
     false,
     "9 hosts; a has 2 keys more; b lacks 3 keys and has 1 key more; c holds other keys; 2 more "
     "with other keys"},
    {{.hosts = 3, .pending = 1, .has_looked = true},
     {{.name = "a", .missing = 1, .is_pending = true}},
     true,
     "3 hosts; a lacks 1 key so far"},
    {{.hosts = 3, .unasked = 1, .has_looked = true},
     {{.name = "a", .missing = 1, .is_pending = true, .is_unasked = true}},
     true,
     "3 hosts; 1 not heard of since keys changed here"},
    {{.hosts = 900, .differing = 500, .silent = 3, .has_looked = true},
     {{.name = NULL}},
     false,
     "900 hosts; 500 with other keys; 3 silent"},
    {{.hosts = 2, .keys = 3, .has_looked = true},
     {{.name = "a", .agrees = true, .state = CONTROL_LATE, .heard_ms = 100000}},
     true,
     "2 hosts, all hold the same 3 keys; a not heard of for 100 s"},
    {{.hosts = 3, .keys = 3, .has_looked = true},
     {{.name = "a", .agrees = true, .is_clock_odd = true, .clock_ms = -3 * MINUTE},
      {.name = "b", .agrees = true, .is_clock_odd = true, .clock_ms = 8000 * MINUTE}},
     true,
     "3 hosts, all hold the same 3 keys; a's clock is 3 min behind; b's clock is 5 d ahead"},
    {{.hosts = 3, .keys = 3, .clock_ms = 90000, .has_looked = true},
     {{.name = "us", .is_self = true, .agrees = true, .is_clock_odd = true}},
     true,
     "3 hosts, all hold the same 3 keys; the clock here is 90 s behind most others"},
    {{.hosts = 3, .keys = 3, .clock_ms = -3 * 60 * MINUTE, .has_looked = true},
     {{.name = "us", .is_self = true, .agrees = true, .is_clock_odd = true}},
     true,
     "3 hosts, all hold the same 3 keys; the clock here is 3 h ahead of most others"},
    {{.hosts = 3, .keys = 3, .has_looked = true, .looked_ms = 5 * MINUTE},
     {{.name = NULL}},
     true,
     "3 hosts, all hold the same 3 keys; as of 5 min ago"},
};

static void
test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct farm_line farm = cases[i].farm;
        char text[FARM_LINE_MAX];

        farm.list = cases[i].hosts;
        while (farm.count < 6 && cases[i].hosts[farm.count].name != NULL)
            farm.count++;
        assert_int_equal(farm_line_text(text, &farm), cases[i].is_well);
        assert_string_equal(text, cases[i].text);
    }
}

/* Whatever their names: it fits. */
static void
test_long_names(void **state)
{
    char name[65], text[FARM_LINE_MAX];
    struct farm_line_host hosts[40];
    struct farm_line farm = {.hosts = 40, .has_looked = true, .list = hosts, .count = 40};

    (void)state;
    memset(name, 'n', 64);
    name[64] = '\0';
    for (size_t i = 0; i < 40; i++)
        hosts[i] = (struct farm_line_host){.name = name,
                                           .state = i % 2 ? CONTROL_SILENT : CONTROL_LATE,
                                           .agrees = i % 3,
                                           .is_clock_odd = true,
                                           .missing = UINT64_MAX,
                                           .extra = UINT64_MAX,
                                           .heard_ms = UINT64_MAX,
                                           .clock_ms = INT64_MAX};
    farm.differing = farm.silent = UINT64_MAX;
    assert_false(farm_line_text(text, &farm));
    assert_int_equal(strlen(text), FARM_LINE_MAX - 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_long_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
