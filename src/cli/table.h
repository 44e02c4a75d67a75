/* table.h - rows of cells, printed as aligned columns. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TABLE_COLUMNS 16U

/* How a row looks where colour is wanted. */
enum table_style { TABLE_PLAIN, TABLE_HEAD, TABLE_GOOD, TABLE_SOON, TABLE_BAD };

struct table_row {
    char *cells[TABLE_COLUMNS]; /* NULL: empty */
    enum table_style style;
};

struct table {
    size_t columns; /* up to TABLE_COLUMNS */
    unsigned right; /* bit n: column n is set flush right */
    struct table_row *rows;
    size_t count, cap;
    size_t filled; /* cells of the last row */
    bool failed;   /* no memory: nothing more is taken, and table_print() says so */
};

#define TABLE(var) __attribute__((cleanup(table_free))) struct table var = {0}

void table_free(struct table *table);

/* Begin a row; cells are then filled from left to right. */
void table_row(struct table *table, enum table_style style);

/* The next cell of the row, up to `columns`. */
void table_cell(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Print all rows, each behind `indent` blanks. False where a row or cell was lost for lack of
 * memory; then nothing is printed. */
bool table_print(const struct table *table, FILE *out, int indent, bool color);

/* What a terminal is told to begin and to end a style; "" without colour. */
const char *table_style_begin(enum table_style style, bool color);
const char *table_style_end(enum table_style style, bool color);

#endif
