/* see table.h */
#include "cli/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_AT_FIRST 16U

void
table_free(struct table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        for (size_t column = 0; column < TABLE_COLUMNS; column++)
            free(table->rows[i].cells[column]);
    }
    free(table->rows);
    *table = (struct table){0};
}

void
table_row(struct table *table, enum table_style style)
{
    if (table->count == table->cap) {
        size_t cap = table->cap > 0 ? table->cap * 2 : ROWS_AT_FIRST;
        struct table_row *rows = reallocarray(table->rows, cap, sizeof *rows);

        table->failed = table->failed || rows == NULL;
        if (rows == NULL)
            return;
        table->rows = rows;
        table->cap = cap;
    }
    table->rows[table->count++] = (struct table_row){.style = style};
    table->filled = 0;
}

void
table_cell(struct table *table, const char *format, ...)
{
    va_list args;
    char *text = NULL;

    if (table->failed || table->count == 0 || table->filled >= table->columns)
        return;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0) {
        text = NULL;
        table->failed = true;
    }
    va_end(args);
    table->rows[table->count - 1].cells[table->filled++] = text;
}

/* Characters of UTF-8 text, each taken to be one column wide. */
static int
width_of(const char *text)
{
    int width = 0;

    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xc0U) != 0x80U;
    return width;
}

static const char *
cell_of(const struct table_row *row, size_t column)
{
    return row->cells[column] != NULL ? row->cells[column] : "";
}

static int
column_width(const struct table *table, size_t column)
{
    int widest = 0;

    for (size_t i = 0; i < table->count; i++) {
        int width = width_of(cell_of(&table->rows[i], column));

        if (width > widest)
            widest = width;
    }
    return widest;
}

static void
print_row(const struct table *table, const struct table_row *row, const int *widths, FILE *out,
          int indent)
{
    int owed = indent; /* blanks, printed only if something follows */

    for (size_t column = 0; column < table->columns; column++) {
        const char *cell = cell_of(row, column);
        int pad = widths[column] - width_of(cell);
        bool is_right = (table->right >> column & 1U) != 0;

        owed += is_right ? pad : 0;
        if (*cell != '\0') {
            (void)fprintf(out, "%*s%s", owed, "", cell); /* the end of main() looks at ferror() */
            owed = 0;
        }
        owed += (is_right ? 0 : pad) + 2;
    }
}

const char *
table_style_begin(enum table_style style, bool color)
{
    static const char *const codes[] = {"", "\033[1m", "\033[32m", "\033[36m", "\033[31m"};

    return color ? codes[style] : "";
}

const char *
table_style_end(enum table_style style, bool color)
{
    return color && style != TABLE_PLAIN ? "\033[0m" : "";
}

bool
table_print(const struct table *table, FILE *out, int indent, bool color)
{
    int widths[TABLE_COLUMNS];

    if (table->failed)
        return false;
    for (size_t column = 0; column < table->columns; column++)
        widths[column] = column_width(table, column);
    for (size_t i = 0; i < table->count; i++) {
        const struct table_row *row = &table->rows[i];

        (void)fputs(table_style_begin(row->style, color), out); /* see main() */
        print_row(table, row, widths, out, indent);
        (void)fprintf(out, "%s\n", table_style_end(row->style, color));
    }
    return true;
}
