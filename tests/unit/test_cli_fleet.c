/* What stekctl fleet shows of answers, by golden files: fleet_NAME.json is an answer, as stekd's
 * own test has it, and fleet_NAME.txt what is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/fleet.h"
#include "golden_support.h"

/* To be freed. */
static char *
show(const char *answer, unsigned columns, bool color)
{
    json_t *root = json_loads(answer, 0, NULL);
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    struct err err;
    REPLY_FLEET(fleet);

    if (out != NULL && reply_fleet_read(&fleet, root, &err))
        (void)fleet_print(out, &fleet, columns, color); /* what is printed tells */
    if (out != NULL)
        (void)fclose(out);
    json_decref(root);
    return text;
}

static void
test_golden(void **state)
{
    static const struct {
        const char *from, *to;
        unsigned columns;
        bool color;
    } cases[] = {{"fleet_well.json", "fleet_well.txt", 110, false},
                 {"fleet_trouble.json", "fleet_trouble.txt", 110, false},
                 {"fleet_trouble.json", "fleet_80.txt", 80, false},
                 {"fleet_trouble.json", "fleet_color.txt", 110, true},
                 {"fleet_empty.json", "fleet_empty.txt", 110, false}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *answer = golden_read(cases[i].from), *text;

        assert_non_null(answer);
        text = show(answer, cases[i].columns, cases[i].color);
        assert_non_null(text);
        assert_true(golden_same(cases[i].to, text));
        free(text);
        free(answer);
    }
}

static void
test_no_farm(void **state)
{
    char *text =
        show("{\"keyset\": \"www\", \"now\": 1, \"farm\": null, \"hosts\": []}", 80, false);

    (void)state;
    assert_string_equal(text, "keyset www: no farm: this host keeps it alone\n");
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_no_farm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
