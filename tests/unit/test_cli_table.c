/* Tables align their columns, and colour is printed only where it is wanted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/table.h"

static void
fill(struct table *table)
{
    table->columns = 3;
    table->right = 2;
    table_row(table, TABLE_HEAD);
    table_cell(table, "NAME");
    table_cell(table, "COUNT");
    table_cell(table, "NOTE");
    table_row(table, TABLE_PLAIN);
    table_cell(table, "nginx");
    table_cell(table, "%d", 7);
    table_row(table, TABLE_BAD);
    table_cell(table, "caf\xc3\xa9");
    table_cell(table, "%d", 123456);
    table_cell(table, "so");
    table_cell(table, "one too many");
}

/* What is printed, to be freed; NULL on failure. */
static char *
printed(const struct table *table, int indent, bool color)
{
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    bool ok = file != NULL && table_print(table, file, indent, color);

    if ((file != NULL && fclose(file) != 0) || !ok) {
        free(text);
        return NULL;
    }
    return text;
}

static void
test_alignment(void **state)
{
    TABLE(table);
    char *text;

    (void)state;
    fill(&table);
    text = printed(&table, 2, false);
    assert_non_null(text);
    assert_string_equal(text, "  NAME    COUNT  NOTE\n"
                              "  nginx       7\n"
                              "  caf\xc3\xa9   123456  so\n");
    free(text);
}

static void
test_color(void **state)
{
    TABLE(table);
    char *text;

    (void)state;
    table.columns = 1;
    table_row(&table, TABLE_GOOD);
    table_cell(&table, "fine");
    table_row(&table, TABLE_PLAIN);
    table_cell(&table, "plain");
    text = printed(&table, 0, true);
    assert_non_null(text);
    assert_string_equal(text, "\033[32mfine\033[0m\nplain\n");
    free(text);
    assert_string_equal(table_style_begin(TABLE_BAD, false), "");
    assert_string_equal(table_style_end(TABLE_BAD, false), "");
}

static void
test_many_rows(void **state)
{
    TABLE(table);

    (void)state;
    table.columns = 1;
    for (int i = 0; i < 1000; i++) {
        table_row(&table, TABLE_PLAIN);
        table_cell(&table, "%d", i);
    }
    assert_int_equal(table.count, 1000);
    assert_string_equal(table.rows[999].cells[0], "999");
}

static void
test_lost_cell(void **state)
{
    TABLE(table);

    (void)state;
    fill(&table);
    table.failed = true;
    assert_null(printed(&table, 0, false)); /* says so, rather than show half of it */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alignment),
        cmocka_unit_test(test_color),
        cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_lost_cell),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
