/* Who mistypes a word is told the one that was meant, and nothing where none is near. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cli/suggest.h"

static const char *const words[] = {"status", "keys",  "timeline", "rotate",
                                    "revoke", "watch", "help",     "version"};

static const struct {
    const char *typed, *meant; /* NULL: nothing */
} cases[] = {
    {"statsu", "status"},
    {"stats", "status"},
    {"key", "keys"},
    {"kesy", "keys"},
    {"rotat", "rotate"},
    {"revok", "revoke"},
    {"revole", "revoke"},
    {"wacth", "watch"},
    {"hlep", "help"},
    {"t", "timeline"},
    {"time", "timeline"},
    {"timelines", "timeline"},
    {"Status", "status"},
    {"r", NULL},
    {"frob", NULL},
    {"", NULL},
    {"x", NULL},
    {"list", NULL},
    {"versoin", "version"},
    {"statusstatusstatusstatusstatusstatus", NULL},
};

static void
test_suggest(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *meant = suggest(cases[i].typed, words, sizeof words / sizeof *words);

        if (cases[i].meant == NULL)
            assert_string_equal(meant == NULL ? "" : meant, "");
        else
            assert_string_equal(meant == NULL ? "" : meant, cases[i].meant);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_suggest)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
