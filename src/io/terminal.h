/* terminal.h - the person at the other end: whether one is there, and what she sees. */
#ifndef IO_TERMINAL_H
#define IO_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

bool terminal_is(FILE *file);

/* Lines of the window; 0 where that is not known. */
unsigned terminal_rows(FILE *file);

/* Columns of the window; 80 where that is not known. */
unsigned terminal_columns(FILE *file);

/* Does the locale of the environment (LC_ALL, LC_CTYPE, LANG) take UTF-8? */
bool terminal_is_utf8(void);

#endif
