/* What the daemon knows of its host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "io/process.h"

/* As the system calls itself; cut where there is no room for it all. */
static void
test_host_name(void **state)
{
    char want[256], name[256], start[4] = "???";

    (void)state;
    assert_int_equal(gethostname(want, sizeof want), 0);
    assert_string_equal(process_host_name(name, sizeof name), want);
    (void)process_host_name(start, 2); /* the same text */
    assert_true(start[0] == want[0] && start[1] == '\0' && start[2] == '?');
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_host_name)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
